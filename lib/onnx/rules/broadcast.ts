import type { GraphBuilder } from '../builder.js'

/**
 * The gradient of an input that was broadcast from `dims`: summed over the axes it was repeated along. (Broadcasting
 * copies an element; the gradient of a copied element is the sum of the gradients of its copies.)
 */
export function sumTo(g: GraphBuilder, gradient: string, dims: number[]): string {
  const wide = g.dims(gradient)
  const lead = wide.length - dims.length
  const axes = wide.flatMap((length, axis) => {
    const repeated = axis < lead || (dims[axis - lead] === 1 && length !== 1)
    return repeated ? [axis] : []
  })
  const summed = axes.length
    ? g.node('ReduceSum', [gradient, g.integers(axes)], { keepdims: { int: lead ? 0 : 1 } })
    : gradient
  return reshapeTo(g, summed, dims)
}

/** The same elements in another shape. */
export function reshapeTo(g: GraphBuilder, value: string, dims: number[]): string {
  if (g.dims(value).join() === dims.join()) return value
  // A length of 0 would mean "as it was".
  return g.node('Reshape', [value, g.integers(dims)], dims.includes(0) ? { allowzero: { int: 1 } } : {})
}

/** A value repeated to a larger shape. */
export function expandTo(g: GraphBuilder, value: string, dims: number[]): string {
  return g.dims(value).join() === dims.join() ? value : g.node('Expand', [value, g.integers(dims)])
}
