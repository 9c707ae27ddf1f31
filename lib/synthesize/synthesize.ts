import type { Clip } from '../dataset/types.js'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectList, expectNumber, expectObject, expectOptions, invalid } from '../runtime/expect.js'
import { groupBy } from '../runtime/group.js'
import type { StageOptions } from '../runtime/progress.js'
import type { Selection } from '../select/types.js'
import { readClip } from '../video/clip.js'
import { tilesIn } from '../video/made.js'
import type { Tiling } from '../video/types.js'
import { type Chosen, composeClass } from './compose.js'
import { commonShape, SIDES, STRETCHES } from './layout.js'
import { type DecodeClip, TileMaker } from './tile.js'
import type { ClipShape, DistilledItem, DistilledSet } from './types.js'

/** What a selection has. */
const SELECTION = ['selector', 'representatives', 'classes', 'effectiveSampleSize', 'refinement', 'warnings']

export interface SynthesizeOptions extends StageOptions {
  /**
   * Composes videos that hold `side` x `side` clips (1..4) at a time, and so many after one another (1, 2, 4 stretches of
   * their length). Default, and with one of each: the clips as they are.
   */
  tiling?: Tiling
  /** For composed videos: size, rate and length of each of `clips`, as `extractFeatures` gives them (`facts`). */
  shapes?: readonly ClipShape[]
  /** Size, rate and length of composed videos. Default: the commonest size and rate of `clips`, and their median length. */
  shape?: ClipShape
  /** Composed videos of each class. Default: as few as have places for its clips. */
  videos?: number
  /** For composed videos: what reads a file. Default `readClip`. */
  decode?: DecodeClip
}

/**
 * Turns a selection, which speaks of rows, into a set of items, which speak for themselves: from here on nothing is named
 * by its place among the TRAIN clips. Items stand by class and order of choice.
 *
 * `clips` are those the selection was made from, in the order of its feature rows: representative `index` i is
 * `clips[i]`. All are TRAIN clips; a clip of another split, or of another class than its representative's, means that
 * rows and clips do not belong together, and is refused (`INVALID_ARGUMENT`).
 *
 * With a `tiling`, the clips of each class are put together into videos of the commonest size and rate and of the median
 * length of `clips`, in the order of choice, as many in each as it has places: ask `select` for so many. A clip is made
 * smaller (each pixel the mean over its area), and cut to its middle where it is longer than its place; students are
 * trained on the tiles, brought back to their size. Frames are made where they are asked for: nothing is held.
 *
 * @example
 * ```js
 * const { items } = await synthesize(trainClips, selection)
 * console.log(items[0].video.clip.id, items[0].label, items[0].weight)
 *
 * const tiling = { side: 2, stretches: 1 } // four clips in one
 * const shapes = trainClips.map(() => ({ width: 112, height: 112, fps: 50, frames: 100 })) // or the facts of features
 * const composed = await synthesize(trainClips, selection, { tiling, shapes })
 * console.log(composed.items[0].video.width, composed.items[0].tiles.length)
 * ```
 */
export async function synthesize(
  clips: readonly Clip[],
  selection: Selection,
  options: SynthesizeOptions = {},
): Promise<DistilledSet> {
  expectOptions(options, 'synthesize', ['tiling', 'shapes', 'shape', 'videos', 'decode', 'signal', 'onProgress'])
  const composing = expectComposing(options, clips?.length)
  throwIfAborted(options.signal)
  expectList(clips, 'clips')
  const { selector, representatives, effectiveSampleSize } = expectObject(selection, 'selection', SELECTION)
  expectList(representatives, 'selection.representatives')
  const chosen = representatives.map(({ index, classIndex, weight, module, flow, rank }, i) => {
    const name = `selection.representatives[${i}]`
    const clip = clips[expectInteger(index, `${name}.index`, 0, clips.length - 1)]
    if (clip.split !== 'train') throw invalid('a clip of the train split', `${name} (${clip.id})`, clip.split)
    if (clip.classIndex !== classIndex) {
      throw invalid(`class ${clip.classIndex}, that of clip ${clip.id},`, `${name}.classIndex`, classIndex)
    }
    return { ...plainItem(clip), index, weight, module, visitRate: flow, rank }
  })
  chosen.sort((a, b) => a.classIndex - b.classIndex || a.rank - b.rank)
  const items = composing ? compose(chosen, composing) : chosen.map(({ index: _, ...item }) => item)
  const total = items.length
  options.onProgress?.({ stage: 'synthesize', done: total, total, unit: 'clips' })
  return { selector, items, effectiveSampleSize }
}

interface Composing {
  tiling: Tiling
  shapes: readonly ClipShape[]
  shape: ClipShape
  videos: number
  maker: TileMaker
}

/** How to compose; undefined where clips stay as they are. */
function expectComposing(
  { tiling, shapes = [], shape, videos = 1, decode }: SynthesizeOptions,
  clips: number,
): Composing | undefined {
  if (tiling === undefined) return undefined
  const { side, stretches } = expectObject(tiling, 'tiling', ['side', 'stretches'])
  if (!SIDES.some((known) => known === side)) throw invalid(SIDES.join(', '), 'tiling.side', side)
  if (!STRETCHES.some((known) => known === stretches))
    throw invalid(STRETCHES.join(', '), 'tiling.stretches', stretches)
  if (tilesIn(tiling) === 1) return undefined
  if (expectList(shapes, 'shapes').length !== clips) throw invalid(`${clips} shapes, one a clip`, 'shapes', shapes)
  for (const [i, one] of shapes.entries()) expectShape(one, `shapes[${i}]`)
  if (shape) expectShape(shape, 'shape')
  expectInteger(videos, 'videos', 1)
  return {
    tiling,
    shapes,
    shape: shape ?? commonShape(shapes),
    videos,
    maker: decode ? makerOf(decode) : new TileMaker(readClip),
  }
}

function expectShape(shape: ClipShape, name: string): void {
  for (const side of ['width', 'height', 'frames'] as const) expectInteger(shape?.[side], `${name}.${side}`, 1)
  expectNumber(shape.fps, `${name}.fps`, 0.001)
}

/** One maker for all that is made with the same decoder: it knows the clips that it read last. */
const makers = new WeakMap<DecodeClip, TileMaker>()

export function makerOf(decode: DecodeClip): TileMaker {
  const maker = makers.get(decode) ?? new TileMaker(decode)
  makers.set(decode, maker)
  return maker
}

function compose(
  chosen: readonly (DistilledItem & { index: number })[],
  { tiling, shapes, shape, videos, maker }: Composing,
) {
  const items: DistilledItem[] = []
  for (const [classIndex, part] of groupBy(chosen, ({ classIndex }) => classIndex)) {
    const clips = part.map(({ index, label, weight, module, visitRate, rank, parents: [parent] }): Chosen => {
      return { shape: shapes[index], parent, label, weight, module, visitRate, rank }
    })
    items.push(...composeClass(clips, classIndex, shape, tiling, maker, items.length + 1, videos))
  }
  return items
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
