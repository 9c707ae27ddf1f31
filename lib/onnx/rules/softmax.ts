import { intOf } from '../model.js'
import { type Rule, type RuleContext, rule } from './rule.js'

/** Sum along the node's axis, kept as length 1. */
function sumAlong({ g, node }: RuleContext, value: string): string {
  return g.node('ReduceSum', [value, g.integers([intOf(node, 'axis', -1)])], { keepdims: { int: 1 } })
}

/** y = softmax(x): dx = y (dy - sum(y dy)). */
const softmax = rule((context, dy) => {
  const { g, node } = context
  const [y] = node.outputs
  return [g.node('Mul', [y, g.node('Sub', [dy, sumAlong(context, g.node('Mul', [y, dy]))])])]
})

/** y = log softmax(x): dx = dy - softmax(x) sum(dy). */
const logSoftmax = rule((context, dy) => {
  const { g, node } = context
  const probabilities = g.node('Exp', [node.outputs[0]])
  return [g.node('Sub', [dy, g.node('Mul', [probabilities, sumAlong(context, dy)])])]
})

export const softmaxRules: Record<string, Rule> = { LogSoftmax: logSoftmax, Softmax: softmax }
