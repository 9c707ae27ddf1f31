import { InfomotionError } from '../../runtime/errors.js'
import { described, numbers } from '../model.js'
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

/** y = 1 / (1 + e^-x): dx = dy y (1 - y). */
const sigmoid = rule(({ g, node: { outputs } }, dy) => {
  const [y] = outputs
  const one = g.scalar(1, g.type(y).type)
  return [g.node('Mul', [dy, g.node('Mul', [y, g.node('Sub', [one, y])])])]
})

/** The gradient passes between the bounds, and on them, as in PyTorch. */
const clip = rule(({ g, node }, dy) => {
  const [x, low, high] = node.inputs
  const zero = g.scalar(0, g.type(x).type)
  const without = (outside: string, gradient: string) => g.node('Where', [outside, zero, gradient])
  const above = low ? without(g.node('Greater', [low, x]), dy) : dy
  return [high ? without(g.node('Greater', [x, high]), above) : above]
})

/** Each element of the gradient goes to the input that the output's element came from. */
const where = rule(({ g, node, wanted }, dy) => {
  const [condition, a, b] = node.inputs
  const zero = g.scalar(0, g.type(dy).type)
  return [
    undefined,
    wanted[1] ? sumTo(g, g.node('Where', [condition, dy, zero]), g.dims(a)) : undefined,
    wanted[2] ? sumTo(g, g.node('Where', [condition, zero, dy]), g.dims(b)) : undefined,
  ]
})

/** In inference, where nothing is dropped. */
const dropout = rule(({ g, node }, dy) => {
  const training = g.constant(node.inputs[2])
  if (!node.inputs[2] || (training && !numbers(training)[0])) return [dy]
  throw new InfomotionError(
    'ONNX_OPERATOR_UNSUPPORTED',
    `No gradient rule for ${described(node)} in training mode; inferenceModel(model) turns it off.`,
  )
})

export const elementwiseRules: Record<string, Rule> = {
  Add: add,
  Clip: clip,
  Div: div,
  Dropout: dropout,
  Exp: exp,
  Identity: rule((_, dy) => [dy]),
  Mul: mul,
  Neg: rule(({ g }, dy) => [g.node('Neg', [dy])]),
  Relu: relu,
  Sigmoid: sigmoid,
  Sqrt: sqrt,
  Sub: sub,
  Where: where,
}
