import { similarityGraph } from '../graph/graph.js'
import { type Matrix, takeRows } from '../matrix/matrix.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { ChooseTogether } from './choice.js'

/** Neighbours of each clip in the graph of all classes. */
const NEIGHBOURS = 10

/**
 * Graph coverage, after arXiv 2606.22002: one graph of the nearest neighbours of *all* TRAIN clips, whatever their
 * class, and the clips S that cover it best within two steps,
 *
 *   maximise  sum_i max_{s in S} K_is,     K = N N,     N = D^(-1/2) (A + I) D^(-1/2),
 *
 * A: the links, weighed by cosine (>= 0); D: the row sums of A + I; N is the propagation of graph convolutions (Kipf and
 * Welling 2017; its powers alone: Wu et al. 2019). Greedily, always the clip that adds most out of a class that has not
 * given its clips yet (with such a bound a class, at least half of the best: Fisher, Nemhauser and Wolsey 1978); gains
 * only fall, so that few are computed anew (lazy greedy: Minoux 1978). Ties to the lower row. Labels count for the
 * bounds alone. Rows of the kernel are made as they are needed: memory is that of the graph.
 */
export const chooseCoverage: ChooseTogether = async (features, classes, counts, { signal }) => {
  const rows = Uint32Array.from(classes.flatMap((part) => Array.from(part.rows)))
  const classOf = classes.flatMap((part, c) => Array<number>(part.rows.length).fill(c))
  const chosen = classes.map((): number[] => [])
  const wanted = counts.reduce((a, b) => a + b, 0)
  if (wanted === 0) return chosen.map((clips) => ({ chosen: clips }))

  const n = rows.length
  const kernel = await twoHops(takeRows(features, rows), signal)
  const covered = new Float64Array(n)
  const bound = new Float64Array(n).fill(Number.POSITIVE_INFINITY) // of the gain of each clip; -1: not to be had
  const firstOf = classes.map((_, c) => classOf.indexOf(c))
  for (let taken = 0, computed = 0; taken < wanted; taken++) {
    const fresh = new Uint8Array(n)
    let best = highest(bound)
    while (!fresh[best]) {
      if (computed++ % 64 === 0) await yieldToEventLoop(signal)
      const { reached, values } = kernel(best)
      bound[best] = reached.reduce((gain, i) => gain + Math.max(0, values[i] - covered[i]), 0)
      fresh[best] = 1
      best = highest(bound)
    }
    const { reached, values } = kernel(best)
    for (const i of reached) covered[i] = Math.max(covered[i], values[i])
    const c = classOf[best]
    chosen[c].push(best - firstOf[c])
    bound[best] = -1
    if (chosen[c].length === counts[c]) bound.fill(-1, firstOf[c], firstOf[c] + classes[c].rows.length)
  }
  return chosen.map((clips) => ({ chosen: clips }))
}

/** Gives rows of the kernel: the clips that two steps reach, and by clip the values of those (of all others garbage). */
async function twoHops(features: Matrix, signal?: AbortSignal) {
  const { offsets, targets, weights } = await similarityGraph(features, { k: NEIGHBOURS, device: 'cpu', signal })
  const n = features.rows
  const scale = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let degree = 1
    for (let link = offsets[i]; link < offsets[i + 1]; link++) degree += weights[link]
    scale[i] = 1 / Math.sqrt(degree)
  }
  const values = new Float64Array(n)
  const seenIn = new Uint32Array(n)
  let call = 0
  return (from: number) => {
    const reached: number[] = []
    call++
    const add = (i: number, value: number) => {
      if (seenIn[i] !== call) {
        seenIn[i] = call
        values[i] = 0
        reached.push(i)
      }
      values[i] += value
    }
    const step = (i: number, share: number, to: (j: number, share: number) => void) => {
      to(i, share * scale[i] * scale[i])
      for (let link = offsets[i]; link < offsets[i + 1]; link++) {
        const j = targets[link]
        to(j, share * scale[i] * weights[link] * scale[j])
      }
    }
    step(from, 1, (i, share) => step(i, share, add))
    return { reached, values }
  }
}

function highest(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}
