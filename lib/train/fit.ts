import { encodeModel, type Model, schedule, trainingStep } from '../onnx/index.js'
import type { StageOptions } from '../run/progress.js'
import { InfomotionError } from '../runtime/errors.js'
import { type Training, withSession } from '../runtime/onnx.js'
import { type Plan, scheduleTraining } from './plan.js'

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
  const { batch, batches, epochs, steps, order, rates } = scheduleTraining(weights, plan)
  const step = trainingStep(model, { optimizer: plan.optimizer, lengths: { N: batch } })
  const state = step.state.map(({ input, output, initial: { dims, data } }) => ({
    input,
    output,
    dims,
    data: data as Float32Array,
  }))
  const scalars = schedule(plan.optimizer, rates)
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
