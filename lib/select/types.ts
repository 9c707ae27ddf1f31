import type { StageOptions } from '../runtime/progress.js'

/** One clip chosen to stand for others of its class. */
export interface Representative {
  /** Row of the feature matrix that selection was given (a TRAIN clip). */
  index: number
  classIndex: number
  /** Sample weight, by default how many clips of its class it stands for; mean 1 (see `WeightRule`). */
  weight: number
  /** Module (after merging) within its class; -1 for selectors without modules. */
  module: number
  /** Map-equation flow of the node within its class graph; 0 for selectors without one. */
  flow: number
  /** Order of choice within the class, from 0. */
  rank: number
}

/** A selection over all classes. */
export interface Selection {
  /** "infomap", "random", "kmedoids+swap", ... */
  selector: string
  representatives: Representative[]
  classes: { modules: number; merged: number; codelength: number; quota: number }[]
  /** How many clips of equal weight are worth as much: (sum w)^2 / sum w^2 (Kish 1965). */
  effectiveSampleSize: number
  /** What the swap search came to, where it was asked for: the small student's loss on TRAIN (swap.ts). */
  refinement?: { before: number; after: number; swaps: number }
  warnings: string[]
}

/** One class as a selector is given it. */
export interface SelectionClass {
  /** Its name, for warnings. */
  name: string
  /** Rows of the feature matrix that belong to it, each once (TRAIN clips). */
  rows: Uint32Array
}

/** One class with what the map equation found in its similarity graph; entry i belongs to the clip `rows[i]`. */
export interface ClassModules extends SelectionClass {
  /** Top module of each clip; any numbers, equal within a module. */
  modules: Uint32Array
  /** Flow of each clip's node; 0 for a clip without links. */
  flow: Float64Array
  /** Bits. */
  codelength: number
}

/**
 * How representatives are weighed. Mean 1 in each class:
 *
 * - `uniform`: all alike, w = 1
 * - `voronoi`: by how many clips of the class each is nearest to
 * - `flow`: by the flow of those clips; a module's flow is shared among its own representatives. Needs modules and flow
 *
 * Mean 1 over the whole selection, Voronoi weights times a factor a class:
 *
 * - `prior`: the weights of a class sum in proportion to its clips n_c, as in TRAIN (for plain accuracy)
 * - `inverse`: in proportion to 1 / n_c (rare classes first)
 */
export type WeightRule = 'uniform' | 'voronoi' | 'flow' | 'prior' | 'inverse'

/** What all selectors take. */
export interface SelectOptions extends StageOptions {
  /** Clips to choose from each class (VPC); a smaller class gives all it has, with a warning. */
  perClass: number
  /** Default `voronoi`. */
  weights?: WeightRule
  /** No representative weighs less, before a class factor, from 0 (plain counts) to 1 (all 1). Default 0.25. */
  weightFloor?: number
}
