import { expectNumber } from '../runtime/expect.js'
import { checkTargets } from './check.js'
import type { Targets } from './types.js'

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
  return mixWithTeacher({ classes, labels }, teacherProbabilities, share)
}

/** {@link mixTargets} for rows whose own targets may be distributions already. */
export function mixWithTeacher(targets: Targets, teacherProbabilities: Float32Array, share: number): Float32Array {
  expectNumber(share, 'share', 0, 1)
  const { classes } = targets
  const rows = targets.soft ? targets.soft.length / classes : targets.labels.length
  const own = checkTargets(targets, rows)
  const teacher = checkTargets({ classes, soft: teacherProbabilities }, rows)
  return own.map((probability, i) => share * teacher[i] + (1 - share) * probability)
}
