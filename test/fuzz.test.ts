import t from 'tap'
import { fuzz } from '../scripts/fuzz/fuzz.js'
import { type TargetName, targets } from '../scripts/fuzz/targets.js'

const RUNS = 100_000
const SEED = 20261124

t.setTimeout(180_000)

let read = 0
for (const name of Object.keys(targets) as TargetName[]) {
  t.test(`${name}: mutated files give a value or a named error`, async (t) => {
    const { failure, outcomes } = await fuzz(name, { runs: Math.round(RUNS * targets[name].share), seed: SEED })
    t.equal(failure?.why, undefined, `seed ${SEED}: all end well${failure ? `, but not run ${failure.run}` : ''}`)
    t.ok(outcomes.read > 0, 'some files are read')
    t.ok(Object.keys(outcomes).length > 1, `others are refused: ${JSON.stringify(outcomes)}`)
    for (const count of Object.values(outcomes)) read += count
  })
}

t.test('all of them were read', async (t) => t.equal(read, RUNS))
