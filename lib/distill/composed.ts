import type { StageOptions } from '../runtime/progress.js'
import type { Selection } from '../select/index.js'
import { type ClipShape, synthesize } from '../synthesize/index.js'
import { tilesIn } from '../video/made.js'
import type { Tiling } from '../video/types.js'
import type { Fold } from './fold.js'

export const UNDIVIDED: Tiling = { side: 1, stretches: 1 }

/** Size, rate and length of each TRAIN clip; none where their frames were not looked at. */
export function shapesOf({ clips: { facts }, trainRows }: Fold): ClipShape[] {
  return facts ? Array.from(trainRows, (row) => facts[row]) : []
}

/** The set of a selection from a fold, composed or plain: so many videos of each class. */
export function composed(
  fold: Fold,
  selection: Selection,
  { tiling, videos }: { tiling: Tiling; videos: number },
  stage: StageOptions,
) {
  return synthesize(fold.trainClips, selection, {
    ...(tilesIn(tiling) > 1 && { tiling, videos, shapes: shapesOf(fold), decode: fold.clips.decode }),
    ...stage,
  })
}
