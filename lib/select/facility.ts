import { cosineDistances, type UnitRows } from '../matrix/cosine.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { Choose } from './choice.js'

/**
 * Facility location: the clips S that maximise sum_i max_{s in S} sim(i, s), sim = max(cosine, 0), greedily (at least
 * 1 - 1/e of the best: Nemhauser, Wolsey and Fisher 1978), as CRAIG chooses coresets (Mirzasoleiman, Bilmes and
 * Leskovec 2020). Gains only fall as S grows, so that one computed before is an upper bound, and few are computed anew
 * (lazy greedy: Minoux 1978). Ties to the lower index. Keeps the matrix of distances: 4 n^2 bytes.
 */
export async function facilityLocation(points: UnitRows, count: number, signal?: AbortSignal): Promise<number[]> {
  const n = points.rows
  const distance = await cosineDistances(points, signal)
  const covered = new Float64Array(n) // the similarity of each clip to the chosen one most like it
  const bound = new Float64Array(n).fill(Number.POSITIVE_INFINITY) // of the gain of each clip
  const chosen: number[] = []
  let computed = 0
  while (chosen.length < count) {
    const fresh = new Uint8Array(n)
    let best = highest(bound)
    while (!fresh[best]) {
      if (computed++ % 256 === 0) await yieldToEventLoop(signal)
      let gain = 0
      for (let i = 0, at = best * n; i < n; i++, at++) gain += Math.max(0, 1 - distance[at] - covered[i])
      bound[best] = gain
      fresh[best] = 1
      best = highest(bound)
    }
    chosen.push(best)
    bound[best] = -1
    for (let i = 0, at = best * n; i < n; i++, at++) covered[i] = Math.max(covered[i], 1 - distance[at])
  }
  return chosen
}

function highest(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}

export const chooseFacility: Choose = async (points, _, count, { signal }) => ({
  chosen: await facilityLocation(points, count, signal),
})
