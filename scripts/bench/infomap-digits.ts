// Digits as a class problem: classes even and odd, whose subclasses are the digits. How well modules tell the digits apart,
// beside Louvain's, and what each partition costs by the map equation.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type SimilarityGraph, similarityGraph } from 'infomotion/graph'
import { codelength, type InfomapOptions, infomap } from 'infomotion/infomap'
import { referenceFolder } from './infomap-sides.js'
import { npmPeer, type Row } from './support.js'

export async function digits(): Promise<Row[]> {
  const path = join(referenceFolder(), 'embeddings', 'digits.csv.gz')
  if (!existsSync(path)) return []
  const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n')
  const points = rows.map((row) => row.split(',').map(Number))
  const louvain = await npmPeer(['graphology', 'graphology-communities-louvain'])
  const answers: Row[] = []
  for (const parity of [0, 1]) {
    const mine = points.filter((point) => point[64] % 2 === parity)
    const labels = mine.map((point) => point[64])
    const values = Float32Array.from(mine.flatMap((point) => point.slice(0, 64)))
    const graph = await similarityGraph({ rows: mine.length, dim: 64, values })
    const search = async (options: InfomapOptions) => infomap(graph, { twoLevel: true, seed: 123, ...options })
    const { modules, codelength: bits } = await search({})
    const theirs = louvain ? Uint32Array.from(louvainModules(louvain, graph)) : null
    const ours = agreement([...modules], labels)
    const peer = theirs ? agreement([...theirs], labels) : null
    answers.push({
      name: `digits, ${parity ? 'odd' : 'even'}`,
      ours,
      peer,
      peerName: 'Louvain (graphology)',
      unit: 'NMI with the digit',
      ratio: peer === null ? null : ours / peer,
      quality: {
        modules: new Set(modules).size,
        'codelength, bits': bits,
        ...(theirs && {
          "Louvain's modules": new Set(theirs).size,
          "Louvain's codelength": (await codelength(graph, theirs)).codelength,
        }),
        "the digits' codelength": (await codelength(graph, Uint32Array.from(labels))).codelength,
        'NMI at Markov time 2': agreement([...(await search({ markovTime: 2 })).modules], labels),
        'NMI, 5 modules preferred': agreement([...(await search({ preferredModules: 5 })).modules], labels),
      },
      ...(peer === null && { reason: 'graphology-communities-louvain could not be installed from npm' }),
    })
  }
  return answers
}

function louvainModules(home: string, { offsets, targets, weights }: SimilarityGraph): number[] {
  const require = createRequire(join(home, 'index.js'))
  const { UndirectedGraph } = require('graphology')
  const louvain = require('graphology-communities-louvain')
  const graph = new UndirectedGraph()
  const nodes = offsets.length - 1
  for (let u = 0; u < nodes; u++) graph.addNode(u)
  for (let u = 0; u < nodes; u++)
    for (let l = offsets[u]; l < offsets[u + 1]; l++)
      if (targets[l] > u) graph.addEdge(u, targets[l], { weight: weights[l] })
  const communities = louvain(graph)
  return Array.from({ length: nodes }, (_, u) => communities[u])
}

/** Normalized mutual information: 2 I(A; B) / (H(A) + H(B)). */
function agreement(a: number[], b: number[]): number {
  const entropy = (keys: unknown[]) => {
    const counts = new Map<unknown, number>()
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
    return [...counts.values()].reduce((sum, n) => sum - (n / keys.length) * Math.log(n / keys.length), 0)
  }
  const [one, other, both] = [entropy(a), entropy(b), entropy(a.map((x, i) => `${x} ${b[i]}`))]
  return (2 * (one + other - both)) / (one + other)
}
