/** A dense row-major matrix of features, one row a clip. */
export interface Features {
  rows: number
  dim: number
  /** rows * dim values, row by row. */
  values: Float32Array
}

/** Some rows of a matrix, in the given order, as a matrix of their own. */
export function takeRows({ dim, values }: Pick<Features, 'dim' | 'values'>, rows: Uint32Array | Int32Array): Features {
  const taken = new Float32Array(rows.length * dim)
  rows.forEach((row, i) => {
    taken.set(values.subarray(row * dim, (row + 1) * dim), i * dim)
  })
  return { rows: rows.length, dim, values: taken }
}
