import type { GraphBuilder } from '../builder.js'
import { elementCount } from '../model.js'
import type { Window } from '../shapes/window.js'
import { reshapeTo } from './broadcast.js'
import { padTo, sliceOf } from './slice.js'

/** Up to this many input channels a convolution is the faster way: 20 against 5 GF/s for a stem of 2 channels. */
const FEW_CHANNELS = 4

/**
 * The gradient of a convolution's kernel, dW[t] = sum over samples n and positions o of dY[n, o] X[n, o stride + t dilation
 * - begin]^T: the positions are many, the taps few.
 */
export function weightGradient(
  g: GraphBuilder,
  dy: string,
  x: string,
  windows: readonly Window[],
  group: number,
): string {
  const few = group === 1 && g.dims(x)[1] <= FEW_CHANNELS
  return few ? byConvolution(g, dy, x, windows) : byTaps(g, dy, x, windows, group)
}

/** A matrix product for each tap t: dY [N, group, features / group, P] times the X it met [N, group, P, C / group]. */
function byTaps(g: GraphBuilder, dy: string, x: string, windows: readonly Window[], group: number): string {
  const [samples, features, ...positions] = g.dims(dy)
  const perGroup = g.dims(x)[1] / group
  const padded = padTo(g, x, [[0, 0], [0, 0], ...windows.map(({ begin, end }) => [begin, end] as const)])
  const rows = reshapeTo(g, dy, [samples, group, features / group, elementCount(positions)])
  const products = taps(windows).map((tap) => {
    const met = windows.map(({ stride, dilation, output }, i) => {
      return { axis: i + 2, first: tap[i] * dilation, step: stride, count: output }
    })
    const columns = reshapeTo(g, sliceOf(g, padded, met), [samples, group, perGroup, elementCount(positions)])
    const product = g.node('MatMul', [rows, g.node('Transpose', [columns], { perm: { ints: [0, 1, 3, 2] } })])
    const sum = g.node('ReduceSum', [product, g.integers([0])], { keepdims: { int: 0 } })
    return reshapeTo(g, sum, [features, perGroup, 1])
  })
  const kernel = windows.map(({ kernel }) => kernel)
  return reshapeTo(g, g.node('Concat', products, { axis: { int: 2 } }), [features, perGroup, ...kernel])
}

/** The convolution of X with dY as its kernel, samples and channels swapped, stride and dilation swapped. */
function byConvolution(g: GraphBuilder, dy: string, x: string, windows: readonly Window[]): string {
  const perm = { ints: [1, 0, ...windows.map((_, axis) => axis + 2)] }
  const swapped = g.node(
    'Conv',
    [x, dy].map((value) => g.node('Transpose', [value], { perm })),
    {
      strides: { ints: windows.map(({ dilation }) => dilation) },
      dilations: { ints: windows.map(({ stride }) => stride) },
      pads: { ints: [windows.map(({ begin }) => begin), windows.map(({ end }) => end)].flat() },
    },
  )
  // Where the stride left inputs over at the end, there are positions after the last tap.
  const kernel = windows.map(({ kernel }, i) => ({ axis: i + 2, first: 0, step: 1, count: kernel }))
  return g.node('Transpose', [sliceOf(g, swapped, kernel)], { perm })
}

/** The positions of a kernel's taps, in the order of its elements. */
function taps(windows: readonly Window[]): number[][] {
  return windows.reduce<number[][]>(
    (all, { kernel }) => all.flatMap((tap) => Array.from({ length: kernel }, (_, t) => [...tap, t])),
    [[]],
  )
}
