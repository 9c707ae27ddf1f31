import t from 'tap'
import { unitRows } from '#lib/matrix/cosine.js'
import { fitPca, project } from '#lib/matrix/index.js'
import type { Matrix } from '#lib/matrix/matrix.js'
import { Random } from '#lib/runtime/random.js'
import { select } from '#lib/select/index.js'
import { kMedoids, representatives } from '#lib/select/medoid.js'
import { mergeModules } from '#lib/select/merge.js'
import { shareQuota } from '#lib/select/quota.js'
import type { ClassModules } from '#lib/select/types.js'

/** Clips on the unit circle, by their angles in degrees: the distance of two is 1 - cos of the angle between them. */
function circle(...degrees: number[]): Matrix {
  const values = degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)])
  return { rows: degrees.length, dim: 2, values: Float32Array.from(values) }
}
const indices = (n: number) => Array.from({ length: n }, (_, i) => i)
const points = (...degrees: number[]) => unitRows(circle(...degrees), indices(degrees.length))

function gaussians(rows: number, dim: number, seed: number): Matrix {
  const random = new Random(seed, 'gaussians')
  return { rows, dim, values: Float32Array.from({ length: rows * dim }, () => random.gaussian()) }
}

t.test('quota: by the square root of flow, by flow, alike', async (t) => {
  const flow = [0.64, 0.16, 0.04, 0.16]
  const large = [99, 99, 99, 99]
  t.same(shareQuota(flow, large, 9, 'sqrt'), [4, 2, 1, 2], 'roots .8 .4 .2 .4: level 5, nothing to round')
  t.same(shareQuota(flow, large, 9, 'proportional'), [6, 1, 1, 1], '.36 is raised to 1; 8 left are 5.33 1.33 1.33')
  t.same(shareQuota(flow, large, 9, 'equal'), [3, 2, 2, 2], '2.25 each: the tie goes to the first')
  t.same(shareQuota([1], [9], 5, 'sqrt'), [5], 'one module')
  t.same(shareQuota(flow, large, 4, 'sqrt'), [1, 1, 1, 1], 'each gives at least one')
})

t.test('quota: a module smaller than its share hands on the rest', async (t) => {
  const flow = [0.64, 0.16, 0.04, 0.16]
  t.same(shareQuota(flow, [2, 9, 9, 9], 9, 'sqrt'), [2, 3, 1, 3], '7 left among roots .4 .2 .4: 2.8 1.4 2.8')
  t.same(shareQuota([0.9, 0.1], [2, 1], 9, 'sqrt'), [2, 1], 'no more than there are')
})

t.test('quota: exact and within bounds for any modules', async (t) => {
  const random = new Random(1, 'quota')
  const wrong: unknown[] = []
  for (let round = 0; round < 500; round++) {
    const modules = 1 + random.below(8)
    const flow = Array.from({ length: modules }, () => random.uniform() ** 4 + 1e-9)
    const sizes = flow.map(() => 1 + random.below(6))
    const total = modules + random.below(30)
    const quota = shareQuota(flow, sizes, total, 'sqrt')
    const all = sizes.reduce((a, b) => a + b)
    const sum = quota.reduce((a, b) => a + b)
    if (sum !== Math.min(total, all) || quota.some((q, m) => q < 1 || q > sizes[m]))
      wrong.push({ flow, sizes, total, quota })
  }
  t.same(wrong, [])
})

t.test('merge: Ward weighs by flow', async (t) => {
  // Two heavy modules 20 degrees apart: .4 * .4 / .8 * (2 - 2 cos 20) = .0241.
  // Two light ones 40 degrees apart:    .1 * .1 / .2 * (2 - 2 cos 40) = .0234, which is less.
  const at = points(0, 20, 120, 160)
  const single = [[0], [1], [2], [3]]
  t.same(mergeModules(at, [0.4, 0.4, 0.1, 0.1], single, 3), [[0], [1], [2, 3]])
  t.same(mergeModules(at, [0.25, 0.25, 0.25, 0.25], single, 3), [[0, 1], [2], [3]], 'with equal flow the nearer pair')
  t.same(
    mergeModules(at, [0.1, 0.1, 0.4, 0.4], single, 2),
    [
      [2, 3],
      [0, 1],
    ],
    'in descending order of flow',
  )
})

