import type { Matrix } from '../matrix/matrix.js'
import { measureScaling, standardise } from '../matrix/scaling.js'
import { encodeModel, TARGETS, WEIGHTS } from '../onnx/index.js'
import { invalid } from '../runtime/expect.js'
import { type OnnxSession, withSession } from '../runtime/onnx.js'
import type { StageOptions } from '../runtime/progress.js'
import { checkClasses, checkFeatures, checkOptions, checkTargets, checkWeights } from './check.js'
import { fit } from './fit.js'
import { linearLearningRate, linearOptimizer, linearPredictor, linearStudent } from './linear.js'
import { epochLosses, scheduleTraining } from './schedule.js'
import type { Student, Targets, TrainOptions } from './types.js'

/** Rows that one run of a student takes. */
const PREDICT_BATCH = 4096

/**
 * Trains a student on weighted features: softmax cross-entropy sum_n w_n CE_n / sum_n w_n by AdamW, the whole step one
 * ONNX graph, the loop inside an ONNX Runtime worker thread. Same arguments, same student, whatever else runs; several
 * calls at once train in parallel, a worker each.
 *
 * @param features One row a sample, [rows, dim], as they come (standardisation is part of the student).
 * @param targets Class of each row, or a distribution over the classes.
 * @param sampleWeights One a row; weight 2 counts as the row twice, weight 0 as no row.
 * @throws `INVALID_ARGUMENT` (shapes, values that are not finite, labels out of range), `CLASS_EMPTY`,
 * `TRAINING_DIVERGED`, `ONNXRUNTIME_MISSING`, `ABORTED`.
 *
 * @example
 * ```js
 * const features = { rows: 4, dim: 1, values: Float32Array.of(-2, -1, 1, 2) }
 * const student = await trainStudent(features, { classes: 2, labels: [0, 0, 1, 1] }, Float32Array.of(1, 1, 1, 1))
 * const probabilities = await predict(student, features) // [4, 2]
 * ```
 */
export async function trainStudent(
  features: Matrix,
  targets: Targets,
  sampleWeights: Float32Array,
  options: TrainOptions = {},
  stage: StageOptions = {},
): Promise<Student> {
  checkFeatures(features)
  const { rows, dim } = features
  checkOptions(options, dim)
  checkWeights(sampleWeights, rows)
  const probabilities = checkTargets(targets, rows)
  const { classes } = targets
  if (options.emptyClasses !== 'allow') checkClasses(probabilities, sampleWeights, classes)

  const scaling = options.scaling ?? measureScaling(features, sampleWeights)
  const samples = {
    features: { values: scaling === 'none' ? features.values.slice() : standardise(features, scaling), dims: [dim] },
    [TARGETS]: { values: probabilities.slice(), dims: [classes] },
    [WEIGHTS]: { values: sampleWeights.slice(), dims: [] },
  }
  const { seed = 0, epochs, batch = 256, learningRate = linearLearningRate(dim), weightDecay } = options
  const schedule = scheduleTraining(sampleWeights, { learningRate, epochs, batch, seed })
  const { order, steps, rates } = schedule
  const task = {
    model: linearStudent(dim, classes),
    optimizer: linearOptimizer(weightDecay),
    batch: schedule.batch,
    rates,
    chunks: () => [{ samples, order, steps }],
  }
  const { parameters, losses } = await fit(task, stage)
  const model = encodeModel(linearPredictor(parameters, scaling))
  return {
    kind: 'linear',
    classes,
    dim,
    parameters,
    scaling,
    losses: epochLosses(losses, schedule, sampleWeights),
    model,
  }
}

/**
 * What a student makes of features: probabilities [rows, classes], row by row, each row summing to 1.
 *
 * @throws `INVALID_ARGUMENT` where the features are not of the student's dimension, `ONNXRUNTIME_MISSING`, `ABORTED`.
 */
export async function predict(
  student: Student,
  features: Matrix,
  { signal, onProgress }: StageOptions = {},
): Promise<Float32Array> {
  checkFeatures(features)
  const { rows, dim, values } = features
  const { classes } = student
  if (dim !== student.dim) throw invalid(`features of the student's dimension ${student.dim}`, 'features.dim', dim)
  const probabilities = new Float32Array(rows * classes)
  const use = async (session: OnnxSession) => {
    for (let row = 0; row < rows; row += PREDICT_BATCH) {
      const end = Math.min(rows, row + PREDICT_BATCH)
      const data = values.slice(row * dim, end * dim)
      const outputs = await session.run({ features: { type: 'float32', dims: [end - row, dim], data } }, true)
      probabilities.set(outputs.probabilities.data as Float32Array, row * classes)
      onProgress?.({ stage: 'train', done: end, total: rows, unit: 'predictions' })
    }
    return probabilities
  }
  return withSession(student.model, [], use, signal)
}
