import { MATRIX_KEYS, type Matrix } from '../matrix/matrix.js'
import { expectFloat32 } from '../runtime/arrays.js'
import { type Device, type DeviceUsed, deviceUsed, expectDevice } from '../runtime/device.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import { approximateNeighbours } from './approximate.js'
import { type Metric, type Neighbours, NO_NEIGHBOUR, type Scored } from './types.js'

/** How neighbours are searched. */
export interface SearchOptions {
  /** Default `cosine`. */
  metric?: Metric
  /**
   * `exact` (default) compares all pairs: 0.5 s for 10,000 rows of 512 on one core, growing with the square of the rows.
   * `approximate` is for hundreds of thousands of rows and more: a graph index of the optional peer `usearch`
   * (`npm install usearch@2`), on all processors. It is the one search whose result may differ from run to run; what
   * share of the true neighbours it found is measured on 200 rows and given as `recall`.
   */
  search?: 'exact' | 'approximate'
  /**
   * Of the exact search: `auto` (default): a GPU where one can be used (see `devices`) and the search is not small, else
   * the CPU; `cpu`; `cuda`: a GPU, or an error. The result is the same to the last bit.
   */
  device?: Device
  signal?: AbortSignal
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
 * The k nearest neighbours of each row, by cosine or Euclidean distance. By cosine, rows of zeros have no direction: they
 * have no neighbours and are nobody's. The exact search screens all pairs in single precision and computes those that
 * can matter in double, in a fixed order: the result is exact and the same for any number of threads and on every
 * instruction set.
 *
 * @param features - rows * dim finite values, row by row; a NaN is an `INVALID_ARGUMENT` naming row and column
 * @param k - at least 1; at most rows - 1 are given
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `USEARCH_MISSING`; with `device: 'cuda'` also `CUDA_UNAVAILABLE`,
 *   `CUDA_OUT_OF_MEMORY`, `CUDA_FAILED`
 * @example
 * ```js
 * import { knn } from 'infomotion/graph'
 * const values = new Float32Array([1, 0, 1, 0.1, 0, 1]) // three rows of two
 * const { neighbours } = await knn({ rows: 3, dim: 2, values }, 1) // [1, 0, 1]
 * const { distances } = await knn({ rows: 3, dim: 2, values }, 1, { metric: 'euclid' }) // [0.1, 0.1, 1.345]
 * ```
 */
export async function knn(features: Matrix, k: number, options: SearchOptions = {}): Promise<Neighbours> {
  expectOptions(options, 'knn', SEARCH_OPTIONS)
  const found = await search(features, k, options)
  const values = Float32Array.from(found.scores)
  return {
    k: found.k,
    neighbours: found.neighbours,
    ...(options.metric === 'euclid' ? { distances: values } : { similarities: values }),
    recall: found.recall,
    device: found.device,
    ...(found.deviceReason !== undefined && { deviceReason: found.deviceReason }),
  }
}

const SEARCH_OPTIONS = ['metric', 'search', 'device', 'signal']

async function search(features: Matrix, k: number, options: SearchOptions): Promise<Scored & DeviceUsed> {
  const metric = expectOneOf(options.metric ?? 'cosine', 'metric', ['cosine', 'euclid'])
  const how = expectOneOf(options.search ?? 'exact', 'search', ['exact', 'approximate'])
  const device = expectDevice(options.device ?? 'auto')
  const { rows, dim, values } = expectFeatures(features)
  expectInteger(k, 'k', 1)
  if (how === 'approximate' && device === 'cuda')
    throw invalid('auto or cpu, where an approximate search runs,', 'device', device)
  if (how === 'approximate' && rows > 1) {
    const wrong = values.findIndex((value) => !Number.isFinite(value))
    if (wrong >= 0)
      throw invalid(
        'finite features',
        `features at row ${Math.floor(wrong / dim)}, column ${wrong % dim}`,
        values[wrong],
      )
    return { ...(await approximateNeighbours(features, k, metric, options.signal)), device: 'cpu' }
  }
  const job = () => native().nearestNeighbours(values, rows, dim, Math.min(k, rows), metric, device)
  const { k: most, neighbours, scores, ...used } = await runJob(job, options.signal)
  return { k: most, neighbours, scores, recall: 1, ...deviceUsed(used) }
}

/** What {@link similarityGraph} takes. */
export interface GraphOptions extends SearchOptions, StageOptions {
  /** Neighbours of each clip (at most n - 1). Default 10. */
  k?: number
  /** Two clips are linked if either is among the other's nearest (`union`, the default), or if each is (`mutual`). */
  links?: 'union' | 'mutual'
  /**
   * `cosine`: max(cosine, 0), the default by cosine. `local`: exp(-d^2 / (s_i s_j)) with s_i the distance of clip i's 7th
   * neighbour (or its last), the default and only one by distance: dense and thin regions get weights of the same range
   * (Zelnik-Manor and Perona, "Self-tuning spectral clustering", NIPS 2004).
   */
  weights?: 'cosine' | 'local'
}

/**
 * The similarity graph of a class of clips: two clips are linked if either is among the `k` nearest of the other by
 * cosine, with the cosine as weight, or as the options say. Links of weight 0 or less are left out. Few links matter: in
 * a dense graph of similarities the map equation finds one module only.
 *
 * @param features - one row a clip, finite values
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `USEARCH_MISSING`
 * @example
 * ```js
 * import { similarityGraph } from 'infomotion/graph'
 * import { infomap } from 'infomotion/infomap'
 * const values = new Float32Array([1, 0, 1, 0.1, 0, 1, 0.1, 1])
 * const graph = await similarityGraph({ rows: 4, dim: 2, values }, { k: 1 })
 * const { modules } = await infomap(graph, { twoLevel: true }) // [0, 0, 1, 1]
 * ```
 */
export async function similarityGraph(features: Matrix, options: GraphOptions = {}): Promise<SimilarityGraph> {
  expectOptions(options, 'similarityGraph', [...SEARCH_OPTIONS, 'k', 'links', 'weights', 'onProgress'])
  const { metric = 'cosine' } = options
  const links = expectOneOf(options.links ?? 'union', 'links', ['union', 'mutual'])
  const known = metric === 'euclid' ? (['local'] as const) : (['cosine', 'local'] as const)
  const weights = expectOneOf(options.weights ?? known[0], `weights (metric ${metric})`, known)
  const found = await search(features, expectInteger(options.k ?? 10, 'k', 1), options)
  const { rows } = features
  const graph = await runJob(
    () => native().neighbourGraph(found.neighbours, found.scores, rows, found.k, metric, links, weights),
    options.signal,
  )
  options.onProgress?.({ stage: 'graph', done: rows, total: rows, unit: 'clips' })

  const isolated: number[] = []
  for (let i = 0; i < rows; i++) if (graph.offsets[i] === graph.offsets[i + 1]) isolated.push(i)
  const degenerate = whyDegenerate(features, graph)
  const warnings: string[] = []
  if (degenerate) warnings.push(degenerate)
  if (isolated.length > 0 && rows > 1) {
    const named = isolated.slice(0, 10).join(', ') + (isolated.length > 10 ? ', ...' : '')
    warnings.push(
      `${isolated.length} of ${rows} rows have no ${NEIGHBOUR[links]} of positive ${weights === 'cosine' ? 'cosine' : 'weight'} and stay without links: ${named}.`,
    )
  }
  if (found.recall < 1)
    warnings.push(`The neighbours are approximate: ${(100 * found.recall).toFixed(1)} % of the true ones were found.`)
  return { ...graph, isolated, ...(degenerate && { degenerate }), warnings }
}

const NEIGHBOUR = { union: 'neighbour', mutual: 'mutual neighbour' }

function whyDegenerate({ rows, dim, values }: Matrix, { targets }: Graph): string | undefined {
  if (rows < 2) return `The graph has ${rows === 1 ? 'one node' : 'no nodes'}: there is nothing to group.`
  if (values.every((value, i) => value === values[i % dim]))
    return `All ${rows} rows are equal: every similarity is the same and the graph has no structure.`
  if (targets.length === 0)
    return `No two of the ${rows} rows are linked with a positive weight: the graph has no links.`
  if (rows > 3 && targets.length === rows * (rows - 1))
    return `Every one of the ${rows} rows is linked to every other: so dense a graph tends to be one module; use a smaller k.`
  return undefined
}

function expectFeatures(features: Matrix): Matrix {
  if (typeof features !== 'object' || features === null) throw invalid('{ rows, dim, values }', 'features', features)
  expectOptions(features, 'features', MATRIX_KEYS)
  const rows = expectInteger(features.rows, 'features.rows', 0, NO_NEIGHBOUR - 1)
  const dim = expectInteger(features.dim, 'features.dim', 1, NO_NEIGHBOUR)
  expectFloat32(features.values, 'features.values')
  if (features.values.length !== rows * dim)
    throw invalid(`${rows} x ${dim} = ${rows * dim} values`, 'features.values', features.values)
  return features
}
