import { elementCount } from '../model.js'
import { reducedAxes } from '../shapes/reduce.js'
import { expandTo, reshapeTo } from './broadcast.js'
import { type Rule, type RuleContext, rule } from './rule.js'

/** Every element that went into a sum gets the gradient of the sum. */
function spread({ g, node }: RuleContext, dy: string): string {
  const [x] = node.inputs
  const dims = g.dims(x)
  const axes = reducedAxes(node, dims.length, g.constant(node.inputs[1]))
  const kept = dims.map((length, axis) => (axes.includes(axis) ? 1 : length))
  return expandTo(g, reshapeTo(g, dy, kept), dims)
}

const reduceSum = rule((context, dy) => [spread(context, dy)])

const reduceMean = rule((context, dy) => {
  const { g, node } = context
  const [x] = node.inputs
  const { type } = g.type(x)
  const count = elementCount(g.dims(x)) / elementCount(g.dims(node.outputs[0]))
  return [spread(context, g.node('Mul', [dy, g.scalar(1 / count, type)]))]
})

export const reduceRules: Record<string, Rule> = { ReduceMean: reduceMean, ReduceSum: reduceSum }
