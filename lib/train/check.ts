import { types } from 'node:util'
import { MATRIX_KEYS, type Matrix } from '../matrix/matrix.js'
import type { Scaling } from '../matrix/scaling.js'
import { InfomotionError } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import type { Targets, TrainOptions } from './types.js'

/** Features: a whole matrix of finite numbers. */
export function checkFeatures(features: Matrix): void {
  expectOptions(features, 'features', MATRIX_KEYS)
  const { rows, dim, values } = features
  expectInteger(rows, 'features.rows', 1)
  expectInteger(dim, 'features.dim', 1)
  if (!types.isFloat32Array(values) || values.length !== rows * dim) {
    throw invalid(`a Float32Array of rows * dim = ${rows} * ${dim} values`, 'features.values', values)
  }
  const odd = values.findIndex((x) => !Number.isFinite(x))
  if (odd < 0) return
  throw new InfomotionError(
    'INVALID_ARGUMENT',
    `Expected finite features, but row ${Math.floor(odd / dim)}, column ${odd % dim} is ${values[odd]}. ` +
      'Leave the row out, or see how its clip was decoded.',
  )
}

/** Targets as rows of class probabilities [rows, classes]. */
export function checkTargets(targets: Targets, rows: number): Float32Array {
  expectOptions(targets, 'targets', ['classes', 'labels', 'soft'])
  const classes = expectInteger(targets.classes, 'targets.classes', 2)
  if (targets.soft) return checkSoft(targets.soft, rows, classes)
  const { labels } = targets
  if (labels?.length !== rows) throw invalid(`${rows} labels, one a row`, 'targets.labels', labels)
  const oneHot = new Float32Array(rows * classes)
  for (let row = 0; row < rows; row++) {
    oneHot[row * classes + expectInteger(labels[row], `targets.labels[${row}]`, 0, classes - 1)] = 1
  }
  return oneHot
}

function checkSoft(soft: Float32Array, rows: number, classes: number): Float32Array {
  if (!types.isFloat32Array(soft) || soft.length !== rows * classes) {
    throw invalid(`a Float32Array of rows * classes = ${rows} * ${classes} values`, 'targets.soft', soft)
  }
  for (let row = 0; row < rows; row++) {
    const distribution = soft.subarray(row * classes, (row + 1) * classes)
    const sum = distribution.reduce((s, p) => s + p, 0)
    if (distribution.some((p) => !(p >= 0)) || Math.abs(sum - 1) > 1e-3) {
      throw invalid('probabilities that sum to 1', `targets.soft, row ${row} (its sum is ${sum})`, distribution)
    }
  }
  return soft
}

/** Sample weights: one a row, none negative, not all zero. */
export function checkWeights(weights: Float32Array, rows: number): void {
  if (!types.isFloat32Array(weights) || weights.length !== rows) {
    throw invalid(`a Float32Array of ${rows} weights, one a row`, 'sampleWeights', weights)
  }
  weights.forEach((weight, row) => {
    expectNumber(weight, `sampleWeights[${row}]`, 0)
  })
  if (weights.every((weight) => weight === 0)) throw invalid('a weight above 0', 'sampleWeights', weights)
}

/** Every class must have a row to be learnt from. */
export function checkClasses(oneHot: Float32Array, weights: Float32Array, classes: number): void {
  for (let c = 0; c < classes; c++) {
    if (weights.some((weight, row) => weight * oneHot[row * classes + c] > 0)) continue
    throw new InfomotionError(
      'CLASS_EMPTY',
      `Class ${c} of ${classes} has no training row with a weight above 0: the student would never predict it. ` +
        "Give it a row, leave the class out, or pass emptyClasses: 'allow'.",
    )
  }
}

export function checkOptions(options: TrainOptions, dim: number): void {
  const known = ['seed', 'epochs', 'learningRate', 'weightDecay', 'batch', 'scaling', 'emptyClasses']
  expectOptions(options, 'trainStudent', known)
  const { seed, epochs, learningRate, weightDecay, batch, scaling, emptyClasses } = options
  if (seed !== undefined) expectInteger(seed, 'seed', 0)
  if (epochs !== undefined) expectInteger(epochs, 'epochs', 1)
  if (learningRate !== undefined) expectNumber(learningRate, 'learningRate', Number.MIN_VALUE)
  if (weightDecay !== undefined) expectNumber(weightDecay, 'weightDecay', 0)
  if (batch !== undefined) expectInteger(batch, 'batch', 1)
  if (emptyClasses !== undefined) expectOneOf(emptyClasses, 'emptyClasses', ['error', 'allow'])
  if (scaling !== undefined && scaling !== 'none') checkScaling(scaling, dim)
}

function checkScaling({ mean, scale }: Scaling, dim: number): void {
  if (mean?.length !== dim) throw invalid(`${dim} means, one a column`, 'scaling.mean', mean)
  if (scale?.length !== dim) throw invalid(`${dim} deviations, one a column`, 'scaling.scale', scale)
  mean.forEach((value, j) => {
    expectNumber(value, `scaling.mean[${j}]`)
    expectNumber(scale[j], `scaling.scale[${j}]`, Number.MIN_VALUE)
  })
}
