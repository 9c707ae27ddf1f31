import { expectBoolean, expectInteger, expectOptions, invalid } from '../runtime/expect.js'
import { runCounted, runJob } from '../runtime/job.js'
import { type NativeCodelength, native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import { type CsrNetwork, type LinkList, toNativeNetwork } from './network.js'
import { expectModules, WALK_OPTIONS, type WalkOptions, walkOptions } from './options.js'

/** What {@link infomap} takes. */
export interface InfomapOptions extends WalkOptions, StageOptions {
  /** One level of modules. Default false: modules inside modules, as many levels as shorten the code. */
  twoLevel?: boolean
  /** Independent searches, the best of which is taken. Default 10. */
  trials?: number
  /** Same seed, same result, for any number of threads. 0..2^32-1, default 123. */
  seed?: number
  /** Threads at work at a time. Default 0: as many as the machine has processors. */
  threads?: number
  /** Each module at the top more or fewer than this costs the search one bit (not in the codelength). Default: none. */
  preferredModules?: number
  /** A partition to start from, the module of each node, any numbers. Default: every node by itself. */
  initial?: Uint32Array
}

/**
 * Modules of one level, each inside one module of the level above. One that is the only module inside its parent is the
 * parent itself, carried down to where others are split further; it is described once.
 */
export interface ModuleLevel {
  /** Of each node: its module at this level, 0..count - 1. */
  modules: Uint32Array
  count: number
  /** Of each module: its module in the level above. Empty at the top. */
  parents: Uint32Array
  /** Of each module: the sum of its nodes' flow, and the flow that enters and leaves it. */
  flow: Float64Array
  enter: Float64Array
  exit: Float64Array
}

/** The length of a description of the random walk. */
export interface Codelength {
  /** Bits a step. */
  codelength: number
  /** Bits a step with all nodes in one module. */
  oneLevelCodelength: number
  /** The part of `codelength` that says which top module is entered. */
  indexCodelength: number
  /** The parts of `codelength`: the index codebook, then the codebooks of each level of modules. */
  codelengths: Float64Array
  /** Levels of modules, and one for the nodes. */
  levels: number
  topModules: number
  /** From the top to the finest. */
  hierarchy: ModuleLevel[]
  /** Visit rate of each node; sums to 1. 0 for nodes that no link leads to. */
  flow: Float64Array
  /** Distinct links, after parallel ones are summed. */
  links: number
}

/** What {@link infomap} finds. Modules of a level are numbered by falling flow, ties by their smallest node. */
export interface InfomapResult extends Codelength {
  /** Top module of each node. A node without links is a module of its own. */
  modules: Uint32Array
  /** Per top module: the sum of its nodes' flow, and the flow that enters and leaves it. */
  moduleFlow: Float64Array
  enter: Float64Array
  exit: Float64Array
  /** Bits, of each trial. */
  trialCodelengths: Float64Array
  /** The trial (from 0) that won: the shortest code, ties to the first. */
  trial: number
}

/** What holds where they are not given. */
export const SEARCH_DEFAULTS = { trials: 10, seed: 123, threads: 0, preferredModules: 0 }

const SEARCH_OPTIONS = ['twoLevel', 'trials', 'seed', 'threads', 'preferredModules', 'initial', 'signal', 'onProgress']

/**
 * Communities of a network by the map equation (Rosvall, Axelsson and Bergstrom, Eur. Phys. J. Special Topics 178,
 * 2009; PLoS ONE 6, e18209, 2011): the modules, and modules inside modules, whose code describes a random walk in the
 * fewest bits. Own implementation, in C++ on pool threads; conventions as Infomap's (undirected: flow in proportion to
 * weight; directed: PageRank with unrecorded teleportation to links; self-links count; parallel links add up), so
 * codelengths can be compared.
 *
 * A network is given in rows (CSR) or as a list of links. Undirected: in a list each link stands once (`u v` and `v u`
 * are parallel links); in a CSR each link between two nodes stands in both rows, with the same weight, and counts once;
 * a self-link stands once in either. Directed: each entry is one link. Links of weight 0 are as if absent.
 *
 * Fails with `INVALID_ARGUMENT` naming the link at fault and `ABORTED`.
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
  expectOptions(options, 'infomap', [...WALK_OPTIONS, ...SEARCH_OPTIONS])
  const network = toNativeNetwork(graph)
  const { twoLevel = false, initial } = options
  // Spread last, here and below: V8 takes 30 us to add properties to what was spread.
  const search = {
    twoLevel: expectBoolean(twoLevel, 'twoLevel'),
    trials: expectInteger(options.trials ?? SEARCH_DEFAULTS.trials, 'trials', 1, 1_000_000),
    seed: expectInteger(options.seed ?? SEARCH_DEFAULTS.seed, 'seed', 0, 0xffffffff),
    threads: expectInteger(options.threads ?? SEARCH_DEFAULTS.threads, 'threads', 0, 1024),
    preferredModules: expectInteger(
      options.preferredModules ?? SEARCH_DEFAULTS.preferredModules,
      'preferredModules',
      0,
      0xffffffff,
    ),
    ...(initial !== undefined && { initial: expectModules(initial, 'initial', network.nodes) }),
    ...walkOptions(options),
  }
  const what = { stage: 'infomap', total: search.trials, unit: 'trials' } as const
  const found = await runCounted((done) => native().infomap(network, search, done), what, options)
  const code = toCodelength(found)
  const { modules, flow: moduleFlow, enter, exit } = code.hierarchy[0]
  const { trialCodelengths, trial } = found
  return { modules, moduleFlow, enter, exit, trialCodelengths, trial, ...code }
}

/**
 * The codelength of a given partition, from the plain formulas.
 *
 * @param graph - as for {@link infomap}
 * @param modules - one a node, any numbers, equal within a module; or an array of those, from the top level to the finest
 * @throws `INVALID_ARGUMENT` naming a node whose module lies in two modules of the level above
 * @example
 * ```js
 * import { codelength } from 'infomotion/infomap'
 * const triangle = { sources: new Uint32Array([0, 0, 1]), targets: new Uint32Array([1, 2, 2]) }
 * const one = await codelength(triangle, new Uint32Array([0, 0, 0])) // one.codelength = log2(3) bits
 * ```
 */
export async function codelength(
  graph: CsrNetwork | LinkList,
  modules: Uint32Array | readonly Uint32Array[],
  options: WalkOptions & { signal?: AbortSignal } = {},
): Promise<Codelength> {
  expectOptions(options, 'codelength', [...WALK_OPTIONS, 'signal'])
  const network = toNativeNetwork(graph)
  const flow = walkOptions(options)
  const levels = Array.isArray(modules) ? modules : [modules]
  if (levels.length === 0) throw invalid('at least one level', 'modules', modules)
  for (const level of levels) expectModules(level, 'modules', network.nodes)
  return toCodelength(await runJob(() => native().codelength(network, flow, levels), options.signal))
}

function toCodelength(found: NativeCodelength): Codelength {
  const hierarchy = found.hierarchy.map((level) => ({ count: level.flow.length, ...level }))
  const { codelength, oneLevelCodelength, codelengths, links, flow } = found
  return {
    codelength,
    oneLevelCodelength,
    indexCodelength: codelengths[0],
    codelengths,
    levels: hierarchy.length + 1,
    topModules: hierarchy[0].count,
    hierarchy,
    flow,
    links,
  }
}
