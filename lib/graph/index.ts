import type { StageOptions } from '../run/progress.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import type { Features } from '../runtime/features.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'

/** Stands in `Neighbours.neighbours` where a row has fewer than k neighbours. */
export const NO_NEIGHBOUR = 0xffffffff

/** The k rows most similar to each row. */
export interface Neighbours {
  /** min(k asked for, rows - 1). */
  k: number
  /** rows * k: those of row i at i * k, by falling similarity, ties by lower index; {@link NO_NEIGHBOUR} at the end of short ones. */
  neighbours: Uint32Array
  /** rows * k cosines in [-1, 1]; 0 beside {@link NO_NEIGHBOUR}. */
  similarities: Float32Array
}

/** An undirected weighted graph as a symmetric CSR: each link stands in the rows of both its nodes. */
export interface Graph {
  /** n + 1; the links of node i are offsets[i] ... offsets[i + 1] - 1. */
  offsets: Uint32Array
  /** The other node of each link, ascending within a row. */
  targets: Uint32Array
  weights: Float64Array
}

/** A similarity graph, with what is odd about it. */
export interface SimilarityGraph extends Graph {
  /** Nodes without a link: rows of zeros, and rows with no neighbour of positive cosine. */
  isolated: number[]
  /** Why the graph has no structure to find, if so. */
  degenerate?: string
  /** Both of these as sentences, for people; empty if all is well. */
  warnings: string[]
}

/**
 * Exact k nearest neighbours by cosine. Rows of zeros have no direction: they have no neighbours and are nobody's.
 * Sums are taken in double in a fixed order, so the result does not depend on the number of threads.
 *
 * @param features - rows * dim finite values, row by row; a NaN is an `INVALID_ARGUMENT` naming row and column
 * @param k - at least 1; at most rows - 1 are given
 * @example
 * ```js
 * import { knn } from 'infomotion/graph'
 * const values = new Float32Array([1, 0, 1, 0.1, 0, 1]) // three rows of two
 * const { neighbours } = await knn({ rows: 3, dim: 2, values }, 1) // [1, 0, 1]
 * ```
 */
export async function knn(
  features: Features,
  k: number,
  options: {
    /** Only the cosine so far. */
    metric?: 'cosine'
    signal?: AbortSignal
  } = {},
): Promise<Neighbours> {
  expectOptions(options, 'knn', ['metric', 'signal'])
  expectOneOf(options.metric ?? 'cosine', 'metric', ['cosine'])
  const { rows, dim, values } = expectFeatures(features)
  expectInteger(k, 'k', 1)
  return runJob(() => native().nearestNeighbours(values, rows, dim, Math.min(k, rows)), options.signal)
}

/**
 * The similarity graph of a class of clips: two clips are linked if either is among the `k` nearest of the other by
 * cosine, with the cosine as weight. Links of cosine 0 or less are left out. Few links matter: in a dense graph of
 * similarities the map equation finds one module only.
 *
 * @param features - one row a clip, finite values
 * @example
 * ```js
 * import { similarityGraph } from 'infomotion/graph'
 * import { infomap } from 'infomotion/infomap'
 * const values = new Float32Array([1, 0, 1, 0.1, 0, 1, 0.1, 1])
 * const graph = await similarityGraph({ rows: 4, dim: 2, values }, { k: 1 })
 * const { modules } = await infomap(graph, { twoLevel: true }) // [0, 0, 1, 1]
 * ```
 */
export async function similarityGraph(
  features: Features,
  options: {
    /** Neighbours of each clip (at most n - 1). Default 10. */
    k?: number
  } & StageOptions = {},
): Promise<SimilarityGraph> {
  expectOptions(options, 'similarityGraph', ['k', 'signal', 'onProgress'])
  const { rows, dim, values } = expectFeatures(features)
  const k = expectInteger(options.k ?? 10, 'k', 1)
  const graph = await runJob(() => native().similarityGraph(values, rows, dim, Math.min(k, rows)), options.signal)
  options.onProgress?.({ stage: 'graph', done: rows, total: rows, unit: 'clips' })

  const isolated: number[] = []
  for (let i = 0; i < rows; i++) if (graph.offsets[i] === graph.offsets[i + 1]) isolated.push(i)
  const degenerate = whyDegenerate(features, graph)
  const warnings: string[] = []
  if (degenerate) warnings.push(degenerate)
  if (isolated.length > 0 && rows > 1) {
    const named = isolated.slice(0, 10).join(', ') + (isolated.length > 10 ? ', ...' : '')
    warnings.push(
      `${isolated.length} of ${rows} rows have no neighbour of positive cosine and stay without links: ${named}.`,
    )
  }
  return { ...graph, isolated, ...(degenerate && { degenerate }), warnings }
}

function whyDegenerate({ rows, dim, values }: Features, { targets }: Graph): string | undefined {
  if (rows < 2) return `The graph has ${rows === 1 ? 'one node' : 'no nodes'}: there is nothing to group.`
  if (values.every((value, i) => value === values[i % dim]))
    return `All ${rows} rows are equal: every similarity is the same and the graph has no structure.`
  if (targets.length === 0) return `No two of the ${rows} rows have a positive cosine: the graph has no links.`
  if (rows > 3 && targets.length === rows * (rows - 1))
    return `Every one of the ${rows} rows is linked to every other: so dense a graph tends to be one module; use a smaller k.`
  return undefined
}

function expectFeatures(features: Features): Features {
  if (typeof features !== 'object' || features === null) throw invalid('{ rows, dim, values }', 'features', features)
  const rows = expectInteger(features.rows, 'features.rows', 0, NO_NEIGHBOUR - 1)
  const dim = expectInteger(features.dim, 'features.dim', 1, NO_NEIGHBOUR)
  if (!(features.values instanceof Float32Array)) throw invalid('a Float32Array', 'features.values', features.values)
  if (features.values.length !== rows * dim)
    throw invalid(`${rows} x ${dim} = ${rows * dim} values`, 'features.values', features.values)
  return features
}
