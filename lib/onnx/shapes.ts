import { InfomotionError } from '../runtime/errors.js'
import {
  type Dimension,
  described,
  intOf,
  intsOf,
  type Model,
  type Node,
  numbers,
  type Tensor,
  type ValueType,
  volume,
} from './model.js'

/** What a shape rule sees of the graph. */
export interface ShapeContext {
  node: Node
  /** Types of the node's inputs. */
  inputs: (ValueType | undefined)[]
  /** Those inputs that are constants. */
  constants: (Tensor | undefined)[]
  /** What the file says of the outputs; asked only for operators without a rule. */
  declared: (ValueType | undefined)[]
}

type ShapeRule = (context: ShapeContext) => ValueType[]

function mismatch({ node, inputs }: ShapeContext, expected: string): InfomotionError {
  const shapes = inputs.map((value) => (value ? `${value.type}[${value.dims.join(',')}]` : 'nothing')).join(', ')
  return new InfomotionError('ONNX_SHAPE_MISMATCH', `${described(node)} expects ${expected} but gets ${shapes}.`)
}

/** The given input, which the operator cannot do without. */
function input(context: ShapeContext, i: number): ValueType {
  const value = context.inputs[i]
  if (!value) throw mismatch(context, `input ${i}`)
  return value
}

/** The integers of a constant input: shapes and axes have to be known before the graph runs. */
function constant(context: ShapeContext, i: number): number[] | undefined {
  if (!context.node.inputs[i]) return undefined
  const value = context.constants[i]
  if (value) return numbers(value)
  throw mismatch(context, `input ${i} ("${context.node.inputs[i]}") to be a constant of the graph`)
}

/** An axis of ONNX counts from the end when negative. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis
}

/** The axes a reduction reduces: an input since opset 13 (ReduceSum) or 18 (the others), an attribute before. */
export function reducedAxes(node: Node, rank: number, axesInput: Tensor | undefined): number[] {
  const axes = axesInput ? numbers(axesInput) : intsOf(node, 'axes')
  if (axes?.length) return axes.map((axis) => axisOf(axis, rank))
  return intOf(node, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis)
}

/** Two shapes as one, by ONNX's (NumPy's) broadcasting; undefined where they do not fit. */
export function broadcast(a: readonly Dimension[], b: readonly Dimension[]): Dimension[] | undefined {
  const rank = Math.max(a.length, b.length)
  const dims: Dimension[] = []
  for (let i = 0; i < rank; i++) {
    const p = a[i - rank + a.length] ?? 1
    const q = b[i - rank + b.length] ?? 1
    if (p !== q && p !== 1 && q !== 1) return undefined
    dims.push(p === 1 ? q : p)
  }
  return dims
}

const same: ShapeRule = (c) => [input(c, 0)]

const elementwise: ShapeRule = (c) => {
  const [a, b] = [input(c, 0), input(c, 1)]
  const dims = broadcast(a.dims, b.dims)
  if (!dims || a.type !== b.type) throw mismatch(c, 'two inputs of one type and of shapes that broadcast')
  return [{ type: a.type, dims }]
}

const comparison: ShapeRule = (c) => [{ type: 'bool', dims: elementwise(c)[0].dims }]

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

const reduction: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  constant(c, 1)
  const axes = reducedAxes(c.node, dims.length, c.constants[1])
  const keep = intOf(c.node, 'keepdims', 1)
  const reduced = dims.map((length, axis) => (axes.includes(axis) ? 1 : length))
  return [{ type, dims: keep ? reduced : reduced.filter((_, axis) => !axes.includes(axis)) }]
}

const reshape: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  const shape = constant(c, 1) ?? []
  const allowZero = intOf(c.node, 'allowzero', 0)
  const wanted: Dimension[] = shape.map((length, axis) => (length === 0 && !allowZero ? (dims[axis] ?? -1) : length))
  const free = wanted.indexOf(-1)
  const left = quotient(dims, wanted.toSpliced(free, free < 0 ? 0 : 1))
  if (left === undefined || (free < 0 && left !== 1)) throw mismatch(c, `as many elements as [${shape}] has`)
  return [{ type, dims: free < 0 ? wanted : wanted.with(free, left) }]
}

