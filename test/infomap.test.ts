import { readFileSync } from 'node:fs'
import { codelength, infomap, type LinkList, readNetwork } from 'infomotion/infomap'
import t, { type Test } from 'tap'
import { Random } from '#lib/runtime/random.js'
import { fixture, needs, reference } from './support.js'

/** Two triangles, joined by the link 2 - 3. */
const triangles = { sources: new Uint32Array([0, 0, 1, 3, 3, 4, 2]), targets: new Uint32Array([1, 2, 2, 4, 5, 5, 3]) }

// ---- The formulas once more, from the papers and by other means than the native code's: dense flow matrices.

/** flow[u][v]: how often the walker steps from u to v; sums to 1. */
function flowMatrix(network: LinkList, nodes: number, directed: boolean, tau: number): number[][] {
  const weight = Array.from({ length: nodes }, () => new Array<number>(nodes).fill(0))
  network.sources.forEach((u, i) => {
    const v = network.targets[i]
    const w = network.weights?.[i] ?? 1
    weight[u][v] += w
    if (!directed && u !== v) weight[v][u] += w
  })
  const total = weight.flat().reduce((a, b) => a + b, 0)
  if (total === 0) return weight
  if (!directed) return weight.map((row) => row.map((w) => w / total))
  const out = weight.map((row) => row.reduce((a, b) => a + b, 0))
  const land = out.map((w) => w / total)
  let visit = land
  for (let step = 0; step < 2000; step++) {
    const dangling = visit.reduce((sum, q, u) => sum + (out[u] === 0 ? q : 0), 0)
    const next = land.map((v) => (tau + (1 - tau) * dangling) * v)
    for (let u = 0; u < nodes; u++)
      for (let v = 0; v < nodes; v++) if (out[u] > 0) next[v] += ((1 - tau) * visit[u] * weight[u][v]) / out[u]
    visit = next
  }
  const steps = weight.map((row, u) => row.map((w) => (out[u] > 0 ? (visit[u] * w) / out[u] : 0)))
  const all = steps.flat().reduce((a, b) => a + b, 0)
  return steps.map((row) => row.map((f) => f / all))
}

/** The map equation as weighted entropies (Rosvall, Axelsson and Bergstrom 2009, eq. 4), not as sums of plogp. */
function mapEquation(flow: number[][], modules: ArrayLike<number>): number {
  const entropy = (rates: number[]) => {
    const sum = rates.reduce((a, b) => a + b, 0)
    return sum === 0 ? 0 : sum * rates.reduce((h, r) => (r > 0 ? h - (r / sum) * Math.log2(r / sum) : h), 0)
  }
  const visits = flow.map((_, v) => flow.reduce((sum, row) => sum + row[v], 0))
  const ids = [...new Set(Array.from(modules))]
  const across = (test: (u: number, v: number) => boolean) =>
    flow.reduce((sum, row, u) => sum + row.reduce((s, f, v) => (test(u, v) ? s + f : s), 0), 0)
  const enter = ids.map((m) => across((u, v) => modules[u] !== m && modules[v] === m))
  const books = ids.map((m) => {
    const exit = across((u, v) => modules[u] === m && modules[v] !== m)
    return entropy([exit, ...visits.filter((_, u) => modules[u] === m)])
  })
  return entropy(enter) + books.reduce((a, b) => a + b, 0)
}

function randomNetwork(
  random: Random,
  nodes: number,
  links: number,
): Required<Omit<LinkList, 'bipartite' | 'nodeWeights'>> {
  const draw = (n: number) => Uint32Array.from({ length: links }, () => random.below(n))
  const weights = Float64Array.from({ length: links }, () => (random.below(9) ? 4 * random.uniform() : 0))
  return { nodes, sources: draw(nodes - 2), targets: draw(nodes - 1), weights }
}

t.test('codelength and result agree with independent formulas', async (t) => {
  const random = new Random(11)
  let worst = 0
  for (let i = 0; i < 30; i++) {
    const network = randomNetwork(random, 4 + random.below(20), 1 + random.below(60))
    const modules = Uint32Array.from({ length: network.nodes }, () => random.below(4) * 1000)
    for (const directed of [false, true]) {
      const teleportation = directed && i % 2 ? 0.3 : 0.15
      const flow = flowMatrix(network, network.nodes, directed, teleportation)
      const given = await codelength(network, modules, { directed, teleportation })
      const found = await infomap(network, { twoLevel: true, directed, teleportation, trials: 2, seed: i })
      worst = Math.max(
        worst,
        Math.abs(given.codelength - mapEquation(flow, modules)),
        Math.abs(found.codelength - mapEquation(flow, found.modules)),
        Math.abs(found.oneLevelCodelength - mapEquation(flow, new Uint32Array(network.nodes))),
        ...Array.from(found.flow, (p, v) => Math.abs(p - flow.reduce((sum, row) => sum + row[v], 0))),
      )
      if (found.codelength > given.codelength + 1e-9) t.fail(`a random partition is better in case ${i}`)
    }
  }
  t.ok(worst < 1e-9, `largest difference ${worst}`)
})

