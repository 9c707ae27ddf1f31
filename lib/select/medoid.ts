import { cosineDistances, type UnitRows } from '../matrix/cosine.js'
import { takeRows } from '../matrix/matrix.js'
import { Random } from '../runtime/random.js'
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
  seed: number,
  signal?: AbortSignal,
): Promise<number[]> {
  if (count >= members.length) return byCentrality(points, members, members.length)
  if (count === 1) return byCentrality(points, members, 1)
  const chosen = await kMedoids(takeRows(points, members), count, seed, signal)
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

/** Starts of k-medoids besides BUILD's. */
const STARTS = 10

/**
 * k-medoids by cosine distance: from a start FasterPAM's eager swaps (Schubert and Rousseeuw 2021, "Fast and eager
 * k-medoids clustering", algorithm 3) until none lowers the sum of the distances of all clips to their nearest medoid. Of
 * several starts the one that ends with the least sum counts, of equals the first: PAM's greedy BUILD (Kaufman and
 * Rousseeuw 1987), then medoids drawn far from each other (as k-means++ draws, by distance: Arthur and Vassilvitskii
 * 2007). The same for the same seed. Keeps the matrix of distances: 4 n^2 bytes.
 *
 * @param count - at least 1, at most the number of points
 * @param seed - of the drawn starts
 */
export async function kMedoids(points: UnitRows, count: number, seed: number, signal?: AbortSignal): Promise<number[]> {
  const n = points.rows
  const distance = await cosineDistances(points, signal)
  let best = await build(distance, n, count, signal)
  if (count === 1 || count === n) return best
  await swap(distance, n, best, signal)
  let least = costOf(distance, n, best)
  const random = new Random(seed, 'k-medoids')
  for (let start = 0; start < STARTS; start++) {
    const medoids = drawFar(distance, n, count, random)
    await swap(distance, n, medoids, signal)
    const cost = costOf(distance, n, medoids)
    if (cost >= least - TIE) continue
    best = medoids
    least = cost
  }
  return best
}

/** The sum of the distances to the nearest medoid. */
function costOf(distance: Float32Array, n: number, medoids: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += medoids.reduce((least, m) => Math.min(least, distance[m * n + i]), 2)
  return sum
}

/** Clips drawn one after the other, each with a chance in proportion to its distance to the nearest one drawn before. */
function drawFar(distance: Float32Array, n: number, count: number, random: Random): number[] {
  const chance = new Float64Array(n).fill(1) // at first alike, then the distance to the nearest one drawn
  const drawn: number[] = []
  while (drawn.length < count) {
    let left = random.uniform() * chance.reduce((a, b) => a + b, 0)
    let next = -1
    for (let i = 0; i < n && left >= 0; i++) {
      if (chance[i] === 0) continue
      left -= chance[i]
      next = i
    }
    if (next === -1) next = chance.findIndex((_, i) => !drawn.includes(i)) // all that are left equal one drawn
    drawn.push(next)
    for (let i = 0; i < n; i++) {
      const d = distance[next * n + i]
      chance[i] = drawn.length === 1 ? d : Math.min(chance[i], d)
    }
  }
  return drawn
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

export const chooseKMedoids: Choose = async (points, _, count, { seed, signal }) => ({
  chosen: await kMedoids(points, count, seed, signal),
})
