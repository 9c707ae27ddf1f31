import { Random } from '../runtime/random.js'
import { measure, type Predictions } from './metrics.js'
import type { Interval } from './types.js'

/** The mean over a row's runs of each metric on each bootstrap draw. */
export interface Draws {
  accuracy: number[]
  balancedAccuracy: number[]
  macroF1: number[]
  /** null where a draw holds clips of one class only. */
  auc: (number | null)[]
  /** Empty where labels are names. */
  absoluteError: number[]
}

/**
 * Draws resamples of the test clips: as many groups as there are, with replacement, each with all its clips (the
 * cluster bootstrap: clips of one patient are not independent).
 *
 * @returns of each draw, how often each clip is in it
 */
export function resample(groups: readonly string[], draws: number, seed: number): Uint32Array[] {
  const ids = new Map<string, number>()
  const group = groups.map((name) => {
    if (!ids.has(name)) ids.set(name, ids.size)
    return ids.get(name)!
  })
  const random = new Random(seed, 'bootstrap')
  return Array.from({ length: draws }, () => {
    const times = new Uint32Array(ids.size)
    for (let i = 0; i < ids.size; i++) times[random.below(ids.size)]++
    return Uint32Array.from(group, (g) => times[g])
  })
}

/** Measures all runs of a row on all draws. */
export function measureDraws(runs: readonly Predictions[], draws: readonly Uint32Array[]): Draws {
  const result: Draws = { accuracy: [], balancedAccuracy: [], macroF1: [], auc: [], absoluteError: [] }
  for (const times of draws) {
    const measured = runs.map((predictions) => measure(predictions, times))
    result.accuracy.push(mean(measured.map((m) => m.accuracy)))
    result.balancedAccuracy.push(mean(measured.map((m) => m.balancedAccuracy)))
    result.macroF1.push(mean(measured.map((m) => m.macroF1)))
    const aucs = measured.map((m) => m.auc).filter((auc) => auc !== null)
    result.auc.push(aucs.length > 0 ? mean(aucs) : null)
    const errors = measured.flatMap(({ absoluteError }) => absoluteError ?? [])
    if (errors.length > 0) result.absoluteError.push(mean(errors))
  }
  return result
}

/** The measured value with the 2.5 and 97.5 percentiles of its bootstrap draws (Efron's percentile interval). */
export function percentileInterval(value: number, draws: readonly number[]): Interval {
  const sorted = [...draws].sort((a, b) => a - b)
  return { mean: value, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) }
}

/** Quantile of sorted values, linear between two of them (type 7 of Hyndman and Fan 1996). */
export function quantile(sorted: readonly number[], p: number): number {
  const at = p * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
