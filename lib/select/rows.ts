import type { Features } from '../runtime/features.js'

/** Some rows of a feature matrix, in the given order, as a matrix of their own. */
export function takeRows({ dim, values }: Features, rows: Uint32Array): Features {
  const taken = new Float32Array(rows.length * dim)
  rows.forEach((row, i) => {
    taken.set(values.subarray(row * dim, (row + 1) * dim), i * dim)
  })
  return { rows: rows.length, dim, values: taken }
}
