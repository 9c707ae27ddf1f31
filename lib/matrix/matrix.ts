/** A dense row-major matrix, one row a clip (or whatever else is told apart): single precision unless said otherwise. */
export interface Matrix<Values extends Float32Array | Float64Array = Float32Array> {
  rows: number
  dim: number
  /** rows * dim values, row by row. */
  values: Values
}

/** What a matrix may have: also the rows that `normaliseBlocks` found to be zero. */
export const MATRIX_KEYS = ['rows', 'dim', 'values', 'still']

/** Some rows of a matrix, in the given order, as a matrix of their own. */
export function takeRows<Values extends Float32Array | Float64Array>(
  { dim, values }: Pick<Matrix<Values>, 'dim' | 'values'>,
  rows: ArrayLike<number>,
): Matrix<Values> {
  const taken = new (values.constructor as new (length: number) => Values)(rows.length * dim)
  for (let i = 0; i < rows.length; i++) taken.set(values.subarray(rows[i] * dim, (rows[i] + 1) * dim), i * dim)
  return { rows: rows.length, dim, values: taken }
}

/** Columns [from, from + dim) of rows that lie apart, as a matrix. */
export function takeColumns(rows: readonly Float32Array[], from: number, dim: number): Matrix {
  const values = new Float32Array(rows.length * dim)
  for (const [i, row] of rows.entries()) values.set(row.subarray(from, from + dim), i * dim)
  return { rows: rows.length, dim, values }
}

/** Matrices of as many rows each as one, each times its weight. */
export function sideBySide(parts: readonly Matrix[], weights: readonly number[]): Matrix {
  const [{ rows }] = parts
  const dim = parts.reduce((sum, part) => sum + part.dim, 0)
  const values = new Float32Array(rows * dim)
  let offset = 0
  parts.forEach((part, p) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < part.dim; i++) values[row * dim + offset + i] = weights[p] * part.values[row * part.dim + i]
    offset += part.dim
  })
  return { rows, dim, values }
}
