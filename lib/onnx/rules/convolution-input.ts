import type { GraphBuilder } from '../builder.js'
import type { Range } from '../shapes/arrange.js'
import type { Window } from '../shapes/window.js'
import { expandTo, reshapeTo } from './broadcast.js'
import { padTo, sliceOf } from './slice.js'

/**
 * The gradient of a convolution's input: dX[i] = sum of W[t]^T dY[o] over the o, t with o stride + t dilation - begin = i.
 *
 * At stride 1 that is a convolution of dY with the kernel transposed and turned round. At stride s, the inputs whose
 * position is equal modulo s are reached by the same taps of the kernel, every s-th: each such phase is a convolution at
 * stride 1, and the phases are woven together.
 *
 * @param w The kernel [features, C / group, ...].
 */
export function inputGradient(
  g: GraphBuilder,
  dy: string,
  w: string,
  windows: readonly Window[],
  group: number,
): string {
  const kernel = transposed(g, w, group)
  const part = (phases: Phase[]): string | undefined => {
    const axis = phases.length
    if (axis === windows.length) return phaseGradient(g, dy, kernel, phases, group)
    const window = windows[axis]
    const parts = Array.from({ length: window.stride }, (_, i) => {
      const phase = phaseOf(window, i)
      return phase && part([...phases, phase])
    })
    return woven(g, parts, axis + 2, window.input)
  }
  return part([])!
}

/** The inputs i = q stride + phase along one axis: dX[q] = sum_j W[first + j step]^T dY[q + shift - j dilation]. */
interface Phase {
  first: number
  step: number
  /** Taps that reach these inputs. */
  count: number
  dilation: number
  /** Padding of dY that makes a convolution with the taps turned round give all q, and no more. */
  begin: number
  end: number
}

/** undefined where no tap reaches the inputs of that phase. */
function phaseOf({ kernel, stride, dilation, begin, input, output }: Window, phase: number): Phase | undefined {
  const common = greatestCommonDivisor(stride, dilation)
  const step = stride / common
  const first = Array.from({ length: Math.min(step, kernel) }).findIndex(
    (_, t) => (phase + begin - t * dilation) % stride === 0,
  )
  if (first < 0) return undefined
  const count = Math.ceil((kernel - first) / step)
  const shift = (phase + begin - first * dilation) / stride
  const length = Math.ceil(input / stride)
  const spacing = dilation / common
  return { first, step, count, dilation: spacing, begin: (count - 1) * spacing - shift, end: length - output + shift }
}

/** dX at the inputs of one phase along every axis. */
function phaseGradient(g: GraphBuilder, dy: string, kernel: string, phases: readonly Phase[], group: number): string {
  const backwards = phases.flatMap(({ first, step, count }, i): Range[] =>
    // A kernel of one tap is the same turned round.
    g.dims(kernel)[i + 2] === 1 ? [] : [{ axis: i + 2, first: first + (count - 1) * step, step: -step, count }],
  )
  // Conv pads, but does not cut off.
  const cut = padTo(g, dy, [
    [0, 0],
    [0, 0],
    ...phases.map(({ begin, end }) => [Math.min(0, begin), Math.min(0, end)] as const),
  ])
  const pads = [phases.map(({ begin }) => begin), phases.map(({ end }) => end)].flat()
  return g.node('Conv', [cut, sliceOf(g, kernel, backwards)], {
    dilations: { ints: phases.map(({ dilation }) => dilation) },
    group: { int: group },
    pads: { ints: pads.map((n) => Math.max(0, n)) },
  })
}

/** The kernel with inputs and outputs swapped: [features, C / group, ...] -> [C, features / group, ...]. */
function transposed(g: GraphBuilder, w: string, group: number): string {
  const [features, perGroup, ...kernel] = g.dims(w)
  const perm = [0, 2, 1, ...kernel.map((_, axis) => axis + 3)]
  const grouped = reshapeTo(g, w, [group, features / group, perGroup, ...kernel])
  return reshapeTo(g, g.node('Transpose', [grouped], { perm: { ints: perm } }), [
    perGroup * group,
    features / group,
    ...kernel,
  ])
}

/** Weaves parts together along an axis: element 0 of each, element 1 of each, ... A part left out is 0. */
function woven(
  g: GraphBuilder,
  parts: readonly (string | undefined)[],
  axis: number,
  length: number,
): string | undefined {
  const present = parts.find((part) => part !== undefined)
  if (parts.length === 1 || !present) return present
  const dims = g.dims(present)
  const apart = dims.toSpliced(axis + 1, 0, 1)
  const zeros = () => expandTo(g, g.scalar(0, g.type(present).type), apart)
  const layers = parts.map((part) => (part ? reshapeTo(g, part, apart) : zeros()))
  const stacked = g.node('Concat', layers, { axis: { int: axis + 1 } })
  const joined = reshapeTo(g, stacked, dims.with(axis, dims[axis] * parts.length))
  return sliceOf(g, joined, [{ axis, first: 0, step: 1, count: length }])
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
