import type { RunStudent } from '../evaluate/index.js'
import type { StageOptions } from '../run/progress.js'
import { type Features, type Selection, takeRows } from '../select/index.js'
import { measureScaling, predict, type Student, trainStudent } from '../train/index.js'
import type { Spaces } from './spaces.js'

/** Some clips of a feature matrix, with what a student is to learn of them. */
interface Lesson {
  /** All TRAIN clips: they scale the features alike for all students (a few clips could not), without their labels. */
  pool: Features
  clips: Uint32Array
  labels: Uint32Array
  weights: Float32Array
  seed: number
}

/** A class that gave no clip (it has none in TRAIN) is one that the student never answers. */
function fitLinear(
  { pool, clips, labels, weights, seed }: Lesson,
  classes: number,
  stage: StageOptions,
): Promise<Student> {
  const options = { student: 'linear' as const, seed, scaling: measureScaling(pool), emptyClasses: 'allow' as const }
  return trainStudent(takeRows(pool, clips), { classes, labels }, weights, options, stage)
}

/** How `evaluate` gets its students. */
export function runStudent(classes: number): RunStudent {
  return async ({ test, signal, ...lesson }) => {
    const student = await fitLinear(lesson, classes, { signal })
    return predict(student, test, { signal })
  }
}

/** The student of the distilled set. */
export function trainDistilled(
  { motion, trainLabels }: Spaces,
  { representatives }: Selection,
  classes: number,
  seed: number,
  stage: StageOptions,
): Promise<Student> {
  const clips = Uint32Array.from(representatives, ({ index }) => index)
  const labels = clips.map((clip) => trainLabels[clip])
  const weights = Float32Array.from(representatives, ({ weight }) => weight)
  return fitLinear({ pool: motion.train, clips, labels, weights, seed }, classes, stage)
}