t.test('two triangles, worked by hand', async (t) => {
  const result = await infomap({ ...triangles, nodes: 7 }, { twoLevel: true, trials: 3 })
  t.same([...result.modules], [0, 0, 0, 1, 1, 1, 2], 'a node without links is a module of its own')
  // Index codebook: 1 bit, 1/7 of the steps; module codebooks: H(1, 2, 2, 3 of 8), 8/14 of the steps each.
  const entropy = (1 * 3 + 2 * 2 * 2 + 3 * (3 - Math.log2(3))) / 8
  t.ok(Math.abs(result.codelength - (1 / 7 + ((2 * 8) / 14) * entropy)) < 1e-12)
  t.ok(Math.abs(result.indexCodelength - 1 / 7) < 1e-12)
  t.equal(result.topModules, 3)
  t.equal(result.links, 7)
  t.equal(result.trialCodelengths.length, 3)
  t.equal(result.trial, 0, 'equal trials: the first wins')
  const near = (values: Float64Array, expected: number[]) =>
    t.ok(values.length === expected.length && expected.every((e, i) => Math.abs(values[i] - e) < 1e-12))
  near(result.moduleFlow, [1 / 2, 1 / 2, 0])
  near(result.enter, [1 / 14, 1 / 14, 0])
  near(result.exit, [1 / 14, 1 / 14, 0])
})

t.test('rows and lists of links are the same network', async (t) => {
  const csr = {
    offsets: new Uint32Array([0, 2, 4, 7, 10, 12, 14]),
    targets: new Uint32Array([1, 2, 0, 2, 0, 1, 3, 2, 4, 5, 3, 5, 3, 4]),
    weights: new Float32Array(14).fill(2),
  }
  const rows = await infomap(csr, { twoLevel: true })
  const list = await infomap(triangles, { twoLevel: true })
  t.same(rows, list)
  const directed = await infomap(csr, { twoLevel: true, directed: true })
  t.equal(directed.links, 14)
  t.ok(Math.abs(directed.codelength - list.codelength) < 1e-9, 'both directions of every link: the same walk')
  const shared = new Uint32Array(new SharedArrayBuffer(28))
  shared.set(triangles.sources)
  t.same(await infomap({ ...triangles, sources: shared }, { twoLevel: true }), list, 'over a SharedArrayBuffer')
})

t.test(
  'arrays are copied when the call is made; over a SharedArrayBuffer they are used in place, whoever writes',
  async (t) => {
    const network = await readNetwork(fixture('networks', 'lfr1k_mu3.txt.gz'))
    const own = { sources: network.sources.slice(), targets: network.targets.slice(), nodes: network.nodes }
    const found = await infomap(own, { twoLevel: true, trials: 1 })
    const running = infomap(own, { twoLevel: true, trials: 1 })
    own.sources.fill(0xffffffff)
    structuredClone(own.targets, { transfer: [own.targets.buffer] })
    t.same(await running, found)
    const offsets = new Uint32Array(new SharedArrayBuffer(4 * (network.nodes + 1)))
    const weights = new Float64Array(new SharedArrayBuffer(8 * network.targets.length))
    const ends: Record<string, number> = {}
    for (let round = 0; round < 60; round++) {
      for (let node = 0; node < network.nodes; node++) offsets[node + 1] = 5 * node
      weights.fill(1)
      const rows = { offsets: offsets.fill(network.targets.length, network.nodes), targets: network.targets, weights }
      const graph =
        round % 2 ? rows : { sources: network.sources, targets: network.targets, weights, nodes: network.nodes }
      const end = infomap(graph, { twoLevel: true, trials: 1, directed: true }).then(
        () => 'found',
        ({ code }) => code,
      )
      for (let i = 0; i < 20_000; i++) {
        offsets[(i * 7919) % offsets.length] = (i * 31) % 6000
        weights[(i * 7919) % weights.length] = i % 3 ? i : -1
      }
      const how = await end
      ends[how] = (ends[how] ?? 0) + 1
    }
    t.ok(
      Object.keys(ends).every((end) => ['found', 'INVALID_ARGUMENT'].includes(end)),
      JSON.stringify(ends),
    )
  },
)

t.test('same seed, same result, for any number of threads', async (t) => {
  const network = await readNetwork(fixture('networks', 'knn1k_dir.txt.gz'))
  const run = (threads: number, seed: number) =>
    infomap(network, { twoLevel: true, directed: true, trials: 6, threads, seed })
  const one = await run(1, 5)
  t.same(await run(2, 5), one)
  t.same(await run(4, 5), one)
  t.notSame((await run(0, 6)).trialCodelengths, one.trialCodelengths)
})

// ---- Quality: best of 10 within 0.1 % of what the reference implementation reaches with 10 (reference.json).

async function quality(t: Test, path: string, directed: boolean, bar: number) {
  const network = await readNetwork(path)
  const result = await infomap(network, { twoLevel: true, directed })
  const excess = result.codelength / bar - 1
  t.ok(excess < 1e-3, `${result.codelength} bits, ${(100 * excess).toFixed(4)} % from ${bar}`)
  const fresh = await codelength(network, result.modules, { directed })
  t.ok(Math.abs(fresh.codelength - result.trialCodelengths[result.trial]) < 1e-9, "the search's own sum is right")
}

