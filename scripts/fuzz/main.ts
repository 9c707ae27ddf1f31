import { mkdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { type Failure, fuzz, inputOf, MAX_SECONDS } from './fuzz.js'
import { type TargetName, targets } from './targets.js'

// `npm run fuzz -- [--runs N] [--seed S] [--target NAME]`: N files in all, or N for the one target. Ends with status 1 at
// the first failure, whose file lies in build/fuzz/ then. `--first RUN --runs 1` with the same seed does it again.
const names = Object.keys(targets) as TargetName[]
const folder = fileURLToPath(new URL('../../../fuzz/', import.meta.url))

/** Says what failed, and keeps the file. To stderr at once: the main thread may hang. */
function tell({ target, run, input, why }: Failure, seed: number): void {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${target}-${seed}-${run}.bin`)
  writeFileSync(file, input)
  writeSync(2, `FAILED ${target}, seed ${seed}, run ${run}: ${why}\n${input.length} bytes in ${file}\n`)
}

/** How long a run may not end, on a busy machine too. */
const PATIENCE_SECONDS = 5 * MAX_SECONDS

/** In its own thread: ends the process when a run does not end. `progress` holds target and run. */
function watch({ progress, seed }: { progress: Int32Array; seed: number }): void {
  let seen = ''
  setInterval(() => {
    const now = progress.join()
    const [target, run] = [names[progress[0]], progress[1]]
    if (now === seen) {
      tell({ target, run, input: inputOf(target, seed, run), why: `it did not end within ${PATIENCE_SECONDS} s` }, seed)
      process.kill(process.pid, 'SIGKILL')
    }
    seen = now
  }, PATIENCE_SECONDS * 1000)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
      target: { type: 'string' },
    },
  })
  const [runs, seed, first] = [values.runs, values.seed, values.first].map(Number)
  const chosen = names.filter((name) => values.target === undefined || name === values.target)
  if (chosen.length === 0 || ![runs, seed, first].every((value) => Number.isInteger(value) && value >= 0)) {
    console.error(`Expected --runs, --seed, --first (whole numbers) and --target (one of ${names.join(', ')}).`)
    return 2
  }
  const progress = new Int32Array(new SharedArrayBuffer(8))
  const watcher = new Worker(new URL(import.meta.url), { workerData: { progress, seed } })
  let status = 0
  for (const name of chosen) {
    const count = chosen.length === 1 ? runs : Math.round(runs * targets[name].share)
    const started = performance.now()
    progress[0] = names.indexOf(name)
    const before = (run: number) => Atomics.store(progress, 1, run)
    const { failure, outcomes } = await fuzz(name, { runs: count, seed, first, before })
    const seconds = (performance.now() - started) / 1000
    const read = Object.values(outcomes).reduce((sum, files) => sum + files, 0)
    console.log(`${name}: ${read} files, ${Math.round(read / seconds)}/s, ${JSON.stringify(outcomes)}`)
    if (!failure) continue
    tell(failure, seed)
    status = 1
  }
  await watcher.terminate()
  return status
}

if (isMainThread) process.exitCode = await main()
else watch(workerData)
