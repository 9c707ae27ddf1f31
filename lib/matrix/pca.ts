import { InfomotionError } from '../runtime/errors.js'
import { expectInteger, expectObject, expectOptions, invalid } from '../runtime/expect.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import { topEigenvectors } from './eigen.js'
import { MATRIX_KEYS, type Matrix } from './matrix.js'

/** Principal components of a feature matrix. */
export interface Pca {
  /** Column means of what it was fitted on: `dim` values. */
  mean: Float64Array
  /** Principal directions, orthonormal, row by row: components * dim values, by descending variance. */
  directions: Float64Array
  /** Variance along each direction (divisor rows - 1). */
  variance: Float64Array
}

/**
 * Fits a principal component analysis: the directions of largest variance about the mean. Fit it on TRAIN clips only,
 * and {@link project} all others with it. Each direction points to where its largest coefficient is positive.
 *
 * The eigenvectors are those of the covariance matrix (dim * dim), or of the Gram matrix (rows * rows) where that is
 * smaller. Directions without variance are left out, so that there are at most rows - 1.
 *
 * @param train - at least 2 rows
 * @param options.components - at most this many. Default 32
 * @throws `CONSTANT_FEATURES` where all rows are equal
 * @example
 * ```js
 * const train = { rows: 3, dim: 2, values: new Float32Array([0, 0, 1, 1, 2, 2]) }
 * const pca = await fitPca(train, { components: 1 })
 * const { values } = await project(pca, train) // -sqrt(2), 0, sqrt(2)
 * ```
 */
export async function fitPca(train: Matrix, options: { components?: number; signal?: AbortSignal } = {}): Promise<Pca> {
  expectOptions(options, 'fitPca', ['components', 'signal'])
  expectOptions(train, 'train', MATRIX_KEYS)
  const components = expectInteger(options.components ?? 32, 'components', 1)
  if (train.rows < 2) throw invalid('at least 2 rows', 'train', train.rows)
  const { rows, dim } = train
  const mean = columnMeans(train)
  const centred = new Float64Array(rows * dim)
  for (let i = 0; i < rows * dim; i++) centred[i] = train.values[i] - mean[i % dim]

  const wide = dim > rows
  const products = wide
    ? await innerProducts(centred, rows, dim, options.signal)
    : await innerProducts(transposed(centred, rows, dim), dim, rows, options.signal)
  const size = wide ? rows : dim
  const eigen = await topEigenvectors(products, size, Math.min(components, size), options.signal)
  // Equal rows differ from their mean by its rounding, some 1e-16 of their size: that is no variance.
  const squares = train.values.reduce((sum, value) => sum + value * value, 0)
  const least = Math.max(eigen.values[0] * 1e-10, squares * 1e-22)
  const kept = eigen.values.filter((value) => value > least).length
  if (kept === 0)
    throw new InfomotionError(
      'CONSTANT_FEATURES',
      `All ${rows} training clips have the same features, so nothing tells them apart. Are the videos still images, or empty?`,
    )

  const directions = new Float64Array(kept * dim)
  for (let c = 0; c < kept; c++) {
    const vector = eigen.vectors.subarray(c * size, (c + 1) * size)
    const direction = directions.subarray(c * dim, (c + 1) * dim)
    // An eigenvector u of the Gram matrix X X' gives the direction X' u.
    if (wide)
      for (let i = 0; i < rows; i++) for (let k = 0; k < dim; k++) direction[k] += vector[i] * centred[i * dim + k]
    else direction.set(vector)
    orient(direction)
  }
  return { mean, directions, variance: eigen.values.slice(0, kept).map((value) => value / (rows - 1)) }
}

/** The features along the principal directions, centred by the PCA's mean: rows * components. */
export async function project(pca: Pca, features: Matrix, signal?: AbortSignal): Promise<Matrix> {
  const { mean } = expectObject(pca, 'pca', ['mean', 'directions', 'variance'])
  const { rows, dim, values } = expectObject(features, 'features', MATRIX_KEYS)
  if (mean === undefined || dim !== mean.length) throw invalid(`features of ${mean?.length} columns`, 'features', dim)
  const components = pca.variance.length
  const result = new Float32Array(rows * components)
  for (let i = 0; i < rows; i++) {
    if (i % 256 === 0) await yieldToEventLoop(signal)
    for (let c = 0; c < components; c++) {
      let sum = 0
      for (let k = 0; k < dim; k++) sum += (values[i * dim + k] - pca.mean[k]) * pca.directions[c * dim + k]
      result[i * components + c] = sum
    }
  }
  return { rows, dim: components, values: result }
}

function columnMeans({ rows, dim, values }: Matrix): Float64Array {
  const mean = new Float64Array(dim)
  for (let i = 0; i < rows * dim; i++) mean[i % dim] += values[i] / rows
  mean.forEach((value, k) => {
    if (!Number.isFinite(value)) throw invalid('finite values', `features, column ${k}`, value)
  })
  return mean
}

/** All inner products of `count` vectors of `length` values: count * count. */
async function innerProducts(
  vectors: Float64Array,
  count: number,
  length: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const result = new Float64Array(count * count)
  for (let i = 0; i < count; i++) {
    if (i % 16 === 0) await yieldToEventLoop(signal)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0, a = i * length, b = j * length; k < length; k++) sum += vectors[a + k] * vectors[b + k]
      result[i * count + j] = result[j * count + i] = sum
    }
  }
  return result
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) for (let k = 0; k < columns; k++) result[k * rows + i] = matrix[i * columns + k]
  return result
}

/** Scales to length 1, with the largest coefficient positive. */
function orient(direction: Float64Array): void {
  const largest = direction.reduce((best, value) => (Math.abs(value) > Math.abs(best) * (1 + 1e-9) ? value : best), 0)
  const scale = Math.sign(largest) / Math.hypot(...direction)
  direction.forEach((value, k) => {
    direction[k] = value * scale
  })
}
