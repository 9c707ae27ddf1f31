import { version } from '../runtime/package.js'
import { Tree, type TreeModule } from './hierarchy.js'
import type { Codelength } from './infomap.js'
import type { ModuleLinks } from './links.js'
import type { NamedNetwork } from './reader.js'

/** What a file of modules is made of. */
export interface PartitionContents {
  network: Pick<NamedNetwork, 'ids' | 'names' | 'bipartite'>
  result: Pick<Codelength, 'hierarchy' | 'flow' | 'codelength' | 'oneLevelCodelength' | 'levels' | 'topModules'>
  directed: boolean
  /** `.clu`: modules of this level, from 1 at the top; -1: the finest. */
  cluLevel: number
  /** `.ftree`: flow between modules. */
  links?: readonly ModuleLinks[]
}

type Pieces = Generator<string>

/** The text of each kind of file, in pieces of a module's length: a network of millions of nodes is never one string. */
export const formats = { clu, tree, ftree, json, csv } satisfies Record<string, (contents: PartitionContents) => Pieces>
export type PartitionFormat = keyof typeof formats
export const PARTITION_FORMATS = Object.keys(formats) as PartitionFormat[]

/** `node_id module flow` a line. */
function* clu(contents: PartitionContents): Pieces {
  const { network, result, cluLevel } = contents
  const { hierarchy, flow } = result
  const tree = new Tree(result)
  const level = cluLevel < 0 ? hierarchy.length : Math.min(cluLevel, hierarchy.length)
  const { modules } = hierarchy[level - 1]
  const number: number[] = []
  for (const [i, m] of tree.order[level - 1].entries()) number[m] = i + 1
  yield `${header(contents)}# module level ${cluLevel}\n# node_id module flow\n`
  for (const finest of tree.order[hierarchy.length - 1]) {
    const lines = Array.from(tree.nodesOf(finest), (u) => `${network.ids[u]} ${number[modules[u]]} ${flow[u]}\n`)
    yield lines.join('')
  }
}

/** `path flow name node_id` a line, the path being the ranks from the top: "1:2:3". */
function* tree(contents: PartitionContents, tree = new Tree(contents.result)): Pieces {
  yield `${header(contents)}# path flow name node_id\n`
  for (const { path, flow, name, id } of nodes(contents, tree))
    yield `${path} ${flow} "${name.replaceAll('"', "'")}" ${id}\n`
}

/**
 * The tree, and for each module the flow between what is directly inside: what Network Navigator draws. Undirected links
 * stand once, with the flow of both directions.
 */
function* ftree(contents: PartitionContents): Pieces {
  const arranged = new Tree(contents.result)
  yield* tree(contents, arranged)
  yield `*Links ${contents.directed ? 'directed' : 'undirected'}\n`
  yield '#*Links path enterFlow exitFlow numEdges numChildren\n'
  const ranked = new RankedLinks(contents.links ?? [])
  for (const module of arranged.modules()) {
    const { enter, exit } = flowsOf(contents, module)
    const links = ranked.inside(module, contents.directed)
    yield `*Links ${module.path} ${enter} ${exit} ${links.length} ${module.children.length}\n`
    yield links.map(([from, to, flow]) => `${from} ${to} ${flow}\n`).join('')
  }
}

function* csv(contents: PartitionContents): Pieces {
  yield 'path,flow,name,node_id\n'
  for (const { path, flow, name, id } of nodes(contents, new Tree(contents.result)))
    yield `${path},${flow},"${name.replaceAll('"', '""')}",${id}\n`
}

