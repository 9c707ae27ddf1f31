import { encodeModel, type Model, type Optimizer, schedule, trainingStep } from '../onnx/index.js'
import type { StageOptions } from '../run/progress.js'
import { InfomotionError } from '../runtime/errors.js'
import { type Training, withSession } from '../runtime/onnx.js'
import { Random } from '../runtime/random.js'

/** How long and in what portions a model is trained. */
export interface Plan {
  optimizer: Optimizer
  /** At the first step; it falls to 0 by a half cosine. */
  learningRate: number
  /** Default: as many as make 300 steps, at least 10. */
  epochs?: number
  /** Samples of a step, at most. */
  batch: number
  /** Of the order of the samples. */
  seed: number
}

/**
 * Fits a model to weighted samples: plans the batches and learning rates, and has a worker carry them out.
 *
 * @param model Its only output are the logits [N, classes], its batch is called N.
 * @param samples Its inputs, and the targets and weights of the loss, one row a sample.
 * @returns The trained initializers, and the loss of each epoch.
 */
export async function fit(
  model: Model,
  samples: Training['samples'],
  weights: Float32Array,
  plan: Plan,
  { signal, onProgress }: StageOptions,
): Promise<{ parameters: Record<string, Float32Array>; losses: number[] }> {
  const rows = Int32Array.from(weights.keys()).filter((row) => weights[row] > 0)
  const batch = Math.min(plan.batch, rows.length)
  const batches = Math.ceil(rows.length / batch)
  const epochs = plan.epochs ?? Math.max(10, Math.ceil(300 / batches))
  const steps = epochs * batches

  const step = trainingStep(model, { optimizer: plan.optimizer, lengths: { N: batch } })
  const state = step.state.map(({ input, output, initial: { dims, data } }) => ({
    input,
    output,
    dims,
    data: data as Float32Array,
  }))
  const order = batches === 1 ? rows : shuffledBatches(rows, batch, epochs, plan.seed)
  const scalars = schedule(plan.optimizer, halfCosine(plan.learningRate, steps))
  const report = (step: number) =>
    onProgress?.({ stage: 'train', done: Math.floor(step / batches), total: epochs, unit: 'epochs' })

  return withSession(
    encodeModel(step.model),
    state,
    async (session) => {
      const losses = await session.train({ samples, batch, order, scalars, steps, loss: step.loss }, report)
      const trained = await session.state()
      report(steps)
      const parameters = Object.fromEntries(step.parameters.map((name) => [name, trained[name]]))
      expectFinite(parameters, steps)
      return { parameters, losses: epochLosses(losses, order, weights, batch, batches) }
    },
    signal,
  )
}

/** Each epoch visits the rows in an order of its own; its last batch is filled up with -1 (rows of weight 0). */
function shuffledBatches(rows: Int32Array, batch: number, epochs: number, seed: number): Int32Array {
  const places = Math.ceil(rows.length / batch) * batch
  const order = new Int32Array(epochs * places).fill(-1)
  for (let epoch = 0; epoch < epochs; epoch++) {
    order.set(new Random(seed, 'train', epoch).shuffle(rows.slice()), epoch * places)
  }
  return order
}

/** Learning rates that fall from `first` to 0 (Loshchilov and Hutter 2017, without restarts). */
function halfCosine(first: number, steps: number): Float64Array {
  return Float64Array.from({ length: steps }, (_, t) => (first / 2) * (1 + Math.cos((Math.PI * t) / steps)))
}

/** The weighted mean of each epoch's batch losses. */
function epochLosses(
  losses: Float32Array,
  order: Int32Array,
  weights: Float32Array,
  batch: number,
  batches: number,
): number[] {
  return Array.from({ length: losses.length / batches }, (_, epoch) => {
    let [sum, total] = [0, 0]
    for (let step = epoch * batches; step < (epoch + 1) * batches; step++) {
      const start = (step * batch) % order.length
      const weight = order.subarray(start, start + batch).reduce((w, row) => w + (row < 0 ? 0 : weights[row]), 0)
      sum += weight * losses[step]
      total += weight
    }
    return sum / total
  })
}

function expectFinite(parameters: Record<string, Float32Array>, steps: number): void {
  if (Object.values(parameters).every((values) => values.every(Number.isFinite))) return
  throw new InfomotionError(
    'TRAINING_DIVERGED',
    `The student's parameters are not finite after ${steps} steps: lower the learning rate, or scale the features.`,
  )
}
