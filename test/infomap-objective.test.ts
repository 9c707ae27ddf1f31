// The map equation's variants: codelengths and visit rates against Infomap's, nested results against their own parts.
import { readFileSync } from 'node:fs'
import { type Codelength, codelength, infomap, type LinkList, readNetwork, type WalkOptions } from 'infomotion/infomap'
import t, { type Test } from 'tap'
import { Random } from '#lib/runtime/random.js'
import { fixture } from './support.js'

interface Golden {
  networks: [number, number, number][][]
  runs: { network: number; options: WalkOptions; codelength: number; paths: number[][]; flow: number[] }[]
}

function linkList(links: [number, number, number][]): LinkList {
  return {
    sources: Uint32Array.from(links, ([u]) => u),
    targets: Uint32Array.from(links, ([, v]) => v),
    weights: Float64Array.from(links, ([, , w]) => w),
  }
}

/** The module of each node at each level; a path that ends earlier stays where it is. */
function levelsOf(paths: number[][]): Uint32Array[] {
  const depth = Math.max(...paths.map((path) => path.length))
  return Array.from({ length: depth }, (_, level) => {
    const numbers = new Map<string, number>()
    return Uint32Array.from(paths, (path) => {
      const key = path.slice(0, level + 1).join()
      if (!numbers.has(key)) numbers.set(key, numbers.size)
      return numbers.get(key)!
    })
  })
}

t.test("codelengths and visit rates are Infomap's, whatever the walk, for nested modules too", async (t) => {
  const { networks, runs } = JSON.parse(readFileSync(fixture('codelengths.json'), 'utf8')) as Golden
  const graphs = networks.map(linkList)
  let nested = 0
  for (const { network, options, paths, ...golden } of runs) {
    const levels = levelsOf(paths)
    const code = await codelength(graphs[network], levels, options)
    const name = `network ${network}, ${levels.length} levels of modules, ${JSON.stringify(options)}`
    const apart = Math.max(...golden.flow.map((p, node) => Math.abs(p - code.flow[node])))
    t.ok(Math.abs(code.codelength - golden.codelength) < 1e-9, `${name}: ${code.codelength} = ${golden.codelength}`)
    t.ok(apart < 1e-9, `${name}: visit rates ${apart}`)
    if (levels.length > 1) nested++
    const found = await infomap(graphs[network], { ...options, twoLevel: levels.length === 1, seed: 1, threads: 1 })
    t.ok(found.codelength < golden.codelength * 1.002, `${name}: ${found.codelength} found`)
  }
  t.ok(nested >= 10, `${nested} nested`)
})

// Cases of `npm run truth:infomap -- --cases 400 --store`: small networks of every kind with every option, and Infomap 2.16's answers.
t.test("codelengths of given modules are Infomap's, whatever the network", async (t) => {
  interface Stored {
    network: {
      sources: number[]
      targets: number[]
      nodes: number
      bipartite?: number
      weights?: number[]
      nodeWeights?: number[]
    }
    walk: WalkOptions
    levels: number[][]
    codelength: number
    oneLevel: number
  }
  const cases = JSON.parse(readFileSync(fixture('infomap-truth.json'), 'utf8')) as Stored[]
  for (const [i, { network, walk, levels, ...golden }] of cases.entries()) {
    const { sources, targets, weights, nodeWeights, ...rest } = network
    const graph: LinkList = {
      ...rest,
      sources: Uint32Array.from(sources),
      targets: Uint32Array.from(targets),
      ...(weights && { weights: Float64Array.from(weights) }),
      ...(nodeWeights && { nodeWeights: Float64Array.from(nodeWeights) }),
    }
    const code = await codelength(
      graph,
      levels.map((level) => Uint32Array.from(level)),
      walk,
    )
    const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, b)
    t.ok(near(code.codelength, golden.codelength), `case ${i}: ${code.codelength} = ${golden.codelength}`)
    t.ok(near(code.oneLevelCodelength, golden.oneLevel), `case ${i}, one level`)
  }
  t.ok(cases.length > 50)
})