t.test('generated networks: the planted or best known modules', async (t) => {
  await quality(t, fixture('networks', 'ring_of_cliques_30x5.txt'), false, 3.2106181936205)
  await quality(t, fixture('networks', 'lfr1k_mu3.txt.gz'), false, 7.700153480467722)
  await quality(t, fixture('networks', 'knn1k_dir.txt.gz'), true, 6.310922834444329)
  await quality(t, fixture('networks', 'ppdir1k.txt.gz'), true, 7.251173972108919)
})

const known = reference('networks', 'reference.json')
t.test('reference networks: best of 10', needs(known, 'the reference networks'), async (t) => {
  const bars = JSON.parse(readFileSync(known!, 'utf8'))
  const names = 'karate dolphins lesmis jazz netscience power ca-GrQc knn1k_dir:d knn10k_und ppdir1k:d foodweb-baydry:d'
  for (const item of names.split(' ')) {
    const [name, d] = item.split(':')
    const path = reference('networks', `${name}.txt`) ?? reference('networks', `${name}.txt.gz`)!
    const run = bars[name].runs[`two_level_${d ? 'directed' : 'undirected'}_N10`]
    await t.test(item, (t) => quality(t, path, d !== undefined, run.codelength))
  }
})

// ---- Errors and cancellation

t.test('errors name the option, the array, the link at fault', async (t) => {
  const twoLevel = true
  const { sources, targets } = triangles
  const fails = (graph: unknown, options: object, message: RegExp, code = 'INVALID_ARGUMENT') =>
    t.rejects(infomap(graph as LinkList, { twoLevel, ...options }), { code, message })
  await fails(triangles, { twoLevel: 1 }, /twoLevel/)
  await fails({ ...triangles, nodes: 2 ** 32 - 1 }, {}, /without gaps.*graph.nodes/)
  await fails(triangles, { initial: new Uint32Array(5) }, /6 modules, one a node,.*initial/)
  await fails(triangles, { markovTime: 0 }, /markovTime/)
  await fails(triangles, { regularized: -1 }, /regularized/)
  await fails(triangles, { trial: 3 }, /Unknown option "trial"/)
  await fails(triangles, { trials: 0 }, /trials/)
  await fails(triangles, { teleportation: 2 }, /teleportation/)
  await fails(triangles, { directed: 1 }, /directed/)
  await fails(undefined, {}, /graph/)
  await fails({ sources: [0], targets }, {}, /a Uint32Array for graph.sources but received an array of 1/)
  await fails({ sources: sources.slice(1), targets }, {}, /7 sources/)
  await fails({ ...triangles, weights: new Float64Array(3) }, {}, /7 weights/)
  await fails({ ...triangles, nodes: 5 }, {}, /Link 4 \(3 -> 5\): target 5 is not a node; the network has 5 nodes/)
  const weights = (at: number, value: number) => new Float64Array(7).fill(1).fill(value, at, at + 1)
  await fails({ ...triangles, weights: weights(2, -1) }, {}, /Link 2 \(1 -> 2\) has weight -1/)
  await fails({ ...triangles, weights: weights(6, NaN) }, {}, /Link 6 \(2 -> 3\) has weight NaN/)
  await fails({ offsets: new Uint32Array(), targets }, {}, /offsets/)
  await fails({ offsets: new Uint32Array([0, 2, 1, 3, 4, 5, 7]), targets }, { directed: true }, /offsets\[2\] is 1/)
  await fails({ offsets: new Uint32Array([0, 1, 1]), targets: new Uint32Array([1]) }, {}, /not symmetric.*0 and 1/)
  await t.rejects(codelength(triangles, new Uint32Array(5)), { message: /6 modules, one a node/ })
  const none = await infomap({ sources: new Uint32Array(), targets: new Uint32Array() }, { twoLevel })
  t.equal(none.topModules, 0, 'no nodes, no modules')
})

t.test('abort and progress', async (t) => {
  const network = await readNetwork(fixture('networks', 'lfr1k_mu3.txt.gz'))
  const controller = new AbortController()
  const seen: number[] = []
  const started = performance.now()
  const running = infomap(network, {
    twoLevel: true,
    trials: 100_000,
    signal: controller.signal,
    onProgress: ({ done, total, stage, unit }) => {
      t.match({ total, stage, unit }, { total: 100_000, stage: 'infomap', unit: 'trials' })
      seen.push(done)
      if (done > 0) controller.abort()
    },
  })
  await t.rejects(running, { code: 'ABORTED' })
  t.ok(performance.now() - started < 5000, 'long before 100000 trials are done')
  t.same(
    seen,
    [...seen].sort((a, b) => a - b),
  )
  await t.rejects(infomap(network, { twoLevel: true, signal: AbortSignal.abort() }), { code: 'ABORTED' })
  const done: number[] = []
  await infomap(network, { twoLevel: true, trials: 3, onProgress: (p) => done.push(p.done) })
  t.equal(done.at(-1), 3)
})
