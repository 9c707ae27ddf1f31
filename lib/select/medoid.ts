import { cosineDistances, type UnitRows } from '../matrix/cosine.js'
import { takeRows } from '../matrix/matrix.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { Choose } from './choice.js'

/**
 * The `count` clips that stand best for `members`: the medoid for one, else k-medoids by cosine distance, so that they
 * do not lie next to each other as the top clips by flow do.
 *
 * @returns clips out of `members`, in the order of choice
 */
export async function representatives(
  points: UnitRows,
  members: readonly number[],
  count: number,
  signal?: AbortSignal,
): Promise<number[]> {
  if (count >= members.length) return byCentrality(points, members, members.length)
  if (count === 1) return byCentrality(points, members, 1)
  const chosen = await kMedoids(takeRows(points, members), count, signal)
  return chosen.map((i) => members[i])
}

/** The clip with the least summed cosine distance to all others. */
export function medoid(points: UnitRows): number {
  return byCentrality(
    points,
    Array.from({ length: points.rows }, (_, i) => i),
    1,
  )[0]
}

/**
 * Summed cosines that differ by less are tied, and ties go to the lower row: the two clips of a pair are equally central,
 * and features differ in their last bits between instruction sets.
 */
const TIE = 1e-5

/**
 * The `count` members of least summed cosine distance to all members, in ascending order of it; the first is the medoid.
 * For unit vectors that sum is n - x_i . (x_1 + ... + x_n), so it takes one pass.
 */
function byCentrality(points: UnitRows, members: readonly number[], count: number): number[] {
  const { dim, values } = points
  const total = new Float64Array(dim)
  for (const i of members) for (let k = 0; k < dim; k++) total[k] += values[i * dim + k]
  const left = [...members]
    .sort((i, j) => i - j)
    .map((i) => ({ i, similarity: total.reduce((sum, value, k) => sum + value * values[i * dim + k], 0) }))
  return Array.from({ length: count }, () => {
    const most = left.reduce((greatest, { similarity }) => Math.max(greatest, similarity), Number.NEGATIVE_INFINITY)
    const next = left.findIndex(({ similarity }) => similarity >= most - TIE)
    return left.splice(next, 1)[0].i
  })
}

/**
 * k-medoids by cosine distance: PAM's greedy BUILD (Kaufman and Rousseeuw 1987), then FasterPAM's eager swaps
 * (Schubert and Rousseeuw 2021, "Fast and eager k-medoids clustering", algorithm 3) until none lowers the sum of the
 * distances of all clips to their nearest medoid. Deterministic. Keeps the matrix of distances: 4 n^2 bytes.
 *
 * @param count - at least 1, at most the number of points
 */
export async function kMedoids(points: UnitRows, count: number, signal?: AbortSignal): Promise<number[]> {
  const distance = await cosineDistances(points, signal)
  const medoids = await build(distance, points.rows, count, signal)
  if (count > 1) await swap(distance, points.rows, medoids, signal)
  return medoids
}

/** BUILD: always the clip that lowers the sum of the distances to the nearest medoid most. */
async function build(distance: Float32Array, n: number, count: number, signal?: AbortSignal): Promise<number[]> {
  const nearest = new Float64Array(n).fill(2) // no cosine distance is larger
  const medoids: number[] = []
  while (medoids.length < count) {
    let best = -1
    let bestGain = Number.NEGATIVE_INFINITY
    for (let candidate = 0; candidate < n; candidate++) {
      if (candidate % 256 === 0) await yieldToEventLoop(signal)
      if (medoids.includes(candidate)) continue
      let gain = 0
      for (let i = 0, at = candidate * n; i < n; i++, at++)
        if (distance[at] < nearest[i]) gain += nearest[i] - distance[at]
      if (gain > bestGain + TIE) {
        best = candidate
        bestGain = gain
      }
    }
    medoids.push(best)
    for (let i = 0; i < n; i++) nearest[i] = Math.min(nearest[i], distance[best * n + i])
  }
  return medoids
}

/** FasterPAM: goes round the candidates, takes every swap that lowers the sum at once, until a whole round has none. */
async function swap(distance: Float32Array, n: number, medoids: number[], signal?: AbortSignal): Promise<void> {
  const k = medoids.length
  const first = new Uint32Array(n) // which medoid is nearest to each clip
  const d1 = new Float64Array(n) // distance to the nearest medoid
  const d2 = new Float64Array(n) // and to the second nearest
  const loss = new Float64Array(k) // what removing each medoid would add
  const refresh = () => {
    loss.fill(0)
    for (let i = 0; i < n; i++) {
      d1[i] = d2[i] = Number.POSITIVE_INFINITY
      for (let m = 0; m < k; m++) {
        const d = distance[medoids[m] * n + i]
        if (d < d1[i]) {
          d2[i] = d1[i]
          d1[i] = d
          first[i] = m
        } else if (d < d2[i]) d2[i] = d
      }
      loss[first[i]] += d2[i] - d1[i]
    }
  }
  refresh()
  const change = new Float64Array(k)
  for (let candidate = 0, idle = 0; idle < n; candidate = (candidate + 1) % n, idle++) {
    if (candidate % 256 === 0) await yieldToEventLoop(signal)
    if (medoids.includes(candidate)) continue
    change.set(loss)
    let gain = 0 // what the candidate changes whichever medoid goes
    for (let i = 0, at = candidate * n; i < n; i++, at++) {
      const d = distance[at]
      if (d < d1[i]) {
        gain += d - d1[i]
        change[first[i]] += d1[i] - d2[i]
      } else if (d < d2[i]) change[first[i]] += d - d2[i]
    }
    const goes = change.indexOf(change.reduce((least, c) => Math.min(least, c)))
    if (change[goes] + gain < -TIE) {
      medoids[goes] = candidate
      refresh()
      await yieldToEventLoop(signal)
      idle = 0
    }
  }
}

export const chooseKMedoids: Choose = async (points, _, count, { signal }) => ({
  chosen: await kMedoids(points, count, signal),
})
