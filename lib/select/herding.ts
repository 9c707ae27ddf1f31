import type { UnitRows } from '../matrix/cosine.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { Choose } from './choice.js'

/**
 * Herding (Welling 2009; iCaRL, Rebuffi et al. 2017): step t takes the clip that brings the mean of the chosen ones
 * nearest to the mean mu of all, with clips as unit vectors, ties to the lower index:
 *
 *   s_t = argmin_i | t mu - (x_s1 + ... + x_s(t-1)) - x_i |,   i not chosen yet.
 */
export async function herding(points: UnitRows, count: number, signal?: AbortSignal): Promise<number[]> {
  const { rows: n, dim, values } = points
  const mean = new Float64Array(dim)
  for (let i = 0; i < n * dim; i++) mean[i % dim] += values[i] / n
  const missing = Float64Array.from(mean) // t mu - the sum of the chosen ones
  const taken = new Uint8Array(n)
  const chosen: number[] = []
  while (chosen.length < count) {
    await yieldToEventLoop(signal)
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < n; i++) {
      if (taken[i]) continue
      let squares = 0
      for (let k = 0; k < dim; k++) squares += (missing[k] - values[i * dim + k]) ** 2
      if (squares < least) {
        least = squares
        best = i
      }
    }
    taken[best] = 1
    chosen.push(best)
    for (let k = 0; k < dim; k++) missing[k] += mean[k] - values[best * dim + k]
  }
  return chosen
}

export const chooseHerding: Choose = async (points, _, count, { signal }) => ({
  chosen: await herding(points, count, signal),
})
