import type { Matrix } from './matrix.js'

/** Standardisation of features, column by column: (x - mean) / scale. */
export interface Scaling {
  mean: Float32Array
  /** Standard deviation; 1 where a column is constant. */
  scale: Float32Array
}

/**
 * Mean and standard deviation of each column, in double precision over the rows in their order.
 * @param weights How much each row counts; default: all the same.
 */
export function measureScaling({ rows, dim, values }: Matrix, weights?: Float32Array): Scaling {
  const sum = new Float64Array(dim)
  const squares = new Float64Array(dim)
  let total = 0
  for (let row = 0; row < rows; row++) {
    const w = weights ? weights[row] : 1
    total += w
    for (let j = 0; j < dim; j++) sum[j] += w * values[row * dim + j]
  }
  const mean = sum.map((s) => s / total)
  for (let row = 0; row < rows; row++) {
    const w = weights ? weights[row] : 1
    for (let j = 0; j < dim; j++) squares[j] += w * (values[row * dim + j] - mean[j]) ** 2
  }
  // A column that varies by no more than float32 rounding is constant: dividing by its deviation would make noise of it.
  const scale = squares.map((s, j) => {
    const deviation = Math.sqrt(s / total)
    return deviation > 1e-6 * Math.max(Math.abs(mean[j]), 1e-6) ? deviation : 1
  })
  return { mean: Float32Array.from(mean), scale: Float32Array.from(scale) }
}

/**
 * (x - mean) / scale, as a new matrix; of what is farther from the mean than `cut` deviations, as far as that (a column
 * that is constant but for one clip would say nothing but which clip that is). Default: nothing is cut.
 */
export function standardise(
  { rows, dim, values }: Matrix,
  { mean, scale }: Scaling,
  cut = Number.POSITIVE_INFINITY,
): Float32Array {
  const out = new Float32Array(rows * dim)
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < dim; j++) {
      const value = (values[row * dim + j] - mean[j]) / scale[j]
      out[row * dim + j] = Math.min(Math.max(value, -cut), cut)
    }
  }
  return out
}
