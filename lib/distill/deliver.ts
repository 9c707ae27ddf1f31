import { join } from 'node:path'
import { writeSet } from '../dataset/write.js'
import { fileHashOf } from '../features/describer.js'
import type { ReportClass } from '../report/index.js'
import { replaceFile, toJson } from '../run/store.js'
import type { StageOptions } from '../runtime/progress.js'
import type { DistilledItem, DistilledSet } from '../synthesize/index.js'
import { sumsNow } from './changed.js'
import { expectAllRead } from './demands.js'
import type { Fold } from './fold.js'
import type { RunLog } from './log.js'
import { toManifest, type WrittenSet } from './outcome.js'
import type { RunSettings } from './types.js'

/** What is written beside the distilled set, and tells of it. */
export const RESULTS = ['manifest.json', 'student.onnx', 'report.json', 'report.html']

/** Writes a distilled set in the layout of its source, with its manifest. */
export async function writeDistilled(
  fold: Fold,
  distilled: DistilledSet,
  classes: ReportClass[],
  settings: RunSettings & { materialize: 'copy' | 'link' | 'list'; strict: boolean },
  log: RunLog,
  { signal }: StageOptions,
): Promise<WrittenSet> {
  const { folder, materialize, strict } = settings
  const paths = await writeSet(folder, fold.dataSet, distilled.items, { materialize, signal }, RESULTS)
  const { sums, changed, warnings } = await sumsNow(writtenFiles(fold, distilled.items, paths), signal)
  fold.clips.clipWarnings.push(...changed)
  log.warn(warnings)
  if (strict) expectAllRead(fold.clips)
  const written = { ...distilled, classes, files: paths.map((path, i) => ({ path, sha256: sums[i] })) }
  await replaceFile(join(folder, 'manifest.json'), toJson(toManifest(fold, settings, written)))
  return written
}

/** The items' files as they were written, beside the SHA-256 that each had when its features were made. */
function writtenFiles(
  { trainClips, trainRows, clips }: Fold,
  items: readonly DistilledItem[],
  paths: readonly string[],
) {
  const known = new Map(trainClips.map((clip, i) => [clip, fileHashOf(clips.keys[trainRows[i]])]))
  return items.map(({ video }, i) => {
    const path = paths[i]
    return video.kind === 'made' ? { id: video.name, path } : { id: video.clip.id, path, sha256: known.get(video.clip) }
  })
}
