import { knn, NO_NEIGHBOUR, similarityGraph } from 'infomotion/graph'
import { infomap } from 'infomotion/infomap'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'

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
  t.ok(expected.every(({ s }, i) => Math.abs(s - similarities[i]) < 1e-6))
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
  t.same([...similarities.subarray(6, 9)], [0, 0, 0])
  t.same(await knn(features([[1, 2]]), 3), { k: 0, neighbours: new Uint32Array(), similarities: new Float32Array() })
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
    /no links/,
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
  await t.rejects(knn(good, 3, { metric: 'euclid' as 'cosine' }), { message: /one of cosine/ })
  const controller = new AbortController()
  const large = features(randomRows(4, 4000, 100))
  const running = knn(large, 10, { signal: controller.signal })
  controller.abort()
  await t.rejects(running, { code: 'ABORTED' })
})
