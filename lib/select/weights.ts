import { cosine, type UnitRows } from '../matrix/cosine.js'
import { fillToLevel } from './quota.js'

/** How representatives are weighed, by name. */
const WEIGHTS = {
  uniform: 'all alike, 1',
  voronoi: 'by how many clips of the class each is nearest to; mean 1 in each class',
  'visit-rate':
    "by how often the random walk on the graph visits those clips, a module's visits shared among its own " +
    'representatives; mean 1 in each class',
  prior:
    'Voronoi weights, the sum of a class in proportion to its clips, as in TRAIN (for plain accuracy); mean 1 over all',
  inverse: 'Voronoi weights, the sum of a class in proportion to 1 / its clips (rare classes first); mean 1 over all',
}
export type WeightRule = keyof typeof WEIGHTS
export const WEIGHT_RULES = Object.keys(WEIGHTS) as WeightRule[]
/** What a rule does. */
export const weightRuleHelp = (rule: WeightRule): string => WEIGHTS[rule]
/** What they were called. */
export const RENAMED_WEIGHT_RULES = { flow: 'visit-rate' } as const

/** A class and its representatives, as they are weighed. */
export interface Weighed {
  name: string
  points: UnitRows
  /** Representatives, as indices into `points`. */
  chosen: readonly number[]
  /** Module of each clip after merging, where the selector has modules. */
  groups?: ArrayLike<number>
  /** Of each clip, where it is known. */
  flow?: ArrayLike<number>
}

/** The weights of all representatives by a rule, guarded (see {@link guardWeights}). */
export function weigh(
  rule: WeightRule,
  classes: readonly Weighed[],
  floor: number,
): { weights: number[][]; warnings: string[] } {
  const warnings: string[] = []
  const guarded = (weights: readonly number[], where: string) => {
    const guard = guardWeights(weights)
    if (guard.warning) warnings.push(`${where}: ${guard.warning}`)
    return guard.weights
  }
  const weights = classes.map((part) => guarded(classWeights(rule, part, floor), `Class "${part.name}"`))
  if (rule !== 'prior' && rule !== 'inverse') return { weights, warnings }

  const factors = classFactors(
    classes.map(({ points }) => points.rows),
    classes.map(({ chosen }) => chosen.length),
    rule,
  )
  const all = guarded(
    weights.flatMap((part, c) => part.map((w) => w * factors[c])),
    'All classes',
  )
  return { weights: weights.map((part) => all.splice(0, part.length)), warnings }
}

function classWeights(rule: WeightRule, { points, chosen, groups, flow }: Weighed, floor: number): number[] {
  if (rule === 'uniform') return chosen.map(() => 1)
  if (rule === 'visit-rate') return cellWeights(points, chosen, floor, flow, groups)
  return voronoiWeights(points, chosen, floor)
}

/**
 * Sample weights of a class's representatives by Voronoi counts: how many clips of the class each is nearest to by
 * cosine (ties to the earlier one), scaled to mean 1. These are CRAIG's weights (Mirzasoleiman, Bilmes and Leskovec
 * 2020) on the features. No weight falls below `floor`, so that a rare kind of clip is still heard:
 * w_r = max(floor, L * count_r), with the L that makes the mean 1.
 *
 * @param chosen - representatives, as indices into `points`
 * @param floor - least weight, from 0 to 1 (1 makes all weights 1)
 */
export function voronoiWeights(points: UnitRows, chosen: readonly number[], floor: number): number[] {
  return cellWeights(points, chosen, floor)
}

/**
 * The same with a mass for each clip (default 1), and cells that end at the borders of groups: a clip counts for the
 * nearest representative of its own group; clips of a group without one count for nobody. With flow as mass and
 * modules as groups each module's flow is shared among its representatives. Without any mass all weigh 1.
 */
