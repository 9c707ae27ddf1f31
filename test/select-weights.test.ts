import t, { type Test } from 'tap'
import { selectBy } from '#lib/distill/communities.js'
import type { Fold } from '#lib/distill/fold.js'
import { unitRows } from '#lib/matrix/cosine.js'
import {
  effectiveSampleSize,
  guardWeights,
  select,
  selectorOf,
  WEIGHT_RULES,
  type WeightRule,
} from '#lib/select/index.js'
import { cellWeights, classFactors, voronoiWeights, weigh } from '#lib/select/weights.js'

/** Clips on the unit circle, by their angles in degrees. */
function points(...degrees: number[]) {
  const values = degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)])
  return unitRows(
    { rows: degrees.length, dim: 2, values: Float32Array.from(values) },
    degrees.map((_, i) => i),
  )
}
function close(t: Test, weights: readonly number[], wanted: readonly number[], what?: string) {
  t.equal(weights.length, wanted.length)
  for (const [i, w] of weights.entries()) t.ok(Math.abs(w - wanted[i]) < 1e-9, `${what ?? ''} ${w}, not ${wanted[i]}`)
}

t.test('Voronoi: how many clips each is nearest to, mean 1, with a floor', async (t) => {
  const at = points(0, 5, 10, 15, 90)
  close(t, voronoiWeights(at, [1, 4], 0), [1.6, 0.4])
  close(t, voronoiWeights(at, [1, 4], 0.5), [1.5, 0.5])
  close(t, voronoiWeights(at, [1, 4], 1), [1, 1])
  close(t, voronoiWeights(points(0, 0, 90, 90), [0, 1, 2], 0.25), [0.75, 0.75, 1.5]) // equal ones keep themselves
})

t.test("flow: a module's flow is shared among its own representatives", async (t) => {
  const at = points(0, 10, 20, 30, 90)
  const flow = [0.1, 0.2, 0.3, 0.1, 0.3]
  // Modules {0 10}, {20 30 90}: the clip at 20 counts for its module's 30, though it is as near to 10.
  close(t, cellWeights(at, [1, 3, 4], 0, flow, [0, 0, 1, 1, 1]), [0.9, 1.2, 0.9])
  close(t, cellWeights(at, [1, 4], 0, flow), [1.4, 0.6], 'without modules the nearest in the class')
  close(t, cellWeights(at, [1, 4], 0, [0, 0, 0, 0, 0]), [1, 1], 'no flow at all')
  close(t, cellWeights(at, [1, 3], 0, flow, [0, 0, 1, 1, 2]), [6 / 7, 8 / 7], 'a module without one counts for nobody')
})

t.test('prior and inverse: class sums by class size, mean 1 over the selection', async (t) => {
  close(t, classFactors([60, 30, 10], [2, 2, 2], 'prior'), [1.8, 0.9, 0.3])
  close(
    t,
    classFactors([60, 30, 10], [2, 2, 2], 'inverse'),
    [0.3, 0.6, 1.8].map((f) => (f * 3) / 2.7),
  )
  close(t, classFactors([60, 40, 0], [3, 1, 0], 'prior'), [0.8, 1.6, 0], 'sums .6 and .4 of 4')
  const a = { name: 'a', points: points(0, 5, 10, 15, 90, 95), chosen: [1, 4] }
  const b = { name: 'b', points: points(0, 90, 95), chosen: [0, 1] }
  const { weights, warnings } = weigh('prior', [a, b], 0)
  close(t, weights[0], [16 / 9, 8 / 9])
  close(t, weights[1], [4 / 9, 8 / 9])
  t.same(warnings, [])
  close(t, weigh('inverse', [a, b], 0).weights.flat(), [8 / 9, 4 / 9, 8 / 9, 16 / 9])
  for (const rule of WEIGHT_RULES) {
    const all = weigh(rule, [a, { ...b, flow: [1, 0, 0] }], 0.1).weights
    t.ok(Math.abs(all.flat().reduce((s, w) => s + w, 0) - 4) < 1e-9, `${rule}: mean 1`)
  }
  t.same(weigh('uniform', [a, b], 0).weights, [
    [1, 1],
    [1, 1],
  ])
})

t.test('effective sample size', async (t) => {
  t.equal(effectiveSampleSize([2, 2, 2]), 3)
  t.equal(effectiveSampleSize([3, 1]), 1.6)
  t.equal(effectiveSampleSize([5, 0, 0]), 1)
  t.equal(effectiveSampleSize([]), 0)
})

t.test('guard: uneven weights are tempered just enough', async (t) => {
  t.same(guardWeights([3, 1]), { weights: [3, 1], exponent: 1 })
  const { weights, exponent, warning } = guardWeights([1, 1, 1, 17])
  // (3 + v)^2 / (3 + v^2) = 2 for v = 3 + sqrt(12) = 17^a
  const v = 3 + Math.sqrt(12)
  t.ok(Math.abs(exponent - Math.log(v) / Math.log(17)) < 1e-9)
  close(
    t,
    weights,
    [1, 1, 1, v].map((w) => (w * 20) / (3 + v)),
  )
  t.match(warning, /4 weights were worth 1\.4 equal ones; .* power 0\.66\) to be worth 2\.0/)
  close(t, guardWeights([7, 0, 0]).weights, [7 / 3, 7 / 3, 7 / 3], 'no power of 0 helps: all alike')
  t.ok(effectiveSampleSize(guardWeights([1, 1, 1, 17], 1).weights) > 4 - 1e-9, 'all alike')
  t.equal(guardWeights([1, 1, 1, 17], 0).exponent, 1)
})

