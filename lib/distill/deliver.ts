import { realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { writeSet } from '../dataset/write.js'
import { fileHashOf } from '../features/describer.js'
import type { ReportClass, ReportTeacher } from '../report/index.js'
import { isInside } from '../run/output.js'
import { replaceFile, toJson } from '../run/store.js'
import type { StageOptions } from '../runtime/progress.js'
import type { DistilledItem, DistilledSet } from '../synthesize/index.js'
import { sumsNow } from './changed.js'
import { expectAllRead } from './demands.js'
import type { Fold } from './fold.js'
import type { RunLog } from './log.js'
import { toManifest, type WrittenSet } from './outcome.js'
import type { Composition } from './tiling.js'
import type { RunSettings } from './types.js'

/** What is written beside the distilled set, and tells of it. */
export const RESULTS = ['manifest.json', 'student.onnx', 'report.json', 'report.html']

/** Writes a distilled set in the layout of its source, with its manifest. */
export async function writeDistilled(
  fold: Fold,
  distilled: DistilledSet & { composition?: Composition; teacher?: ReportTeacher },
  classes: ReportClass[],
  settings: RunSettings & { materialize: 'copy' | 'link' | 'list'; strict: boolean },
  log: RunLog,
  { signal }: StageOptions,
): Promise<WrittenSet> {
  const { folder, materialize, strict } = settings
  const paths = await writeSet(folder, fold.dataSet, withFacts(fold, distilled.items), { materialize, signal }, RESULTS)
  const { sums, changed, warnings } = await sumsNow(writtenFiles(fold, distilled.items, paths), signal)
  const root = await realpath(folder)
  fold.clips.clipWarnings.push(...changed)
  log.warn(warnings)
  if (strict) expectAllRead(fold.clips)
  const files = await Promise.all(
    paths.map(async (path, i) => {
      const file = relative(root, path).split(sep).join('/')
      const { size } = await stat(path)
      return { path, sha256: sums[i], bytes: size, ...(isInside(file) && { file }) }
    }),
  )
  const written = { ...distilled, classes, files }
  await replaceFile(join(folder, 'manifest.json'), toJson(toManifest(fold, settings, written)))
  return written
}

/** The items as a writer is told of them: the table may have columns that say what a pool's clip is like. */
function withFacts({ candidates, candidateRows, clips: { facts } }: Fold, items: readonly DistilledItem[]) {
  return items.map((item): DistilledItem => {
    const { video } = item
    if (video.kind === 'made' || !video.clip.pool || !facts) return item
    return { ...item, video: { ...video, facts: facts[candidateRows[candidates.indexOf(video.clip)]] } }
  })
}

/** The items' files as they were written, beside the SHA-256 that each had when its features were made. */
function writtenFiles(
  { candidates, candidateRows, clips }: Fold,
  items: readonly DistilledItem[],
  paths: readonly string[],
) {
  const known = new Map(candidates.map((clip, i) => [clip, clips.keys && fileHashOf(clips.keys[candidateRows[i]])]))
  return items.map(({ video }, i) => {
    const path = paths[i]
    return video.kind === 'made' ? { id: video.name, path } : { id: video.clip.id, path, sha256: known.get(video.clip) }
  })
}