export function cellWeights(
  points: UnitRows,
  chosen: readonly number[],
  floor: number,
  mass?: ArrayLike<number>,
  groups?: ArrayLike<number>,
): number[] {
  const cells = chosen.map(() => 0)
  for (let i = 0; i < points.rows; i++) {
    let nearest = -1
    let best = Number.NEGATIVE_INFINITY
    chosen.forEach((representative, r) => {
      if (groups && groups[representative] !== groups[i]) return
      const similarity = representative === i ? 2 : cosine(points, i, representative)
      if (similarity > best) {
        best = similarity
        nearest = r
      }
    })
    if (nearest !== -1) cells[nearest] += mass ? mass[i] : 1
  }
  if (cells.every((cell) => cell === 0)) return chosen.map(() => 1)
  return fillToLevel(
    cells,
    chosen.map(() => floor),
    chosen.map(() => chosen.length),
    chosen.length,
  )
}

/**
 * What the weights of each class are multiplied by, so that they sum in proportion to the class's clips n_c (`prior`)
 * or to 1 / n_c (`inverse`), and to the number of representatives S over all classes. With S_c of them from class c:
 *
 *   prior:   a_c = n_c / (sum_k n_k) * S / S_c          inverse:   a_c = (1 / n_c) / (sum_k 1 / n_k) * S / S_c
 *
 * Sums are over the classes that have representatives.
 */
export function classFactors(
  clips: readonly number[],
  representatives: readonly number[],
  rule: 'prior' | 'inverse',
): number[] {
  const share = clips.map((n, c) => (representatives[c] === 0 ? 0 : rule === 'prior' ? n : 1 / n))
  const sum = share.reduce((a, b) => a + b, 0)
  const total = representatives.reduce((a, b) => a + b, 0)
  return share.map((part, c) => (representatives[c] === 0 ? 0 : ((part / sum) * total) / representatives[c]))
}

/**
 * How many samples of equal weight are worth as much as these: (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965), from
 * 1 (one weighs everything) to their number (all weigh the same); 0 for none.
 *
 * @example
 * ```js
 * effectiveSampleSize([1, 1, 1, 1]) // 4
 * effectiveSampleSize([3, 1]) // 1.6
 * ```
 */
export function effectiveSampleSize(weights: ArrayLike<number>): number {
  let sum = 0
  let squares = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]
    squares += weights[i] ** 2
  }
  return squares > 0 ? (sum * sum) / squares : 0
}

/**
 * Weights so uneven that few samples say everything are tempered: where the effective sample size is below
 * `share * n`, each w becomes proportional to w^a, with the largest a in [0, 1] that keeps it there, and the same sum.
 *
 * @param share - from 0 (never) to 1 (always all alike). Default 0.5
 * @returns the weights, the exponent (1: left as they are), and where they were changed a sentence that says so
 * @example
 * ```js
 * guardWeights([1, 1, 1, 17]) // exponent 0.66: [2.1, 2.1, 2.1, 13.7], worth 2 equal ones
 * ```
 */
export function guardWeights(
  weights: readonly number[],
  share = 0.5,
): { weights: number[]; exponent: number; warning?: string } {
  const least = share * weights.length
  const before = effectiveSampleSize(weights)
  if (before >= least * (1 - 1e-9)) return { weights: [...weights], exponent: 1 }
  const tempered = (a: number) => weights.map((w) => w ** a)
  let exponent = 0
  let above = 1
  for (let step = 0; step < 50; step++) {
    const middle = (exponent + above) / 2
    if (effectiveSampleSize(tempered(middle)) >= least) exponent = middle
    else above = middle
  }
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  const result = tempered(exponent)
  const scale = sum(weights) / sum(result)
  return {
    weights: result.map((w) => w * scale),
    exponent,
    warning:
      `${weights.length} weights were worth ${before.toFixed(1)} equal ones; they are evened out ` +
      `(to the power ${exponent.toFixed(2)}) to be worth ${least.toFixed(1)}.`,
  }
}
