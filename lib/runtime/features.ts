/** A dense row-major matrix of features, one row a clip. */
export interface Features {
  rows: number
  dim: number
  /** rows * dim values, row by row. */
  values: Float32Array
}
