import type { GraphBuilder } from '../builder.js'
import { intOf, type Node } from '../model.js'
import { type Window, windowsOf } from '../shapes/window.js'
import { inputGradient } from './convolution-input.js'
import { weightGradient } from './convolution-weight.js'
import { type Rule, rule } from './rule.js'

/** The window of a Conv node along each spatial axis. */
function windows(g: GraphBuilder, { inputs, ...node }: Node): Window[] {
  const [x, w] = inputs.map((name) => name && g.dims(name))
  return windowsOf({ ...node, inputs }, x.slice(2) as number[], w.slice(2) as number[])
}

/**
 * Y = W * X + b. ONNX has no operators for its gradients, ConvTranspose apart, which ONNX Runtime's CPU runs five to
 * fifteen times slower than a convolution: so they are convolutions and matrix products again.
 */
const convolution = rule(({ g, node, wanted }, dy) => {
  const [x, w] = node.inputs
  const group = intOf(node, 'group', 1)
  const window = windows(g, node)
  const spatial = window.map((_, axis) => axis + 2)
  return [
    wanted[0] ? inputGradient(g, dy, w, window, group) : undefined,
    wanted[1] ? weightGradient(g, dy, x, window, group) : undefined,
    wanted[2] ? g.node('ReduceSum', [dy, g.integers([0, ...spatial])], { keepdims: { int: 0 } }) : undefined,
  ]
})

export const convolutionRules: Record<string, Rule> = { Conv: convolution }
