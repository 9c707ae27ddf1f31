import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writePhantom } from 'infomotion'
import { differences, killAndResume, momentOf, undisturbed } from './kill.js'

// `npm run kill -- [--kills 100] [--seed 1] [--first 0] [--clips 200]`: distills a phantom data set, kills that (SIGKILL,
// the whole process group) at random moments, lets the same command go on, and compares every file with those of an
// undisturbed run. Of ten kills one hits a run that starts with nothing; the others hit runs that go on from the
// features of all shards but the last, as killed runs leave them: four anywhere, five where the result is written.
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    clips: { type: 'string', default: '200' },
  },
})
const [kills, seed, first, clips] = [values.kills, values.seed, values.first, values.clips].map(Number)
const root = fileURLToPath(new URL('../../../../', import.meta.url))
const cli = join(root, 'dist/cli.js')
const build = join(root, 'build/kill')
const data = join(build, `phantom-${clips}`)
const started = performance.now()
mkdirSync(build, { recursive: true })
if (!existsSync(join(data, 'FileList.csv'))) {
  const test = Math.round(clips / 3)
  await writePhantom(data, { train: clips - test, test, seed: 1 })
}
const args = ['distill', data, '--vpc', '5', '--random-draws', '3']
const cold = await undisturbed(cli, args, join(build, 'cold'))
const from = join(build, 'from')
rmSync(from, { recursive: true, force: true })
const [features] = readdirSync(join(build, 'cold', 'cache')).filter((name) => /^[0-9a-f]{12}$/.test(name))
cpSync(join(build, 'cold', 'cache', features), join(from, features), { recursive: true })
for (const name of readdirSync(join(from, features)).sort().slice(-2)) rmSync(join(from, features, name))
const warm = await undisturbed(cli, args, join(build, 'warm'), from)
const other = differences(warm.files, cold.files)
if (other.length > 0) throw new Error(`a run on a cache: ${other.join('; ')}`)
console.log(`${clips} clips: ${cold.cpu.toFixed(1)} s of CPU time, on a cache ${warm.cpu.toFixed(1)} s`)

let faulty = 0
for (let i = first; i < first + kills; i++) {
  const whole = i % 10 === 0 ? cold : warm
  const where = i % 2 === 1 ? 'writing' : 'anywhere'
  const { moment, left, faults } = await killAndResume(
    cli,
    whole,
    momentOf(seed, i, whole, where),
    join(build, 'killed'),
  )
  if (faults.length > 0) faulty++
  const [[kind, at]] = Object.entries(moment)
  const start = whole === cold ? 'cold' : 'warm'
  console.log(`kill ${i}: ${start}, ${kind} ${at.toFixed(3)} s, left ${left}: ${faults.join('; ') || 'equal'}`)
}
const seconds = ((performance.now() - started) / 1000).toFixed(0)
console.log(`${kills - faulty} of ${kills} killed runs ended equal to the undisturbed one (seed ${seed}), ${seconds} s`)
process.exitCode = faulty > 0 ? 1 : 0
