import pMap from 'p-map'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectList, expectObject, expectOptions, invalid } from '../runtime/expect.js'
import type { StageOptions } from '../runtime/progress.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { DistilledItem, DistilledSet } from '../synthesize/types.js'
import { type Draws, mean, measureDraws, percentileInterval, resample } from './bootstrap.js'
import { type Candidate, candidatesOf } from './candidates.js'
import { measure, type NumericLabels, type Predictions, preparePredictions } from './metrics.js'
import type { Evaluation, EvaluationRow, RunStudent } from './types.js'

/** What is compared, and on which clips. */
export interface EvaluationInput {
  /** Class names, by index. */
  classes: readonly string[]
  /** All of TRAIN, each clip with weight 1. */
  full: readonly DistilledItem[]
  /** Class and group (patient) of each test clip. */
  testLabels: ArrayLike<number>
  testGroups: readonly string[]
  /** Where labels are numbers: those of the test clips, and of each class the mean over TRAIN. */
  values?: NumericLabels
  /** What students see: the first those of all rows, the others those of the control rows. */
  spaces: readonly string[]
  /** The first is the distilled set. Several of one selector (random draws) are the runs of one row. */
  sets: readonly DistilledSet[]
}

/** Below this, percentile intervals over resampled groups are known to be too narrow. */
const FEW_GROUPS = 20

/**
 * Trains a student on every set and has it predict the test clips. Rows, in this order: each selector; `full`
 * (all TRAIN clips) and, where classes differ in size, `full-balanced`; for each control space the first
 * set, random selection and `full`; `majority`.
 *
 * Intervals are percentiles of a bootstrap over the test clips, whole groups together, the same draws for all rows. So
 * they say how far the numbers may move with other test clips, not with another split (see `summarise`) nor with
 * other random draws.
 *
 * @param run - trains one student and gives its probabilities for the test clips
 * @param options.student - its name, for the record. Default `linear`
 * @param options.parallel - students trained at once; the numbers do not depend on it. Default 1
 * @param options.draws - bootstrap draws. Default 1000
 * @param options.seed - of the bootstrap; run r of a row trains its student with seed + r. Default 0
 */
export async function evaluate(
  input: EvaluationInput,
  run: RunStudent,
  options: { student?: string; parallel?: number; draws?: number; seed?: number } & StageOptions = {},
): Promise<Evaluation> {
  expectOptions(options, 'evaluate', ['student', 'parallel', 'draws', 'seed', 'signal', 'onProgress'])
  const draws = expectInteger(options.draws ?? 1000, 'draws', 1)
  const seed = expectInteger(options.seed ?? 0, 'seed', 0, 0xffffffff)
  expectInteger(options.parallel ?? 1, 'parallel', 1)
  check(input)

  const candidates = candidatesOf(input.sets, input.spaces, input.full)
  const predictions = await predictionsOf(candidates, input, run, seed, options)
  const resamples = resample(input.testGroups, draws, seed)
  const measured: Draws[] = []
  for (const runs of predictions) {
    await yieldToEventLoop(options.signal)
    measured.push(measureDraws(runs, resamples))
  }

  const rows = candidates.map(({ selector, space, runs }, i): EvaluationRow => {
    const row = rowOf(selector, space, runs[0], predictions[i], measured[i])
    const partner = candidates.findIndex((other) => other.selector === 'random' && other.space === space)
    if (partner === -1 || partner === i || selector.startsWith('full')) return row
    const random = mean(predictions[partner].map((p) => measure(p).balancedAccuracy))
    const differences = measured[i].balancedAccuracy.map((value, b) => value - measured[partner].balancedAccuracy[b])
    return { ...row, differenceToRandom: percentileInterval(row.balancedAccuracy.mean - random, differences) }
  })
  const majority = [predictMajority(input)]
  rows.push(rowOf('majority', 'none', [], majority, measureDraws(majority, resamples)))

  const tested = new Set(Array.from(input.testLabels)).size
  return {
    student: options.student ?? 'linear',
    testClips: input.testLabels.length,
    chance: 1 / tested,
    rows,
    warnings: warningsOf(input),
  }
}

/** What the students of all candidates predict. */
async function predictionsOf(
  candidates: readonly Candidate[],
  { classes, testLabels, values }: EvaluationInput,
  run: RunStudent,
  seed: number,
  { parallel = 1, signal, onProgress }: { parallel?: number } & StageOptions,
): Promise<Predictions[][]> {
  const tasks = candidates.flatMap(({ space, runs }, candidate) =>
    runs.map((items, r) => ({ items, candidate, space, seed: (seed + r) >>> 0 })),
  )
  let done = 0
  const predict = async ({ candidate, ...task }: (typeof tasks)[number]) => {
    throwIfAborted(signal)
    const probabilities = await run({ ...task, signal })
    onProgress?.({ stage: 'evaluate', done: ++done, total: tasks.length, unit: 'students' })
    return { candidate, predictions: preparePredictions(probabilities, testLabels, classes.length, values) }
  }
  const found = await pMap(tasks, predict, { concurrency: parallel })
  return candidates.map((_, i) => found.filter(({ candidate }) => candidate === i).map((run) => run.predictions))
}

