import { encodeModel, type Model, type Optimizer, schedule, trainingStep } from '../onnx/index.js'
import { InfomotionError } from '../runtime/errors.js'
import { type OnnxSession, type TrainingSteps, withSession } from '../runtime/onnx.js'
import type { StageOptions } from '../runtime/progress.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import { checkpointOf, type Resumable } from './checkpoint.js'

/** The samples of some steps, in the order of the steps; its arrays are handed over to the worker. */
export type Chunk = Pick<TrainingSteps, 'samples' | 'order' | 'steps'>

/** What to train, on what, and how. */
export interface FitTask extends Resumable {
  /** Its only output are the logits [N, classes], its batch is called N. */
  model: Model
  optimizer: Optimizer
  /** Samples of a step. */
  batch: number
  /**
   * Learning rates of all steps, by the losses of those that are done: asked after each chunk, for those that training may
   * end before all of `rates`, or go on at other rates. Must be a function of its arguments. Default: `rates`.
   */
  plan?: (losses: Float32Array) => Float64Array
  /** The chunks from a step on: inputs of the model, targets and weights of the loss, one row a sample. */
  chunks: (first: number) => AsyncIterable<Chunk> | Iterable<Chunk>
}

/** What training leaves: values of the model's initializers, and the loss of each step before its update. */
export interface Fitted {
  parameters: Record<string, Float32Array>
  /** Running means and variances of the normalisations, by the initializers' names. */
  statistics: Record<string, Float32Array>
  losses: Float32Array
}

/**
 * Trains a model: the one loop of all students. A worker thread runs the steps of a chunk while the next chunk is made,
 * and keeps the state (parameters, moments, statistics) from chunk to chunk.
 *
 * @throws `TRAINING_DIVERGED`, and those of {@link withSession}.
 */
export async function fit(task: FitTask, { signal, onProgress }: StageOptions): Promise<Fitted> {
  const { model, optimizer, batch, plan = () => task.rates } = task
  const step = trainingStep(model, { optimizer, lengths: { N: batch } })
  await yieldToEventLoop(signal)
  const file = encodeModel(step.model)
  await yieldToEventLoop(signal)
  const checkpoint = await checkpointOf(task, file, step.state)
  const { state, losses } = checkpoint
  let rates = plan(losses.subarray(0, checkpoint.step))
  const report = (done: number) => onProgress?.({ stage: 'train', done, total: rates.length, unit: 'steps' })

  const train = async (session: OnnxSession): Promise<Fitted> => {
    let done = checkpoint.step
    for await (const chunk of ahead(task.chunks(done))) {
      const first = done
      const count = Math.min(chunk.steps, rates.length - first)
      const scalars = schedule(optimizer, rates.subarray(first, first + count), first + 1)
      const steps = { ...chunk, steps: count, batch, scalars, loss: step.loss }
      losses.set(await session.train(steps, (trained) => report(first + trained)), first)
      done += count
      rates = plan(losses.subarray(0, done))
      report(done)
      if (done === rates.length) break
      await checkpoint.keep(done, losses, () => session.state())
    }
    const trained = await session.state()
    const those = (names: string[]) => Object.fromEntries(names.map((name) => [name, trained[name]]))
    const fitted = {
      parameters: those(step.parameters),
      statistics: those(step.statistics),
      losses: losses.slice(0, done),
    }
    expectFinite({ ...fitted.parameters, ...fitted.statistics }, done)
    await checkpoint.remove()
    return fitted
  }
  return withSession(file, state, train, signal)
}

/** The items, each asked for while the one before is in use. */
async function* ahead<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  let next = Promise.resolve(iterator.next())
  try {
    for (;;) {
      const { value, done } = await next
      if (done) return
      next = Promise.resolve(iterator.next())
      next.catch(() => undefined) // it is thrown where it is awaited, if it ever is
      yield value
    }
  } finally {
    await next.catch(() => undefined) // nothing is left in the making
  }
}

function expectFinite(values: Record<string, Float32Array>, steps: number): void {
  if (Object.values(values).every((array) => array.every(Number.isFinite))) return
  throw new InfomotionError(
    'TRAINING_DIVERGED',
    `The student's parameters are not finite after ${steps} steps: lower the learning rate, or scale the features.`,
  )
}
