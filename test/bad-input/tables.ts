import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporary } from '../support.js'
import { type Case, outcomeOf } from './case.js'

/** Most CPU time that one case may take (on a busy machine too), and most memory on top over all of a table. */
const MAX_SECONDS = 2
const MAX_GROWTH = 2 ** 29

/** Tests tables of cases, which must be so many at least. */
export function testTables(tables: Record<string, (folder: string) => Promise<Case[]> | Case[]>, least: number): void {
  let count = 0
  for (const [name, cases] of Object.entries(tables)) {
    t.test(name, async (t) => {
      const folder = temporary(t)
      const before = process.memoryUsage.rss()
      for (const [i, bad] of (await cases(folder)).entries()) {
        const own = join(folder, String(i))
        mkdirSync(own)
        const started = process.cpuUsage()
        const outcome = await outcomeOf(bad, own).catch((error: Error) => `threw ${error.stack}`)
        t.equal(outcome, bad.expected, bad.what)
        const { user, system } = process.cpuUsage(started)
        const seconds = (user + system) / 1e6
        if (seconds > MAX_SECONDS) t.fail(`${bad.what} took ${seconds.toFixed(1)} s of CPU time`)
        count++
      }
      const growth = (process.memoryUsage.rss() - before) / 2 ** 20
      t.ok(growth < MAX_GROWTH / 2 ** 20, `${growth.toFixed(0)} MiB more memory`)
    })
  }
  t.test('no table was lost', async (t) => t.ok(count >= least, `${count} cases`))
}
