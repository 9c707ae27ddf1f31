import { invalid } from '../runtime/expect.js'
import { mean } from './bootstrap.js'
import type { Evaluation, EvaluationRow, Interval } from './types.js'

/** 97.5 percentiles of Student's t for 1, 2, ... 30 degrees of freedom (beyond: the normal's). */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/**
 * Puts evaluations of several splits of one data set together, row by row: the mean over the splits, with
 *
 *   mean +- t_(k-1) * s * sqrt(1/k + test clips / training clips),
 *
 * s the standard deviation over the k splits. The second term corrects for splits that share clips (Nadeau and Bengio
 * 2003, "Inference for the generalization error"); without it the interval would be far too narrow. Differences to
 * random are paired within each split. `runs` holds those of all splits, in order; rows that not every split has are
 * left out. One evaluation comes back as it is.
 *
 * @param evaluations - of the same selectors, features and student, each with another split seed; each with a `full` row
 */
export function summarise(evaluations: readonly Evaluation[]): Evaluation {
  const [first] = evaluations
  if (!first) throw invalid('at least one evaluation', 'evaluations', evaluations)
  if (evaluations.length === 1) return first
  const trainClips = mean(evaluations.map(({ rows }) => rows.find(({ selector }) => selector === 'full')?.clips ?? NaN))
  if (Number.isNaN(trainClips)) throw invalid('a row "full" in each evaluation', 'evaluations', evaluations)
  const testClips = mean(evaluations.map((e) => e.testClips))
  const over = (values: number[]) => intervalOverSplits(values, testClips / trainClips)
  const fraction = (values: number[]) => {
    const { mean, low, high } = over(values)
    return { mean, low: Math.max(0, low), high: Math.min(1, high) }
  }

  const rows = first.rows.flatMap((row): EvaluationRow[] => {
    const ofSplits = evaluations.flatMap(({ rows }) => rows.find((other) => sameKind(other, row)) ?? [])
    if (ofSplits.length < evaluations.length) return []
    const differences = ofSplits.flatMap((r) => r.differenceToRandom?.mean ?? [])
    const average = (value: (row: EvaluationRow) => number | undefined) =>
      Math.round(mean(ofSplits.map((r) => value(r) ?? r.clips)))
    const aucs = ofSplits.flatMap((r) => r.auc?.mean ?? [])
    const errors = ofSplits.flatMap((r) => r.absoluteError?.mean ?? [])
    return [
      {
        selector: row.selector,
        features: row.features,
        clips: Math.round(mean(ofSplits.map((r) => r.clips))),
        ...(row.samples !== undefined && { samples: average((r) => r.samples), parents: average((r) => r.parents) }),
        runs: ofSplits.flatMap((r) => r.runs),
        accuracy: fraction(ofSplits.map((r) => r.accuracy.mean)),
        balancedAccuracy: fraction(ofSplits.map((r) => r.balancedAccuracy.mean)),
        macroF1: fraction(ofSplits.map((r) => r.macroF1.mean)),
        auc: aucs.length > 1 ? fraction(aucs) : null,
        ...(errors.length > 1 && { absoluteError: over(errors) }),
        ...(differences.length > 1 ? { differenceToRandom: over(differences) } : {}),
      },
    ]
  })
  return {
    student: first.student,
    testClips: Math.round(testClips),
    chance: mean(evaluations.map((e) => e.chance)),
    rows,
    splits: evaluations.length,
    warnings: [...new Set(evaluations.flatMap((e) => e.warnings ?? []))],
  }
}

function sameKind(a: EvaluationRow, b: EvaluationRow): boolean {
  return a.selector === b.selector && a.features === b.features
}

function intervalOverSplits(values: readonly number[], testToTrain: number): Interval {
  const k = values.length
  const centre = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (k - 1)
  const half = (T[k - 2] ?? 1.96) * Math.sqrt(variance * (1 / k + testToTrain))
  return { mean: centre, low: centre - half, high: centre + half }
}