function* json(contents: PartitionContents): Pieces {
  const { network, result, directed } = contents
  const { codelength, oneLevelCodelength, hierarchy, levels, topModules } = result
  const tree = new Tree(result)
  const head = {
    version: `v${version}`,
    args: 'infomotion infomap',
    codelength,
    numLevels: levels,
    numTopModules: topModules,
    relativeCodelengthSavings: savings(result),
    oneLevelCodelength,
    directed,
    flowModel: directed ? 'directed' : 'undirected',
    higherOrder: false,
    ...(network.bipartite && { bipartiteStartId: network.ids[network.bipartite] }),
  }
  yield `${JSON.stringify(head).slice(0, -1)},"nodes":[\n`
  let comma = ''
  const numbers = (path: string) => path.split(':').map(Number)
  for (const { path, flow, name, id, node } of nodes(contents, tree)) {
    const modules = hierarchy.map((level) => level.modules[node] + 1)
    yield `${comma}${JSON.stringify({ path: numbers(path), modules, name, flow, id })}`
    comma = ',\n'
  }
  yield '],"modules":[\n'
  comma = ''
  for (const module of tree.modules()) {
    const { enter: enterFlow, exit: exitFlow } = flowsOf(contents, module)
    const path = module.path === 'root' ? [0] : numbers(module.path)
    yield `${comma}${JSON.stringify({ path, enterFlow, exitFlow, numChildren: module.children.length })}`
    comma = ',\n'
  }
  yield ']}\n'
}

// ---- What the formats share

/**
 * What Infomap's files start with. Its tools refuse files without a version, a command line, a start and a duration above
 * 0. Here the same modules give the same bytes, so stand-ins take the place of the last two.
 */
function header({ result, network, directed }: PartitionContents): string {
  const { codelength, levels, topModules } = result
  const lines = [
    `v${version}`,
    'infomotion infomap',
    'started at (not recorded)',
    'completed in 0.001 s',
    `partitioned into ${levels} levels with ${topModules} top modules`,
    `codelength ${codelength} bits`,
    `relative codelength savings ${100 * savings(result)}%`,
    `flow model ${directed ? 'directed' : 'undirected'}`,
  ]
  if (network.bipartite) lines.push(`bipartite start id ${network.ids[network.bipartite]}`)
  return lines.map((line) => `# ${line}\n`).join('')
}

function savings({ codelength, oneLevelCodelength }: PartitionContents['result']): number {
  return oneLevelCodelength > 0 ? 1 - codelength / oneLevelCodelength : 0
}

function* nodes({ network, result }: PartitionContents, tree: Tree) {
  const finest = result.hierarchy.length - 1
  for (const m of tree.order[finest]) {
    const path = tree.paths[finest][m]
    for (const [rank, node] of tree.nodesOf(m).entries()) {
      const id = network.ids[node]
      yield { path: `${path}:${rank + 1}`, flow: result.flow[node], name: network.names?.[node] ?? `${id}`, id, node }
    }
  }
}

function flowsOf({ result }: PartitionContents, { level, module }: TreeModule): { enter: number; exit: number } {
  if (level < 0) return { enter: 0, exit: 0 }
  const { enter, exit } = result.hierarchy[level]
  return { enter: enter[module], exit: exit[module] }
}

/** Links between the children of a module, by their ranks. */
class RankedLinks {
  /** By level, by source: where its links start. */
  private readonly starts: Uint32Array[]

  constructor(private readonly levels: readonly ModuleLinks[]) {
    this.starts = levels.map(({ sources }) => {
      const starts = new Uint32Array((sources.at(-1) ?? -1) + 2)
      for (const source of sources) starts[source + 1]++
      for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1]
      return starts
    })
  }

  inside({ children, inside }: TreeModule, directed: boolean): [from: number, to: number, flow: number][] {
    const links = this.levels[inside]
    const starts = this.starts[inside]
    const found: [number, number, number][] = []
    if (!links) return found
    const rank = new Map(children.map((child, i) => [child, i + 1]))
    for (const [i, source] of children.entries()) {
      for (let l = starts[source] ?? 0; l < (starts[source + 1] ?? 0); l++) {
        const to = rank.get(links.targets[l])!
        const [a, b] = directed || i + 1 < to ? [i + 1, to] : [to, i + 1]
        found.push([a, b, links.flow[l]])
      }
    }
    return found.sort((x, y) => x[0] - y[0] || x[1] - y[1])
  }
}
