import t from 'tap'
import { unitRows } from '#lib/matrix/cosine.js'
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
    kmedoids: kMedoids,
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