const flatten: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  const axis = axisOf(intOf(c.node, 'axis', 1), dims.length)
  const [rows, columns] = [quotient(dims.slice(0, axis), []), quotient(dims.slice(axis), [])]
  if (rows === undefined || columns === undefined) throw mismatch(c, 'no two unknown lengths to be made one')
  return [{ type, dims: [rows, columns] }]
}

/** The elements of `dims` for each of `divisor`: a number or a single name; undefined where it is neither. */
function quotient(dims: readonly Dimension[], divisor: readonly Dimension[]): Dimension | undefined {
  const names = dims.filter((length) => typeof length === 'string')
  let number = volume(dims.filter((length) => typeof length === 'number'))
  for (const length of divisor) {
    if (typeof length === 'number')
      number = number === length ? 1 : number / length // 0 / 0 is 1: nothing is left over
    else if (names.includes(length)) names.splice(names.indexOf(length), 1)
    else return undefined
  }
  if (!Number.isInteger(number)) return undefined
  if (names.length === 0) return number
  return names.length === 1 && number === 1 ? names[0] : undefined
}

const transpose: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  return [{ type, dims: permutation(c.node, dims.length).map((axis) => dims[axis]) }]
}

/** The axes of Transpose; left out, they are reversed. */
export function permutation(node: Node, rank: number): number[] {
  return intsOf(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis)
}

const expand: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  const wide = broadcast(dims, constant(c, 1) ?? [])
  if (!wide) throw mismatch(c, `a shape that broadcasts with [${constant(c, 1)}]`)
  return [{ type, dims: wide }]
}

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

/** One rule an operator; `rules/` has the gradients. */
const shapeRules: Record<string, ShapeRule> = {
  Add: elementwise,
  Constant: constantNode,
  Div: elementwise,
  Exp: same,
  Expand: expand,
  Flatten: flatten,
  Gemm: gemm,
  Greater: comparison,
  Identity: same,
  LogSoftmax: same,
  MatMul: matMul,
  Mul: elementwise,
  Neg: same,
  ReduceMean: reduction,
  ReduceSum: reduction,
  Relu: same,
  Reshape: reshape,
  Softmax: same,
  Sqrt: same,
  Sub: elementwise,
  Transpose: transpose,
  Where: where,
}

/**
 * Types and shapes of a node's outputs.
 * @throws `ONNX_OPERATOR_UNSUPPORTED`, `ONNX_SHAPE_MISMATCH`, each naming operator and node.
 */
export function inferNode(context: ShapeContext): ValueType[] {
  const { node } = context
  const rule = node.domain === '' ? shapeRules[node.op] : undefined
  if (rule) return rule(context)
  const { declared } = context
  if (declared.every((type) => type !== undefined)) return declared
  throw new InfomotionError(
    'ONNX_OPERATOR_UNSUPPORTED',
    `The shape of ${described(node)} is not known: operator ${node.op} is none of ${Object.keys(shapeRules).join(', ')}, ` +
      'and the model gives no type for its outputs.',
  )
}

/** Puts numbers in the place of named lengths: `{ N: 25 }` makes ["N", 64] into [25, 64]. */
export function bind({ type, dims }: ValueType, lengths: Record<string, number>): ValueType {
  return { type, dims: dims.map((length) => (typeof length === 'string' ? (lengths[length] ?? length) : length)) }
}

/** The constants of a graph: initializers, and what Constant nodes hold. */
export function constantsOf(model: Model): Map<string, Tensor> {
  const constants = new Map(model.initializers)
  for (const { op, outputs, attributes } of model.nodes) {
    if (op === 'Constant' && attributes.value && 'tensor' in attributes.value) {
      constants.set(outputs[0], attributes.value.tensor)
    }
  }
  return constants
}
