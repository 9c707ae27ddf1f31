import t, { type Test } from 'tap'
import type { Clip } from '#lib/dataset/index.js'
import { percentileInterval, quantile, resample } from '#lib/evaluate/bootstrap.js'
import {
  budgetTable,
  type Evaluation,
  type EvaluationInput,
  evaluate,
  evaluationTable,
  score,
  summarise,
} from '#lib/evaluate/index.js'
import type { EvaluationRow, StudentTask } from '#lib/evaluate/types.js'
import type { Matrix } from '#lib/matrix/matrix.js'
import { Random } from '#lib/runtime/random.js'
import { select } from '#lib/select/index.js'
import type { Selection } from '#lib/select/types.js'
import { plainItems, synthesize } from '#lib/synthesize/index.js'

const near = (t: Test, value: number | null, wanted: number, tolerance = 1e-12) =>
  void t.ok(value !== null && Math.abs(value - wanted) <= tolerance, `${value} is ${wanted}`)

t.test('metrics by hand', async (t) => {
  //                 class 0              class 1              class 2
  const probabilities = [
    [0.8, 0.1, 0.1], // 0 -> 0
    [0.5, 0.3, 0.2], // 0 -> 0
    [0.2, 0.6, 0.2], // 0 -> 1
    [0.1, 0.7, 0.2], // 1 -> 1
    [0.5, 0.2, 0.3], // 1 -> 0
    [0.3, 0.3, 0.4], // 2 -> 2
  ].flat()
  const m = score(probabilities, [0, 0, 0, 1, 1, 2], 3)
  t.same(m.confusion, [
    [2, 1, 0],
    [1, 1, 0],
    [0, 0, 1],
  ])
  t.same(m.recall, [2 / 3, 1 / 2, 1])
  near(t, m.accuracy, 4 / 6)
  near(t, m.balancedAccuracy, (2 / 3 + 1 / 2 + 1) / 3)
  near(t, m.macroF1, (4 / 6 + 2 / 4 + 1) / 3)
  // Class 0: .8 .5 .2 against .1 .5 .3: 3 + 2.5 + 1 of 9 pairs. Class 1: .7 .2 against .1 .3 .6 .3: 4 + 1 of 8.
  // Class 2: .4 against .1 .2 .2 .2 .3: 5 of 5.
  near(t, m.auc, (6.5 / 9 + 5 / 8 + 1) / 3)
})

t.test('metrics: classes without test clips, ties, wrong calls', async (t) => {
  const m = score([0.5, 0.5, 0, 0, 0, 1, 0.1, 0.2, 0.7], [0, 0, 2], 3)
  t.same(m.recall, [1 / 2, null, 1], 'equal probabilities: the first class')
  near(t, m.balancedAccuracy, 3 / 4)
  near(t, m.macroF1, (2 / 3 + 2 / 3) / 2)
  near(t, m.auc, 1 / 2) // class 0: .5 and 0 against .1; class 2: .7 against 0 and 1
  t.equal(score([0.9, 0.1], [0], 2).auc, null, 'nothing to rank against')
  t.throws(() => score([0.9, 0.1], [0, 1], 2), { message: /2 x 2 values/ })
  t.throws(() => score([Number.NaN, 0.1], [0], 2), { message: /probabilities of clip 0/ })
  t.throws(() => score([0.9, 0.1], [2], 2), { message: /class below 2/ })
})

t.test('bootstrap: groups stay together, as many as there are', async (t) => {
  const draws = resample(['p', 'q', 'p', 'r', 'q', 'p'], 200, 1)
  for (const times of draws) {
    if (times[0] !== times[2] || times[0] !== times[5] || times[1] !== times[4] || times[0] + times[1] + times[3] !== 3)
      t.fail(`${times}`)
  }
  t.ok(draws.some((times) => times[0] === 0) && draws.some((times) => times[0] > 1))
  t.same(draws, resample(['p', 'q', 'p', 'r', 'q', 'p'], 200, 1), 'seeded')
  t.same([quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.9), quantile([7], 0.3)], [2.5, 3.7, 7])
})

