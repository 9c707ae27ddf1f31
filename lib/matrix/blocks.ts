import { invalid } from '../runtime/expect.js'
import type { Matrix } from './matrix.js'

/**
 * Every block of every row at length 1 (L2), side by side, so that no block outweighs another by its unit. A block of
 * zeros stays zeros; rows without any motion are named in `still`.
 *
 * @example
 * ```js
 * const { values, still } = normaliseBlocks({ rows: 1, dim: motion.length, values: motion }, descriptorLayout())
 * ```
 */
export function normaliseBlocks(
  features: Matrix,
  layout: { dim: number; blocks: { offset: number; length: number }[] },
): Matrix & { still: number[] } {
  const { rows, dim } = features
  if (dim !== layout.dim) throw invalid(`rows of ${layout.dim} values`, 'features.dim', dim)
  if (features.values.length !== rows * dim)
    throw invalid(`${rows} x ${dim} values`, 'features.values', features.values)
  const values = new Float32Array(rows * dim)
  const still: number[] = []
  for (let row = 0; row < rows; row++) {
    let moves = false
    for (const { offset, length } of layout.blocks) {
      const from = row * dim + offset
      const block = features.values.subarray(from, from + length)
      const norm = Math.sqrt(block.reduce((sum, value) => sum + value * value, 0))
      if (norm === 0) continue
      moves = true
      for (let i = 0; i < length; i++) values[from + i] = block[i] / norm
    }
    if (!moves) still.push(row)
  }
  return { rows, dim, values, still }
}

/** Every row at length 1 (L2), in single precision; rows of zeros stay. */
export function normaliseRows(matrix: Matrix): Matrix {
  return normaliseBlocks(matrix, { dim: matrix.dim, blocks: [{ offset: 0, length: matrix.dim }] })
}
