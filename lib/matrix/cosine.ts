import { invalid } from '../runtime/expect.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { Matrix } from './matrix.js'

/** Rows of length 1 (a row of zeros stays zeros: similarity 0 to everything), in double precision. */
export type UnitRows = Matrix<Float64Array>

/** The given rows as unit vectors, so that the dot product of two is their cosine. */
export function unitRows(features: Matrix, rows: ArrayLike<number>): UnitRows {
  const { dim } = features
  const values = new Float64Array(rows.length * dim)
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i] * dim
    let squares = 0
    for (let k = 0; k < dim; k++) squares += features.values[from + k] ** 2
    if (!Number.isFinite(squares)) throw invalid('finite values', `features, row ${rows[i]}`, squares)
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
    for (let k = 0; k < dim; k++) values[i * dim + k] = features.values[from + k] * scale
  }
  return { rows: rows.length, dim, values }
}

/** Cosine of rows i and j. */
export function cosine({ dim, values }: UnitRows, i: number, j: number): number {
  let sum = 0
  for (let k = 0, a = i * dim, b = j * dim; k < dim; k++) sum += values[a + k] * values[b + k]
  return sum
}

/** Cosine distances 1 - cos of all rows, rows * rows; 0 of each to itself. Takes 4 rows^2 bytes. */
export async function cosineDistances(points: UnitRows, signal?: AbortSignal): Promise<Float32Array> {
  const n = points.rows
  const result = new Float32Array(n * n)
  const slice = Math.ceil(5e6 / (n * points.dim)) // what takes some 5 ms
  for (let i = 0; i < n; i++) {
    if (i % slice === 0) await yieldToEventLoop(signal)
    for (let j = 0; j < i; j++) result[i * n + j] = result[j * n + i] = Math.max(0, 1 - cosine(points, i, j))
  }
  return result
}
