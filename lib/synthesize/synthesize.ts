import type { Clip } from '../dataset/types.js'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import type { StageOptions } from '../runtime/progress.js'
import type { Selection } from '../select/types.js'
import type { DistilledItem } from './types.js'

/** How the representatives become the clips of the distilled set. */
export interface SynthesizeOptions extends StageOptions {
  /** `none` (default): the selected clips as they are. */
  method?: 'none'
}

/**
 * Turns a selection into the items of the distilled set, by class and order of choice.
 *
 * `clips` are those the selection was made from, in the order of its feature rows: representative `index` i is
 * `clips[i]`. All are TRAIN clips; a clip of another split, or of another class than its representative's, means that
 * rows and clips do not belong together, and is refused (`INVALID_ARGUMENT`).
 *
 * @example
 * ```js
 * const items = await synthesize(trainClips, selection) // [{ clip, weight, module, flow, rank }, ...]
 * ```
 */
export async function synthesize(
  clips: readonly Clip[],
  selection: Selection,
  options: SynthesizeOptions = {},
): Promise<DistilledItem[]> {
  expectOptions(options, 'synthesize', ['method', 'signal', 'onProgress'])
  expectOneOf(options.method ?? 'none', 'options.method', ['none'])
  throwIfAborted(options.signal)
  const total = selection.representatives.length
  const items = selection.representatives.map(({ index, classIndex, weight, module, flow, rank }, i) => {
    const name = `selection.representatives[${i}]`
    const clip = clips[expectInteger(index, `${name}.index`, 0, clips.length - 1)]
    if (clip.split !== 'train') throw invalid('a clip of the train split', `${name} (${clip.id})`, clip.split)
    if (clip.classIndex !== classIndex) {
      throw invalid(`class ${clip.classIndex}, that of clip ${clip.id},`, `${name}.classIndex`, classIndex)
    }
    return { clip, weight, module, flow, rank }
  })
  items.sort((a, b) => a.clip.classIndex - b.clip.classIndex || a.rank - b.rank)
  options.onProgress?.({ stage: 'synthesize', done: total, total, unit: 'clips' })
  return items
}
