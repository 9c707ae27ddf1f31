import { InfomotionError } from '../runtime/errors.js'
import { entryOf } from '../runtime/expect.js'
import { IR_VERSION, OPSET } from './builder.js'
import type { Model, Node, Tensor, ValueType } from './model.js'
import { constantsOf, inferNode } from './shapes/index.js'
import { changes, type UpgradeContext } from './upgrade-changes.js'

/** The oldest operator set that is read: ONNX 1.2 of 2018. */
const OLDEST_OPSET = 7

/**
 * The model in operator set {@link OPSET}: every node that this set reads otherwise than the model's own set is said
 * its way ({@link changes}). A model of that set or a newer one stays as it is.
 *
 * @throws `ONNX_OPSET_UNSUPPORTED` for sets before {@link OLDEST_OPSET}, and for nodes that cannot be said anew.
 */
export function upgraded(model: Model): Model {
  const version = model.opsets[''] ?? OPSET
  if (version >= OPSET) return model
  if (version < OLDEST_OPSET) {
    throw new InfomotionError(
      'ONNX_OPSET_UNSUPPORTED',
      `"${model.name}" has operator set ${version}, but sets from ${OLDEST_OPSET} on are read: export it again with ` +
        `opset ${OPSET}.`,
    )
  }
  const initializers = new Map(model.initializers)
  const constants = constantsOf(model)
  const types = new Map([...model.values, ...model.outputs, ...model.inputs])
  for (const [name, { type, dims }] of initializers) types.set(name, { type, dims })
  const read = new Set([...model.outputs.keys(), ...model.nodes.flatMap(({ inputs }) => inputs)])

  const context: UpgradeContext = {
    type: (name) => types.get(name),
    isRead: (name) => name !== '' && read.has(name),
    constant: (name, value) => {
      initializers.set(name, value)
      constants.set(name, value)
      types.set(name, { type: value.type, dims: value.dims })
      return name
    },
  }
  const nodes = model.nodes.flatMap((node) => {
    const due = node.domain ? [] : (entryOf(changes, node.op) ?? []).filter(({ before }) => version < before)
    // Only the last change of an operator may give more than one node.
    const now = due.reduce((parts, { change }) => change(parts[0], context), [node])
    for (const part of now) inferred(part, types, constants).forEach((type, i) => void types.set(part.outputs[i], type))
    return now
  })
  return {
    ...model,
    opsets: { ...model.opsets, '': OPSET },
    irVersion: Math.max(model.irVersion, IR_VERSION),
    initializers,
    nodes,
  }
}

/** Types of a node's outputs where they can be known; the upgrade needs few of them. */
function inferred(
  node: Node,
  types: ReadonlyMap<string, ValueType>,
  constants: ReadonlyMap<string, Tensor>,
): ValueType[] {
  try {
    return inferNode({
      node,
      inputs: node.inputs.map((name) => types.get(name)),
      constants: node.inputs.map((name) => constants.get(name)),
      declared: node.outputs.map((name) => types.get(name)),
    })
  } catch (error) {
    if (error instanceof InfomotionError) return []
    throw error
  }
}