t.test('bootstrap: the width of a share is that of the binomial', async (t) => {
  const n = 400
  const right: number[] = Array.from({ length: n }, (_, i) => (i % 10 < 7 ? 1 : 0)) // 0.7
  const draws = resample(
    right.map((_, i) => `${i}`),
    2000,
    3,
  ).map((times) => right.reduce((sum, r, i) => sum + r * times[i], 0) / n)
  const { mean, low, high } = percentileInterval(0.7, draws)
  const half = 1.96 * Math.sqrt((0.7 * 0.3) / n) // 0.045
  t.equal(mean, 0.7)
  near(t, low, 0.7 - half, 0.006)
  near(t, high, 0.7 + half, 0.006)
})

/** Predicts by the nearest weighted class mean of the training clips. */
async function nearestMean({ space, items }: StudentTask): Promise<Float32Array> {
  const classes = 3
  const { train, test } = data.spaces[space]
  const means = Array.from({ length: classes }, () => new Float64Array(train.dim))
  const mass = new Float64Array(classes)
  for (const { video, classIndex: label, weight } of items) {
    const clip = video.kind === 'source' ? data.trainClips.indexOf(video.clip) : -1
    mass[label] += weight
    for (let k = 0; k < train.dim; k++) means[label][k] += weight * train.values[clip * train.dim + k]
  }
  const result = new Float32Array(test.rows * classes)
  for (let i = 0; i < test.rows; i++) {
    for (let c = 0; c < classes; c++) {
      let squares = 0
      for (let k = 0; k < test.dim; k++) squares += (test.values[i * test.dim + k] - means[c][k] / mass[c]) ** 2
      result[i * classes + c] = mass[c] > 0 ? -squares : -1e6
    }
  }
  return result
}

/** Three classes of Gaussian clips, 60 20 20 of TRAIN; the control space is noise. */
const data = gaussianClips()

function gaussianClips() {
  const random = new Random(2, 'example')
  const trainLabels = Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : i < 80 ? 1 : 2))
  const testLabels = Array.from({ length: 90 }, (_, i) => i % 3)
  const clips = (labels: number[], signal: number): Matrix => ({
    rows: labels.length,
    dim: 3,
    values: Float32Array.from(labels.flatMap((l) => [0, 1, 2].map((k) => random.gaussian() + (l === k ? signal : 0)))),
  })
  const space = (signal: number) => ({ train: clips(trainLabels, signal), test: clips(testLabels, signal) })
  const spaces: Record<string, { train: Matrix; test: Matrix }> = { motion: space(2), 'mean-frame': space(0) }
  const trainClips = trainLabels.map((classIndex, i): Clip => {
    return { id: `${i}`, path: `/${i}.avi`, label: `c${classIndex}`, classIndex, split: 'train', group: `${i}` }
  })
  return { trainLabels, trainClips, testLabels, spaces }
}

async function example(): Promise<EvaluationInput> {
  const { trainLabels, trainClips, testLabels, spaces } = data
  const classes = [0, 1, 2].map((c) => ({
    name: `c${c}`,
    rows: Uint32Array.from(trainLabels.flatMap((label, i) => (label === c ? [i] : []))),
  }))
  const input = { features: spaces.motion.train, classes }
  const distilled: Selection = { ...(await select('random', input, { perClass: 20 })), selector: 'infomap' }
  const draws = await Promise.all([0, 1, 2].map((draw) => select('random', input, { perClass: 1, seed: 5, draw })))
  return {
    classes: ['c0', 'c1', 'c2'],
    full: plainItems(trainClips),
    testLabels,
    testGroups: testLabels.map((_, i) => `patient ${Math.floor(i / 3)}`),
    spaces: Object.keys(spaces),
    sets: await Promise.all([distilled, ...draws].map((selection) => synthesize(trainClips, selection))),
  }
}

