import { parentPort, workerData } from 'node:worker_threads'
import type { BatchMatches, Index, MetricKind, ScalarKind } from 'usearch'
import { takeRows } from '../matrix/matrix.js'
import { InfomotionError } from '../runtime/errors.js'
import { Random } from '../runtime/random.js'
import { type Metric, NO_NEIGHBOUR, type Scored } from './types.js'

/** What the thread gets; `values` and `stop` are shared memory. A 1 in `stop` ends the search at the next batch. */
export interface Task {
  rows: number
  dim: number
  values: Float32Array
  k: number
  metric: Metric
  stop: Int32Array
}

export type Reply = { result: Scored } | { error: { code: string; message: string } }

/** Rows an uninterrupted call takes. */
const BATCH = 1024
/** Rows whose neighbours are also searched exhaustively, to measure the recall. */
const SAMPLE = 200
/** Rows an uninterrupted exhaustive call takes. */
const EXACT_BATCH = 32

const task = workerData as Task

type Usearch = typeof import('usearch')

async function search(task: Task): Promise<Scored> {
  const usearch = await loadUsearch()
  const rows = new ScoredRows(task)
  const index = indexOf(usearch, rows, task)
  const { neighbours, scores } = neighboursIn(index, rows, task.k)
  return { k: task.k, neighbours, scores, recall: measureRecall(usearch, rows, { neighbours, scores }, task.k) }
}

async function loadUsearch(): Promise<Usearch> {
  return await import('usearch').catch((cause: Error) => {
    throw new InfomotionError(
      'USEARCH_MISSING',
      `usearch did not load: ${cause.message.split('\n')[0]}. An approximate search needs this optional peer; install it by: npm install usearch@2`,
    )
  })
}

/** The graph index over all rows that can be a neighbour, by their numbers. */
function indexOf(usearch: Usearch, rows: ScoredRows, { dim, k }: Task): Index {
  const index = new usearch.Index({
    metric: rows.kind,
    dimensions: dim,
    quantization: 'f32' as ScalarKind,
    connectivity: 0, // the library's own defaults
    expansion_add: 0,
    expansion_search: Math.max(128, 4 * (k + 1)),
    multi: false,
  })
  for (const batch of batches(rows.listed, BATCH)) index.add(BigUint64Array.from(batch, BigInt), rows.take(batch))
  return index
}

type Neighbours = Pick<Scored, 'neighbours' | 'scores'>

/** The k nearest of each row that the index finds, scored exactly. */
function neighboursIn(index: Index, rows: ScoredRows, k: number): Neighbours {
  const neighbours = new Uint32Array(rows.count * k).fill(NO_NEIGHBOUR)
  const scores = new Float64Array(rows.count * k)
  for (const batch of batches(rows.listed, BATCH)) {
    const matches = index.search(rows.take(batch), k + 1, 0)
    for (const [r, near] of rows.nearest(matches, batch).entries()) {
      for (const [place, { row, score }] of near.slice(0, k).entries()) {
        neighbours[batch[r] * k + place] = row
        scores[batch[r] * k + place] = score
      }
    }
  }
  return { neighbours, scores }
}

/** A neighbour counts as found where it is as near as the k-th true one: equal ones may change places. */
function measureRecall(usearch: Usearch, rows: ScoredRows, { neighbours, scores }: Neighbours, k: number): number {
  const { listed, dim, kind } = rows
  const sample = listed.slice()
  new Random(1, 'recall').shuffle(sample)
  const all = rows.take(listed)
  let hit = 0
  let total = 0
  for (const batch of batches(sample.subarray(0, SAMPLE), EXACT_BATCH)) {
    const matches = usearch.exactSearch(all, rows.take(batch), dim, Math.min(k + 1, listed.length), kind)
    for (const [r, near] of rows.nearest(matches, batch, listed).entries()) {
      const worst = near.slice(0, k).at(-1)
      if (!worst) continue
      total += Math.min(k, near.length)
      for (let place = batch[r] * k; place < (batch[r] + 1) * k; place++)
        if (neighbours[place] !== NO_NEIGHBOUR && !rows.isFarther(scores[place], worst.score)) hit++
    }
  }
  return total === 0 ? 1 : Math.min(1, hit / total)
}

/** The rows, and how near they are to each other, in double precision. */
class ScoredRows {
  readonly count: number
  readonly dim: number
  /** The metric's name in usearch. */
  readonly kind: MetricKind
  /** Rows that can be a neighbour: by cosine a row of zeros has no direction, and is nobody's. */
  readonly listed: Uint32Array
  readonly values: Float32Array
  private readonly isCosine: boolean
  private readonly lengths: Float64Array

  constructor({ rows, dim, values, metric }: Task) {
    this.count = rows
    this.dim = dim
    this.values = values
    this.isCosine = metric === 'cosine'
    this.kind = (this.isCosine ? 'cos' : 'l2sq') as MetricKind
    this.lengths = Float64Array.from({ length: rows }, (_, i) => Math.sqrt(this.sum(i, i, (a, b) => a * b)))
    this.listed = Uint32Array.from(this.lengths.keys()).filter((i) => !this.isCosine || this.lengths[i] > 0)
  }

  /** Some rows, one after the other. */
  take(list: Uint32Array): Float32Array {
    return takeRows(this, list).values
  }

  /** The matches of each row of a batch, itself left out, scored exactly, nearest first. `keys`: what the keys number. */
  nearest(
    matches: BatchMatches | { keys: BigUint64Array },
    batch: Uint32Array,
    keys?: Uint32Array,
  ): { row: number; score: number }[][] {
    const width = matches.keys.length / batch.length
    return Array.from(batch, (row, r) => {
      const count = 'counts' in matches ? Number(matches.counts[r]) : width
      const near = Array.from(
        matches.keys.subarray(r * width, r * width + count),
        (key) => keys?.[Number(key)] ?? Number(key),
      )
        .filter((other) => other !== row && other < this.count)
        .map((other) => ({ row: other, score: this.score(row, other) }))
      return near.sort((a, b) => (this.isCosine ? b.score - a.score : a.score - b.score) || a.row - b.row)
    })
  }

  /** Whether score `a` is that of a row farther away than that of score `b`. */
  isFarther(a: number, b: number): boolean {
    return this.isCosine ? a < b : a > b
  }

  private score(i: number, j: number): number {
    if (this.isCosine) return this.sum(i, j, (a, b) => a * b) / (this.lengths[i] * this.lengths[j])
    return Math.sqrt(this.sum(i, j, (a, b) => (a - b) ** 2))
  }

  private sum(i: number, j: number, term: (a: number, b: number) => number): number {
    const { dim, values } = this
    let total = 0
    for (let d = 0; d < dim; d++) total += term(values[i * dim + d], values[j * dim + d])
    return total
  }
}

/** Cuts a list into batches; stops between two where that is asked for. */
function* batches(list: Uint32Array, size: number): Generator<Uint32Array> {
  for (let begin = 0; begin < list.length; begin += size) {
    if (Atomics.load(task.stop, 0) === 1) throw new InfomotionError('ABORTED', 'The neighbour search was aborted.')
    yield list.subarray(begin, begin + size)
  }
}

try {
  parentPort!.postMessage({ result: await search(task) } satisfies Reply)
} catch (error) {
  const { code = 'INTERNAL', message } = error as Error & { code?: string }
  parentPort!.postMessage({ error: { code, message } } satisfies Reply)
}
