import { types } from 'node:util'
import { expectUint32 } from '../runtime/arrays.js'
import { InfomotionError } from '../runtime/errors.js'
import { expectInteger, expectOptions, invalid } from '../runtime/expect.js'
import type { NativeNetwork } from '../runtime/native.js'

/** A network in rows: the links of node i are offsets[i] ... offsets[i + 1] - 1. */
export interface CsrNetwork {
  /** nodes + 1, from 0, not falling. */
  offsets: Uint32Array
  targets: Uint32Array
  /** One a target, finite and not negative; 0 means no link. Default: all 1. */
  weights?: Float64Array | Float32Array
  /** One a node: how often teleportation lands there, with `toNodes`. Default: all 1. */
  nodeWeights?: Float64Array
}

/** A network as a list of links. */
export interface LinkList {
  sources: Uint32Array
  targets: Uint32Array
  /** One a link, finite and not negative; 0 means no link. Default: all 1. */
  weights?: Float64Array | Float32Array
  /** Number of nodes. Default: the highest number in the links, plus 1. */
  nodes?: number
  /** One a node: how often teleportation lands there, with `toNodes`. Default: all 1. */
  nodeWeights?: Float64Array
  /**
   * Nodes are of two kinds, those from this one on of the second, and every link joins the two. Then two steps of the walk,
   * to the second kind and back, count as one, and nodes of the second kind have no flow of their own. Undirected only.
   */
  bipartite?: number
}

const MAX_NODES = 0xfffffffe
/** Nodes that no link names cost memory all the same: a mistaken id must not cost gigabytes. */
const MAX_ISOLATED = 10_000_000

/** What a network in rows may have: also what a similarity graph says of itself. */
const ROWS = ['offsets', 'targets', 'weights', 'nodeWeights', 'isolated', 'degenerate', 'warnings']
/** What a list of links may have: also what a file or an adapter says of its nodes. */
const LINKS = ['sources', 'targets', 'weights', 'nodes', 'nodeWeights', 'bipartite', 'ids', 'names', 'labels']

/** Checks types and lengths; what the arrays hold is checked where it is read, on a pool thread. */
export function toNativeNetwork(network: CsrNetwork | LinkList): NativeNetwork {
  if (typeof network !== 'object' || network === null)
    throw invalid('{ offsets, targets, weights? } or { sources, targets, weights?, nodes? }', 'graph', network)
  expectOptions(network, 'graph', 'offsets' in network ? ROWS : LINKS)
  const targets = expectUint32(network.targets, 'graph.targets')
  const weights = expectWeights(network.weights, targets.length)
  if ('offsets' in network) {
    const offsets = expectUint32(network.offsets, 'graph.offsets')
    if (offsets.length === 0) throw invalid('one offset more than nodes', 'graph.offsets', offsets)
    const nodes = offsets.length - 1
    const nodeWeights = expectNodeWeights(network.nodeWeights, nodes)
    return { nodes, offsets, targets, ...(weights && { weights }), ...(nodeWeights && { nodeWeights }) }
  }
  const sources = expectUint32(network.sources, 'graph.sources')
  if (sources.length !== targets.length)
    throw invalid(`${targets.length} sources, one a target,`, 'graph.sources', sources)
  const nodes = network.nodes ?? nodesOf(sources, targets)
  const most = mostNodes(targets.length)
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > most)
    throw invalid(
      `an integer between 0 and ${most} (two nodes a link, and ${MAX_ISOLATED} without links; number nodes from 0 without gaps)`,
      'graph.nodes',
      nodes,
    )
  const { bipartite } = network
  if (bipartite !== undefined) expectInteger(bipartite, 'graph.bipartite', 1, nodes)
  const nodeWeights = expectNodeWeights(network.nodeWeights, nodes)
  return {
    nodes,
    sources,
    targets,
    ...(weights && { weights }),
    ...(nodeWeights && { nodeWeights }),
    ...(bipartite && { bipartite }),
  }
}

function expectNodeWeights(weights: Float64Array | undefined, nodes: number): Float64Array | undefined {
  if (weights === undefined) return undefined
  if (!types.isFloat64Array(weights) || weights.length !== nodes)
    throw invalid(`a Float64Array of ${nodes} weights, one a node,`, 'graph.nodeWeights', weights)
  const wrong = weights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY))
  if (wrong >= 0) throw invalid('finite weights of at least 0', `graph.nodeWeights[${wrong}]`, weights[wrong])
  return weights
}

function expectWeights(weights: Float64Array | Float32Array | undefined, length: number): Float64Array | undefined {
  if (weights === undefined) return undefined
  if (!(types.isFloat64Array(weights) || types.isFloat32Array(weights)))
    throw invalid('a Float64Array or Float32Array', 'graph.weights', weights)
  if (weights.length !== length) throw invalid(`${length} weights, one a target,`, 'graph.weights', weights)
  return types.isFloat64Array(weights) ? weights : new Float64Array(weights)
}

const mostNodes = (links: number) => Math.min(2 * links + MAX_ISOLATED, MAX_NODES)

/** One more than the highest number in the links, which must not be out of all proportion. */
function nodesOf(sources: Uint32Array, targets: Uint32Array): number {
  let high = -1
  for (let i = 0; i < sources.length; i++) {
    if (sources[i] > high) high = sources[i]
    if (targets[i] > high) high = targets[i]
  }
  const most = mostNodes(targets.length)
  if (high < most) return high + 1
  const link = Math.max(sources.indexOf(high), targets.indexOf(high))
  throw new InfomotionError(
    'INVALID_ARGUMENT',
    `Link ${link} (${sources[link]} -> ${targets[link]}): node ${high} is out of range; of a network of ${targets.length} ` +
      `links at most ${most} nodes are expected, numbered from 0 without gaps.`,
  )
}
