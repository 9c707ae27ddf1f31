import { intOf, intsOf, type Node, numbers, type Tensor } from '../model.js'
import { axisOf, constant, input, type ShapeRule } from './context.js'

/** The axes a reduction reduces: an input since opset 13 (ReduceSum) or 18 (the others), an attribute before. */
export function reducedAxes(node: Node, rank: number, axesInput: Tensor | undefined): number[] {
  const axes = axesInput ? numbers(axesInput) : intsOf(node, 'axes')
  if (axes?.length) return axes.map((axis) => axisOf(axis, rank))
  return intOf(node, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis)
}

const reduction: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  constant(c, 1)
  const axes = reducedAxes(c.node, dims.length, c.constants[1])
  const keep = intOf(c.node, 'keepdims', 1)
  const reduced = dims.map((length, axis) => (axes.includes(axis) ? 1 : length))
  return [{ type, dims: keep ? reduced : reduced.filter((_, axis) => !axes.includes(axis)) }]
}

export const reduceShapes: Record<string, ShapeRule> = { ReduceMean: reduction, ReduceSum: reduction }
