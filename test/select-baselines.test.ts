import t from 'tap'
import { similarityGraph } from '#lib/graph/index.js'
import { cosine, unitRows } from '#lib/matrix/cosine.js'
import type { Matrix } from '#lib/matrix/matrix.js'
import { Random } from '#lib/runtime/random.js'
import { facilityLocation } from '#lib/select/facility.js'
import { herding } from '#lib/select/herding.js'
import { type ClassModules, SELECTORS, type SelectOptions, select, selectorOf } from '#lib/select/index.js'
import { kCenter } from '#lib/select/kcenter.js'
import { kMedoids } from '#lib/select/medoid.js'

/** Clips on the unit circle, by their angles in degrees: the distance of two is 1 - cos of the angle between them. */
function circle(...degrees: number[]): Matrix {
  const values = degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)])
  return { rows: degrees.length, dim: 2, values: Float32Array.from(values) }
}
const indices = (n: number) => Array.from({ length: n }, (_, i) => i)
const points = (...degrees: number[]) => unitRows(circle(...degrees), indices(degrees.length))

t.test('k-center: the medoid, then always the farthest', async (t) => {
  // 0 10 20 30 and 80: the mean direction is at 27 degrees, the medoid 30. Farthest from it: 80; then 0; then 10 or 20,
  // each 10 degrees from a chosen one: the first.
  t.same(await kCenter(points(0, 10, 20, 30, 80), 4), [3, 4, 0, 1])
  t.same(await kCenter(points(0, 0, 0), 3), [0, 1, 2], 'clips alike are each chosen once')
})

t.test('k-center: as by definition', async (t) => {
  const random = new Random(1, 'points')
  const at = points(...indices(80).map(() => 360 * random.uniform()))
  const cos = (i: number, j: number) =>
    at.values[2 * i] * at.values[2 * j] + at.values[2 * i + 1] * at.values[2 * j + 1]
  const chosen = await kCenter(at, 12)
  for (const step of indices(11)) {
    const nearest = (i: number) => Math.min(...chosen.slice(0, step + 1).map((c) => 1 - cos(i, c)))
    const farthest = Math.max(...indices(80).map(nearest))
    t.ok(Math.abs(nearest(chosen[step + 1]) - farthest) < 1e-12, `step ${step}`)
  }
})

t.test('herding: the mean of the chosen follows the mean of all', async (t) => {
  // Mean of 0 0 0 90 90 180: (2, 2) / 6 = (.33, .33). 0 and 90 degrees lie equally near: the first 0. Then
  // 2 mu - x = (-.33, .67): nearest is 90 (.47), before 180 (.94). Then 3 mu - x - x = (0, 0): all alike at 1, the
  // first one left is row 1. Then 4 mu - ... = (-.67, .33): 180 (.47), before 90 (.94).
  t.same(await herding(points(0, 0, 0, 90, 90, 180), 4), [0, 3, 1, 5])
})

t.test('facility location: what adds most similarity, counted from 0 up', async (t) => {
  // Two bunches that do not see each other, 0 10 30 and 180 190 220. The middle ones see most: 10 .985 + 1 + .940 = 2.92,
  // 190 .985 + 1 + .866 = 2.85 (180: 2.75). Then 220 adds 1 - .866 = .134, and 30 1 - .940 = .060.
  t.same(await facilityLocation(points(0, 10, 30, 180, 190, 220), 4), [1, 4, 5, 2])
})

t.test('facility location: lazy greedy is greedy', async (t) => {
  const random = new Random(2, 'points')
  const n = 70
  const values = Float32Array.from({ length: n * 3 }, () => random.gaussian())
  const at = unitRows({ rows: n, dim: 3, values }, indices(n))
  const sim = (i: number, j: number) =>
    Math.max(
      0,
      indices(3).reduce((s, k) => s + at.values[i * 3 + k] * at.values[j * 3 + k], 0),
    )
  const covered = new Float64Array(n)
  const greedy = indices(10).map(() => {
    const gains = indices(n).map((j) => indices(n).reduce((s, i) => s + Math.max(0, sim(i, j) - covered[i]), 0))
    const best = gains.indexOf(Math.max(...gains))
    for (const i of indices(n)) covered[i] = Math.max(covered[i], sim(i, best))
    return best
  })
  t.same(await facilityLocation(at, 10), greedy)
})

/** Two classes of 30 clips, each two bunches; modules and flow as the map equation might give them. */
function twoClasses(): { features: Matrix; classes: ClassModules[] } {
  const random = new Random(3, 'two classes')
  const degrees = indices(60).map((i) => 60 * Math.floor(i / 15) + 20 * random.uniform())
  const classes = [0, 1].map((c) => ({
    name: ['a', 'b'][c],
    rows: Uint32Array.from({ length: 30 }, (_, i) => 30 * c + i),
    modules: Uint32Array.from({ length: 30 }, (_, i) => Math.floor(i / 15)),
    flow: Float64Array.from({ length: 30 }, (_, i) => (i % 15 === 4 ? 0.1 : 0.9 / 30)),
    codelength: 3,
  }))
  return { features: circle(...degrees), classes }
}
const rowsOf = ({ representatives }: { representatives: { index: number }[] }) => representatives.map((r) => r.index)

