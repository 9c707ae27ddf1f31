import type { RunStudent } from '../evaluate/index.js'
import type { StageOptions } from '../run/progress.js'
import { type Selection, takeRows } from '../select/index.js'
import { predict, type Student, scalingOf, trainStudent } from '../train/index.js'
import type { Spaces } from './spaces.js'

/** How `evaluate` gets its students: features scaled alike for all (by TRAIN, without labels), then trained and asked. */
export function runStudent(classes: number): RunStudent {
  return async ({ train, labels, weights, test, pool, seed, signal }) => {
    const options = { student: 'linear' as const, seed, scaling: scalingOf(pool) }
    const student = await trainStudent(train, { classes, labels }, weights, options, { signal })
    return predict(student, test, { signal })
  }
}

/** The student of the distilled set. */
export async function trainDistilled(
  spaces: Spaces,
  { representatives }: Selection,
  classes: number,
  seed: number,
  stage: StageOptions,
): Promise<Student> {
  const { train } = spaces.motion
  const rows = Uint32Array.from(representatives, ({ index }) => index)
  return trainStudent(
    takeRows(train, rows),
    { classes, labels: Uint32Array.from(rows, (row) => spaces.trainLabels[row]) },
    Float32Array.from(representatives, ({ weight }) => weight),
    { student: 'linear', seed, scaling: scalingOf(train) },
    stage,
  )
}