function rowOf(
  selector: string,
  features: string,
  items: readonly DistilledItem[],
  predictions: Predictions[],
  draws: Draws,
): EvaluationRow {
  const runs = predictions.map((p) => measure(p))
  const aucs = runs.map(({ auc }) => auc).filter((auc) => auc !== null)
  return {
    selector,
    features,
    clips: items.length,
    ...insideOf(items),
    runs,
    accuracy: percentileInterval(mean(runs.map((m) => m.accuracy)), draws.accuracy),
    balancedAccuracy: percentileInterval(mean(runs.map((m) => m.balancedAccuracy)), draws.balancedAccuracy),
    macroF1: percentileInterval(mean(runs.map((m) => m.macroF1)), draws.macroF1),
    auc:
      aucs.length > 0
        ? percentileInterval(
            mean(aucs),
            draws.auc.filter((auc) => auc !== null),
          )
        : null,
    ...(draws.absoluteError.length > 0 && {
      absoluteError: percentileInterval(mean(runs.flatMap((m) => m.absoluteError ?? [])), draws.absoluteError),
    }),
  }
}

/** What composed videos hold. */
function insideOf(items: readonly DistilledItem[]): Pick<EvaluationRow, 'samples' | 'parents'> {
  if (!items.some(({ tiles }) => tiles)) return {}
  return {
    samples: items.reduce((sum, { tiles }) => sum + (tiles?.length ?? 1), 0),
    parents: new Set(items.flatMap(({ parents }) => parents)).size,
  }
}

/** Predicts for every test clip the shares of the classes in TRAIN, so that the most frequent one is largest. */
function predictMajority({ classes, full, testLabels, values }: EvaluationInput): Predictions {
  const shares = new Array<number>(classes.length).fill(0)
  for (const { classIndex } of full) shares[classIndex] += 1 / full.length
  return preparePredictions(Array.from(testLabels, () => shares).flat(), testLabels, classes.length, values)
}

const INPUT = ['classes', 'full', 'testLabels', 'testGroups', 'values', 'spaces', 'sets']

function check(input: EvaluationInput): void {
  const { classes, full, testLabels, testGroups, values, spaces, sets } = expectObject(input, 'input', INPUT)
  for (const [name, list] of Object.entries({ classes, full, testGroups, spaces, sets }))
    expectList<unknown>(list, name)
  if (testLabels?.length === undefined) throw invalid('a list of labels', 'testLabels', testLabels)
  for (const [i, { items }] of sets.entries()) expectList(items, `sets[${i}].items`)
  if (testLabels.length === 0) throw invalid('at least one test clip', 'testLabels', testLabels)
  if (testGroups.length !== testLabels.length) throw invalid(`${testLabels.length} entries`, 'testGroups', testGroups)
  if (values) {
    expectObject(values, 'values', ['test', 'classes'])
    if (values.test.length !== testLabels.length)
      throw invalid(`${testLabels.length} numbers`, 'values.test', values.test)
    if (values.classes.length !== classes.length)
      throw invalid(`${classes.length} numbers`, 'values.classes', values.classes)
  }
  if (spaces.length === 0) throw invalid('at least one space', 'spaces', spaces)
  if (sets.length === 0) throw invalid('at least one set', 'sets', sets)
  for (const [name, items] of [
    ['full', full],
    ...sets.map(({ items }, i) => [`sets[${i}].items`, items] as const),
  ] as const)
    for (const item of items) expectTarget(item, classes.length, name)
}

function expectTarget({ classIndex, soft }: DistilledItem, classes: number, name: string): void {
  if (!(classIndex >= 0 && classIndex < classes)) throw invalid(`classes below ${classes}`, name, classIndex)
  if (soft && soft.length !== classes) throw invalid(`${classes} probabilities`, `a soft target in ${name}`, soft)
}

function warningsOf({ classes, testLabels, testGroups }: EvaluationInput): string[] {
  const tested = new Set(Array.from(testLabels))
  const untested = classes.filter((_, c) => !tested.has(c)).map((name) => `"${name}"`)
  const groups = new Set(testGroups).size
  const warnings: string[] = []
  if (untested.length > 0)
    warnings.push(
      `No test clips of ${untested.join(', ')}: balanced accuracy, F1 and AUC are means over the other classes.`,
    )
  if (groups < FEW_GROUPS)
    warnings.push(`The test clips are of fewer than ${FEW_GROUPS} groups: bootstrap intervals are likely too narrow.`)
  return warnings
}
