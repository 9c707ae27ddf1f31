import { InfomotionError } from '../runtime/errors.js'
import { entryOf } from '../runtime/expect.js'
import { GraphBuilder, OPSET } from './builder.js'
import { described, elementCount, type Model, type Node, tensor } from './model.js'
import { rules } from './rules/index.js'
import { trainingGraph } from './statistics.js'

/**
 * Extends a graph by its own backward pass (reverse-mode differentiation, Griewank and Walther 2008, chapter 3): walks
 * the nodes from last to first, turns the gradient of each node's output into the gradients of its inputs by the
 * operator's rule (`rules/`), and adds up what reaches a value by several ways.
 *
 * @param g The graph, all shapes known; the backward nodes are appended to it.
 * @param seeds Values whose gradients are given: name of the value -> name of its gradient, of the same shape.
 * @param wrt Values to differentiate with respect to: parameters, inputs, or anything between.
 * @returns Name of each `wrt` value -> name of its gradient.
 * @throws `ONNX_OPERATOR_UNSUPPORTED` for a node without a rule between `wrt` and `seeds`; `ONNX_SHAPE_UNKNOWN`;
 * `INVALID_ARGUMENT` where a `wrt` value does not lead to any seed.
 */
export function backpropagate(g: GraphBuilder, seeds: Record<string, string>, wrt: string[]): Record<string, string> {
  const forward = [...g.nodes]
  const moves = dependents(forward, wrt)
  const parts = new Map<string, string[]>(Object.entries(seeds).map(([value, gradient]) => [value, [gradient]]))

  /** The whole gradient of a value, once every node that reads it has given its part. */
  const gradientOf = (value: string): string | undefined => {
    const found = parts.get(value)
    if (!found) return undefined
    const sum = found.reduce((a, b) => g.node('Add', [a, b]))
    parts.set(value, [sum])
    return sum
  }

  for (const node of forward.reverse()) {
    if (!node.outputs.some((value) => moves.has(value) && parts.has(value))) continue
    const rule = node.domain === '' ? entryOf(rules, node.op) : undefined
    if (!rule) {
      throw new InfomotionError(
        'ONNX_OPERATOR_UNSUPPORTED',
        `No gradient rule for ${described(node)}; there are rules for ${Object.keys(rules).join(', ')}. ` +
          'Differentiate with respect to values behind this node only, or export the model without it.',
      )
    }
    const gradients = rule({
      g,
      node,
      outputGradients: node.outputs.map(gradientOf),
      wanted: node.inputs.map((value) => moves.has(value)),
    })
    node.inputs.forEach((value, i) => {
      const gradient = gradients[i]
      if (gradient !== undefined && moves.has(value)) parts.set(value, [...(parts.get(value) ?? []), gradient])
    })
  }

  return Object.fromEntries(
    wrt.map((value) => {
      const gradient = gradientOf(value)
      if (gradient !== undefined) return [value, gradient]
      throw new InfomotionError(
        'INVALID_ARGUMENT',
        `"${value}" has no gradient: ${Object.keys(seeds).join(', ')} does not depend on it.`,
      )
    }),
  )
}

/** The values that depend on any of `wrt`, and `wrt` themselves. */
function dependents(nodes: readonly Node[], wrt: readonly string[]): Set<string> {
  const moves = new Set(wrt)
  for (const node of nodes) {
    if (node.inputs.some((value) => moves.has(value))) for (const output of node.outputs) if (output) moves.add(output)
  }
  return moves
}

/** The rules write operator set {@link OPSET}. {@link decodeModel} brings older models up to it. */
export function expectOperatorSet(model: Model): void {
  const version = model.opsets['']
  if (version >= OPSET) return
  throw new InfomotionError(
    'ONNX_OPSET_UNSUPPORTED',
    `Gradients need operator set ${OPSET} or later, but "${model.name}" has ${version}: read it by decodeModel.`,
  )
}

/**
 * A model that also gives the gradients of one of its outputs.
 *
 * @param of A value with one element (a loss), or any value: then the gradient is that of the sum of its elements.
 * @param wrt Parameters (initializers), inputs, or any values between.
 * @param lengths Numbers for named dimensions: `{ N: 25 }`.
 * @returns The model with an output `gradient/NAME` for each `wrt`; parameters stay what they are.
 *
 * @example
 * ```js
 * const model = differentiate(decodeModel(file), 'loss', ['weight', 'video'], { N: 8 })
 * // run it: the outputs 'gradient/weight', 'gradient/video' stand beside 'loss'
 * ```
 */
export function differentiate(model: Model, of: string, wrt: string[], lengths: Record<string, number> = {}): Model {
  expectOperatorSet(model)
  const g = new GraphBuilder(trainingGraph(model).model, lengths)
  const { type } = g.type(of)
  const dims = g.dims(of)
  const ones = type === 'float64' ? new Float64Array(elementCount(dims)) : new Float32Array(elementCount(dims))
  const seed = g.initializer(`gradient/${of}`, tensor(type, dims, ones.fill(1)))
  const gradients = backpropagate(g, { [of]: seed }, wrt)
  for (const value of wrt) g.output(g.node('Identity', [gradients[value]], {}, `gradient/${value}`))
  return g.build()
}