t.test('evaluate: run r of a row trains its student with seed + r', async (t) => {
  const seedsOf = async (options: { seed?: number; parallel?: number }) => {
    const seeds: Record<string, number[]> = {}
    const run = (task: StudentTask) => {
      const row = `${task.space}, ${task.items.length} clips`
      seeds[row] = [...(seeds[row] ?? []), task.seed]
      return nearestMean(task)
    }
    await evaluate(await example(), run, { draws: 10, ...options })
    return seeds
  }
  // one distilled set of 60 clips, three random draws of 3, all 100; each again in the control space, draws included
  const wanted = (seeds: number[]) => ({
    'motion, 60 clips': [seeds[0]],
    'motion, 3 clips': seeds,
    'motion, 100 clips': [seeds[0], seeds[0]], // full, full-balanced
    'mean-frame, 60 clips': [seeds[0]],
    'mean-frame, 3 clips': seeds,
    'mean-frame, 100 clips': [seeds[0]],
  })
  t.same(await seedsOf({}), wanted([0, 1, 2]))
  t.same(await seedsOf({ seed: 7, parallel: 3 }), wanted([7, 8, 9]))
  t.same(await seedsOf({ seed: 0xffffffff }), wanted([0xffffffff, 0, 1]), 'seeds are of 32 bits')
})

t.test('evaluate: without random draws no difference, with even classes no balanced row', async (t) => {
  const input = await example()
  const full = input.full.slice(40) // the last 60 of 100 clips are 20 of each class
  const [distilled] = input.sets
  const alone = { ...distilled, items: distilled.items.filter(({ parents: [clip] }) => Number(clip.id) >= 40) }
  const answer = async () => new Float32Array(90 * 3).fill(1 / 3)
  const { rows } = await evaluate({ ...input, full, sets: [alone] }, answer, { draws: 20 })
  t.same(
    rows.map((row) => [row.selector, row.features, row.differenceToRandom]),
    [
      ['infomap', 'motion', undefined],
      ['full', 'motion', undefined],
      ['infomap', 'mean-frame', undefined],
      ['full', 'mean-frame', undefined],
      ['majority', 'none', undefined],
    ],
  )
})

t.test('evaluate: the rows, the baselines, the paired difference', async (t) => {
  const input = await example()
  const progress: number[] = []
  const onProgress = ({ done, total }: { done: number; total: number }) => void progress.push(done / total)
  const result = await evaluate(input, nearestMean, { student: 'nearest mean', draws: 400, seed: 1, onProgress })
  t.same(
    result.rows.map((row) => [row.selector, row.features, row.clips, row.runs.length]),
    [
      ['infomap', 'motion', 60, 1],
      ['random', 'motion', 3, 3],
      ['full', 'motion', 100, 1],
      ['full-balanced', 'motion', 100, 1],
      ['infomap', 'mean-frame', 60, 1],
      ['random', 'mean-frame', 3, 3],
      ['full', 'mean-frame', 100, 1],
      ['majority', 'none', 0, 1],
    ],
  )
  const [infomap, random, full, , control, , , majority] = result.rows
  t.same([result.student, result.testClips, result.warnings], ['nearest mean', 90, []])
  near(t, result.chance, 1 / 3)
  near(t, majority.accuracy.mean, 1 / 3)
  t.same(majority.runs[0].recall, [1, 0, 0])
  near(t, majority.auc!.mean, 1 / 2)
  const difference = infomap.balancedAccuracy.mean - random.balancedAccuracy.mean
  near(t, infomap.differenceToRandom!.mean, difference)
  t.ok(infomap.differenceToRandom!.low > 0, '60 clips beat 3')
  t.same(
    [random, full, majority].map((row) => row.differenceToRandom),
    [undefined, undefined, undefined],
  )
  for (const { balancedAccuracy, accuracy, macroF1, auc } of result.rows)
    for (const { low, mean, high } of [balancedAccuracy, accuracy, macroF1, auc!])
      t.ok(low <= mean && mean <= high && low >= 0 && high <= 1)
  t.ok(control.balancedAccuracy.low < 1 / 3 && control.balancedAccuracy.high > 1 / 3, 'noise is at chance')
  t.ok(control.differenceToRandom, 'a control has its own random partner')
  t.same([progress.length, progress.at(-1)], [11, 1])
  const again = await evaluate(input, nearestMean, { student: 'nearest mean', draws: 400, seed: 1, parallel: 4 })
  t.same(again, result, 'seeded, whatever runs at once')
})

