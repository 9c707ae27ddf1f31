import { intOf } from '../model.js'
import { broadcast, input, mismatch, type ShapeRule } from './context.js'

const matMul: ShapeRule = (c) => {
  const [a, b] = [input(c, 0), input(c, 1)]
  const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims
  const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2))
  if (!batch || left.length < 2 || right.length < 2 || left.at(-1) !== right.at(-2) || a.type !== b.type) {
    throw mismatch(c, 'matrices [..., m, k] and [..., k, n] of one type')
  }
  const dims = [...batch]
  if (a.dims.length > 1) dims.push(left.at(-2)!)
  if (b.dims.length > 1) dims.push(right.at(-1)!)
  return [{ type: a.type, dims }]
}

const gemm: ShapeRule = (c) => {
  const [a, b] = [input(c, 0), input(c, 1)]
  const [m, k] = intOf(c.node, 'transA', 0) ? [...a.dims].reverse() : a.dims
  const [l, n] = intOf(c.node, 'transB', 0) ? [...b.dims].reverse() : b.dims
  const bias = c.inputs[2] ? broadcast(c.inputs[2].dims, [m, n]) : [m, n]
  const fits = a.dims.length === 2 && b.dims.length === 2 && k === l && a.type === b.type
  if (!fits || !bias || bias.length !== 2 || bias[0] !== m || bias[1] !== n) {
    throw mismatch(c, 'matrices [m, k], [k, n] and a bias that broadcasts to [m, n], of one type')
  }
  return [{ type: a.type, dims: [m, n] }]
}

export const matrixShapes: Record<string, ShapeRule> = { Gemm: gemm, MatMul: matMul }
