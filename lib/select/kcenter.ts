import { cosine, type UnitRows } from '../matrix/cosine.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { Choose } from './choice.js'
import { medoid } from './medoid.js'

/**
 * k-center by farthest-first traversal (Gonzalez 1985; in active learning Sener and Savarese 2018): from the medoid on,
 * always the clip farthest from all chosen ones by cosine distance (ties to the lower index). The largest distance of a
 * clip to its nearest center is at most twice the least possible on a metric such as the chord sqrt(2 - 2 cos).
 */
export async function kCenter(points: UnitRows, count: number, signal?: AbortSignal): Promise<number[]> {
  const distance = new Float64Array(points.rows).fill(Number.POSITIVE_INFINITY)
  const chosen = [medoid(points)]
  while (chosen.length < count) {
    await yieldToEventLoop(signal)
    const latest = chosen[chosen.length - 1]
    for (let i = 0; i < points.rows; i++) distance[i] = Math.min(distance[i], 1 - cosine(points, i, latest))
    for (const c of chosen) distance[c] = Number.NEGATIVE_INFINITY
    chosen.push(distance.reduce((best, d, i) => (d > distance[best] ? i : best), 0))
  }
  return chosen
}

export const chooseKCenter: Choose = async (points, _, count, { signal }) => ({
  chosen: await kCenter(points, count, signal),
})
