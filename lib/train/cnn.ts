import { takeRows } from '../matrix/matrix.js'
import { encodeModel, type Model, TARGETS, WEIGHTS, withParameters } from '../onnx/index.js'
import { invalid } from '../runtime/expect.js'
import { withSession } from '../runtime/onnx.js'
import type { StageOptions } from '../runtime/progress.js'
import { loadSamples, loadViews } from '../volume/samples.js'
import type { Volume } from '../volume/volume.js'
import { checkClasses, checkTargets, checkWeights } from './check.js'
import { resolveCnnOptions } from './cnn-options.js'
import type { CnnOptions, CnnStudent } from './cnn-types.js'
import { type Chunk, fit } from './fit.js'
import { cnn, cnnPredictor, HEAD } from './r2plus1d.js'
import { balancedStream, halfCosine, settlingRates } from './schedule.js'
import type { Targets } from './types.js'

/** Steps whose samples are made at once, while those before are trained on. */
const CHUNK_STEPS = 4
/** Views of a clip that a prediction is the mean of (three: at other frames of the volume than each other, for strides of 2 and 4), and clips of one run. */
const VIEWS = 3
const PREDICT_CLIPS = 8

/**
 * Trains a small R(2+1)D network on weighted clips by AdamW: each step sees a batch of clips, shifted in time, turned,
 * scaled, brightened and slowed at random. Classes are shown equally often, however many clips they have. Unless `steps` says how
 * long, it goes on until the loss has settled. The training step is one ONNX graph that runs in a worker thread; the
 * samples are made on the addon's threads meanwhile. Same arguments, same student.
 *
 * @param volumes The clips, of one side (see `volumeOf`).
 * @param targets Class of each clip, or a distribution over the classes (see `mixTargets`).
 * @param sampleWeights One a clip: how much its loss counts among its class; weight 0 leaves it out.
 * @throws `INVALID_ARGUMENT`, `CLASS_EMPTY`, `TRAINING_DIVERGED`, `ONNXRUNTIME_MISSING`, `ABORTED`.
 *
 * @example
 * ```js
 * const volumes = await Promise.all(clips.map(({ frames, ...clip }) => volumeOf(frames, clip)))
 * const weights = new Float32Array(volumes.length).fill(1)
 * const student = await trainCnn(volumes, { classes: 2, labels }, weights, { steps: 20 })
 * const probabilities = await predictCnn(student, volumes) // [clips, 2]
 * ```
 */
export async function trainCnn(
  volumes: readonly Volume[],
  targets: Targets,
  sampleWeights: Float32Array,
  options: CnnOptions = {},
  stage: StageOptions = {},
): Promise<CnnStudent> {
  const { checkpoint, start } = options
  if (!Array.isArray(volumes) || volumes.length === 0) throw invalid('at least one volume', 'volumes', volumes)
  checkWeights(sampleWeights, volumes.length)
  const rows = Int32Array.from(volumes.keys()).filter((row) => sampleWeights[row] > 0)
  const settings = resolveCnnOptions(options, rows.length)
  const { size, seed, batch, learningRate, weightDecay, emptyClasses, settling, steps: given, ...sample } = settings
  const steps = given ?? settling.most
  const probabilities = checkTargets(targets, volumes.length)
  const { classes } = targets
  if (emptyClasses === 'error') checkClasses(probabilities, sampleWeights, classes)

  const { side } = volumes[0]
  if (side % 2 !== 0) throw invalid('an even side', 'volumes[0].side', side)
  const { channels, frames, stride, augmentation } = sample
  const dims = [channelsOf[channels], frames, side, side]
  const byClass = rowsByClass(probabilities, classes, rows)
  const stream = balancedStream(byClass, steps, batch, seed)
  const weighted = weightedTargets(probabilities, sampleWeights, byClass)

  async function* chunks(from: number): AsyncGenerator<Chunk> {
    for (let first = from; first < steps; first += CHUNK_STEPS) {
      const shown = stream.slice(first * batch, (first + CHUNK_STEPS) * batch)
      const place = { seed, first: first * batch, signal: stage.signal }
      const values = await loadSamples(volumes, shown, { ...sample, ...place })
      const samples = {
        clips: { values, dims },
        [TARGETS]: { values: takeRows({ dim: classes, values: weighted }, shown).values, dims: [classes] },
        [WEIGHTS]: { values: new Float32Array(shown.length).fill(1), dims: [] },
      }
      yield { samples, order: Int32Array.from(shown.keys()), steps: shown.length / batch }
    }
  }

  const shape = { size, channels: dims[0], frames, side, classes }
  const model = startingFrom(cnn(shape, seed), start)
  const plan = (losses: Float32Array) =>
    given === undefined ? settlingRates(losses, { learningRate, ...settling }) : halfCosine(learningRate, steps)
  const rates = plan(new Float32Array(0))
  const optimizer = { kind: 'adamw' as const, weightDecay }
  const origin = () => [
    JSON.stringify({ seed, stride, augmentation, settling, frames: volumes.map((volume) => volume.frames) }),
    ...volumes.map(({ values }) => values),
    new Uint8Array(weighted.buffer),
    new Uint8Array(stream.buffer),
  ]
  const fitted = await fit({ model, optimizer, batch, rates, plan, chunks, checkpoint, origin }, stage)
  const parameters = { ...fitted.parameters, ...fitted.statistics }
  return {
    kind: 'cnn',
    ...{ classes, size, channels, frames, stride, side, parameters },
    losses: [...fitted.losses],
    model: encodeModel(cnnPredictor(withParameters(model, parameters))),
  }
}