t.test('merge: the recurrence gives the costs of the centroids', async (t) => {
  const features = gaussians(40, 5, 3)
  const at = unitRows(features, indices(40))
  const random = new Random(4, 'flow')
  const flow = indices(40).map(() => random.uniform())
  const modules = indices(14).map((m) => indices(40).filter((i) => i % 14 === m))
  t.same(mergeModules(at, flow, modules, 4).sort(), wardByCentroids(at.values, 5, flow, modules, 4).sort())
})

/** The same by the definition: every cost anew from the centroids. */
function wardByCentroids(x: Float64Array, dim: number, flow: number[], modules: number[][], target: number) {
  const left = modules.map((members) => [...members])
  const mass = (members: number[]) => members.reduce((sum, i) => sum + flow[i], 0)
  const centroid = (members: number[]) =>
    indices(dim).map((k) => members.reduce((sum, i) => sum + flow[i] * x[i * dim + k], 0) / mass(members))
  const cost = (a: number[], b: number[]) => {
    const [p, q] = [centroid(a), centroid(b)]
    return ((mass(a) * mass(b)) / (mass(a) + mass(b))) * p.reduce((sum, value, k) => sum + (value - q[k]) ** 2, 0)
  }
  while (left.length > target) {
    const pairs = left.flatMap((a, i) => left.slice(0, i).map((b) => ({ a, b, cost: cost(a, b) })))
    const { a, b } = pairs.sort((p, q) => p.cost - q.cost)[0]
    left.splice(left.indexOf(a), 1)
    left.splice(
      left.indexOf(b),
      1,
      [...a, ...b].sort((i, j) => i - j),
    )
  }
  return left
}

t.test('medoids: the middle one; for two, one of each side', async (t) => {
  t.same(await representatives(points(0, 10, 20, 30, 40), [0, 1, 2, 3, 4], 1, 0), [2])
  t.same(await representatives(points(0, 10, 20, 30, 40), [0, 1, 2], 1, 0), [1], 'of the members only')
  t.same((await representatives(points(0, 10, 20, 80, 90, 100), indices(6), 2, 0)).sort(), [1, 4])
  t.same((await representatives(points(0, 10, 20), indices(3), 5, 0)).sort(), [0, 1, 2], 'all, where there are no more')
})

t.test('k-medoids: no swap lowers the sum of distances', async (t) => {
  const n = 60
  const at = unitRows(gaussians(n, 4, 8), indices(n))
  const distance = (i: number, j: number) =>
    1 - indices(4).reduce((s, k) => s + at.values[i * 4 + k] * at.values[j * 4 + k], 0)
  const loss = (medoids: number[]) =>
    indices(n).reduce((sum, i) => sum + Math.min(...medoids.map((m) => (m === i ? 0 : distance(i, m)))), 0)
  const medoids = await kMedoids(at, 5, 0)
  const found = loss(medoids)
  t.equal(new Set(medoids).size, 5)
  for (const candidate of indices(n)) {
    if (medoids.includes(candidate)) continue
    for (const m of indices(5)) t.ok(loss(medoids.with(m, candidate)) > found - 1e-6)
  }
})

/** A class of all given clips, with a module and a flow for each. */
function classOf(modules: number[], flow: number[]): ClassModules {
  const rows = Uint32Array.from(modules, (_, i) => i)
  return { name: 'a', rows, modules: Uint32Array.from(modules), flow: Float64Array.from(flow), codelength: 1.5 }
}