/** Levels nest, sums agree, the parts add up to the whole, and a fresh evaluation says the same. */
async function consistent(t: Test, graph: LinkList, options: WalkOptions, found: Codelength): Promise<void> {
  const near = (a: number, b: number, what: string) => t.ok(Math.abs(a - b) < 1e-9, `${what}: ${a} = ${b}`)
  const again = await codelength(
    graph,
    found.hierarchy.map(({ modules }) => modules),
    options,
  )
  near(again.codelength, found.codelength, 'evaluated afresh')
  near(
    found.codelengths.reduce((a, b) => a + b),
    found.codelength,
    'parts by level',
  )
  t.same([found.levels, found.codelengths.length], [found.hierarchy.length + 1, found.hierarchy.length + 1])
  found.hierarchy.forEach(({ modules, count, parents, flow, enter, exit }, l) => {
    t.same([flow.length, enter.length, exit.length, parents.length], [count, count, count, l && count])
    t.ok(
      modules.every((m, node) => m < count && (l === 0 || parents[m] === found.hierarchy[l - 1].modules[node])),
      `level ${l} nests`,
    )
    t.ok(
      flow.every((f, m) => m === 0 || f <= flow[m - 1] + 1e-9),
      'by falling flow',
    )
    const sums = new Float64Array(count)
    for (const [node, m] of modules.entries()) sums[m] += found.flow[node]
    t.ok(
      sums.every((sum, m) => Math.abs(sum - flow[m]) < 1e-12),
      'flow is that of the nodes',
    )
  })
}

t.test('nested modules: levels, parents, flows; same for any number of threads', async (t) => {
  const ring = await readNetwork(fixture('networks', 'ring_of_cliques_30x5.txt'))
  const knn = await readNetwork(fixture('networks', 'knn1k_dir.txt.gz'))
  for (const options of [{}, { directed: true }, { directed: true, recordedTeleportation: true }]) {
    const graph = 'directed' in options ? knn : ring
    const one = await infomap(graph, { ...options, trials: 3, threads: 1 })
    const nests = !('recordedTeleportation' in options) // there everything is near everything
    t.ok(one.levels > 2 || !nests, `${one.levels} levels`)
    await consistent(t, graph, options, one)
    t.same(await infomap(graph, { ...options, trials: 3, threads: 4 }), one)
    t.same(
      await infomap(graph, { ...options, trials: 1, threads: 4 }),
      await infomap(graph, { ...options, trials: 1, threads: 1 }),
    )
    const flat = await infomap(graph, { ...options, trials: 3, twoLevel: true })
    t.ok(one.codelength < flat.codelength || !nests, 'shorter than two levels')
    const { modules } = one.hierarchy[one.hierarchy.length - 1]
    const warm = await infomap(graph, { ...options, trials: 1, initial: modules })
    t.ok(warm.codelength < one.codelength * 1.002, 'from the finest modules')
  }
})

t.test('options change what they say they change', async (t) => {
  const graph = await readNetwork(fixture('networks', 'lfr1k_mu3.txt.gz'))
  const finest = async (options: WalkOptions) =>
    (await infomap(graph, { twoLevel: true, trials: 2, ...options })).topModules
  const plain = await finest({})
  t.ok((await finest({ markovTime: 3 })) < plain, 'longer steps, fewer modules')
  t.ok((await finest({ markovTime: 0.3 })) > plain, 'shorter steps, more modules')
  t.ok((await finest({ regularized: true })) <= plain, 'a prior, no more modules')
  for (const preferredModules of [10, plain + 3])
    for (const twoLevel of [true, false]) {
      const found = await infomap(graph, { twoLevel, preferredModules, trials: 2 })
      t.equal(found.topModules, preferredModules, `${preferredModules} modules preferred`)
      t.ok(
        Math.abs(found.trialCodelengths[found.trial] - found.codelength) < 1e-9,
        'the preference is not in the codelength',
      )
    }
  // On noise the corrected entropy sees fewer modules than the plain one.
  const random = new Random(3)
  const draw = () => Uint32Array.from({ length: 700 }, () => random.below(400))
  const noise = { sources: draw(), targets: draw(), nodes: 400 }
  const modules = async (options: WalkOptions) =>
    (await infomap(noise, { twoLevel: true, trials: 5, ...options })).topModules
  t.ok((await modules({ entropyCorrected: true })) < (await modules({})))
})

t.test('a level that is not inside the one above is named', async (t) => {
  const path = { sources: new Uint32Array([0, 1, 2]), targets: new Uint32Array([1, 2, 3]) }
  const levels = [new Uint32Array([5, 5, 6, 6]), new Uint32Array([1, 2, 2, 3])]
  await t.rejects(codelength(path, levels), { code: 'INVALID_ARGUMENT', message: /Level 1.*node 2/ })
  await t.rejects(codelength(path, []), { code: 'INVALID_ARGUMENT', message: /at least one level/ })
})
