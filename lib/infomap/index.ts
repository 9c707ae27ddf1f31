import type { StageOptions } from '../run/progress.js'
import { InfomotionError } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOptions, invalid } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import { type CsrNetwork, type LinkList, toNativeNetwork } from './network.js'

export type { CsrNetwork, LinkList } from './network.js'
export { readClu, toClu, toTree } from './partition.js'
export { type NamedNetwork, parseNetwork, readNetwork } from './reader.js'

/** How the random walker whose path is described moves over the network. */
export interface FlowOptions {
  /** Links have a direction, from source (or row) to target. Default false. */
  directed?: boolean
  /** Directed networks: how often the walker teleports to a node in proportion to its out-weight, 0..1. Default 0.15. */
  teleportation?: number
}

/** What {@link infomap} takes. */
export interface InfomapOptions extends FlowOptions, StageOptions {
  /** One level of modules. Must be true as yet: nested modules are not built. */
  twoLevel?: boolean
  /** Independent searches, the best of which is taken. Default 10. */
  trials?: number
  /** Same seed, same result, for any number of threads. 0..2^32-1, default 123. */
  seed?: number
  /** Trials at a time. Default 0: as many as the machine has processors. */
  threads?: number
}

/** The length of a description of the random walk. */
export interface Codelength {
  /** Bits a step: index codebook plus module codebooks. */
  codelength: number
  /** Bits a step with all nodes in one module. */
  oneLevelCodelength: number
  /** The part of `codelength` that says which module is entered. */
  indexCodelength: number
  topModules: number
  /** Distinct links, after parallel ones are summed. */
  links: number
}

/** What {@link infomap} finds. Modules are numbered by falling flow, ties by their smallest node. */
export interface InfomapResult extends Codelength {
  /** Module of each node. A node without links is a module of its own. */
  modules: Uint32Array
  /** Visit rate of each node; sums to 1. 0 for nodes that no link leads to. */
  flow: Float64Array
  /** Per module: the sum of its nodes' flow, and the flow that enters and leaves it. */
  moduleFlow: Float64Array
  enter: Float64Array
  exit: Float64Array
  levels: 2
  /** Bits, of each trial. */
  trialCodelengths: Float64Array
  /** The trial (from 0) that won: the shortest code, ties to the first. */
  trial: number
}

const FLOW_OPTIONS = ['directed', 'teleportation']

/**
 * Communities of a network by the map equation (Rosvall, Axelsson and Bergstrom, Eur. Phys. J. Special Topics 178,
 * 2009): the partition whose two-level code describes a random walk in the fewest bits. Own implementation, in C++ on
 * pool threads; conventions as Infomap's (undirected: flow in proportion to weight; directed: PageRank with unrecorded
 * teleportation to links; self-links count; parallel links add up), so codelengths can be compared.
 *
 * A network is given in rows (CSR) or as a list of links. Undirected: in a list each link stands once (`u v` and `v u`
 * are parallel links); in a CSR each link between two nodes stands in both rows, with the same weight, and counts once;
 * a self-link stands once in either. Directed: each entry is one link. Links of weight 0 are as if absent.
 *
 * Fails with `INVALID_ARGUMENT` naming the link at fault, `ABORTED`, and `MULTILEVEL_NOT_AVAILABLE` without `twoLevel`.
 *
 * @example
 * ```js
 * import { infomap } from 'infomotion/infomap'
 * // two triangles, joined by one link
 * const sources = new Uint32Array([0, 0, 1, 3, 3, 4, 2])
 * const targets = new Uint32Array([1, 2, 2, 4, 5, 5, 3])
 * const { modules, codelength } = await infomap({ sources, targets }, { twoLevel: true })
 * // modules: 0 0 0 1 1 1, codelength: 2.32 bits
 * ```
 */
export async function infomap(graph: CsrNetwork | LinkList, options: InfomapOptions = {}): Promise<InfomapResult> {
  const known = [...FLOW_OPTIONS, 'twoLevel', 'trials', 'seed', 'threads', 'signal', 'onProgress']
  expectOptions(options, 'infomap', known)
  if (options.twoLevel !== true)
    throw new InfomotionError(
      'MULTILEVEL_NOT_AVAILABLE',
      'Nested modules are not available yet. Ask for one level of modules: twoLevel: true (on the command line, --two-level).',
    )
  const search = {
    ...flowOptions(options),
    trials: expectInteger(options.trials ?? 10, 'trials', 1, 1_000_000),
    seed: expectInteger(options.seed ?? 123, 'seed', 0, 0xffffffff),
    threads: expectInteger(options.threads ?? 0, 'threads', 0, 1024),
  }
  const network = toNativeNetwork(graph)
  // The pool threads count finished trials in shared memory; looking there now and then costs them nothing.
  const done = new Int32Array(new SharedArrayBuffer(4))
  let told = -1
  const tell = () => {
    const now = Atomics.load(done, 0)
    if (now > told) options.onProgress?.({ stage: 'infomap', done: now, total: search.trials, unit: 'trials' })
    told = now
  }
  const timer = options.onProgress && setInterval(tell, 100)
  try {
    const found = await runJob(() => native().infomap(network, search, done), options.signal)
    tell()
    return { ...found, levels: 2 }
  } finally {
    clearInterval(timer)
  }
}

/**
 * The codelength of a given partition, from the plain formulas.
 *
 * @param graph - as for {@link infomap}
 * @param modules - one a node; any numbers, equal within a module
 * @example
 * ```js
 * import { codelength } from 'infomotion/infomap'
 * const triangle = { sources: new Uint32Array([0, 0, 1]), targets: new Uint32Array([1, 2, 2]) }
 * const one = await codelength(triangle, new Uint32Array([0, 0, 0])) // one.codelength = log2(3) bits
 * ```
 */
export async function codelength(
  graph: CsrNetwork | LinkList,
  modules: Uint32Array,
  options: FlowOptions & { signal?: AbortSignal } = {},
): Promise<Codelength> {
  expectOptions(options, 'codelength', [...FLOW_OPTIONS, 'signal'])
  const flow = flowOptions(options)
  const network = toNativeNetwork(graph)
  if (!(modules instanceof Uint32Array)) throw invalid('a Uint32Array', 'modules', modules)
  if (modules.length !== network.nodes) throw invalid(`${network.nodes} modules, one a node,`, 'modules', modules)
  return runJob(() => native().codelength(network, flow, modules), options.signal)
}

function flowOptions(options: FlowOptions): Required<FlowOptions> {
  const { directed = false, teleportation = 0.15 } = options
  if (typeof directed !== 'boolean') throw invalid('true or false', 'directed', directed)
  return { directed, teleportation: expectNumber(teleportation, 'teleportation', 0, 1) }
}
