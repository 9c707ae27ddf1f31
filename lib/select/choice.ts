import type { UnitRows } from '../matrix/cosine.js'
import type { Matrix } from '../matrix/matrix.js'
import type { QuotaRule } from './quota.js'
import type { ClassModules, SelectionClass } from './types.js'
import type { WeightRule } from './weights.js'

/** What a selector chose from one class; all indices are by clip of the class, not by row. */
export interface Choice {
  /** Representatives, in the order of choice. */
  chosen: number[]
  /** Module of each clip after merging, where the selector has modules; -1 for clips of none. */
  groups?: Int32Array
  /** Of each clip, where the selector looked at it. */
  flow?: ArrayLike<number>
  /** What the map equation found, where it was asked. */
  found?: { modules: number; merged: number; codelength: number }
  warnings?: string[]
}

/** What a selector may look at besides the clips of its class. */
export interface Context {
  classIndex: number
  seed: number
  draw: number
  quota: QuotaRule
  signal?: AbortSignal
}

/** Chooses `count` (at least 1, at most all) of the clips of one class. */
export type Choose = (
  points: UnitRows,
  part: SelectionClass | ClassModules,
  count: number,
  context: Context,
) => Promise<Choice>

/** Chooses from all classes at once, from each as many as `counts` says; for selectors that look across classes. */
export type ChooseTogether = (
  features: Matrix,
  classes: readonly (SelectionClass | ClassModules)[],
  counts: readonly number[],
  context: { signal?: AbortSignal },
) => Promise<Choice[]>

/** A selector: how it chooses, from each class or from all together, what people call it, what it chooses, and its weights unless others are asked for. */
export type Selector = ({ choose: Choose } | { together: ChooseTogether }) & {
  label: string
  help: string
  weights?: WeightRule
  /** Chooses by chance: several draws are compared. */
  drawn?: true
}
