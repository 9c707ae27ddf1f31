import { execFileSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { knn, NO_NEIGHBOUR, similarityGraph } from 'infomotion/graph'
import { infomap } from 'infomotion/infomap'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'
import { root, temporary } from './support.js'

const features = (rows: number[][]) => ({
  rows: rows.length,
  dim: rows[0].length,
  values: Float32Array.from(rows.flat()),
})

function randomRows(seed: number, rows: number, dim: number): number[][] {
  const random = new Random(seed)
  return Array.from({ length: rows }, () => Array.from({ length: dim }, () => Math.fround(random.gaussian())))
}

function cosine(a: number[], b: number[]): number {
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

t.test('knn: as by brute force', async (t) => {
  const rows = randomRows(1, 70, 9)
  const { k, neighbours, similarities } = await knn(features(rows), 6)
  t.equal(k, 6)
  const expected = rows.flatMap((a, i) =>
    rows
      .map((b, j) => ({ j, s: i === j ? -2 : cosine(a, b) }))
      .sort((x, y) => y.s - x.s)
      .slice(0, 6),
  )
  t.same(
    [...neighbours],
    expected.map(({ j }) => j),
  )
  t.ok(expected.every(({ s }, i) => Math.abs(s - similarities![i]) < 1e-6))
})

t.test('knn: ties go to the lower index, k is at most n - 1, rows of zeros are left out', async (t) => {
  const { k, neighbours, similarities } = await knn(
    features([
      [1, 1],
      [2, 2],
      [0, 0],
      [3, 3],
    ]),
    9,
  )
  t.equal(k, 3)
  const none = NO_NEIGHBOUR
  t.same([...neighbours], [1, 3, none, 0, 3, none, none, none, none, 0, 1, none])
  t.same([...similarities!.subarray(6, 9)], [0, 0, 0])
  t.same(await knn(features([[1, 2]]), 3), {
    k: 0,
    neighbours: new Uint32Array(),
    similarities: new Float32Array(),
    recall: 1,
    device: 'cpu',
    deviceReason: 'so small a search is faster on the CPU',
  })
})

t.test('similarity graph: union of the directed links, symmetric, ascending, weight the cosine', async (t) => {
  const rows = randomRows(2, 60, 5)
  const graph = await similarityGraph(features(rows), { k: 3 })
  const { neighbours } = await knn(features(rows), 3)
  const linked = new Set<string>()
  neighbours.forEach((j, place) => {
    const i = Math.floor(place / 3)
    if (cosine(rows[i], rows[j]) > 0) linked.add(`${i} ${j}`).add(`${j} ${i}`)
  })
  const found: string[] = []
  for (let i = 0; i < 60; i++) {
    for (let l = graph.offsets[i]; l < graph.offsets[i + 1]; l++) {
      const j = graph.targets[l]
      found.push(`${i} ${j}`)
      if (l > graph.offsets[i] && graph.targets[l - 1] >= j) t.fail('targets must ascend')
      if (Math.abs(graph.weights[l] - cosine(rows[i], rows[j])) > 1e-6) t.fail('weight must be the cosine')
    }
  }
  t.same(new Set(found), linked)
  t.same(graph.warnings, [])
  t.ok((await infomap(graph, { twoLevel: true })).topModules > 1, 'infomap takes it as it is')
})

t.test('similarity graph: isolated, constant and degenerate rows are named', async (t) => {
  const isolated = await similarityGraph(
    features([
      [1, 0],
      [1, 0.1],
      [0, 0],
      [1, 0.2],
      [1, 0.3],
      [-1, -1],
    ]),
    { k: 1 },
  )
  t.same(isolated.isolated, [2, 5])
  t.match(isolated.warnings, ['2 of 6 rows have no neighbour of positive cosine and stay without links: 2, 5.'])
  t.equal(isolated.degenerate, undefined)
  const degenerate = async (rows: number[][], k = 10) => (await similarityGraph(features(rows), { k })).degenerate
  t.match(await degenerate(Array(5).fill([1, 2, 3])), /All 5 rows are equal/)
  t.match(await degenerate([[1, 2]]), /one node/)
  t.match(
    await degenerate([
      [1, 0],
      [-1, 0],
    ]),
    /No two of the 2 rows are linked/,
  )
  t.match(
    await degenerate([
      [1, 0],
      [1, 1],
      [2, 1],
      [3, 2],
    ]),
    /linked to every other.*smaller k/,
  )
})

t.test('by distance: nearest first, and graphs of both links', async (t) => {
  const line = features([[0], [1], [3], [3.5], [8]])
  const { neighbours, distances } = await knn(line, 2, { metric: 'euclid' })
  t.same([...neighbours], [1, 2, 0, 2, 3, 1, 2, 1, 3, 2])
  t.same([...distances!], [1, 3, 1, 2, 0.5, 2, 0.5, 2.5, 4.5, 5])
  const union = await similarityGraph(line, { k: 1, metric: 'euclid' })
  t.same([...union.targets], [1, 0, 3, 2, 4, 3])
  const mutual = await similarityGraph(line, { k: 1, metric: 'euclid', links: 'mutual' })
  t.same([...mutual.targets], [1, 0, 3, 2])
  t.same(mutual.warnings, ['1 of 5 rows have no mutual neighbour of positive weight and stay without links: 4.'])
})

t.test('approximate: most true neighbours, scored exactly, the recall measured', async (t) => {
  const clustered = randomRows(6, 3000, 24).map((row, i) => row.map((x, d) => (d === i % 24 ? 4 : 0) + x))
  clustered[5].fill(0)
  const all = features(clustered)
  for (const metric of ['cosine', 'euclid'] as const) {
    const exact = await knn(all, 10, { metric })
    const near = await knn(all, 10, { metric, search: 'approximate' })
    let same = 0
    for (let i = 0; i < 3000; i++) {
      const truth = new Set(exact.neighbours.subarray(10 * i, 10 * i + 10))
      for (const j of near.neighbours.subarray(10 * i, 10 * i + 10)) same += Number(truth.has(j))
    }
    t.ok(same / 30000 > 0.98, `${metric}: ${same / 300} % of the true neighbours`)
    t.ok(Math.abs(near.recall - same / 30000) < 0.02, `measured: ${100 * near.recall} %`)
    if (metric === 'cosine') t.same([...near.neighbours.subarray(50, 60)], Array(10).fill(NO_NEIGHBOUR))
    const values = (of: typeof near) => of.similarities ?? of.distances!
    const first = exact.neighbours.findIndex((j, place) => j === near.neighbours[place])
    t.equal(values(near)[first], values(exact)[first])
  }
  const graph = await similarityGraph(all, { search: 'approximate' })
  t.same(graph.isolated, [5])
  const controller = new AbortController()
  const running = knn(all, 10, { search: 'approximate', signal: controller.signal })
  controller.abort()
  await t.rejects(running, { code: 'ABORTED' })
})

t.test('approximate without usearch names the cure', async (t) => {
  const folder = temporary(t)
  const home = join(folder, 'node_modules', 'infomotion')
  for (const part of ['dist', 'package.json', 'build/Release/infomotion.node'])
    cpSync(join(root, part), join(home, part), { recursive: true })
  writeFileSync(
    join(folder, 'use.mjs'),
    `import { knn } from 'infomotion/graph'
     const features = { rows: 3, dim: 1, values: new Float32Array([1, 2, 3]) }
     await knn(features, 1, { search: 'approximate' }).catch(({ code, message }) => console.log(code, message))`,
  )
  const said = execFileSync(process.execPath, [join(folder, 'use.mjs')], { encoding: 'utf8' })
  t.match(said, /^USEARCH_MISSING .*npm install usearch@2/)
})

t.test('errors and abort', async (t) => {
  const rows = randomRows(3, 20, 4)
  const bad = features(rows)
  bad.values[4 * 7 + 2] = NaN
  await t.rejects(knn(bad, 3), { code: 'INVALID_ARGUMENT', message: /row 7, column 2 is NaN/ })
  bad.values[4 * 7 + 2] = -Infinity
  await t.rejects(similarityGraph(bad), { code: 'INVALID_ARGUMENT', message: /row 7, column 2 is infinite/ })
  const good = features(rows)
  await t.rejects(knn(good, 0), { code: 'INVALID_ARGUMENT', message: /k/ })
  await t.rejects(knn({ ...good, rows: 19 }, 3), { message: /19 x 4 = 76 values.*Float32Array\(80\)/ })
  await t.rejects(knn({ ...good, values: [1] as unknown as Float32Array }, 3), { message: /a Float32Array/ })
  await t.rejects(knn(good, 3, { metric: 'manhattan' as 'cosine' }), { message: /one of cosine, euclid for metric/ })
  await t.rejects(knn(good, 3, { search: 'quick' as 'exact' }), { message: /one of exact, approximate for search/ })
  await t.rejects(similarityGraph(good, { metric: 'euclid', weights: 'cosine' }), {
    code: 'INVALID_ARGUMENT',
    message: /one of local for weights \(metric euclid\)/,
  })
  await t.rejects(similarityGraph(good, { links: 'all' as 'union' }), { message: /one of union, mutual for links/ })
  await t.rejects(knn(bad, 3, { search: 'approximate' }), { message: /features at row 7, column 2/ })
  const controller = new AbortController()
  const large = features(randomRows(4, 4000, 100))
  const running = knn(large, 10, { signal: controller.signal })
  controller.abort()
  await t.rejects(running, { code: 'ABORTED' })
})
