import type { ReportTeacher } from '../report/index.js'
import type { Tiling } from '../video/types.js'
import { HELD_OUT, isClear, spreadOf } from './crossval.js'
import type { Method } from './settings.js'
import type { Trials } from './trials.js'

/** The share of a teacher that is tried beside none. */
const HALF = 0.5

/**
 * The share of a teacher in what students learn: as asked for, or, where that is `auto`, half of it where students of parts
 * of TRAIN do better on the rest with that than without, by more than the standard error; else none. The sets are selected
 * and composed as the distilled set is. TEST is not looked at.
 */
export async function teacherOf(
  trials: Trials,
  tiling: Tiling,
  { teacher }: Pick<Method, 'teacher'>,
): Promise<ReportTeacher> {
  if (teacher !== 'auto') return { share: teacher }
  if (!trials.possible)
    return { share: 0, note: 'No teacher: TRAIN cannot be split by group to choose one, or its clips were not opened.' }
  const [without, half] = await trials.scores(
    [0, HALF].map((teacher) => ({ tiling, teacher })),
    'teacher',
  )
  const gains = half.map((score, repeat) => score - without[repeat])
  const share = isClear(gains) ? HALF : 0
  const [plain, soft] = [without, half].map((scores) => `${(100 * spreadOf(scores).mean).toFixed(1)} %`)
  const search = {
    student: trials.student,
    heldOut: HELD_OUT,
    repeats: trials.repeats,
    scores: [
      { share: 0, ...spreadOf(without) },
      { share: HALF, ...spreadOf(half) },
    ],
  }
  const note =
    share > 0
      ? `Half of the targets is a teacher's, by cross-validation on TRAIN: ${soft} balanced accuracy; ${plain} without it.`
      : `No teacher, by cross-validation on TRAIN: ${plain} balanced accuracy without it, ${soft} with half of the targets a teacher's` +
        (spreadOf(gains).mean > 0 ? ', which is not clearly more.' : '.')
  return { share, search, note }
}
