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
