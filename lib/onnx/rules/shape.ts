import { InfomotionError } from '../../runtime/errors.js'
import { described, intOf } from '../model.js'
import { paddingOf, permutation, rangesOf } from '../shapes/arrange.js'
import { axisOf } from '../shapes/context.js'
import { reshapeTo, sumTo } from './broadcast.js'
import { type Rule, rule } from './rule.js'
import { padTo, sliceOf, spreadOut } from './slice.js'

/** The elements are the same: the gradient goes back into the old shape. */
const reshape = rule(({ g, node }, dy) => [reshapeTo(g, dy, g.dims(node.inputs[0]))])

/** Back by the inverse permutation. */
const transpose = rule(({ g, node }, dy) => {
  const perm = permutation(node, g.dims(node.inputs[0]).length)
  const inverse = perm.map((_, axis) => perm.indexOf(axis))
  return [g.node('Transpose', [dy], { perm: { ints: inverse } })]
})

const expand = rule(({ g, node }, dy) => [sumTo(g, dy, g.dims(node.inputs[0]))])

/** Each input gets its part. */
const concat = rule(({ g, node, wanted }, dy) => {
  const axis = axisOf(intOf(node, 'axis', 0), g.dims(dy).length)
  let first = 0
  return node.inputs.map((x, i) => {
    const count = g.dims(x)[axis]
    const part = wanted[i] ? sliceOf(g, dy, [{ axis, first, step: 1, count }]) : undefined
    first += count
    return part
  })
})

/** The elements taken get the gradient, the others 0. */
const slice = rule(({ g, node }, dy) => {
  const dims = g.dims(node.inputs[0])
  const ranges = rangesOf(
    node,
    dims,
    node.inputs.map((name) => g.constant(name)),
  )
  return [ranges.reduce((spread, range) => spreadOut(g, spread, range, dims[range.axis]), dy)]
})

const pad = rule(({ g, node }, dy) => {
  const mode = node.attributes.mode
  if (mode && 'string' in mode && mode.string !== 'constant') {
    throw new InfomotionError(
      'ONNX_OPERATOR_UNSUPPORTED',
      `No gradient rule for ${described(node)} with mode "${mode.string}": pad with a constant instead.`,
    )
  }
  const rank = g.dims(dy).length
  const padding = paddingOf(rank, g.constant(node.inputs[1]), g.constant(node.inputs[3]))
  return [
    padTo(
      g,
      dy,
      padding.map(([begin, end]) => [-begin, -end]),
    ),
  ]
})

export const shapeRules: Record<string, Rule> = {
  Concat: concat,
  Expand: expand,
  Flatten: reshape,
  Pad: pad,
  Reshape: reshape,
  Slice: slice,
  Squeeze: reshape,
  Transpose: transpose,
  Unsqueeze: reshape,
}
