import type { Clip } from '../dataset/types.js'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectList, expectObject, expectOptions, invalid } from '../runtime/expect.js'
import type { StageOptions } from '../runtime/progress.js'
import type { Selection } from '../select/types.js'
import type { DistilledItem, DistilledSet } from './types.js'

/** What a selection has. */
const SELECTION = ['selector', 'representatives', 'classes', 'effectiveSampleSize', 'refinement', 'warnings']

/**
 * Turns a selection, which speaks of rows, into a set of items, which speak for themselves: from here on nothing is named
 * by its place among the TRAIN clips. Items stand by class and order of choice.
 *
 * `clips` are those the selection was made from, in the order of its feature rows: representative `index` i is
 * `clips[i]`. All are TRAIN clips; a clip of another split, or of another class than its representative's, means that
 * rows and clips do not belong together, and is refused (`INVALID_ARGUMENT`).
 *
 * @example
 * ```js
 * const { items } = await synthesize(trainClips, selection)
 * console.log(items[0].video.clip.id, items[0].label, items[0].weight)
 * ```
 */
export async function synthesize(
  clips: readonly Clip[],
  selection: Selection,
  options: StageOptions = {},
): Promise<DistilledSet> {
  expectOptions(options, 'synthesize', ['signal', 'onProgress'])
  throwIfAborted(options.signal)
  expectList(clips, 'clips')
  const { selector, representatives, effectiveSampleSize } = expectObject(selection, 'selection', SELECTION)
  expectList(representatives, 'selection.representatives')
  const items = representatives.map(({ index, classIndex, weight, module, flow, rank }, i) => {
    const name = `selection.representatives[${i}]`
    const clip = clips[expectInteger(index, `${name}.index`, 0, clips.length - 1)]
    if (clip.split !== 'train') throw invalid('a clip of the train split', `${name} (${clip.id})`, clip.split)
    if (clip.classIndex !== classIndex) {
      throw invalid(`class ${clip.classIndex}, that of clip ${clip.id},`, `${name}.classIndex`, classIndex)
    }
    return { ...plainItem(clip), weight, module, visitRate: flow, rank }
  })
  items.sort((a, b) => a.classIndex - b.classIndex || a.rank - b.rank)
  const total = items.length
  options.onProgress?.({ stage: 'synthesize', done: total, total, unit: 'clips' })
  return { selector, items, effectiveSampleSize }
}

/** Clips as they are, as items that all count alike, in their order: what a selection of all of them would be. */
export function plainItems(clips: readonly Clip[]): DistilledItem[] {
  const taken: number[] = []
  return clips.map((clip) => {
    const rank = taken[clip.classIndex] ?? 0
    taken[clip.classIndex] = rank + 1
    return { ...plainItem(clip), rank }
  })
}

function plainItem(clip: Clip): DistilledItem {
  const { label, classIndex } = clip
  return {
    video: { kind: 'source', clip },
    ...{ label, classIndex },
    ...{ weight: 1, parents: [clip], module: -1, visitRate: 0, rank: 0 },
  }
}
