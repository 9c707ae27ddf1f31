import type { StageOptions } from '../runtime/progress.js'
import type { Selection } from '../select/index.js'
import { type ClipShape, commonShape, synthesize } from '../synthesize/index.js'
import { tilesIn } from '../video/made.js'
import type { Tiling } from '../video/types.js'
import type { Fold } from './fold.js'

export const UNDIVIDED: Tiling = { side: 1, stretches: 1 }

/** Size, rate and length of each clip to select from, and of a composed video; none where frames were not looked at. */
export function shapesOf({ clips: { facts }, candidateRows, trainRows }: Fold): {
  shapes: ClipShape[]
  shape?: ClipShape
} {
  if (!facts) return { shapes: [] }
  // TRAIN's: a video of a pool's clips is to stand among those of the data set
  const shape = commonShape(Array.from(trainRows, (row) => facts[row]))
  return { shapes: Array.from(candidateRows, (row) => facts[row]), shape }
}

/** The set of a selection from a fold, composed or plain: so many videos of each class. */
export function composed(
  fold: Fold,
  selection: Selection,
  { tiling, videos }: { tiling: Tiling; videos: number },
  stage: StageOptions,
) {
  return synthesize(fold.candidates, selection, {
    ...(tilesIn(tiling) > 1 && { tiling, videos, ...shapesOf(fold), decode: fold.clips.decode }),
    ...stage,
  })
}
