import { InfomotionError } from '../runtime/errors.js'
import {
  type Attribute,
  dataTypes,
  described,
  floatOf,
  int64,
  intOf,
  intsOf,
  type Node,
  type Tensor,
  type ValueType,
} from './model.js'
import { axisOf } from './shapes/context.js'

/** What a change sees of the model that is made. */
export interface UpgradeContext {
  /** Type of a value, where it is known. */
  type(name: string): ValueType | undefined
  /** Whether any node reads a value, or the model gives it out. */
  isRead(name: string): boolean
  /** Adds a constant and returns its name. */
  constant(name: string, value: Tensor): string
}

/** What an operator's nodes of operator sets before `before` become. */
interface Change {
  before: number
  change: (node: Node, context: UpgradeContext) => Node[]
}

function refused(node: Node, why: string): InfomotionError {
  return new InfomotionError(
    'ONNX_OPSET_UNSUPPORTED',
    `${described(node)} cannot be brought up to operator set 18: ${why}. Export the model again with opset 18.`,
  )
}

/** Without some attributes. */
function without(node: Node, ...names: string[]): Node {
  const attributes = Object.fromEntries(Object.entries(node.attributes).filter(([name]) => !names.includes(name)))
  return { ...node, attributes }
}

function withAttribute(node: Node, name: string, value: Attribute): Node {
  return { ...node, attributes: { ...node.attributes, [name]: value } }
}

/** Further inputs; those left out at the end are not listed. */
function withInputs(node: Node, more: (string | undefined)[]): Node {
  const inputs = [...node.inputs, ...more.map((name) => name ?? '')]
  while (inputs.at(-1) === '') inputs.pop()
  return { ...node, inputs }
}

/** Lists of integers that were attributes are inputs, in this order. */
function integersAsInputs(...names: string[]): Change['change'] {
  return (node, context) => {
    const inputs = names.map((name) => {
      const values = intsOf(node, name)
      return values && context.constant(`${node.outputs[0]}/${name}`, int64(values))
    })
    return [withInputs(without(node, ...names), inputs)]
  }
}

/** A number of the type of the node's first input, where that is known; ONNX had floats only, mostly float32. */
function number(node: Node, name: string, value: number, context: UpgradeContext): string {
  const type = context.type(node.inputs[0])?.type ?? 'float32'
  if (type.endsWith('int64')) throw refused(node, `its attribute "${name}" is a float, its input ${type}`)
  const array = dataTypes[type].array as typeof Float32Array
  return context.constant(`${node.outputs[0]}/${name}`, { type, dims: [], data: array.of(value) })
}

const clip: Change['change'] = (node, context) => {
  const bounds = ['min', 'max'].map((name) => {
    return node.attributes[name] && number(node, name, floatOf(node, name, 0), context)
  })
  return [withInputs(without(node, 'min', 'max'), bounds)]
}

const pad: Change['change'] = (node, context) => {
  const [padded] = integersAsInputs('pads')(node, context)
  const value = floatOf(node, 'value', 0)
  return [withInputs(without(padded, 'value'), [value === 0 ? undefined : number(node, 'value', value, context)])]
}

const topK: Change['change'] = (node, context) => {
  const k = context.constant(`${node.outputs[0]}/k`, int64([intOf(node, 'k', 1)]))
  return [withInputs(without(node, 'k'), [k])]
}

/** Before 13, softmax was over the axis and all that follow, as one. */
const softmax: Change['change'] = (node, context) => {
  const dims = context.type(node.inputs[0])?.dims ?? context.type(node.outputs[0])?.dims
  if (!dims) throw refused(node, 'the rank of its input is not known')
  const axis = axisOf(intOf(node, 'axis', 1), dims.length)
  if (axis === dims.length - 1) return [withAttribute(node, 'axis', { int: -1 })]
  if (dims.filter((length) => typeof length === 'string').length > 1) {
    throw refused(node, `it is over axes ${axis} to ${dims.length - 1} of [${dims.join(', ')}], not all known`)
  }
  const [y] = node.outputs
  const shape = context.constant(`${y}/shape`, int64(dims.map((length) => (typeof length === 'string' ? -1 : length))))
  const [flat, soft] = [`${y}/flat`, `${y}/softmax`]
  const part = { domain: '', attributes: {} }
  return [
    { ...part, op: 'Flatten', name: flat, inputs: node.inputs, outputs: [flat], attributes: { axis: { int: axis } } },
    { ...node, inputs: [flat], outputs: [soft], attributes: { axis: { int: -1 } } },
    { ...part, op: 'Reshape', name: y, inputs: [soft, shape], outputs: [y] },
  ]
}

const spatial: Change['change'] = (node) => {
  if (intOf(node, 'spatial', 1) === 0) throw refused(node, 'it normalises each element by itself (spatial 0)')
  return [without(node, 'spatial')]
}

/** Before 14, further outputs said that it was training; two of them are no more. */
const trainingMode: Change['change'] = (node, { isRead }) => {
  const [y, mean = '', variance = '', ...saved] = node.outputs
  if (saved.some(isRead)) throw refused(node, 'its outputs saved_mean and saved_var are read')
  if (!mean && !variance) return [{ ...node, outputs: [y] }]
  return [withAttribute({ ...node, outputs: [y, mean, variance] }, 'training_mode', { int: 1 })]
}

const equalParts: Change['change'] = (node) => {
  return [node.inputs[1] ? node : withAttribute(node, 'num_outputs', { int: node.outputs.length })]
}

const resize: Change['change'] = (node) => {
  const mode = node.attributes.coordinate_transformation_mode
  if (!mode || !('string' in mode) || mode.string !== 'tf_half_pixel_for_nn') return [node]
  throw refused(node, 'its mode tf_half_pixel_for_nn is no more')
}

const gone: Change['change'] = (node) => {
  throw refused(node, 'the operator has another meaning since, or is no more')
}

const axesFrom = (before: number): Change[] => [{ before, change: integersAsInputs('axes') }]
const flattened: Change[] = [{ before: 13, change: softmax }]
const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare']

/** By operator, oldest change first (the sources are the versions of each operator in ONNX's Changelog.md). */
export const changes: Record<string, Change[]> = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, axesFrom(18)])),
  BatchNormalization: [
    { before: 9, change: spatial },
    { before: 14, change: trainingMode },
  ],
  Clip: [{ before: 11, change: clip }],
  Dropout: [{ before: 12, change: (node) => [without(node, 'ratio')] }], // it has always been for training only
  Hardmax: flattened,
  LogSoftmax: flattened,
  Pad: [{ before: 11, change: pad }],
  ReduceSum: axesFrom(13),
  Resize: [
    { before: 11, change: gone },
    { before: 13, change: resize },
  ],
  RoiAlign: [
    {
      before: 16,
      change: (node) => [withAttribute(node, 'coordinate_transformation_mode', { string: 'output_half_pixel' })],
    },
  ],
  Scatter: [{ before: 11, change: (node) => [{ ...node, op: 'ScatterElements' }] }],
  Slice: [{ before: 10, change: integersAsInputs('starts', 'ends', 'axes') }],
  Softmax: flattened,
  Split: [
    { before: 13, change: integersAsInputs('split') },
    { before: 18, change: equalParts },
  ],
  Squeeze: axesFrom(13),
  TopK: [{ before: 10, change: topK }],
  Unsqueeze: axesFrom(13),
  Upsample: [{ before: 18, change: gone }],
}
