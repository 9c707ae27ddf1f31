import type { Clip, SetItem } from '../dataset/types.js'
import type { Place } from '../video/types.js'

/** Size, rate and length of a clip: `frames` of them, `fps` a second. */
export interface ClipShape {
  width: number
  height: number
  fps: number
  frames: number
}

/** One of the clips that a composed video holds: a sample of its own, which students see at its full size. */
export interface Tile {
  /** The TRAIN clip that it shows: the middle of it, where its place is shorter. */
  parent: Clip
  /** As in {@link DistilledItem}. */
  label: string
  soft?: Float32Array
  /** Sample weight, mean 1 over the tiles of the class. */
  weight: number
  module: number
  visitRate: number
  rank: number
  /** Where it is in the video. */
  place: Place
  /**
   * Of its parent. Brought back to this size and played at this rate, it moves as fast as its parent does, in px/s: the
   * video itself may be of another size and rate.
   */
  width: number
  height: number
  fps: number
}

/**
 * One video of a distilled set, or of a set that stands beside it: what students are trained on, and what is written,
 * listed and shown.
 */
export interface DistilledItem extends SetItem {
  /** Index into `DataSet.classes`: the class that it stands for in the set. */
  classIndex: number
  /** Module (after merging) within its class; -1 where the selector has none. */
  module: number
  /** How often the random walk on the class graph visits the representative; 0 where the selector has no such thing. */
  visitRate: number
  /** Order of choice within the class, from 0. */
  rank: number
  /** What a composed video holds: students are trained on these, each with its own weight, and not on the video. */
  tiles?: readonly Tile[]
}

/** Videos with labels and weights: what a way to distil comes to. */
export interface DistilledSet {
  /** How its clips were chosen: "infomap", "random". */
  selector: string
  /** By class and rank. */
  items: DistilledItem[]
  /** (sum of the sample weights)^2 / sum of their squares (of tiles, where there are): so many clips of equal weight. */
  effectiveSampleSize: number
}
