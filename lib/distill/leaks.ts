import type { DataSet } from '../dataset/index.js'
import { findLeaks } from '../dataset/leaks.js'
import type { StageOptions } from '../runtime/progress.js'
import type { DescribedClips } from './describe.js'

/** Clips of a run that are there twice, or nearly, each kind a sentence (see `findLeaks`); of clips that were not opened, none. */
export async function leaksIn(
  { clips, classes }: DataSet,
  { clips: rows, keys, meanFrame, deviation, motion }: DescribedClips,
  { signal }: StageOptions,
): Promise<string[]> {
  if (!keys || !meanFrame || !deviation || !motion) return []
  const read = Array.from(rows, (index) => clips[index]).filter((clip) => clip !== undefined) // a pool's come behind
  const described = {
    ids: read.map(({ id }) => id),
    splits: read.map(({ split }) => split),
    classes: read.map(({ classIndex }) => classes[classIndex]),
  }
  const leaks = await findLeaks(
    { ...described, keys: keys.slice(0, read.length), meanFrame, deviation, motion },
    signal,
  )
  return leaks.map(({ message }) => message)
}
