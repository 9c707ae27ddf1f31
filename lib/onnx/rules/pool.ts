import type { GraphBuilder } from '../builder.js'
import { type DataType, elementCount, intOf, intsOf, tensor } from '../model.js'
import { type Window, windowsOf } from '../shapes/window.js'
import { expandTo, reshapeTo } from './broadcast.js'
import { inputGradient } from './convolution-input.js'
import { type Rule, rule } from './rule.js'

/** The largest element of a window gets the window's gradient; its place in the whole tensor is the second output. */
const maxPool = rule(({ g, node }, dy) => {
  const dims = g.dims(node.inputs[0])
  const flat = (value: string) => reshapeTo(g, value, [elementCount(g.dims(value))])
  const zeros = expandTo(g, g.scalar(0, g.type(dy).type), [elementCount(dims)])
  const scattered = g.node('ScatterElements', [zeros, flat(node.outputs[1]), flat(dy)], {
    reduction: { string: 'add' },
  })
  return [reshapeTo(g, scattered, dims)]
})

/** A mean is a convolution, each channel by itself, with a kernel of ones, divided by the number of elements met. */
const averagePool = rule(({ g, node }, dy) => {
  const [, channels, ...lengths] = g.dims(node.inputs[0])
  const { type } = g.type(dy)
  const kernel = intsOf(node, 'kernel_shape')!
  const windows = windowsOf(node, lengths, kernel)
  const ones = expandTo(g, g.scalar(1, type), [channels, 1, ...kernel])
  const counts = windowCounts(g, windows, intOf(node, 'count_include_pad', 0) === 1, type)
  return [inputGradient(g, g.node('Div', [dy, counts]), ones, windows, channels)]
})

/** How many elements each window has, padding among them or not, as a constant [positions...]. */
function windowCounts(g: GraphBuilder, windows: readonly Window[], padding: boolean, type: DataType): string {
  const along = windows.map(({ kernel, stride, dilation, begin, end, input, output }) =>
    Array.from({ length: output }, (_, o) => {
      const met = Array.from({ length: kernel }, (_, t) => o * stride + t * dilation - begin)
      const [low, high] = padding ? [-begin, input + end] : [0, input]
      return met.filter((position) => position >= low && position < high).length
    }),
  )
  const counts = along.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1])
  if (counts.every((count) => count === counts[0])) return g.scalar(counts[0], type)
  const data = type === 'float64' ? Float64Array.from(counts) : Float32Array.from(counts)
  const dims = along.map(({ length }) => length)
  return g.node('Constant', [], { value: { tensor: tensor(type, dims, data) } })
}

const globalAveragePool = rule(({ g, node }, dy) => {
  const dims = g.dims(node.inputs[0])
  const share = g.scalar(1 / elementCount(dims.slice(2)), g.type(dy).type)
  return [expandTo(g, g.node('Mul', [dy, share]), dims)]
})

export const poolRules: Record<string, Rule> = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  MaxPool: maxPool,
}
