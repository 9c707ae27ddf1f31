import { expectNumber } from '../runtime/expect.js'
import { checkTargets } from './check.js'

/**
 * Soft labels with the help of a teacher (Hinton et al. 2015, "Distilling the knowledge in a neural network"):
 * share * teacher + (1 - share) * one-hot label, row by row.
 *
 * @param labels Class of each row.
 * @param teacherProbabilities What the teacher makes of each row, [rows, classes]: from `predict` or `predictCnn`.
 * @param share Of the teacher, 0 (the labels alone) to 1 (the teacher alone).
 * @returns The `soft` of targets, [rows, classes].
 * @throws `INVALID_ARGUMENT`
 *
 * @example
 * ```js
 * const soft = mixTargets([0, 1], Float32Array.of(0.5, 0.5, 0.25, 0.75), 2, 0.5) // 0.75, 0.25, 0.125, 0.875
 * const student = await trainStudent(features, { classes: 2, soft }, weights)
 * ```
 */
export function mixTargets(
  labels: ArrayLike<number>,
  teacherProbabilities: Float32Array,
  classes: number,
  share: number,
): Float32Array {
  expectNumber(share, 'share', 0, 1)
  const hard = checkTargets({ classes, labels }, labels.length)
  const teacher = checkTargets({ classes, soft: teacherProbabilities }, labels.length)
  return hard.map((label, i) => share * teacher[i] + (1 - share) * label)
}
