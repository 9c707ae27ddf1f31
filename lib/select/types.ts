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
