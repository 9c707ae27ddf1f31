import { invalid } from '../runtime/expect.js'
import type { LinkList } from './network.js'

/** A network made of links between labels: {@link LinkList}, its nodes numbered in the order in which they come. */
export interface LabelledNetwork<Label> extends LinkList {
  nodes: number
  weights: Float64Array
  /** What each node is called. */
  labels: Label[]
}

/** What {@link fromGraphology} needs of a graph of graphology. */
export interface GraphologyGraph {
  forEachNode(callback: (node: string) => void): void
  forEachEdge(
    callback: (edge: string, attributes: Record<string, unknown>, source: string, target: string) => void,
  ): void
}

/**
 * A network from links between anything: `[source, target]` or `[source, target, weight]`, labels being compared as keys of a Map.
 *
 * @param nodes labels that are nodes with or without links; they are numbered first
 * @throws `INVALID_ARGUMENT` naming an entry that is no link, or whose weight is no finite number of at least 0
 * @example
 * ```js
 * import { fromEdges, infomap } from 'infomotion/infomap'
 * const network = fromEdges([['ada', 'bob'], ['bob', 'eve', 0.5], ['eve', 'ada']])
 * const { modules } = await infomap(network) // modules[i]: of network.labels[i]
 * ```
 */
export function fromEdges<Label>(
  edges: Iterable<readonly [source: Label, target: Label, weight?: number]>,
  nodes: Iterable<Label> = [],
): LabelledNetwork<Label> {
  const numbers = new Map<Label, number>()
  const number = (label: Label) => {
    const known = numbers.get(label) ?? numbers.size
    if (known === numbers.size) numbers.set(label, known)
    return known
  }
  for (const label of nodes) number(label)
  const [sources, targets, weights]: number[][] = [[], [], []]
  for (const edge of edges) {
    const name = `edges[${sources.length}]`
    if (!Array.isArray(edge) || edge.length < 2 || edge.length > 3)
      throw invalid('[source, target, weight?]', name, edge)
    const weight = edge[2] ?? 1
    if (!(typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw invalid('a finite weight of at least 0', `${name}[2]`, weight)
    sources.push(number(edge[0]))
    targets.push(number(edge[1]))
    weights.push(weight)
  }
  return {
    nodes: numbers.size,
    sources: Uint32Array.from(sources),
    targets: Uint32Array.from(targets),
    weights: Float64Array.from(weights),
    labels: [...numbers.keys()],
  }
}

/**
 * The network of a graph of graphology, its nodes in the graph's order. Whether links have a direction is said to `infomap`, as with any
 * other network.
 *
 * @param weight the attribute of edges that is their weight; where it is absent, 1
 * @throws `INVALID_ARGUMENT` as {@link fromEdges}
 * @example
 * ```js
 * import { fromGraphology, infomap } from 'infomotion/infomap'
 * // Graph: graphology's
 * const graph = new Graph()
 * graph.mergeEdge('ada', 'bob', { weight: 2 })
 * const network = fromGraphology(graph)
 * const { modules } = await infomap(network, { directed: true }) // modules[i]: of network.labels[i]
 * ```
 */
export function fromGraphology(graph: GraphologyGraph, weight = 'weight'): LabelledNetwork<string> {
  if (typeof graph?.forEachEdge !== 'function') throw invalid('a graph of graphology', 'graph', graph)
  const nodes: string[] = []
  graph.forEachNode((node) => nodes.push(node))
  const edges: [string, string, number?][] = []
  graph.forEachEdge((_, attributes, source, target) => edges.push([source, target, attributes[weight] as number]))
  return fromEdges(edges, nodes)
}
