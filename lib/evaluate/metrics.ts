import { invalid } from '../runtime/expect.js'
import type { Metrics } from './types.js'

/** What a student predicts for the test clips, made ready to be measured on any resample of them. */
export interface Predictions {
  classes: number
  labels: ArrayLike<number>
  /** The class of the largest probability; the first one where several are largest. */
  predicted: Uint32Array
  /** clips * classes. */
  probabilities: ArrayLike<number>
  /** Of each class, the clips in ascending order of its probability. */
  order: Uint32Array[]
  /** Of each clip how far off the number is that is expected of it; absent where labels are names. */
  errors?: Float64Array
}

/** Labels that are numbers (ejection fractions): of each test clip, and of each class the mean over TRAIN. */
export interface NumericLabels {
  test: ArrayLike<number>
  classes: readonly number[]
}

/**
 * Scores a student's probabilities: clips * classes, row by row. See {@link Metrics}.
 *
 * @example
 * ```js
 * score([0.9, 0.1, 0.4, 0.6, 0.7, 0.3], [0, 1, 1], 2).balancedAccuracy // (1 + 1/2) / 2
 * ```
 */
export function score(probabilities: ArrayLike<number>, labels: ArrayLike<number>, classes: number): Metrics {
  return measure(preparePredictions(probabilities, labels, classes))
}

/** Checks the probabilities, takes the classes, and sorts the clips once for the area under the curve. */
export function preparePredictions(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  values?: NumericLabels,
): Predictions {
  const clips = labels.length
  if (probabilities.length !== clips * classes)
    throw invalid(`${clips} x ${classes} values`, 'probabilities', probabilities)
  const predicted = new Uint32Array(clips)
  for (let i = 0; i < clips; i++) {
    if (!(labels[i] >= 0 && labels[i] < classes)) throw invalid(`a class below ${classes}`, `labels[${i}]`, labels[i])
    for (let c = 0; c < classes; c++) {
      const p = probabilities[i * classes + c]
      if (!Number.isFinite(p)) throw invalid('finite values', `probabilities of clip ${i}`, p)
      if (p > probabilities[i * classes + predicted[i]]) predicted[i] = c
    }
  }
  const order = Array.from({ length: classes }, (_, c) =>
    Uint32Array.from(labels, (_, i) => i).sort(
      (i, j) => probabilities[i * classes + c] - probabilities[j * classes + c],
    ),
  )
  const errors = values && Float64Array.from(labels, (_, i) => Math.abs(expected(i, values.classes) - values.test[i]))
  return { classes, labels, predicted, probabilities, order, ...(errors && { errors }) }

  /** The mean of the classes' numbers, each counting as its probability. */
  function expected(i: number, means: readonly number[]): number {
    return means.reduce((sum, mean, c) => sum + mean * probabilities[i * classes + c], 0)
  }
}

/** The metrics of predictions, or of a resample in which clip i comes `times[i]` times. */
export function measure(
  predictions: Predictions,
  times: Uint32Array = new Uint32Array(predictions.labels.length).fill(1),
): Metrics {
  const { classes, labels, predicted, errors } = predictions
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < labels.length; i++) confusion[labels[i]][predicted[i]] += times[i]

  const actual = confusion.map((row) => row.reduce((sum, n) => sum + n, 0))
  const predictedAs = confusion.map((_, c) => confusion.reduce((sum, row) => sum + row[c], 0))
  const present = actual.flatMap((n, c) => (n > 0 ? [c] : []))
  const meanOver = (value: (c: number) => number) => present.reduce((sum, c) => sum + value(c), 0) / present.length
  const total = actual.reduce((sum, n) => sum + n, 0)
  return {
    accuracy: present.reduce((sum, c) => sum + confusion[c][c], 0) / total,
    balancedAccuracy: meanOver((c) => confusion[c][c] / actual[c]),
    // F1 = 2 TP / (2 TP + FN + FP), and TP + FN = actual, TP + FP = predictedAs.
    macroF1: meanOver((c) => (2 * confusion[c][c]) / (actual[c] + predictedAs[c])),
    auc: present.length > 1 ? meanOver((c) => areaUnderCurve(predictions, times, c)) : null,
    recall: actual.map((n, c) => (n > 0 ? confusion[c][c] / n : null)),
    confusion,
    ...(errors && { absoluteError: errors.reduce((sum, error, i) => sum + error * times[i], 0) / total }),
  }
}

/**
 * Area under the ROC curve of one class against the rest: the share of (clip of the class, other clip) pairs in which
 * the former has the larger probability, ties counting half (Mann and Whitney's U with mid-ranks).
 */
function areaUnderCurve({ labels, probabilities, classes, order }: Predictions, times: Uint32Array, c: number): number {
  let pairs = 0
  let positives = 0
  let negatives = 0 // with a smaller probability than the clips at hand
  for (let at = 0; at < labels.length; ) {
    const value = probabilities[order[c][at] * classes + c]
    let tiedPositives = 0
    let tiedNegatives = 0
    for (; at < labels.length && probabilities[order[c][at] * classes + c] === value; at++) {
      const clip = order[c][at]
      if (labels[clip] === c) tiedPositives += times[clip]
      else tiedNegatives += times[clip]
    }
    pairs += tiedPositives * (negatives + tiedNegatives / 2)
    positives += tiedPositives
    negatives += tiedNegatives
  }
  return pairs / (positives * negatives)
}
