import { InfomotionError } from '../runtime/errors.js'
import {
  type Attribute,
  described,
  float32,
  floatOf,
  int64,
  intOf,
  type Model,
  type Node,
  type Tensor,
} from './model.js'

/** Inputs 3 and 4 and, in training, outputs 1 and 2 of BatchNormalization: mean and variance. */
const MEAN = 3

/** Means and variances of normalisations: they are measured, not trained. */
export function statisticsOf(model: Model): Set<string> {
  return new Set(model.nodes.filter(isNormalisation).flatMap(({ inputs }) => inputs.slice(MEAN)))
}

/**
 * The model as its gradient wants it:
 * - BatchNormalization in training mode gives mean and variance of its batch (momentum 0), and nodes beside it move the
 *   running ones, next = momentum running + (1 - momentum) batch, under the names that the node itself had for them;
 * - MaxPool also tells where its maxima are.
 *
 * @returns The model, and the initializers that are running statistics: name -> name of the value after the step.
 */
export function trainingGraph(model: Model): { model: Model; running: Map<string, string> } {
  const initializers = new Map(model.initializers)
  const running = new Map<string, string>()
  const nodes = model.nodes.flatMap((node) => {
    const [y] = node.outputs
    if (node.op === 'MaxPool' && !node.domain) return [{ ...node, outputs: [y, node.outputs[1] || `${y}/places`] }]
    if (!isNormalisation(node) || !trains(node) || isReady(model, node)) return [node]
    const statistics = node.inputs.slice(MEAN).map((name) => statistic(model, node, name))
    const next = ['mean', 'variance'].map((name, i) => node.outputs[1 + i] || `${y}/${name}/next`)
    next.forEach((name, i) => void running.set(node.inputs[MEAN + i], name))
    const parts = normalisation(node, next, statistics[0].dims[0])
    for (const [name, value] of parts.constants) initializers.set(name, value)
    return parts.nodes
  })
  return { model: { ...model, initializers, nodes }, running }
}

/** BatchNormalization of `channels` as {@link trainingGraph} wants it, its running statistics moved to `next`. */
function normalisation(node: Node, next: string[], channels: number): { nodes: Node[]; constants: [string, Tensor][] } {
  const [x, scale, bias, ...running] = node.inputs
  const [y] = node.outputs
  const batch = [`${y}/mean`, `${y}/variance`]
  const momentum = floatOf(node, 'momentum', 0.9)
  const name = (what: string) => `${y}/${what}`
  const constants: [string, Tensor][] = [
    [name('zeros'), int64([0, 0])],
    [name('channels'), int64([channels, 1])],
    [name('all'), int64([-1])],
    [name('keep'), float32([], [momentum])],
    [name('move'), float32([], [1 - momentum])],
  ]
  const nodes = [
    // ONNX Runtime's CPU kernel writes mean and variance over the inputs of those names, whoever else reads them, and
    // its optimizer makes one of equal constants. So the node gets values for them that are its own, and unlike each
    // other; times momentum 0, they may be any. x[0, :, 0] is no constant.
    operation('Flatten', [x], name('rows'), { axis: { int: 2 } }),
    operation('Slice', [name('rows'), name('zeros'), name('channels')], name('column')),
    operation('Reshape', [name('column'), name('all')], name('any')),
    operation('Mul', [name('any'), scale], name('any/mean')),
    operation('Add', [name('any'), bias], name('any/variance')),
    {
      ...node,
      inputs: [x, scale, bias, name('any/mean'), name('any/variance')],
      outputs: [y, ...batch],
      attributes: { ...node.attributes, momentum: { float: 0 } },
    },
    ...next.flatMap((value, i) => [
      operation('Mul', [running[i], name('keep')], `${value}/kept`),
      operation('Mul', [batch[i], name('move')], `${value}/moved`),
      operation('Add', [`${value}/kept`, `${value}/moved`], value),
    ]),
  ]
  return { nodes, constants }
}

/**
 * The model for use after training: BatchNormalization by its running mean and variance, Dropout that drops nothing.
 * Give it the trained values, statistics among them, by {@link withParameters}.
 *
 * @example
 * ```js
 * const file = encodeModel(inferenceModel(withParameters(model, trained)))
 * ```
 */
export function inferenceModel(model: Model): Model {
  const gone = new Set<string>()
  const only = (node: Node, inputs: string[]): Node => {
    for (const output of node.outputs.slice(1)) gone.add(output)
    return { ...node, inputs, outputs: node.outputs.slice(0, 1) }
  }
  const nodes = model.nodes.map((node) => {
    if (node.op === 'Dropout' && !node.domain) return only(node, node.inputs.slice(0, 1))
    if (!isNormalisation(node) || !trains(node)) return node
    const { training_mode, ...attributes } = node.attributes
    return { ...only(node, node.inputs), attributes }
  })
  return { ...model, nodes, outputs: new Map([...model.outputs].filter(([name]) => !gone.has(name))) }
}

function isNormalisation({ op, domain }: Node): boolean {
  return op === 'BatchNormalization' && domain === ''
}

function trains(node: Node): boolean {
  return intOf(node, 'training_mode', 0) === 1
}

/** As {@link trainingGraph} leaves it: a gradient's graph may be differentiated again. */
function isReady(model: Model, node: Node): boolean {
  return floatOf(node, 'momentum', 0.9) === 0 && !model.initializers.has(node.inputs[MEAN])
}

/** A running statistic as it is at first. */
function statistic(model: Model, node: Node, name: string): Tensor {
  const value = model.initializers.get(name)
  if (value?.type === 'float32') return value
  throw new InfomotionError(
    'ONNX_MODEL_INVALID',
    `${described(node)} is in training mode, but its running statistic "${name}" is no float32 initializer of the model.`,
  )
}

function operation(op: string, inputs: string[], output: string, attributes: Record<string, Attribute> = {}): Node {
  return { op, domain: '', name: output, inputs, outputs: [output], attributes }
}
