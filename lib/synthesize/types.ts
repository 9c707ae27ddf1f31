import type { SetItem } from '../dataset/types.js'

/**
 * One video of a distilled set, or of a set that stands beside it: what students are trained on, and what is written,
 * listed and shown.
 */
export interface DistilledItem extends SetItem {
  /** Index into `DataSet.classes`: the class that it stands for in the set. */
  classIndex: number
  /** What students learn of it, where that is not its class alone: a probability a class, of sum 1. */
  soft?: Float32Array
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
