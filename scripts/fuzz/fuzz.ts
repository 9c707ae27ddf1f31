import { InfomotionError } from '#lib/index.js'
import { Random } from '#lib/runtime/random.js'
import { mutate } from './mutate.js'
import { type TargetName, targets } from './targets.js'

/** A file that a reader could not cope with. */
export interface Failure {
  target: TargetName
  run: number
  input: Buffer
  why: string
}

/** Most CPU time that one small file may take, on all threads: a busy machine is no fault of the file's. */
export const MAX_SECONDS = 2
/** Most memory that may come on top while a reader reads small files. */
const MAX_GROWTH = 2 ** 29

/** The file of one run: a function of target, seed and run alone, so that every failure can be made again. */
export function inputOf(name: TargetName, seed: number, run: number): Buffer {
  const { corpus, words } = targets[name]
  return mutate(corpus, words, new Random(seed, 'fuzz', name, run))
}

/**
 * Gives a reader mutated files. A value or an InfomotionError is what may come of them; any other error, more than
 * {@link MAX_SECONDS}, or half a GiB more memory is a failure.
 *
 * @param before called with the number of each run before it starts: who watches from outside knows where it hangs
 * @returns the first failure, and how many files were read, of how many outcomes (codes, or "read")
 */
export async function fuzz(
  name: TargetName,
  options: { runs: number; seed: number; first?: number; before?: (run: number) => void },
): Promise<{ failure?: Failure; outcomes: Record<string, number> }> {
  const { runs, seed, first = 0, before = () => {} } = options
  const outcomes: Record<string, number> = {}
  const floor = process.memoryUsage.rss()
  for (let run = first; run < first + runs; run++) {
    const input = inputOf(name, seed, run)
    const fail = (why: string) => ({ failure: { target: name, run, input, why }, outcomes })
    before(run)
    const started = process.cpuUsage()
    let outcome = 'read'
    try {
      await targets[name].read(input)
    } catch (error) {
      if (!(error instanceof InfomotionError)) return fail((error as Error)?.stack ?? String(error))
      if (error.code === 'INTERNAL') return fail(error.message)
      outcome = error.code
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    const { user, system } = process.cpuUsage(started)
    const seconds = (user + system) / 1e6
    if (seconds > MAX_SECONDS) return fail(`it took ${seconds.toFixed(1)} s of CPU time`)
    const growth = process.memoryUsage.rss() - floor
    if (growth > MAX_GROWTH) return fail(`memory grew by ${(growth / 2 ** 20).toFixed(0)} MiB`)
  }
  return { outcomes }
}