/**
 * What a CNN makes of clips: probabilities [clips, classes], the mean over three views of each clip, unchanged ones
 * that start at its beginning and after each third of it.
 *
 * @throws `INVALID_ARGUMENT` where the volumes are not of the student's side, `ONNXRUNTIME_MISSING`, `ABORTED`.
 */
export async function predictCnn(
  student: CnnStudent,
  volumes: readonly Volume[],
  { signal, onProgress }: StageOptions = {},
): Promise<Float32Array> {
  const { classes, channels, frames, stride, side } = student
  const dims = [channelsOf[channels], frames, side, side]
  const odd = volumes.findIndex((volume) => volume.side !== side)
  if (odd >= 0) throw invalid(`the student's side ${side}`, `volumes[${odd}].side`, volumes[odd].side)
  const means = new Float32Array(volumes.length * classes)
  const load = (from: number) =>
    loadViews(volumes.slice(from, from + PREDICT_CLIPS), { frames, stride, channels, views: VIEWS, signal })
  await withSession(
    student.model,
    [],
    async (session) => {
      for (let first = 0; first < volumes.length; first += PREDICT_CLIPS) {
        const last = Math.min(first + PREDICT_CLIPS, volumes.length)
        const clips = { type: 'float32' as const, dims: [(last - first) * VIEWS, ...dims], data: await load(first) }
        const { probabilities } = await session.run({ clips }, true)
        for (let clip = first; clip < last; clip++) {
          for (let c = 0; c < classes; c++) {
            for (let view = 0; view < VIEWS; view++) {
              const at = ((clip - first) * VIEWS + view) * classes + c
              means[clip * classes + c] += (probabilities.data[at] as number) / VIEWS
            }
          }
        }
        onProgress?.({ stage: 'train', done: last, total: volumes.length, unit: 'predictions' })
      }
    },
    signal,
  )
  return means
}

const channelsOf = { both: 3, grey: 1, flow: 2 } as const

/** The rows of each class, of soft targets the likeliest. */
function rowsByClass(targets: Float32Array, classes: number, rows: Int32Array): Int32Array[] {
  const classOf = (row: number) => {
    const own = targets.subarray(row * classes, (row + 1) * classes)
    return own.indexOf(own.reduce((most, value) => Math.max(most, value)))
  }
  return Array.from({ length: classes }, (_, c) => rows.filter((row) => classOf(row) === c))
}

/**
 * Targets times sample weights (of mean 1 over the rows of a class), so that a batch's loss is sum_n w_n CE_n / N:
 * divided by the weights of its own few samples instead, each would count the more the less the others do.
 */
function weightedTargets(targets: Float32Array, weights: Float32Array, byClass: readonly Int32Array[]): Float32Array {
  const classes = byClass.length
  const weighted = new Float32Array(targets.length)
  for (const rows of byClass) {
    const mean = rows.reduce((sum, row) => sum + weights[row], 0) / rows.length
    for (const row of rows)
      for (let i = row * classes; i < (row + 1) * classes; i++) weighted[i] = (targets[i] * weights[row]) / mean
  }
  return weighted
}

/** The network with another student's parameters; its head stays as it is where the classes are others. */
function startingFrom(model: Model, start: Record<string, Float32Array> = {}): Model {
  const fits = ([name, values]: [string, Float32Array]) =>
    !HEAD.includes(name) || values.length === model.initializers.get(name)?.data.length
  return withParameters(model, Object.fromEntries(Object.entries(start).filter(fits)))
}
