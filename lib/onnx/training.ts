import { InfomotionError } from '../runtime/errors.js'
import { GraphBuilder } from './builder.js'
import { backpropagate, expectOperatorSet } from './differentiate.js'
import { softmaxCrossEntropy } from './loss.js'
import type { Model, Tensor } from './model.js'
import { addOptimizer, type Optimizer, type StateVariable } from './optimizer.js'
import { statisticsOf, trainingGraph } from './statistics.js'

/** How to turn a model into a training step. */
export interface TrainingStepOptions {
  /** Default: AdamW with PyTorch's settings. */
  optimizer?: Optimizer
  /** The output of shape [N, classes] before the softmax; default: the model's only output. */
  logits?: string
  /** Numbers for named dimensions, the batch among them: `{ N: 25 }`. */
  lengths?: Record<string, number>
  /** Which initializers to train; default: all of type float32 that lead to the logits, but no means and variances. */
  trains?: (parameter: string, dims: number[]) => boolean
  /** On which of them weight decay acts; default: matrices and kernels (two or more dimensions), not biases. */
  decays?: (parameter: string, dims: number[]) => boolean
}

/** A training step as a model: what to feed, and what comes out. */
export interface TrainingStep {
  /**
   * Inputs: those of the forward model, `targets` [N, C], `weights` [N], the optimizer's scalars ({@link schedule}),
   * and the state. Outputs: `loss`, and the state after the step.
   */
  model: Model
  /**
   * Parameters, moments and running statistics: feed `input`, start from `initial`, carry `output` over to the next
   * step.
   */
  state: StateVariable[]
  /** The trained parameters among the state. */
  parameters: string[]
  /** Running means and variances of BatchNormalization in training mode among the state: moved, but not trained. */
  statistics: string[]
  /** Name of the output that holds the loss, a scalar. */
  loss: string
  optimizer: Optimizer
}

/**
 * Forward pass, weighted softmax cross-entropy, gradients and the optimizer's update in one graph of standard ONNX
 * operators, so that any ONNX Runtime can train it. BatchNormalization with training_mode 1 normalises by the batch and
 * carries its running mean and variance along; {@link inferenceModel} makes the model that uses them.
 *
 * @throws `ONNX_OPERATOR_UNSUPPORTED` (no gradient rule), `ONNX_OPSET_UNSUPPORTED`, `ONNX_SHAPE_UNKNOWN`,
 * `INVALID_ARGUMENT`.
 *
 * @example
 * ```js
 * const step = trainingStep(decodeModel(file), { lengths: { N: 25 }, optimizer: { kind: 'adamw', weightDecay: 0.05 } })
 * await writeFile('step.onnx', encodeModel(step.model))
 * ```
 */
export function trainingStep(model: Model, options: TrainingStepOptions = {}): TrainingStep {
  const { optimizer = { kind: 'adamw' }, lengths = {}, trains = () => true } = options
  const { decays = (_: string, dims: number[]) => dims.length >= 2 } = options
  expectOperatorSet(model)
  const logits = options.logits ?? onlyOutput(model)
  const leading = leadingTo(model, logits)
  const nodes = model.nodes.filter((node) => node.outputs.some((output) => leading.has(output)))
  const { model: graph, running } = trainingGraph({ ...model, nodes, outputs: new Map() })
  const g = new GraphBuilder(graph, lengths)
  const statistics = statisticsOf(model)
  const parameters = [...model.initializers]
    .filter(([name, { type }]) => type === 'float32' && leading.has(name) && !statistics.has(name))
    .filter(([name, { dims }]) => trains(name, dims))
    .map(([name]) => name)
  if (parameters.length === 0) {
    throw new InfomotionError(
      'INVALID_ARGUMENT',
      `"${model.name}" has no float32 initializer to train before "${logits}".`,
    )
  }
  const { loss, gradient } = softmaxCrossEntropy(g, logits)
  g.output(loss)
  const gradients = backpropagate(g, { [logits]: gradient }, parameters)
  const state = [...addOptimizer(g, optimizer, gradients, decays), ...statisticsState(g, running)]
  return { model: g.build(), state, parameters, statistics: [...running.keys()], loss, optimizer }
}

/** Running statistics become inputs and outputs of the step. */
function statisticsState(g: GraphBuilder, running: ReadonlyMap<string, string>): StateVariable[] {
  return [...running].map(([input, output]) => {
    const initial = g.initializers.get(input)!
    g.feed(input)
    g.output(output)
    return { input, output, initial }
  })
}

/** The model with other values for some of its initializers: trained ones and statistics, of the same shapes. */
export function withParameters(model: Model, values: Record<string, Float32Array>): Model {
  const initializers = new Map(model.initializers)
  for (const [name, data] of Object.entries(values)) {
    const old: Tensor | undefined = initializers.get(name)
    if (old?.data.length !== data.length) {
      throw new InfomotionError(
        'INVALID_ARGUMENT',
        `"${name}" has ${data.length} values, but ${old ? `its shape is [${old.dims}]` : 'the model has no such initializer'}.`,
      )
    }
    initializers.set(name, { ...old, data })
  }
  return { ...model, initializers }
}

function onlyOutput(model: Model): string {
  const outputs = [...model.outputs.keys()]
  if (outputs.length === 1) return outputs[0]
  throw new InfomotionError(
    'INVALID_ARGUMENT',
    `"${model.name}" has the outputs ${outputs.join(', ')}: say by the option logits which one to train.`,
  )
}

/** The values that a value is made from. */
function leadingTo(model: Model, value: string): Set<string> {
  const leading = new Set([value])
  for (const node of [...model.nodes].reverse()) {
    if (node.outputs.some((output) => leading.has(output))) for (const input of node.inputs) leading.add(input)
  }
  return leading
}
