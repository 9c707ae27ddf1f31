import { sumTo } from './broadcast.js'
import { type Rule, rule } from './rule.js'

const add = rule(({ g, node, wanted }, dy) =>
  node.inputs.map((x, i) => (wanted[i] ? sumTo(g, dy, g.dims(x)) : undefined)),
)

const sub = rule(({ g, node: { inputs }, wanted }, dy) => [
  wanted[0] ? sumTo(g, dy, g.dims(inputs[0])) : undefined,
  wanted[1] ? g.node('Neg', [sumTo(g, dy, g.dims(inputs[1]))]) : undefined,
])

/** y = a b: da = dy b, db = dy a. */
const mul = rule(({ g, node: { inputs }, wanted }, dy) =>
  inputs.map((x, i) => (wanted[i] ? sumTo(g, g.node('Mul', [dy, inputs[1 - i]]), g.dims(x)) : undefined)),
)

/** y = a / b: da = dy / b, db = -dy y / b. */
const div = rule(({ g, node: { inputs, outputs }, wanted }, dy) => {
  const [a, b] = inputs
  const da = g.node('Div', [dy, b])
  return [
    wanted[0] ? sumTo(g, da, g.dims(a)) : undefined,
    wanted[1] ? g.node('Neg', [sumTo(g, g.node('Mul', [da, outputs[0]]), g.dims(b))]) : undefined,
  ]
})

/** The gradient passes where the output is positive; at 0 it is 0, as in PyTorch. */
const relu = rule(({ g, node }, dy) => {
  const [y] = node.outputs
  const zero = g.scalar(0, g.type(y).type)
  return [g.node('Where', [g.node('Greater', [y, zero]), dy, zero])]
})

/** y = e^x: dx = dy y. */
const exp = rule(({ g, node }, dy) => [g.node('Mul', [dy, node.outputs[0]])])

/** y = sqrt(x): dx = dy / (2 y). */
const sqrt = rule(({ g, node: { outputs } }, dy) => {
  const half = g.scalar(0.5, g.type(outputs[0]).type)
  return [g.node('Div', [g.node('Mul', [dy, half]), outputs[0]])]
})

export const elementwiseRules: Record<string, Rule> = {
  Add: add,
  Div: div,
  Exp: exp,
  Identity: rule((_, dy) => [dy]),
  Mul: mul,
  Neg: rule(({ g }, dy) => [g.node('Neg', [dy])]),
  Relu: relu,
  Sqrt: sqrt,
  Sub: sub,
}
