import { InfomotionError } from '../runtime/errors.js'
import { groupBy } from '../runtime/group.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { Split } from './types.js'

/** What is known of the clips once their features are there; entry i of each array belongs to clip i. */
export interface Described {
  ids: readonly string[]
  splits: readonly Split[]
  /** Class names. */
  classes: readonly string[]
  /** SHA-256 of each clip's file. */
  keys: readonly string[]
  /** Mean frame, deviation over time, motion: row i of each matrix. */
  meanFrame: Rows
  deviation: Rows
  motion: Rows
}

interface Rows {
  dim: number
  values: Float32Array
}

/** Clips that are the same, or nearly. */
export interface Leak {
  kind: 'copies in two splits' | 'copies in two classes' | 'copies' | 'near copies in two splits'
  /** Ids of the clips that are one. */
  clips: string[][]
  /** What is wrong, as a sentence. */
  message: string
}

/**
 * Finds clips that are there twice: files of equal bytes in two splits, in two classes or beside each other, and VAL and
 * TEST clips that look and move like a TRAIN clip more than clips do that are not copies.
 */
export async function findLeaks(clips: Described, signal?: AbortSignal): Promise<Leak[]> {
  const { ids, splits, classes } = clips
  const leak = (kind: Leak['kind'], found: number[][], what: string): Leak[] => {
    if (found.length === 0) return []
    const name = (i: number) => `${ids[i]} (${splits[i]}, ${classes[i]})`
    const count = found.reduce((sum, same) => sum + same.length, 0)
    const named = found.map((same) => {
      const more = same.length > 3 ? ` and ${same.length - 3} more` : ''
      return same.slice(0, 3).map(name).join(' = ') + more
    })
    return [
      {
        kind,
        clips: found.map((same) => same.map((i) => ids[i])),
        message: `${count} clips ${what}: ${named.slice(0, 5).join('; ')}${named.length > 5 ? '; ...' : '.'}`,
      },
    ]
  }
  const copies = copiesOf(clips.keys)
  const differ = (of: readonly string[]) => (same: number[]) => same.some((i) => of[i] !== of[same[0]])
  const inSplits = copies.filter(differ(splits)).map((same) => unlikeFirst(same, splits))
  const inClasses = copies.filter(differ(classes)).map((same) => unlikeFirst(same, classes))
  const within = copies.filter((same) => !differ(splits)(same) && !differ(classes)(same))
  return [
    ...leak('copies in two splits', inSplits, 'are byte for byte equal to others in another split'),
    ...leak('copies in two classes', inClasses, 'are byte for byte equal to others in another class'),
    ...leak('copies', within, 'are byte for byte equal to others of their class'),
    ...leak(
      'near copies in two splits',
      await nearCopies(clips, signal),
      'in two splits are so alike that one seems to be a copy of the other',
    ),
  ]
}

/** Puts one of each kind first, for a sentence that names the first only. */
function unlikeFirst(clips: readonly number[], kinds: readonly string[]): number[] {
  const first = clips.filter((i, n) => clips.findIndex((j) => kinds[j] === kinds[i]) === n)
  return [...first, ...clips.filter((i) => !first.includes(i))]
}

/** @throws {InfomotionError} `DATASET_LEAK` */
export function leakError(messages: readonly string[]): InfomotionError {
  return new InfomotionError(
    'DATASET_LEAK',
    `${messages.join(' ')} --strict does not allow that: take the copies out, or mend the splits and groups.`,
  )
}

/** The files that are there more than once. */
function copiesOf(keys: readonly string[]): number[][] {
  const same = groupBy(keys.keys(), (i) => keys[i])
  return [...same.values()].filter((clips) => clips.length > 1)
}

/**
 * How alike two clips are: the geometric mean, over three ways to look at them, of their distance in units of what is
 * usual between a TRAIN clip and its third nearest. Measured on lung ultrasound (131 clips), drawn hearts (130) and hand
 * gestures (217): clips of different recordings have 0.50 and more, of one recording 0.55 and more; copies at a lower
 * JPEG quality up to 0.17, without their first frame up to 0.16, cut by 2 px on each side up to 0.47 (99 of 100: 0.39).
 */
const ALIKE = 0.42
/** A distance of 0 in one way of looking must not outweigh the others: clips without motion all have it. */
const LEAST = 0.02
/** Below as many TRAIN clips nothing is known of what is usual; below twice as many the nearest serves for the third. */
const FEWEST = 8
/** TRAIN clips whose neighbours tell what is usual. */
const SAMPLE = 300

