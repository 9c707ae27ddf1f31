import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Codelength, codelength } from 'infomotion/infomap'
import type { InfomotionError } from '#lib/runtime/errors.js'
import { Peer } from '../bench/peer.js'
import { pythonPeer } from '../bench/support.js'
import { type Case, makeCase } from './infomap-cases.js'
import { isExact } from './infomap-walk.js'

// `npm run truth:infomap -- [--cases N] [--seed S] [--case NUMBER] [--store FILE]`: random networks, options and partitions; their
// codelengths, of one module and of the partition, and the flow of each node beside Infomap's (PyPI, in a cache of its
// own). Says how many are equal to 1e-9, which only one takes, and which differ, by Infomap's fault where the walker hardly ever teleports
// (it stops too early; ours is that of infomap-walk.ts). Ends with status 1 where others differ.

const APART = 1e-9
const MOST_STORED = 8 // nodes
const PACKAGE = 'infomap==2.16.0'

interface Answer {
  error?: string
  codelength: number
  oneLevel: number
  flow: [number, number][]
}

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    store: { type: 'string' },
  },
})
const stored: object[] = []
const python = await pythonPeer([PACKAGE])
if (!python) {
  console.error('No Python, or no infomap to be had: nothing was compared.')
  process.exit(1)
}
const peer = await Peer.open(python, [join(root, 'scripts', 'truth', 'infomap_peer.py')])
const tally = {
  equal: 0,
  'refused by both': 0,
  'refused here only': 0,
  'refused there only': 0,
  'apart, ours exact': 0,
  apart: 0,
}
const first = Number(values.case ?? 0)
const count = values.case === undefined ? Number(values.cases) : 1
for (let number = first; number < first + count; number++) {
  const one = makeCase(Number(values.seed), number)
  const theirs = await peer.ask<Answer>(request(one))
  const ours = await codelength(one.network, one.levels, one.walk).catch((error: InfomotionError) => error)
  if (values.case !== undefined)
    console.dir({ one, theirs, ours, levels: one.levels }, { depth: 4, maxArrayLength: 100 })
  const tell = (kind: keyof typeof tally, why = '') => {
    tally[kind]++
    if (why) console.log(`${kind}: case ${number}, ${describe(one)}: ${why}`)
  }
  if (ours instanceof Error) {
    if (theirs.error) tell('refused by both')
    else tell('refused here only', ours.message)
  } else if (theirs.error) tell('refused there only', theirs.error)
  else {
    const why = difference(ours, theirs)
    if (why && isExact(one, ours)) tell('apart, ours exact', why)
    else if (why) tell('apart', why)
    else {
      tell('equal')
      if (values.store && one.network.nodes <= MOST_STORED) stored.push(plain(one, theirs))
    }
  }
}
peer.stop()
if (values.store) writeFileSync(values.store, `[\n${stored.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
console.log(
  `infomap ${peer.versions.infomap}: ` +
    Object.entries(tally)
      .map(([kind, cases]) => `${cases} ${kind}`)
      .join(', '),
)
process.exitCode = tally.apart > 0 || tally.equal === 0 ? 1 : 0

/** A case and its answer as numbers: what test/fixtures/infomap-truth.json holds. */
function plain({ network, walk, levels }: Case, { codelength, oneLevel }: Answer): object {
  const arrays = Object.entries(network).map(([name, value]) => [
    name,
    typeof value === 'number' ? value : Array.from(value),
  ])
  return {
    network: Object.fromEntries(arrays),
    walk,
    levels: levels.map((level) => Array.from(level)),
    codelength,
    oneLevel,
  }
}

function request({ network, flags, levels }: Case): object {
  const { nodes, sources, targets, weights, bipartite, nodeWeights } = network
  const nested = levels.length > 1
  return {
    options: `${flags.join(' ')}${nested ? '' : ' --two-level'}`,
    nodes: Array.from({ length: nodes }, (_, u) => (nodeWeights ? [u, nodeWeights[u]] : [u])),
    links: Array.from(sources, (source, i) => [source, targets[i], weights?.[i] ?? 1]),
    bipartite: bipartite ?? null,
    modules: nested ? null : Object.fromEntries(levels[0].entries()),
    tree: nested ? paths(levels) : null,
  }
}

/** Lines of a tree file: the path of each node, its rank last. A module that is alone in its parent is that parent. */
function paths(levels: Uint32Array[]): [path: string, node: number][] {
  const inside = levels.slice(1).map((level, l) => {
    const children = new Map<number, Set<number>>()
    for (const [u, m] of level.entries()) children.set(levels[l][u], (children.get(levels[l][u]) ?? new Set()).add(m))
    return children
  })
  const ranks = new Map<string, number>()
  const lines = Array.from(levels[0], (top, u): [number[], number] => {
    const path = [top + 1]
    for (const [l, children] of inside.entries())
      if (children.get(levels[l][u])!.size > 1) path.push(levels[l + 1][u] + 1)
    const module = path.join(':')
    ranks.set(module, (ranks.get(module) ?? 0) + 1)
    return [[...path, ranks.get(module)!], u]
  })
  lines.sort(([x], [y]) => {
    const at = x.findIndex((part, i) => part !== y[i])
    return x[at] - y[at]
  })
  return lines.map(([path, u]) => [path.join(':'), u])
}

function difference(ours: Codelength, theirs: Answer): string {
  const apart = (a: number, b: number) => !(Math.abs(a - b) <= APART * Math.max(1, Math.abs(b)))
  const found: string[] = []
  if (apart(ours.oneLevelCodelength, theirs.oneLevel))
    found.push(`one level ${ours.oneLevelCodelength}, not ${theirs.oneLevel}`)
  if (apart(ours.codelength, theirs.codelength)) found.push(`${ours.codelength} bits, not ${theirs.codelength}`)
  const sum = theirs.flow.reduce((sum, [, flow]) => sum + flow, 0)
  const node = Math.abs(sum - 1) < 1e-6 && theirs.flow.find(([u, flow]) => apart(ours.flow[u], flow))
  if (node) found.push(`flow of node ${node[0]} ${ours.flow[node[0]]}, not ${node[1]}`)
  return found.join('; ')
}

function describe({ network, flags, levels }: Case): string {
  const { nodes, sources, weights, bipartite, nodeWeights } = network
  return [
    `${nodes} nodes, ${sources.length} links`,
    weights && 'weights',
    nodeWeights && 'node weights',
    bipartite && 'bipartite',
    levels.length > 1 && `${levels.length} levels`,
    ...flags,
  ]
    .filter(Boolean)
    .join(', ')
}
