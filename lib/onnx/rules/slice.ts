import type { GraphBuilder } from '../builder.js'
import type { Range } from '../shapes/arrange.js'
import { reshapeTo } from './broadcast.js'

/** The elements first, first + step, ... along some axes. */
export function sliceOf(g: GraphBuilder, value: string, ranges: readonly Range[]): string {
  const dims = g.dims(value)
  const cuts = ranges.filter(({ axis, step, count }) => step !== 1 || count !== dims[axis])
  if (cuts.length === 0) return value
  // Before the first element, where a backward slice may end, is -length - 1: -1 would be the last.
  const end = ({ axis, first, step, count }: Range) => {
    const place = first + step * count
    return place < 0 ? -dims[axis] - 1 : place
  }
  return g.node('Slice', [
    value,
    g.integers(cuts.map(({ first }) => first)),
    g.integers(cuts.map(end)),
    g.integers(cuts.map(({ axis }) => axis)),
    g.integers(cuts.map(({ step }) => step)),
  ])
}

/** Zeros before and after each axis; negative: as many elements cut off. */
export function padTo(g: GraphBuilder, value: string, padding: readonly (readonly [number, number])[]): string {
  const cut = sliceOf(
    g,
    value,
    g.dims(value).map((length, axis) => {
      const [begin, end] = padding[axis].map((n) => Math.max(0, -n))
      return { axis, first: begin, step: 1, count: length - begin - end }
    }),
  )
  const pads = [0, 1].flatMap((side) => padding.map((pair) => Math.max(0, pair[side])))
  return pads.every((n) => n === 0) ? cut : g.node('Pad', [cut, g.integers(pads)])
}

/** What undoes a slice: its elements back in their places along an axis of `length`, zeros between and around. */
export function spreadOut(g: GraphBuilder, value: string, range: Range, length: number): string {
  const { axis, count } = range
  const step = Math.abs(range.step)
  const first = range.step > 0 ? range.first : range.first + range.step * (count - 1)
  const forward = range.step > 0 ? value : sliceOf(g, value, [{ axis, first: count - 1, step: -1, count }])
  const dims = g.dims(value)
  const padded = (name: string, at: number, begin: number, end: number) =>
    padTo(
      g,
      name,
      g.dims(name).map((_, k) => (k === at ? [begin, end] : [0, 0])),
    )
  if (step === 1) return padded(forward, axis, first, length - first - count)
  const apart = padded(reshapeTo(g, forward, dims.toSpliced(axis + 1, 0, 1)), axis + 1, 0, step - 1)
  const joined = reshapeTo(g, apart, dims.with(axis, count * step))
  return padded(joined, axis, first, length - first - count * step)
}
