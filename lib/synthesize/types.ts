import type { Clip } from '../dataset/types.js'

/** One clip of the distilled set: what every way of synthesis produces, and what students are trained on. */
export interface DistilledItem {
  /** The clip to train on. With method `none` it is a clip of the source, as it is. */
  clip: Clip
  /** Sample weight, mean 1 over the class. */
  weight: number
  /** Module (after merging) within its class; -1 where the selector has none. */
  module: number
  /** Map-equation flow of the representative in its class graph; 0 where the selector has none. */
  flow: number
  /** Order of choice within the class, from 0. */
  rank: number
}