t.test('graph coverage: greedily what two steps reach, by its definition, whatever the classes', async (t) => {
  const n = 40
  const features = { rows: n, dim: 3, values: new Float32Array(3 * n) }
  const random = new Random(9)
  for (const i of features.values.keys()) features.values[i] = random.gaussian()
  const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i)
  const classes = [
    { name: 'a', rows: rows(0, 25) },
    { name: 'b', rows: rows(25, 37) },
    { name: 'c', rows: rows(37, 40) },
  ]
  // N N of the graph, densely
  const { offsets, targets, weights } = await similarityGraph(features, { k: 10 })
  const a = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0) as number))
  for (let i = 0; i < n; i++) for (let l = offsets[i]; l < offsets[i + 1]; l++) a[i][targets[l]] += weights[l]
  const degree = a.map((row) => row.reduce((sum, value) => sum + value, 0))
  const step = a.map((row, i) => row.map((value, j) => value / Math.sqrt(degree[i] * degree[j])))
  const kernel = step.map((row) => step[0].map((_, j) => row.reduce((sum, value, k) => sum + value * step[k][j], 0)))
  const coverage = (chosen: number[]) => kernel.reduce((sum, row) => sum + Math.max(0, ...chosen.map((s) => row[s])), 0)
  const left = [4, 4, 3] // class c has no more
  const expected: number[] = []
  while (left.some((count) => count > 0)) {
    let best = -1
    for (let i = 0; i < n; i++) {
      const c = classes.findIndex((part) => part.rows.includes(i))
      if (left[c] === 0 || expected.includes(i)) continue
      if (best === -1 || coverage([...expected, i]) > coverage([...expected, best]) + 1e-9) best = i
    }
    expected.push(best)
    left[classes.findIndex((part) => part.rows.includes(best))]--
  }
  const { representatives, warnings } = await select('graph-coverage', { features, classes }, { perClass: 4 })
  t.same([...rowsOf({ representatives })].sort(), [...expected].sort())
  const order = (c: number) => expected.filter((i) => classes[c].rows.includes(i))
  t.same(rowsOf({ representatives }), [0, 1, 2].flatMap(order), 'in the order of choice, class by class')
  t.match(warnings, [/Class "c" has 3 training clips/])
  const zeros = { rows: 3, dim: 2, values: new Float32Array(6) }
  const none = await select(
    'graph-coverage',
    { features: zeros, classes: [{ name: 'a', rows: rows(0, 3) }] },
    { perClass: 2 },
  )
  t.same(rowsOf(none), [0, 1], 'without links: the first')
})

t.test('k-medoids: of several starts the best, the same for the same seed', async (t) => {
  // three far groups of unequal size: eager swaps from one start can end with two medoids in one of them
  let better = 0
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed, 'points')
    const values = Float32Array.from({ length: 90 * 3 }, () => random.gaussian())
    const points = unitRows(
      { rows: 90, dim: 3, values },
      Array.from({ length: 90 }, (_, i) => i),
    )
    const cost = (medoids: number[]) => {
      let sum = 0
      for (let i = 0; i < 90; i++) sum += Math.min(...medoids.map((m) => 1 - cosine(points, i, m)))
      return sum
    }
    const found = await kMedoids(points, 7, seed)
    t.same(await kMedoids(points, 7, seed), found)
    t.equal(new Set(found).size, 7)
    const others = await Promise.all([100, 101, 102].map((other) => kMedoids(points, 7, other)))
    for (const other of others) if (cost(other) > cost(found) + 1e-4) better++
    const drawn = random.sample(90, 7)
    t.ok(cost(found) < cost(drawn))
  }
  t.ok(better < 30, 'seeds seldom differ in what they end with')
  const twins = unitRows({ rows: 4, dim: 1, values: Float32Array.of(1, 1, 1, 1) }, [0, 1, 2, 3])
  t.same(new Set(await kMedoids(twins, 3, 0)).size, 3, 'of equal clips too, each once')
})

t.test('PageRank: most flow first, ties to the lower row', async (t) => {
  const { features, classes } = twoClasses()
  const { representatives } = await select('pagerank', { features, classes }, { perClass: 3 })
  t.same(rowsOf({ representatives }), [4, 19, 0, 34, 49, 30])
  t.same(
    representatives.map(({ flow }) => flow),
    [0.1, 0.1, 0.9 / 30, 0.1, 0.1, 0.9 / 30],
  )
  const withoutFlow = classes.map(({ name, rows }) => ({ name, rows })) as ClassModules[]
  await t.rejects(select('pagerank', { features, classes: withoutFlow }, { perClass: 3 }), {
    message: /modules of class "a"/,
  })
})

