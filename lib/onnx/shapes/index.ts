import { InfomotionError } from '../../runtime/errors.js'
import { entryOf } from '../../runtime/expect.js'
import { type Dimension, described, type Model, type Tensor, type ValueType } from '../model.js'
import { arrangeShapes } from './arrange.js'
import { mismatch, type ShapeContext, type ShapeRule } from './context.js'
import { elementwiseShapes } from './elementwise.js'
import { matrixShapes } from './matrix.js'
import { reduceShapes } from './reduce.js'
import { windowShapes } from './window.js'

/** One rule an operator; `../rules/` has the gradients. */
const shapeRules: Record<string, ShapeRule> = {
  ...arrangeShapes,
  ...elementwiseShapes,
  ...matrixShapes,
  ...reduceShapes,
  ...windowShapes,
}

/**
 * Types and shapes of a node's outputs.
 * @throws `ONNX_OPERATOR_UNSUPPORTED`, `ONNX_SHAPE_MISMATCH`, each naming operator and node.
 */
export function inferNode(context: ShapeContext): ValueType[] {
  const { node } = context
  const rule = node.domain === '' ? entryOf(shapeRules, node.op) : undefined
  if (rule) return expectLengths(context, rule(context))
  const { declared } = context
  if (declared.every((type) => type !== undefined)) return declared
  throw new InfomotionError(
    'ONNX_OPERATOR_UNSUPPORTED',
    `The shape of ${described(node)} is not known: operator ${node.op} is none of ${Object.keys(shapeRules).join(', ')}, ` +
      'and the model gives no type for its outputs.',
  )
}

/** Attributes that make no sense (too few pads, a stride of 0) give lengths that are none. */
function expectLengths(context: ShapeContext, types: ValueType[]): ValueType[] {
  const isLength = (length: Dimension) => typeof length === 'string' || (Number.isSafeInteger(length) && length >= 0)
  if (types.every(({ dims }) => dims.every(isLength))) return types
  throw mismatch(context, `attributes that fit its inputs (it would give [${types[0].dims.join(', ')}])`)
}

/** Puts numbers in the place of named lengths: `{ N: 25 }` makes ["N", 64] into [25, 64]. */
export function bind({ type, dims }: ValueType, lengths: Record<string, number>): ValueType {
  return { type, dims: dims.map((length) => (typeof length === 'string' ? (lengths[length] ?? length) : length)) }
}

/** The constants of a graph: initializers, and what Constant nodes hold. */
export function constantsOf(model: Model): Map<string, Tensor> {
  const constants = new Map(model.initializers)
  for (const { op, outputs, attributes } of model.nodes) {
    if (op === 'Constant' && attributes.value && 'tensor' in attributes.value) {
      constants.set(outputs[0], attributes.value.tensor)
    }
  }
  return constants
}
