import type { Clip } from '../dataset/types.js'

/** A clip that was made, not recorded: its frames and what belongs to them. It lies in no data set. */
export interface MadeClip {
  kind: 'made'
  /** Its file in a written set, relative to the set's videos, with `/` between its parts: "composed-1.avi". */
  name: string
  /** Luma, count * height * width bytes, frame by frame, row by row; 0 is black, 255 is white. */
  frames: Uint8Array
  count: number
  width: number
  height: number
  /** Frames per second. */
  fps: number
}

/** A clip of the source, as it is. */
export interface SourceClip {
  kind: 'source'
  clip: Clip
}

/**
 * One video of a distilled set, or of a set that stands beside it: what students are trained on, and what is written,
 * listed and shown.
 */
export interface DistilledItem {
  video: SourceClip | MadeClip
  /** As it stands in the source's table, or would: an EF ("57.3"), or a name ("covid"). */
  label: string
  /** Index into `DataSet.classes`: the class that it stands for in the set. */
  classIndex: number
  /** What students learn of it, where that is not its class alone: a probability a class, of sum 1. */
  soft?: Float32Array
  /** Sample weight, mean 1 over the class. */
  weight: number
  /** The TRAIN clips that it is made of; a source clip is its own parent. */
  parents: readonly Clip[]
  /** Module (after merging) within its class; -1 where the selector has none. */
  module: number
  /** How often the random walk on the class graph visits the representative; 0 where the selector has no such thing. */
  visitRate: number
  /** Order of choice within the class, from 0. */
  rank: number
}

/** Videos with labels and weights: what a way to distil comes to. */
export interface DistilledSet {
  /** How its clips were chosen: "infomap", "random". */
  selector: string
  /** By class and rank. */
  items: DistilledItem[]
  /** (sum of the sample weights)^2 / sum of their squares: what as many clips of equal weight would count. */
  effectiveSampleSize: number
}
