// Random networks, options and partitions for truth:infomap. A case depends on its seed and number alone.
import type { LinkList, WalkOptions } from 'infomotion/infomap'
import { Random } from '#lib/runtime/random.js'

export interface Case {
  network: LinkList & { nodes: number }
  walk: WalkOptions
  /** The same options as Infomap's command line has them. */
  flags: string[]
  /** From the top: the module of each node. */
  levels: Uint32Array[]
}

type Link = [source: number, target: number]

/** Case `number` of those of a seed. */
export function makeCase(seed: number, number: number): Case {
  const random = new Random(seed, 'truth', number)
  const nodes = 1 + random.below(pick(random, [4, 12, 30, 60]))
  const bipartite = nodes > 1 && random.uniform() < 0.15 ? 1 + random.below(nodes - 1) : undefined
  const links = bipartite ? twoKinds(random, nodes, bipartite) : oneKind(random, nodes)
  const weights = random.uniform() < 0.25 ? undefined : drawWeights(random, links.length)
  const network: Case['network'] = {
    nodes,
    sources: Uint32Array.from(links, ([source]) => source),
    targets: Uint32Array.from(links, ([, target]) => target),
    ...(weights && { weights }),
    ...(bipartite && { bipartite }),
    ...(random.uniform() < 0.3 && { nodeWeights: drawNodeWeights(random, nodes) }),
  }
  const options = drawOptions(random)
  // Weights that are flow as they are: so that there is not more than all.
  if (weights && options.walk.flowModel === 'precomputed') {
    const sum = weights.reduce((sum, weight) => sum + weight, 0)
    network.weights = weights.map((weight) => weight / (sum || 1))
  }
  return { network, ...options, levels: drawLevels(random, nodes) }
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random.below(values.length)]

/** Links of one of many shapes: with self-links, parallel ones, nodes without links and dead ends. */
function oneKind(random: Random, nodes: number): Link[] {
  const count = random.below(1 + Math.floor(nodes * random.range(0.5, 5)))
  const groups = 1 + random.below(5)
  const linked = 1 + random.below(nodes) // the rest has no links
  const shape = pick(random, ['any', 'groups', 'ring', 'star', 'forward', 'path', 'alternate'] as const)
  const links = Array.from({ length: count }, (_, i): Link => {
    const u = random.below(linked)
    const v = random.below(linked)
    if (shape === 'groups')
      return random.uniform() < 0.9 ? [u, Math.min(linked - 1, u - (u % groups) + (v % groups))] : [u, v]
    if (shape === 'ring') return [i % linked, (i + 1) % linked]
    if (shape === 'star') return random.uniform() < 0.5 ? [0, v] : [v, 0]
    if (shape === 'forward') return [Math.min(u, v), Math.max(u, v)]
    if (shape === 'path') return [u, Math.min(linked - 1, u + 1)]
    if (shape === 'alternate') return [u, (u + 1 + 2 * (v >> 1)) % linked]
    return [u, v]
  })
  if (links.length > 0 && random.uniform() < 0.3)
    for (let i = random.below(4); i > 0; i--) {
      const u = random.below(linked)
      links.push([u, u])
    }
  return links
}

/** Between the two kinds, in either direction. */
function twoKinds(random: Random, nodes: number, second: number): Link[] {
  return Array.from({ length: random.below(1 + 3 * nodes) }, (): Link => {
    const link: Link = [random.below(second), second + random.below(nodes - second)]
    return random.uniform() < 0.3 ? [link[1], link[0]] : link
  })
}

function drawWeights(random: Random, count: number): Float64Array {
  const kind = pick(random, ['whole', 'share', 'tiny', 'huge', 'wide', 'some zero'] as const)
  const draw = {
    whole: () => 1 + random.below(9),
    share: () => random.uniform(),
    tiny: () => 1e-9 * (0.1 + random.uniform()),
    huge: () => 1e9 * (0.1 + random.uniform()),
    wide: () => 10 ** random.range(-6, 6),
    'some zero': () => (random.uniform() < 0.2 ? 0 : 1 + random.below(3)),
  }[kind]
  return Float64Array.from({ length: count }, draw)
}

function drawNodeWeights(random: Random, count: number): Float64Array {
  const zeros = random.uniform() < 0.3
  return Float64Array.from({ length: count }, () => (zeros && random.uniform() < 0.3 ? 0 : random.range(0.1, 10)))
}

function drawOptions(random: Random): { walk: WalkOptions; flags: string[] } {
  const walk: WalkOptions = {}
  const flags: string[] = []
  const maybe = (share: number, set: () => string) => {
    if (random.uniform() < share) flags.push(set())
  }
  if (random.uniform() < 0.2) {
    walk.flowModel = pick(random, ['undirected', 'directed', 'undirdir', 'outdirdir', 'rawdir', 'precomputed'] as const)
    flags.push(`--flow-model ${walk.flowModel}`)
  } else {
    maybe(0.5, () => {
      walk.directed = true
      return '--directed'
    })
  }
  maybe(0.25, () => {
    walk.teleportation = pick(random, [0, 1e-6, 0.001, 0.005, 0.01, 0.05, 0.3, 0.5, 0.9, 1])
    return `--teleportation-probability ${walk.teleportation}`
  })
  maybe(0.2, () => {
    walk.recordedTeleportation = true
    return '--recorded-teleportation'
  })
  maybe(0.25, () => {
    walk.toNodes = true
    return '--to-nodes'
  })
  maybe(0.2, () => {
    walk.markovTime = pick(random, [0.25, 0.5, 0.8, 1.5, 2, 5])
    return `--markov-time ${walk.markovTime}`
  })
  maybe(0.1, () => {
    walk.variableMarkovTime = true
    walk.variableMarkovMinScale = pick(random, [1, 0.5, 2])
    return `--variable-markov-time --variable-markov-min-scale ${walk.variableMarkovMinScale}`
  })
  maybe(0.05, () => {
    walk.nodeWeightsAsFlow = true
    return '--use-node-weights-as-flow'
  })
  maybe(0.2, () => {
    const strength = pick(random, [1, 0.1, 0.5, 3])
    walk.regularized = strength
    return `--regularized --regularization-strength ${strength}`
  })
  maybe(0.25, () => {
    const strength = pick(random, [1, 0.2, 4])
    walk.entropyCorrected = strength
    return `--entropy-corrected --entropy-correction-strength ${strength}`
  })
  maybe(0.2, () => {
    walk.noSelfLinks = true
    return '--no-self-links'
  })
  return { walk, flags }
}

/** One to three levels of modules, each inside the one above. */
function drawLevels(random: Random, nodes: number): Uint32Array[] {
  const depth = pick(random, [1, 1, 1, 2, 3])
  const split = (above: Uint32Array) => {
    const count = pick(random, [1, 2, 3, 8])
    const numbers = new Map<string, number>()
    return above.map((m) => {
      const key = `${m} ${random.below(count)}`
      if (!numbers.has(key)) numbers.set(key, numbers.size)
      return numbers.get(key)!
    })
  }
  const levels = [split(new Uint32Array(nodes))]
  while (levels.length < depth) levels.push(split(levels[levels.length - 1]))
  return levels
}