t.test('infomap: more modules than the quota are merged, fewer share it', async (t) => {
  const features = circle(0, 10, 20, 90, 100, 110, 120, 130)
  const one = classOf([5, 5, 5, 2, 2, 2, 7, 7], [0.1, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.1])
  const merged = await select('infomap', { features, classes: [one] }, { perClass: 2 })
  t.same(merged.classes, [{ modules: 3, merged: 2, codelength: 1.5, quota: 2 }])
  t.same(merged.representatives, [
    { index: 5, classIndex: 0, weight: 1.25, module: 0, flow: 0.1, rank: 0 },
    { index: 1, classIndex: 0, weight: 0.75, module: 1, flow: 0.1, rank: 1 },
  ])
  t.same(merged.warnings, [])

  // 4 clips among flows .5 .3 .2: roots .707 .548 .447, level 2.35: 1.66 1.29 1.05, the fourth goes to the first.
  const shared = await select('infomap', { features, classes: [one] }, { perClass: 4 })
  t.same(
    shared.representatives.map(({ module }) => module),
    [0, 0, 1, 2],
  )
  t.same(shared.classes[0].merged, 3)
})

t.test('infomap: clips without links come last', async (t) => {
  const features = circle(0, 10, 20, 90, 180)
  const one = classOf([0, 0, 0, 1, 2], [0.3, 0.4, 0.3, 0, 0])
  const chosen = async (perClass: number) =>
    (await select('infomap', { features, classes: [one] }, { perClass })).representatives.map(({ index }) => index)
  t.same((await chosen(1)).sort(), [1])
  t.same((await chosen(3)).sort(), [0, 1, 2], 'the isolated ones are no modules to share among')
  t.same((await chosen(4)).sort(), [0, 1, 2, 3], 'one fills the rest')
  const all = await select('infomap', { features, classes: [one] }, { perClass: 9 })
  t.same(all.representatives.map(({ index }) => index).sort(), [0, 1, 2, 3, 4])
  t.match(all.warnings[0], /Class "a" has 5 training clips, fewer than the 9 asked for/)
  t.same(all.classes[0], { modules: 3, merged: 3, codelength: 1.5, quota: 5 })

  const none = classOf([0, 1, 2, 3, 4], [0, 0, 0, 0, 0])
  const alone = await select('infomap', { features, classes: [none] }, { perClass: 3 })
  t.same(alone.representatives.map(({ index }) => index).sort(), [1, 3, 4], 'no links at all: Ward groups 0 10 20')
})