async function nearCopies(clips: Described, signal?: AbortSignal): Promise<[number, number][]> {
  const { splits, keys } = clips
  const rows = [...splits.keys()]
  const train = rows.filter((i) => splits[i] === 'train')
  const held = rows.filter((i) => splits[i] !== 'train')
  if (train.length < FEWEST || held.length === 0) return []
  const views = await viewsOf(clips, train, signal)
  const pairs: [number, number][] = []
  for (const [n, i] of held.entries()) {
    if (n % 8 === 0) await yieldToEventLoop(signal)
    let best = ALIKE
    let nearest = -1
    for (const j of train) {
      if (keys[i] === keys[j]) continue
      const score = likeness(views, i, j)
      if (score < best) [best, nearest] = [score, j]
    }
    if (nearest >= 0) pairs.push([nearest, i])
  }
  return pairs
}

/**
 * Of each clip that is asked about the real clips that it is a copy of, or nearly: that are byte for byte equal, or more
 * alike than real clips are that are not copies of each other.
 */
export async function nearestOf(
  clips: Pick<Described, 'keys' | 'meanFrame' | 'deviation' | 'motion'>,
  { real, asked }: { real: readonly number[]; asked: readonly number[] },
  signal?: AbortSignal,
): Promise<number[][]> {
  const { keys } = clips
  const views = real.length < FEWEST ? undefined : await viewsOf(clips, real, signal)
  const found: number[][] = []
  for (const [n, i] of asked.entries()) {
    if (n % 8 === 0) await yieldToEventLoop(signal)
    found.push(real.filter((j) => keys[i] === keys[j] || (views && likeness(views, i, j) < ALIKE)))
  }
  return found
}

/** The ways to look at clips, in the order that tells most pairs apart first; what a network or a coder does to motion is the widest. */
async function viewsOf(
  clips: Pick<Described, 'keys' | 'meanFrame' | 'deviation' | 'motion'>,
  usual: readonly number[],
  signal?: AbortSignal,
): Promise<View[]> {
  const { keys } = clips
  const views: View[] = []
  for (const name of ['meanFrame', 'deviation', 'motion'] as const) {
    const rows = seenRows(clips[name], keys.length, name !== 'motion')
    views.push({ ...rows, usual: await usualDistance(rows, usual, keys, signal), must: name !== 'motion' })
  }
  return views
}

/** Rows as they are looked at: of length 1, or of 0 where there is nothing to see (`filled` 0). */
interface SeenRows {
  dim: number
  rows: Float32Array
  filled: Uint8Array
}

/** One way to look at clips. */
interface View extends SeenRows {
  usual: number
  /** Copies are nearer than usual in this way of looking; others may miss it by what coding does. */
  must: boolean
}

function likeness(views: readonly View[], i: number, j: number): number {
  let product = 1
  for (const view of views) {
    const away = distance(view, i, j)
    // two clips without any of it, or a data set without: says nothing
    const ratio = away < 0 || view.usual === 0 ? 1 : Math.max(away / view.usual, LEAST)
    if (view.must && ratio > 1) return Infinity
    product *= ratio
  }
  return product ** (1 / views.length)
}

/** Between two rows; -1 where both are empty. */
function distance({ dim, rows, filled }: SeenRows, i: number, j: number): number {
  const size = filled[i] + filled[j]
  if (size === 0) return -1
  let dot = 0
  for (let k = 0, a = i * dim, b = j * dim; k < dim; k++) dot += rows[a + k] * rows[b + k]
  return Math.sqrt(Math.max(size - 2 * dot, 0))
}

/** The median, over a sample of the TRAIN clips, of the distance to the third nearest other file. */
async function usualDistance(
  view: SeenRows,
  train: readonly number[],
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<number> {
  const rank = train.length < 2 * FEWEST ? 0 : 2
  const step = Math.max(1, train.length / SAMPLE)
  const found: number[] = []
  for (let at = 0; at < train.length; at += step) {
    if (found.length % 8 === 0) await yieldToEventLoop(signal)
    const i = train[Math.floor(at)]
    const others = train.filter((j) => keys[j] !== keys[i]).map((j) => distance(view, i, j))
    const sorted = others.filter((away) => away >= 0).sort((a, b) => a - b)
    if (sorted.length > rank) found.push(sorted[rank])
  }
  return found.sort((a, b) => a - b)[found.length >> 1] ?? 0
}

/** Each row at length 1, without its mean where brightness is not to count; rows of nothing stay 0. */
function seenRows({ dim, values }: Rows, count: number, centred: boolean): SeenRows {
  const rows = new Float32Array(count * dim)
  const filled = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const row = values.subarray(i * dim, (i + 1) * dim)
    let mean = 0
    let largest = 0
    for (const value of row) {
      mean += value / dim
      largest = Math.max(largest, Math.abs(value))
    }
    if (!centred) mean = 0
    let squares = 0
    for (const value of row) squares += (value - mean) ** 2
    const length = Math.sqrt(squares)
    if (length <= 1e-6 * largest || !Number.isFinite(length)) continue
    filled[i] = 1
    for (let k = 0; k < dim; k++) rows[i * dim + k] = (row[k] - mean) / length
  }
  return { dim, rows, filled }
}
