import { InfomotionError } from '../../runtime/errors.js'
import { type Dimension, described, intOf, intsOf, type Node, type ValueType } from '../model.js'
import { input, mismatch, type ShapeContext, type ShapeRule } from './context.js'

/**
 * How the window of a convolution or pool moves along one axis: output o reads the inputs
 * o stride + t dilation - begin, 0 <= t < kernel; those outside are padding.
 */
export interface Window {
  kernel: number
  stride: number
  dilation: number
  /** Padding before the first element; may be 0. */
  begin: number
  end: number
  /** Lengths of the axis before and after. */
  input: number
  output: number
}

/** The window of a node along each spatial axis, its padding in numbers whatever `auto_pad` says. */
export function windowsOf(node: Node, lengths: readonly number[], kernel: readonly number[]): Window[] {
  return lengths.map((length, axis) => windowOf(node, axis, lengths.length, kernel[axis], length))
}

function windowOf(node: Node, axis: number, axes: number, kernel: number, length: number): Window {
  const stride = intsOf(node, 'strides')?.[axis] ?? 1
  const dilation = intsOf(node, 'dilations')?.[axis] ?? 1
  const span = (kernel - 1) * dilation + 1
  const window = { kernel, stride, dilation, input: length }
  const auto = node.attributes.auto_pad
  const mode = auto && 'string' in auto ? auto.string : 'NOTSET'
  if (mode.startsWith('SAME')) {
    const output = Math.ceil(length / stride)
    const padding = Math.max(0, (output - 1) * stride + span - length)
    const less = Math.floor(padding / 2)
    const begin = mode === 'SAME_UPPER' ? less : padding - less
    return { ...window, begin, end: padding - begin, output }
  }
  const pads = mode === 'VALID' ? undefined : intsOf(node, 'pads')
  const [begin, end] = [pads?.[axis] ?? 0, pads?.[axis + axes] ?? 0]
  const steps = (length + begin + end - span) / stride
  // With ceil_mode the last window may hang over the end, but must not start in the padding there.
  const ceil = intOf(node, 'ceil_mode', 0) ? Math.ceil(steps) + 1 : 0
  const output = ceil && (ceil - 1) * stride < length + begin ? ceil : Math.floor(steps) + 1
  if (output >= 1) return { ...window, begin, end, output }
  throw new InfomotionError(
    'ONNX_SHAPE_MISMATCH',
    `${described(node)}: a window over ${span} elements does not fit into ${length} + ${begin} + ${end} along axis ${axis + 2}.`,
  )
}

/** Lengths after the window; a named length stays where the window does not change lengths. */
function slide({ node }: ShapeContext, lengths: readonly Dimension[], kernel: readonly number[]): Dimension[] {
  return lengths.map((length, axis) => {
    if (typeof length === 'number') return windowOf(node, axis, lengths.length, kernel[axis], length).output
    const [long, longer] = [1e6, 1e6 + 1].map((l) => windowOf(node, axis, lengths.length, kernel[axis], l).output)
    return long === 1e6 && longer === long + 1 ? length : `${node.outputs[0]}.${axis + 2}`
  })
}

const convolution: ShapeRule = (c) => {
  const [x, w] = [input(c, 0), input(c, 1)]
  const [features, perGroup, ...kernel] = w.dims as number[]
  const group = intOf(c.node, 'group', 1)
  const fits = x.dims.length === w.dims.length && x.dims.length > 2 && x.type === w.type
  if (!fits || w.dims.some((length) => typeof length === 'string') || x.dims[1] !== perGroup * group) {
    throw mismatch(c, `[N, C, ...] and a kernel [features, C / ${group}, ...] of known shape, of one type`)
  }
  if (features % group !== 0 || (c.inputs[2] && c.inputs[2].dims.join() !== `${features}`)) {
    throw mismatch(c, `features in ${group} equal groups and a bias for each feature`)
  }
  return [{ type: x.type, dims: [x.dims[0], features, ...slide(c, x.dims.slice(2), kernel)] }]
}

/** Values and, of MaxPool where asked for, their places. */
const pool: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  const kernel = intsOf(c.node, 'kernel_shape')
  if (kernel?.length !== dims.length - 2) throw mismatch(c, '[N, C, ...] and a kernel_shape for each axis after C')
  const pooled = [...dims.slice(0, 2), ...slide(c, dims.slice(2), kernel)]
  return c.node.outputs.map((_, i) => ({ type: i ? 'int64' : type, dims: pooled }))
}

const globalPool: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  return [{ type, dims: dims.map((length, axis) => (axis < 2 ? length : 1)) }]
}

/** Y as X; then, in training, mean and variance. */
const batchNormalization: ShapeRule = (c) => {
  const x = input(c, 0)
  const parameters = [1, 2, 3, 4].map((i) => input(c, i))
  if (parameters.some(({ dims }) => dims.length !== 1 || dims[0] !== x.dims[1])) {
    throw mismatch(c, '[N, C, ...] and scale, bias, mean and variance of shape [C]')
  }
  return c.node.outputs.map((_, i): ValueType => (i === 0 ? x : parameters[1 + i]))
}

export const windowShapes: Record<string, ShapeRule> = {
  AveragePool: pool,
  BatchNormalization: batchNormalization,
  Conv: convolution,
  GlobalAveragePool: globalPool,
  MaxPool: pool,
}
