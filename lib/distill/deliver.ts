import { join } from 'node:path'
import { writeSet } from '../dataset/write.js'
import type { ReportClass } from '../report/index.js'
import { readWhole, replaceFile, sha256, toJson } from '../run/store.js'
import type { StageOptions } from '../runtime/progress.js'
import type { DistilledItem, DistilledSet } from '../synthesize/index.js'
import type { Fold } from './fold.js'
import { toManifest, type WrittenSet } from './outcome.js'
import type { RunSettings } from './types.js'

/** What is written beside the distilled set, and tells of it. */
export const RESULTS = ['manifest.json', 'student.onnx', 'report.json', 'report.html']

/** Writes a distilled set in the layout of its source, with its manifest. */
export async function writeDistilled(
  fold: Fold,
  distilled: DistilledSet,
  classes: ReportClass[],
  settings: RunSettings & { materialize: 'copy' | 'link' | 'list' },
  { signal }: StageOptions,
): Promise<WrittenSet> {
  const { folder, materialize } = settings
  const paths = await writeSet(folder, fold.dataSet, distilled.items, { materialize, signal }, RESULTS)
  const sums = await digestsOf(fold, distilled.items, paths)
  const written = { ...distilled, classes, files: paths.map((path, i) => ({ path, sha256: sums[i] })) }
  await replaceFile(join(folder, 'manifest.json'), toJson(toManifest(fold, settings, written)))
  return written
}

/** The SHA-256 of each item's file: known of a clip of the source, taken of a made one as it was written. */
function digestsOf(
  { trainClips, trainRows, clips }: Fold,
  items: readonly DistilledItem[],
  paths: readonly string[],
): Promise<string[]> {
  const known = new Map(trainClips.map((clip, i) => [clip, clips.keys[trainRows[i]]]))
  return Promise.all(
    items.map(async ({ video }, i) => {
      const key = video.kind === 'source' ? known.get(video.clip) : undefined
      return key ?? sha256(await readWhole(paths[i]))
    }),
  )
}
