import type { StageOptions } from '../run/progress.js'

/** One clip chosen to stand for others of its class. */
export interface Representative {
  /** Row of the feature matrix that selection was given (a TRAIN clip). */
  index: number
  classIndex: number
  /** Sample weight: how many clips of its class it stands for, mean 1 over the class's representatives. */
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
  /** "infomap", "random", "kmedoids", ... */
  selector: string
  representatives: Representative[]
  classes: { modules: number; merged: number; codelength: number; quota: number }[]
  warnings: string[]
}

/** A dense row-major matrix of features, one row a clip. */
export interface Features {
  rows: number
  dim: number
  /** rows * dim values, row by row. */
  values: Float32Array
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

/** What the selectors that look at features take. */
export interface SelectOptions extends StageOptions {
  /** Clips to choose from each class (VPC); a smaller class gives all it has, with a warning. */
  perClass: number
  /** No representative weighs less, from 0 (plain Voronoi counts) to 1 (all weights 1). Default 0.25. */
  weightFloor?: number
}