t.test('by name: every selector, plain and refined', async (t) => {
  const { features, classes } = twoClasses()
  const options = { perClass: 4 }
  const direct: Record<string, typeof kCenter> = {
    kcenter: kCenter,
    herding,
    facility: facilityLocation,
    kmedoids: (points, count) => kMedoids(points, count, 0),
  }
  for (const [name, choose] of Object.entries(direct)) {
    const chosen = await Promise.all(
      classes.map(async ({ rows }) => (await choose(unitRows(features, rows), 4)).map((i) => rows[i])),
    )
    t.same(rowsOf(await select(name, { features, classes }, options)), chosen.flat(), name)
  }
  for (const name of SELECTORS) {
    const named = await select(name, { features, classes }, { ...options, seed: 5, draw: 2 })
    t.equal(named.selector, name)
    t.equal(new Set(rowsOf(named)).size, 8, 'each clip once')
    t.ok(selectorOf(name).label && selectorOf(name).help)
    const refined = await select(`${name}+swap`, { features, classes }, { ...options, seed: 5, draw: 2 })
    t.equal(refined.selector, `${name}+swap`)
    t.same(refined.warnings, named.warnings, 'two classes: nothing to warn of')
    t.equal(new Set(rowsOf(refined)).size, 8, 'each clip once')
    for (const r of refined.representatives) t.equal(Math.floor(r.index / 30), r.classIndex)
    t.ok(refined.refinement && refined.refinement.after <= refined.refinement.before)
    t.equal((refined.refinement?.swaps ?? 0) > 0, rowsOf(refined).join() !== rowsOf(named).join())
    const softmax = { ...options, seed: 5, draw: 2, swapLoss: 'cross-entropy' as const }
    const other = await select(`${name}+swap`, { features, classes }, softmax)
    t.ok(other.refinement && other.refinement.after <= other.refinement.before)
    t.not(other.refinement?.before, refined.refinement?.before, 'the loss of another student')
    t.equal(new Set(rowsOf(other)).size, 8, 'each clip once')
  }
  const plain = await select('infomap', { features, classes }, options)
  const { representatives } = await select('infomap+swap', { features, classes }, options)
  for (const { index, module } of representatives) {
    const before = plain.representatives.filter((r) => r.module === module).map((r) => r.index)
    t.ok(
      before.some((b) => Math.floor(b / 15) === Math.floor(index / 15)),
      'swaps stay inside a module',
    )
  }
  await t.rejects(select('kmedoid', { features, classes }, options), {
    message: /one of infomap, infomap\+swap,.*Did you mean "kmedoids"/,
  })
  for (const name of ['infomap+', '+swap', 'infomap+swap+swap', 'constructor', 'toString+swap'])
    await t.rejects(select(name, { features, classes }, options), { code: 'INVALID_ARGUMENT' }, name)
  await t.rejects(select('infomap', { features, classes }, { ...options, weight: 'prior' } as SelectOptions), {
    message: /Unknown option "weight"/,
  })
})

t.test('swap search: finds the clips that tell the classes apart', async (t) => {
  // The classes differ in x. Two clips of the same y show that; (3, 8) against (-3, -8) shows mostly y, which says nothing.
  const features = { rows: 4, dim: 2, values: Float32Array.of(3, 8, 3, -8, -3, 8, -3, -8) }
  const half = { modules: new Uint32Array(2), flow: new Float64Array(2).fill(1 / 2), codelength: 0 }
  const classes = [
    { name: 'a', rows: Uint32Array.of(0, 1), ...half },
    { name: 'b', rows: Uint32Array.of(2, 3), ...half },
  ]
  const alike = async (name: string) => {
    const options = indices(12).map((draw) => ({ perClass: 1, draw }))
    const found = await Promise.all(options.map((option) => select(name, { features, classes }, option)))
    return found.filter(({ representatives: [a, b] }) => b.index - a.index === 2).length
  }
  t.ok((await alike('random')) < 12)
  t.equal(await alike('random+swap'), 12)
  const controller = new AbortController()
  const running = select('random+swap', { features, classes }, { perClass: 1, signal: controller.signal })
  controller.abort()
  await t.rejects(running, { code: 'ABORTED' })
  const one = await select('random+swap', { features, classes: classes.slice(0, 1) }, { perClass: 1 })
  t.match(one.warnings, [/one class only/])
})

t.test('long searches give way to the rest of the process', async (t) => {
  const random = new Random(4, 'points')
  const rows = 1000
  const features = { rows, dim: 32, values: Float32Array.from({ length: rows * 32 }, () => random.gaussian()) }
  const classes = [{ name: 'a', rows: Uint32Array.from({ length: rows }, (_, i) => i) }]
  for (const name of ['kmedoids', 'facility']) {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await select(name, { features, classes }, { perClass: 5 })
    clearInterval(timer)
    t.ok(ticks >= 3, `${name}: ${ticks} ticks`)
  }
})
