import { parentPort, workerData } from 'node:worker_threads'
import type { BatchMatches, MetricKind, ScalarKind } from 'usearch'
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

const task = workerData as Task
try {
  parentPort!.postMessage({ result: await search() } satisfies Reply)
} catch (error) {
  const { code = 'INTERNAL', message } = error as Error & { code?: string }
  parentPort!.postMessage({ error: { code, message } } satisfies Reply)
}

async function search(): Promise<Scored> {
  const { rows, dim, values, k, metric } = task
  const usearch = await import('usearch').catch((cause: Error) => {
    throw new InfomotionError(
      'USEARCH_MISSING',
      `usearch did not load: ${cause.message.split('\n')[0]}. An approximate search needs this optional peer; install it by: npm install usearch@2`,
    )
  })
  const kind = (metric === 'cosine' ? 'cos' : 'l2sq') as MetricKind
  const index = new usearch.Index({
    metric: kind,
    dimensions: dim,
    quantization: 'f32' as ScalarKind,
    connectivity: 0, // the library's own defaults
    expansion_add: 0,
    expansion_search: Math.max(128, 4 * (k + 1)),
    multi: false,
  })
  const lengths = Float64Array.from({ length: rows }, (_, i) => Math.sqrt(sum(i, i, (a, b) => a * b)))
  // By cosine a row of zeros has no direction: it is nobody's neighbour.
  const listed = Uint32Array.from(lengths.keys()).filter((i) => metric === 'euclid' || lengths[i] > 0)
  for (let begin = 0; begin < listed.length; begin += BATCH) {
    stopIfAsked()
    const batch = listed.subarray(begin, begin + BATCH)
    index.add(BigUint64Array.from(batch, BigInt), gather(batch))
  }

  const neighbours = new Uint32Array(rows * k).fill(NO_NEIGHBOUR)
  const scores = new Float64Array(rows * k)
  for (let begin = 0; begin < listed.length; begin += BATCH) {
    stopIfAsked()
    const batch = listed.subarray(begin, begin + BATCH)
    found(index.search(gather(batch), k + 1, 0), batch).forEach((near, r) => {
      near.slice(0, k).forEach(({ row, score }, place) => {
        neighbours[batch[r] * k + place] = row
        scores[batch[r] * k + place] = score
      })
    })
  }
  return { k, neighbours, scores, recall: measureRecall() }

  /** A neighbour counts as found where it is as near as the k-th true one: equal ones may change places. */
  function measureRecall(): number {
    const sample = listed.slice()
    new Random(1, 'recall').shuffle(sample)
    const drawn = sample.subarray(0, SAMPLE)
    const all = gather(listed)
    let hit = 0
    let total = 0
    for (let begin = 0; begin < drawn.length; begin += 32) {
      stopIfAsked()
      const batch = drawn.subarray(begin, begin + 32)
      const matches = usearch.exactSearch(all, gather(batch), dim, Math.min(k + 1, listed.length), kind)
      for (const [r, near] of found(matches, batch, listed).entries()) {
        const worst = near.slice(0, k).at(-1)
        if (!worst) continue
        total += Math.min(k, near.length)
        for (let place = 0; place < k; place++)
          if (neighbours[batch[r] * k + place] !== NO_NEIGHBOUR && !farther(scores[batch[r] * k + place], worst.score))
            hit++
      }
    }
    return total === 0 ? 1 : Math.min(1, hit / total)
  }

  function farther(a: number, b: number): boolean {
    return metric === 'cosine' ? a < b : a > b
  }

  /** The matches of each row of a batch, itself left out, scored exactly, nearest first. `keys`: what the keys number. */
  function found(
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
        .filter((other) => other !== row && other < rows)
        .map((other) => ({ row: other, score: score(row, other) }))
      return near.sort((a, b) => (metric === 'cosine' ? b.score - a.score : a.score - b.score) || a.row - b.row)
    })
  }

  function score(i: number, j: number): number {
    if (metric === 'cosine') return sum(i, j, (a, b) => a * b) / (lengths[i] * lengths[j])
    return Math.sqrt(sum(i, j, (a, b) => (a - b) ** 2))
  }

  function sum(i: number, j: number, term: (a: number, b: number) => number): number {
    let total = 0
    for (let d = 0; d < dim; d++) total += term(values[i * dim + d], values[j * dim + d])
    return total
  }

  function gather(list: Uint32Array): Float32Array {
    const taken = new Float32Array(list.length * dim)
    list.forEach((row, i) => {
      taken.set(values.subarray(row * dim, (row + 1) * dim), i * dim)
    })
    return taken
  }
}

function stopIfAsked(): void {
  if (Atomics.load(task.stop, 0) === 1) throw new InfomotionError('ABORTED', 'The neighbour search was aborted.')
}
