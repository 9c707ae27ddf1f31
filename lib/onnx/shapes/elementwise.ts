import { InfomotionError } from '../../runtime/errors.js'
import { described } from '../model.js'
import { broadcast, input, mismatch, type ShapeRule } from './context.js'

/** As the first input. */
const same: ShapeRule = (c) => [input(c, 0)]

const elementwise: ShapeRule = (c) => {
  const [a, b] = [input(c, 0), input(c, 1)]
  const dims = broadcast(a.dims, b.dims)
  if (!dims || a.type !== b.type) throw mismatch(c, 'two inputs of one type and of shapes that broadcast')
  return [{ type: a.type, dims }]
}

const comparison: ShapeRule = (c) => [{ type: 'bool', dims: elementwise(c)[0].dims }]

const where: ShapeRule = (c) => {
  const [condition, a, b] = [input(c, 0), input(c, 1), input(c, 2)]
  const values = broadcast(a.dims, b.dims)
  const dims = values && broadcast(condition.dims, values)
  if (!dims || condition.type !== 'bool' || a.type !== b.type) {
    throw mismatch(c, 'a bool and two inputs of one type, of shapes that broadcast')
  }
  return [{ type: a.type, dims }]
}

const constantNode: ShapeRule = ({ node }) => {
  const value = node.attributes.value
  if (value && 'tensor' in value) return [{ type: value.tensor.type, dims: value.tensor.dims }]
  throw new InfomotionError('ONNX_OPERATOR_UNSUPPORTED', `${described(node)} has no "value" tensor.`)
}

/** The second output is the mask. */
const dropout: ShapeRule = (c) => {
  const x = input(c, 0)
  return c.node.outputs.map((_, i) => (i === 0 ? x : { type: 'bool', dims: x.dims }))
}

export const elementwiseShapes: Record<string, ShapeRule> = {
  Add: elementwise,
  Clip: same,
  Constant: constantNode,
  Div: elementwise,
  Dropout: dropout,
  Exp: same,
  Greater: comparison,
  Identity: same,
  LogSoftmax: same,
  Mul: elementwise,
  Neg: same,
  Relu: same,
  Sigmoid: same,
  Softmax: same,
  Sqrt: same,
  Sub: elementwise,
  Where: where,
}
