import { InfomotionError } from '../../runtime/errors.js'
import { type Dimension, described, elementCount, intOf, intsOf, type Node, numbers, type Tensor } from '../model.js'
import { axisOf, broadcast, constant, input, mismatch, type ShapeRule } from './context.js'

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
  const given = intOf(c.node, 'axis', 1)
  const axis = given === dims.length ? given : axisOf(given, dims.length)
  const [rows, columns] = [quotient(dims.slice(0, axis), []), quotient(dims.slice(axis), [])]
  if (rows === undefined || columns === undefined) throw mismatch(c, 'no two unknown lengths to be made one')
  return [{ type, dims: [rows, columns] }]
}

/** The elements of `dims` for each of `divisor`: a number or a single name; undefined where it is neither. */
function quotient(dims: readonly Dimension[], divisor: readonly Dimension[]): Dimension | undefined {
  const names = dims.filter((length) => typeof length === 'string')
  let number = elementCount(dims.filter((length) => typeof length === 'number'))
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

/** Along one axis, the lengths add up; along the others they are equal. */
const concat: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  const axis = axisOf(intOf(c.node, 'axis', 0), dims.length)
  const lengths = c.node.inputs.map((_, i) => {
    const value = input(c, i)
    const fits = value.type === type && value.dims.length === dims.length
    if (!fits || value.dims.some((length, k) => k !== axis && length !== dims[k])) {
      throw mismatch(c, `inputs of one type that differ along axis ${axis} only`)
    }
    return value.dims[axis]
  })
  const known = lengths.every((length) => typeof length === 'number')
  const sum = known ? lengths.reduce((a, b) => a + b, 0) : `${c.node.outputs[0]}.${axis}`
  return [{ type, dims: dims.with(axis, lengths.length === 1 ? lengths[0] : sum) }]
}

/** The elements that a Slice takes along an axis: first, first + step, ... */
export interface Range {
  axis: number
  first: number
  step: number
  count: number
}

/** What a Slice node takes, by its constants starts, ends, axes and steps. Ends are cut off at the axis' ends. */
export function rangesOf(node: Node, dims: readonly Dimension[], constants: (Tensor | undefined)[]): Range[] {
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => constants[i] && numbers(constants[i]))
  return (starts ?? []).map((start, i) => {
    const axis = axisOf(axes?.[i] ?? i, dims.length)
    const length = dims[axis]
    if (typeof length === 'string') {
      throw new InfomotionError(
        'ONNX_SHAPE_UNKNOWN',
        `${described(node)} cuts axis ${axis}, whose length "${length}" is not known: give it a number by lengths.`,
      )
    }
    const step = steps?.[i] ?? 1
    const [low, high] = step > 0 ? [0, length] : [-1, length - 1]
    const within = (place: number) => Math.min(Math.max(place < 0 ? place + length : place, low), high)
    const first = Math.max(within(start), 0)
    return { axis, first, step, count: Math.max(0, Math.ceil((within(ends![i]) - first) / step)) }
  })
}

const slice: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  for (let i = 1; i < c.node.inputs.length; i++) constant(c, i)
  const [starts, ends] = [constant(c, 1), constant(c, 2)]
  if (!starts || starts.length !== ends?.length) throw mismatch(c, 'as many ends as starts')
  const sliced = [...dims]
  for (const { axis, count } of rangesOf(c.node, dims, c.constants)) sliced[axis] = count
  return [{ type, dims: sliced }]
}

/** Begin and end of each axis of a Pad node. */
export function paddingOf(rank: number, pads: Tensor | undefined, axes: Tensor | undefined): [number, number][] {
  const padding: [number, number][] = Array.from({ length: rank }, () => [0, 0])
  const values = pads ? numbers(pads) : []
  const chosen = axes ? numbers(axes).map((axis) => axisOf(axis, rank)) : padding.keys()
  for (const [i, axis] of [...chosen].entries()) padding[axis] = [values[i], values[i + values.length / 2]]
  return padding
}

const pad: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  for (const i of [1, 3]) constant(c, i)
  const padding = paddingOf(dims.length, c.constants[1], c.constants[3])
  const padded = dims.map((length, axis) => {
    const more = padding[axis][0] + padding[axis][1]
    if (more === 0) return length
    return typeof length === 'number' ? length + more : `${c.node.outputs[0]}.${axis}`
  })
  return [{ type, dims: padded }]
}

const squeeze: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  const axes = constant(c, 1)?.map((axis) => axisOf(axis, dims.length))
  const gone = (length: Dimension, axis: number) => (axes ? axes.includes(axis) : length === 1)
  if (dims.some((length, axis) => gone(length, axis) && length !== 1)) throw mismatch(c, 'axes of length 1')
  return [{ type, dims: dims.filter((length, axis) => !gone(length, axis)) }]
}

const unsqueeze: ShapeRule = (c) => {
  const { type, dims } = input(c, 0)
  const axes = constant(c, 1) ?? []
  const rank = dims.length + axes.length
  const fresh = new Set(axes.map((axis) => axisOf(axis, rank)))
  const rest = [...dims]
  return [{ type, dims: Array.from({ length: rank }, (_, axis) => (fresh.has(axis) ? 1 : rest.shift()!)) }]
}

/** data, indices, updates: as data. */
const scatter: ShapeRule = (c) => [input(c, 0)]

export const arrangeShapes: Record<string, ShapeRule> = {
  Concat: concat,
  Expand: expand,
  Flatten: flatten,
  Pad: pad,
  Reshape: reshape,
  ScatterElements: scatter,
  Slice: slice,
  Squeeze: squeeze,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
}