t.test('infomap: one module, an empty class, wrong calls', async (t) => {
  const features = circle(0, 10, 20, 80, 90, 100)
  const flow = [0.2, 0.2, 0.2, 0.2, 0.1, 0.1]
  const empty = { ...classOf([], []), name: 'b' }
  const { representatives, classes, warnings } = await select(
    'infomap',
    { features, classes: [classOf([0, 0, 0, 0, 0, 0], flow), empty] },
    { perClass: 2 },
  )
  t.same(representatives.map(({ index, weight }) => [index, weight]).sort(), [
    [1, 1],
    [4, 1],
  ])
  t.equal(classes[1].quota, 0)
  t.match(warnings, [/is one module/, /Class "b" has no training clips/])
  await t.rejects(select('infomap', { features, classes: [empty] }, { perClass: 0 }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(
    select('infomap', { features, classes: [{ ...classOf([0], [1]), rows: new Uint32Array(2) }] }, { perClass: 1 }),
    {
      message: /2 entries for modules of class "a"/,
    },
  )
  const broken = { ...features, values: features.values.with(3, Number.NaN) }
  await t.rejects(select('infomap', { features: broken, classes: [classOf([0, 0], [1, 1])] }, { perClass: 1 }), {
    message: /features, row 1/,
  })
  await t.rejects(select('kmedoids', { features, classes: [empty] }, { perClass: 1, signal: AbortSignal.abort() }), {
    code: 'ABORTED',
  })
})

t.test('random: seeded, every clip alike, weight 1', async (t) => {
  const classes = [
    { name: 'a', rows: Uint32Array.of(3, 5, 7, 9) },
    { name: 'b', rows: Uint32Array.of(0, 1) },
  ]
  const features = circle(...indices(10))
  const random = (options: { perClass: number; seed?: number; draw?: number }) =>
    select('random', { features, classes }, options)
  const times = new Uint32Array(10)
  for (let draw = 0; draw < 2000; draw++) {
    const { representatives } = await random({ perClass: 1, seed: 1, draw })
    for (const { index, weight } of representatives) times[index] += weight
  }
  for (const row of [3, 5, 7, 9]) t.ok(Math.abs(times[row] - 500) < 100, `${times[row]} of about 500`)
  t.equal(times[0] + times[1], 2000)
  t.same(await random({ perClass: 2, seed: 4 }), await random({ perClass: 2, seed: 4 }))
  t.match((await random({ perClass: 3 })).warnings, [/"b" has 2/])
})

t.test('PCA: by hand, and against its definition, for tall and for wide matrices', async (t) => {
  const line = { rows: 3, dim: 2, values: Float32Array.of(0, 0, 1, 1, 2, 2) }
  const pca = await fitPca(line)
  t.equal(pca.variance.length, 1, 'directions without variance are left out')
  t.ok(Math.abs(pca.variance[0] - 2) < 1e-12)
  ;(await project(pca, line)).values.forEach((value, i) => void t.ok(Math.abs(value - (i - 1) * Math.SQRT2) < 1e-6))

  await t.rejects(fitPca({ rows: 3, dim: 2, values: new Float32Array(6) }), { code: 'CONSTANT_FEATURES' })
  const wider = { rows: 2, dim: 3, values: new Float32Array(6) }
  await t.rejects(project(pca, wider), { code: 'INVALID_ARGUMENT', message: /features of 2 columns/ })
  // the mean of 40 equal rows is not quite equal to them
  const same = Float32Array.from({ length: 40 * 7 }, (_, i) => 0.1 + (i % 7) / 3)
  for (const scale of [1, 1e-6, 1e6])
    await t.rejects(fitPca({ rows: 40, dim: 7, values: same.map((value) => value * scale) }), {
      code: 'CONSTANT_FEATURES',
    })
  same[3] *= 1 + 1e-6
  t.equal((await fitPca({ rows: 40, dim: 7, values: same })).variance.length, 1, 'a millionth in one value is variance')

  for (const [rows, dim] of [
    [200, 70],
    [40, 90],
  ]) {
    const features = gaussians(rows, dim, 5)
    const { directions, variance, mean } = await fitPca(features, { components: 8 })
    const along = (c: number, d: number) =>
      indices(rows).reduce(
        (sum, i) => sum + dot(features, i, directions, c, mean) * dot(features, i, directions, d, mean),
        0,
      )
    for (const c of indices(8)) {
      for (const d of indices(c + 1)) {
        const wanted = c === d ? variance[c] * (rows - 1) : 0
        t.ok(Math.abs(along(c, d) - wanted) < 1e-4 * variance[0], `scores ${c} and ${d} of ${rows} x ${dim}`)
        const inner = indices(dim).reduce((s, k) => s + directions[c * dim + k] * directions[d * dim + k], 0)
        t.ok(Math.abs(inner - (c === d ? 1 : 0)) < 1e-9)
      }
    }
    t.same(variance, variance.toSorted().reverse())
  }
})

/** Row i, centred, along direction c. */
function dot({ dim, values }: Matrix, i: number, directions: Float64Array, c: number, mean: Float64Array): number {
  return indices(dim).reduce((sum, k) => sum + (values[i * dim + k] - mean[k]) * directions[c * dim + k], 0)
}
