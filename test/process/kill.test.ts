import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { writePhantom } from 'infomotion'
import t, { type Test } from 'tap'
import { killAndResume, momentOf, type Undisturbed, undisturbed } from '../../scripts/kill/kill.js'
import { cli, needs, temporary } from '../support.js'

// The short form of `npm run kill` (100 kills on 200 clips).

t.setTimeout(600_000)

const SEED = 20261126

t.test(
  'SIGKILL at random moments, then the same command: the same files',
  needs(existsSync('/proc/self/stat'), 'Linux'),
  async (t) => {
    const folder = temporary(t)
    const data = join(folder, 'phantom')
    await writePhantom(data, { train: 20, test: 10, seed: 5 })
    const check = async (t: Test, whole: Undisturbed, kill: number, where: 'anywhere' | 'writing') => {
      const moment = momentOf(SEED, kill, whole, where)
      const { left, faults } = await killAndResume(cli, whole, moment, join(folder, 'killed'))
      t.same(faults, [], `killed at ${JSON.stringify(moment)} s, left ${left}`)
    }

    await t.test('distill', async (t) => {
      const args = ['distill', data, '--vpc', '2', '--random-draws', '1']
      const cold = await undisturbed(cli, args, join(folder, 'cold'))
      const from = join(folder, 'from')
      const cache = join(folder, 'cold', 'cache')
      for (const name of readdirSync(cache).filter((name) => name !== 'predictions'))
        cpSync(join(cache, name), join(from, name), { recursive: true })
      const warm = await undisturbed(cli, args, join(folder, 'warm'), from)
      t.same(warm.files, cold.files, 'whether its features are cached or not')
      for (const kill of [0, 1]) await check(t, cold, kill, 'anywhere')
      for (const kill of [2, 3]) await check(t, warm, kill, 'anywhere')
      for (const kill of [4, 5, 6, 7]) await check(t, warm, kill, 'writing')
    })

    await t.test('compare', async (t) => {
      const args = ['compare', data, '--vpc', '1', '--seeds', '1', '--random-draws', '1', '--selectors', 'infomap']
      const whole = await undisturbed(cli, args, join(folder, 'compared'), join(folder, 'from'))
      t.ok(whole.files['comparison.json'])
      for (const kill of [8, 9]) await check(t, whole, kill, 'anywhere')
    })
  },
)