t.test('no weight of a selection is below 0.25, unless another floor is asked for', async (t) => {
  // 19 clips near 0 degrees and one at 90, two chosen: 1.9 and 0.1, which is not uneven enough to be tempered.
  const degrees = [...Array(20).keys()].map((i) => (i < 19 ? i / 100 : 90))
  const values = Float32Array.from(
    degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)]),
  )
  const rows = Uint32Array.from(degrees.keys())
  const part = { name: 'a', rows, modules: new Uint32Array(20), flow: new Float64Array(20).fill(1 / 20), codelength: 1 }
  const input = { features: { rows: 20, dim: 2, values }, classes: [part] }
  for (const [weightFloor, wanted] of [
    [undefined, [1.75, 0.25]],
    [0.2, [1.8, 0.2]],
    [0, [1.9, 0.1]],
  ] as const) {
    const options = { perClass: 2, ...(weightFloor !== undefined && { weightFloor }) }
    const { representatives, warnings } = await select('kcenter', input, options)
    const weights = representatives.map(({ weight }) => weight).sort((a, b) => b - a)
    close(t, weights, wanted, `floor ${weightFloor}:`)
    t.same(warnings, [])
  }
})

t.test('a selection carries its effective sample size and says where weights were tempered', async (t) => {
  const degrees = [...Array(40).keys()].map((i) => (i < 37 ? i / 100 : 50 * (i - 36)))
  const values = Float32Array.from(
    degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)]),
  )
  const rows = Uint32Array.from(degrees.keys())
  const part = { name: 'a', rows, modules: new Uint32Array(40), flow: new Float64Array(40).fill(1 / 40), codelength: 1 }
  const input = { features: { rows: 40, dim: 2, values }, classes: [part] }
  const options = { perClass: 4, weightFloor: 0 }
  const voronoi = await select('kcenter', input, options)
  t.match(voronoi.warnings, [/^Class "a": 4 weights were worth 1\.\d equal ones/])
  t.ok(Math.abs(voronoi.effectiveSampleSize - 2) < 1e-6)
  const uniform = await select('kcenter', input, { ...options, weights: 'uniform' })
  t.same([uniform.effectiveSampleSize, uniform.warnings], [4, []])
  const bare = { ...input, classes: [{ name: 'a', rows } as typeof part] }
  await t.rejects(select('kcenter', bare, { ...options, weights: 'visit-rate' }), { message: /modules of class "a"/ })
  await t.rejects(select('kcenter', input, { ...options, weights: 'visitrate' as 'visit-rate' }), {
    message: /one of uniform, voronoi, visit-rate, prior, inverse for weights.*Did you mean "visit-rate"/,
  })
  const now = await select('kcenter', input, { ...options, weights: 'visit-rate' })
  const old = await select('kcenter', input, { ...options, weights: 'flow' })
  t.match(old.warnings[0], /weights "flow" is now called "visit-rate"/)
  t.same({ ...old, warnings: old.warnings.slice(1) }, now, 'the old name of a rule is taken, and told')
})

t.test("distill and compare: a selector's own weights hold, but for those between classes", async (t) => {
  const angles = [0, 5, 10, 15, 90]
  const values = Float32Array.from(
    angles.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)]),
  )
  const modules = { modules: new Uint32Array(5), flow: new Float64Array(5).fill(0.2), codelength: 1 }
  const classes = [{ name: 'a', rows: Uint32Array.from(angles.keys()), ...modules }]
  const fold = { points: { rows: 5, dim: 2, values } } as Fold
  const weightsOf = async (name: string, weights: 'voronoi' | 'prior') => {
    const { representatives } = await selectBy(
      name,
      fold,
      classes,
      { vpc: 2, seed: 1, draw: 0, swapLoss: 'squared', weights },
      {},
    )
    return representatives.map(({ weight }) => weight)
  }
  const voronoi = await weightsOf('kcenter', 'voronoi')
  t.not(voronoi[0], voronoi[1])
  t.same(await weightsOf('random', 'voronoi'), [1, 1])
  const registered: { weights?: WeightRule } = selectorOf('kcenter')
  registered.weights = 'uniform'
  t.teardown(() => delete registered.weights)
  t.same(await weightsOf('kcenter', 'voronoi'), [1, 1], "the registry's line is enough")
  t.same(await weightsOf('kcenter+swap', 'voronoi'), await weightsOf('kcenter+swap', 'prior'), 'one class: the same')
  t.same(await weightsOf('kcenter', 'prior'), voronoi)
})
