import type { GraphBuilder } from '../builder.js'
import { floatOf, intOf } from '../model.js'
import { reshapeTo, sumTo } from './broadcast.js'
import { type Rule, rule } from './rule.js'

/** The last two axes swapped. */
function transposed(g: GraphBuilder, matrix: string): string {
  const rank = g.dims(matrix).length
  const perm = Array.from({ length: rank }, (_, axis) => axis)
  perm.push(...perm.splice(-2).reverse())
  return g.node('Transpose', [matrix], { perm: { ints: perm } })
}

/**
 * Y = A B: dA = dY B^T, dB = A^T dY, over the last two axes. A vector counts as a matrix of one row (A) or one column
 * (B). Where B is one matrix for a whole batch of A, the batch is laid out as rows, so that dB is one product.
 */
const matMul = rule(({ g, node, wanted }, dy) => {
  const [a, b] = node.inputs
  const [aDims, bDims] = [g.dims(a), g.dims(b)]
  const [left, right] = [aDims.length === 1 ? [1, ...aDims] : aDims, bDims.length === 1 ? [...bDims, 1] : bDims]
  const [m, k, n] = [left.at(-2)!, left.at(-1)!, right.at(-1)!]
  const batch = g.dims(dy).slice(0, g.dims(dy).length - (aDims.length > 1 ? 1 : 0) - (bDims.length > 1 ? 1 : 0))
  const rows = right.length === 2 ? [batch.reduce((product, length) => product * length, m)] : [...batch, m]
  const dY = reshapeTo(g, dy, [...rows, n])
  const A = reshapeTo(g, a, right.length === 2 ? [...rows, k] : left)
  const B = reshapeTo(g, b, right)
  const gradient = (x: string, y: string, dims: number[], matrix: number[]) =>
    reshapeTo(g, sumTo(g, g.node('MatMul', [x, y]), matrix), dims)
  return [
    wanted[0] ? gradient(dY, transposed(g, B), aDims, g.dims(A)) : undefined,
    wanted[1] ? gradient(transposed(g, A), dY, bDims, right) : undefined,
  ]
})

/** Y = alpha A' B' + beta C with A' = A or A^T, B' = B or B^T: the same products, transposed in their turn. */
const gemm = rule(({ g, node, wanted }, dy) => {
  const [a, b, c] = node.inputs
  const [tA, tB] = [intOf(node, 'transA', 0), intOf(node, 'transB', 0)]
  const alpha = { float: floatOf(node, 'alpha', 1) }
  const beta = floatOf(node, 'beta', 1)
  const product = (x: string, y: string, transX: number, transY: number) =>
    g.node('Gemm', [x, y], { alpha, transA: { int: transX }, transB: { int: transY } })
  const dC = () => {
    const sum = sumTo(g, dy, g.dims(c))
    return beta === 1 ? sum : g.node('Mul', [sum, g.scalar(beta, g.type(c).type)])
  }
  return [
    wanted[0] ? (tA ? product(b, dy, tB, 1) : product(dy, b, 0, 1 - tB)) : undefined,
    wanted[1] ? (tB ? product(dy, a, 1, tA) : product(a, dy, 1 - tA, 0)) : undefined,
    wanted[2] ? dC() : undefined,
  ]
})

export const matrixRules: Record<string, Rule> = { Gemm: gemm, MatMul: matMul }
