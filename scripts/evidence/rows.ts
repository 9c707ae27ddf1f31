import type { Comparison, EvaluationRow, Interval } from 'infomotion'
import type { Piece } from './plan.js'

/** One number of the evidence: what a student reaches on the test clips, in percent of balanced accuracy. */
export interface EvidenceRow {
  student: string
  /** "plain", "2x2", "4x4", "auto". */
  tiling: string
  /** What `auto` took, how often. */
  chosen?: Record<string, number>
  /** Videos a class. */
  vpc: number
  selector: string
  features: string
  videos: number
  /** Tiles in them, and the share of TRAIN's clips that lies inside. */
  samples: number
  inside: number
  /** Balanced accuracy with its interval, in percent; plain accuracy, which a large class leads; where labels are numbers, how far off. */
  accuracy: Percent
  plainAccuracy: number
  absoluteError?: number
  /** (accuracy - chance) / (that of all of TRAIN - chance), in percent. */
  share: number
  /** Points above random selection that is divided likewise; above as many plain clips of the same selector. */
  aboveRandom?: Percent
  abovePlain?: Percent
  runs: number
}

/** A mean and its 95 % interval; the ends absent where there is no interval. */
export interface Percent {
  mean: number
  low?: number
  high?: number
}

/** The rows of a comparison, but for what other pieces have as well. */
export function rowsOf({ tiling }: Piece, { budgets }: Comparison): EvidenceRow[] {
  return budgets.flatMap(({ student, vpc, tilings, evaluation: { rows, chance } }) => {
    const main = rows[0].features
    const full = rows.find(({ selector, features }) => selector === 'full' && features === main)!
    const trainClips = full.clips
    return rows
      .filter(({ selector }) => !selector.endsWith(':plain')) // these are the plain pieces' rows
      .map((row): EvidenceRow => {
        const plain = rows.find(
          (other) => other.selector === `${row.selector}:plain` && other.features === row.features,
        )
        return {
          ...{ student, tiling, vpc, selector: row.selector, features: row.features },
          ...(tilings && { chosen: countsOf(tilings) }),
          videos: row.clips,
          samples: row.samples ?? row.clips,
          inside: percent((row.parents ?? row.clips) / trainClips),
          accuracy: percents(row.balancedAccuracy),
          plainAccuracy: percent(row.accuracy.mean),
          ...(row.absoluteError && { absoluteError: Math.round(row.absoluteError.mean * 100) / 100 }),
          share: percent((row.balancedAccuracy.mean - chance) / (full.balancedAccuracy.mean - chance)),
          ...(row.differenceToRandom && { aboveRandom: percents(row.differenceToRandom) }),
          ...(plain && { abovePlain: { mean: percent(row.balancedAccuracy.mean - plain.balancedAccuracy.mean) } }),
          runs: row.runs.length,
        }
      })
  })
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const percent = (fraction: number) => Math.round(fraction * 1000) / 10

const percents = ({ mean, low, high }: Interval): Percent => ({
  mean: percent(mean),
  low: percent(low),
  high: percent(high),
})

/** Rows of a set that no budget has to do with. */
export const withoutBudget = ({ selector }: Pick<EvaluationRow, 'selector'>) =>
  selector.startsWith('full') || selector === 'majority'