t.test('evaluate: the same students differ by nothing, on any draw', async (t) => {
  const input = await example()
  const [, draw] = input.sets
  const twin = { ...input, sets: [{ ...draw, selector: 'infomap' }, draw] }
  t.same((await evaluate(twin, nearestMean, { draws: 50 })).rows[0].differenceToRandom, { mean: 0, low: 0, high: 0 })
})

t.test('evaluate: what the reader must know, and wrong calls', async (t) => {
  const input = await example()
  const clips = [0, 1, 3, 4]
  const few = {
    ...input,
    testLabels: clips.map((i) => input.testLabels[i]),
    testGroups: clips.map((i) => input.testGroups[i]),
  }
  const answer = async () => new Float32Array(4 * 3)
  const result = await evaluate(few, answer, { draws: 20 })
  t.equal(result.chance, 1 / 2)
  t.match(result.warnings, [/^No test clips of "c2"/, /fewer than 20 groups/])
  // numbers behind the labels: 10 is expected where no class is likelier, of clips of 1, 11, 1, 11
  const values = { test: few.testLabels.map((c) => 10 * c + 1), classes: [0, 10, 20] }
  const unsure = async () => new Float32Array(4 * 3).fill(1 / 3)
  const { rows } = await evaluate({ ...few, values }, unsure, { draws: 20 })
  for (const { selector, absoluteError, runs } of rows) {
    near(t, absoluteError!.mean, 5, 1e-5) // the majority's shares, .6 .2 .2, expect 6
    t.ok(absoluteError!.low <= 5 + 1e-5 && absoluteError!.high >= 5 - 1e-5, selector)
    t.equal(runs[0].absoluteError, absoluteError!.mean)
  }
  t.equal(score([0.5, 0.5, 0, 0, 0, 1], [0, 2], 3).absoluteError, undefined)
  const wrong = { test: [1], classes: [0, 10, 20] }
  await t.rejects(evaluate({ ...few, values: wrong }, answer), { message: /4 numbers for values.test/ })
  await t.rejects(evaluate({ ...input, testGroups: [] }, nearestMean), { message: /90 entries for testGroups/ })
  await t.rejects(evaluate(few, nearestMean), { message: /4 x 3 values for probabilities/ })
  await t.rejects(evaluate({ ...input, sets: [] }, nearestMean), { code: 'INVALID_ARGUMENT' })
  const [set] = input.sets
  const odd = (item: object) => ({ ...few, sets: [{ ...set, items: [{ ...set.items[0], ...item }] }] })
  await t.rejects(evaluate(odd({ classIndex: 3 }), answer), { message: /classes below 3 for sets\[0\]/ })
  await t.rejects(evaluate(odd({ soft: Float32Array.of(1, 0) }), answer), { message: /3 probabilities/ })
  await t.rejects(evaluate(few, answer, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

/** One split of 20 test and 80 TRAIN clips with the given balanced accuracies. */
function splitOf(infomap: number, random: number): Evaluation {
  const at = (mean: number) => ({ mean, low: mean - 0.1, high: mean + 0.1 })
  const row = (selector: string, value: number, clips: number): EvaluationRow => ({
    selector,
    features: 'motion',
    clips,
    runs: [],
    accuracy: at(value),
    balancedAccuracy: at(value),
    macroF1: at(value),
    auc: null,
  })
  const rows = [row('infomap', infomap, 10), row('random', random, 10), row('full', 0.9, 80)]
  rows[0].differenceToRandom = at(infomap - random)
  return { student: 'linear', testClips: 20, chance: 1 / 2, rows, warnings: ['few'] }
}

t.test('summarise: mean over splits, corrected for their overlap', async (t) => {
  const { rows, splits, testClips, warnings } = summarise([splitOf(0.6, 0.5), splitOf(0.8, 0.6)])
  t.same([splits, testClips, warnings], [2, 20, ['few']])
  near(t, rows[0].balancedAccuracy.mean, 0.7)
  t.same([rows[0].balancedAccuracy.low, rows[0].balancedAccuracy.high], [0, 1], 'a fraction stays one')
  near(t, rows[0].differenceToRandom!.mean, 0.15)
  near(t, 0.15 - rows[0].differenceToRandom!.low, 12.706 * Math.sqrt(0.005 * (1 / 2 + 20 / 80)), 1e-9)
  near(t, rows[2].balancedAccuracy.high, 0.9)
  const one = splitOf(0.6, 0.5)
  t.equal(summarise([one]), one)
  t.throws(() => summarise([]), { code: 'INVALID_ARGUMENT' })
})

t.test('table: fits 100 columns, has chance, majority and the difference', async (t) => {
  const text = evaluationTable(await evaluate(await example(), nearestMean, { draws: 50 }))
  t.match(text, /majority +- +- +33\.3 \[/)
  t.match(text, /random x3 +motion +3 /)
  t.match(text, /infomap +motion +60 .*\] +\+\d+\.\d \[/)
  t.match(text, /Chance 33\.3 balanced accuracy/)
  const long = { ...splitOf(0.6, 0.5), warnings: ['one sentence after the other '.repeat(9)] }
  for (const line of `${text}\n${evaluationTable(long)}`.split('\n')) t.ok(line.length <= 100, line)
  t.match(evaluationTable(summarise([splitOf(0.6, 0.5), splitOf(0.8, 0.6)])), /over 2 splits/)
})

t.test('table of budgets: a line a budget and selector, below it what no budget changes', async (t) => {
  const few = splitOf(0.6, 0.5)
  few.rows.push(
    { ...few.rows[0], features: 'mean-frame' }, // a control is not shown
    { ...few.rows[2], selector: 'majority', features: 'none', clips: 0 },
  )
  few.warnings = [`${'a warning that takes more than one line, '.repeat(4)}and ends`]
  const budgets = [
    { student: 'linear', vpc: 1, evaluation: few },
    { student: 'linear', vpc: 5, evaluation: splitOf(0.8, 0.6) },
    { student: 'cnn', vpc: 1, evaluation: splitOf(0.7, 0.5) },
  ]
  const [linear, cnn] = budgetTable(budgets).split('\n\n')
  const cells = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^(\d|-) /.test(line))
      .map((line) => line.trim().split(/ {2,}/).slice(0, 5).join(' | '))
  t.same(cells(linear), [
    '1 | infomap | motion | 10 | 60.0 [50.0, 70.0]',
    '1 | random | motion | 10 | 50.0 [40.0, 60.0]',
    '5 | infomap | motion | 10 | 80.0 [70.0, 90.0]',
    '5 | random | motion | 10 | 60.0 [50.0, 70.0]',
    '- | full | motion | 80 | 90.0 [80.0, 100.0]',
    '- | majority | - | - | 90.0 [80.0, 100.0]',
  ])
  t.same(cells(cnn).slice(0, 2), [
    '1 | infomap | motion | 10 | 70.0 [60.0, 80.0]',
    '1 | random | motion | 10 | 50.0 [40.0, 60.0]',
  ])
  const lines = linear.split('\n')
  const notes = lines.slice(lines.findIndex((line) => line.startsWith('Note: ')))
  t.ok(notes.length > 1 && notes.slice(1).every((line) => line.startsWith('  ')), 'a long note goes on indented')
  t.equal(notes.map((line) => line.trim()).join(' '), `Note: ${few.warnings[0]}`)
})
