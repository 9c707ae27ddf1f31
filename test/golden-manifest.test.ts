import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writePhantom } from 'infomotion'
import t from 'tap'
import { fixture, infomotion, temporary } from './support.js'

/**
 * What a small run selects and how it weighs, byte by byte: a change of its numbers is meant, or a mistake. Who means one
 * writes the files anew, and says why in the commit:
 *
 *   INFOMOTION_GOLDEN=write node build/test/test/golden-manifest.test.js
 */
const GOLDEN = fixture('golden')

/** The version is no number of the method's. */
const withoutVersion = (text: string) => text.replace(/("generator": "infomotion )[^"]+"/, '$1..."')

t.setTimeout(120_000)

t.test('the same manifest and weights as ever', async (t) => {
  const folder = temporary(t)
  const data = join(folder, 'phantom')
  await writePhantom(data, { train: 20, test: 1, seed: 5 })
  const runs = {
    plain: ['--vpc', '2', '--synthesize', 'none'],
    swap: [
      '--vpc',
      '1',
      '--synthesize',
      'none',
      '--refine',
      'swap',
      '--weights',
      'prior',
      '--neighbours',
      '2',
      '--trials',
      '3',
    ],
  }
  for (const [name, options] of Object.entries(runs)) {
    const out = join(folder, name)
    const args = ['distill', data, '--out', out, '--cache', join(folder, 'cache'), '--device', 'cpu', ...options]
    const { status, err } = await infomotion(
      [...args, '--encoder', 'none', '--descriptor', 'relative', '--teacher', '0', '--until', 'synthesize', '--json'],
      {
        INFOMOTION_ISA: 'scalar',
      },
    )
    t.equal(status, 0, err)
    for (const file of ['manifest.json', 'weights.csv']) {
      const text = withoutVersion(readFileSync(join(out, file), 'utf8'))
      const golden = join(GOLDEN, name, file)
      if (process.env.INFOMOTION_GOLDEN === 'write') {
        mkdirSync(dirname(golden), { recursive: true })
        writeFileSync(golden, text)
      }
      t.ok(existsSync(golden), golden)
      t.equal(text, readFileSync(golden, 'utf8'), `${name}: ${file}`)
    }
  }
})
