import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractFeatures, readClip, readDataSet } from 'infomotion'

/** Clips that are timed. */
const TRIED = 24
/** A clip's features are there as measured, and in the rows of all clips, of TRAIN, and of a form on trial. */
const COPIES = 4

/**
 * Says what the evidence of a data set takes here, before it starts: by the time that some of its clips take. A clip is
 * described once as it is, and at most once at each size and length of tile that is tried: grids of 2, 3 and 4, two
 * numbers of stretches, and those of the fixed grids.
 */
export async function tellWork(path: string, cache: string): Promise<void> {
  const { clips } = await readDataSet(path)
  const step = Math.max(1, Math.floor(clips.length / TRIED))
  const some = clips.filter((_, i) => i % step === 0).slice(0, TRIED)
  const fresh = mkdtempSync(join(tmpdir(), 'infomotion-evidence-'))
  const started = process.cpuUsage()
  let [held, kept] = [0, 0] // bytes of a clip in memory, and in the cache
  try {
    const { motion, meanFrame, deviation } = await extractFeatures(some, { cache: fresh, decode: readClip })
    held = COPIES * 4 * (motion.dim + meanFrame.dim + deviation.dim)
    const files = readdirSync(fresh, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    kept = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / some.length
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  const { user, system } = process.cpuUsage(started)
  const seconds = (user + system) / 1e6 / some.length
  const train = clips.filter(({ split }) => split === 'train').length
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  const hours = (work: number) => ((work * seconds) / 3600 / availableParallelism()).toFixed(1)
  console.error(
    `${clips.length} clips, ${(seconds * 1000).toFixed(0)} ms of CPU each (of ${some.length}). Features: ${hours(clips.length)} h here. ` +
      `Tiles: at most ${hours(5 * train)} h more. About ${gigabytes(process.memoryUsage().rss + clips.length * held)} of memory, ` +
      `at most ${gigabytes((clips.length + 5 * train) * kept)} in ${cache}. Students come on top: minutes for linear ones, some minutes each for CNNs ` +
      '(--only linear leaves these out). It can be stopped, and goes on.',
  )
}
