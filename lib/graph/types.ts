import type { DeviceUsed } from '../runtime/device.js'

/** Stands in `Neighbours.neighbours` where a row has fewer than k neighbours. */
export const NO_NEIGHBOUR = 0xffffffff

/** By what rows are near each other: the cosine of their angle, or the Euclidean distance. */
export type Metric = 'cosine' | 'euclid'

/** The k rows nearest to each row. */
export interface Neighbours extends DeviceUsed {
  /** min(k asked for, rows - 1). */
  k: number
  /** rows * k: those of row i at i * k, nearest first, ties by lower index; {@link NO_NEIGHBOUR} at the end of short ones. */
  neighbours: Uint32Array
  /** By cosine: rows * k cosines in [-1, 1]; 0 beside {@link NO_NEIGHBOUR}. */
  similarities?: Float32Array
  /** By distance: rows * k distances. */
  distances?: Float32Array
  /** Share of the true neighbours found: 1, or as measured on a sample of rows where the search was approximate. */
  recall: number
}

/** Neighbours with their scores in full precision, as the graph is made of them. */
export interface Scored {
  k: number
  neighbours: Uint32Array
  scores: Float64Array
  recall: number
}
