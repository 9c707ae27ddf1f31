import { turn } from '../run/turn.js'
import { invalid } from '../runtime/expect.js'
import type { Features } from '../runtime/features.js'

/** Some rows of a feature matrix, each scaled to length 1 (a row of zeros stays zeros: similarity 0 to everything). */
export interface UnitRows {
  count: number
  dim: number
  /** count * dim values, row by row. */
  values: Float64Array
}

/** The given rows as unit vectors, so that the dot product of two is their cosine. */
export function unitRows(features: Features, rows: ArrayLike<number>): UnitRows {
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
  return { count: rows.length, dim, values }
}

/** Some of the rows, in the given order. */
export function pick(points: UnitRows, members: readonly number[]): UnitRows {
  const { dim } = points
  const values = new Float64Array(members.length * dim)
  members.forEach((m, i) => {
    values.set(points.values.subarray(m * dim, (m + 1) * dim), i * dim)
  })
  return { count: members.length, dim, values }
}

/** Cosine of rows i and j. */
export function cosine({ dim, values }: UnitRows, i: number, j: number): number {
  let sum = 0
  for (let k = 0, a = i * dim, b = j * dim; k < dim; k++) sum += values[a + k] * values[b + k]
  return sum
}

/** Cosine distances 1 - cos of all rows, count * count; 0 of each to itself. Takes 4 count^2 bytes. */
export async function cosineDistances(points: UnitRows, signal?: AbortSignal): Promise<Float32Array> {
  const n = points.count
  const result = new Float32Array(n * n)
  const rows = Math.ceil(5e6 / (n * points.dim)) // what takes some 5 ms
  for (let i = 0; i < n; i++) {
    if (i % rows === 0) await turn(signal)
    for (let j = 0; j < i; j++) result[i * n + j] = result[j * n + i] = Math.max(0, 1 - cosine(points, i, j))
  }
  return result
}
