import { basename } from 'node:path'
import { type DataSet, type ReadDataSetOptions, readDataSet } from './dataset/index.js'
import { noticesOf } from './dataset/notices.js'
import { READING } from './dataset/options.js'
import { expectTwoClasses, trainLabelsOf } from './dataset/read.js'
import { filesOf, nameOf } from './dataset/write.js'
import { classGraphs, classModules, graphWarnings, selectBy } from './distill/communities.js'
import { describeClips, statedOf } from './distill/describe.js'
import { ownEmbeddings } from './distill/embeddings.js'
import { type Fold, foldOf } from './distill/fold.js'
import { ItemFeatures } from './distill/items.js'
import { leaksIn } from './distill/leaks.js'
import { PredictionCache } from './distill/predictions.js'
import { majorityOf, optionsOf, skippedOf, withoutFolders } from './distill/record.js'
import { settingsOf } from './distill/settings.js'
import { evaluateSets, type Students, seesVolumes, studentsOf } from './distill/students.js'
import type { RunSettings } from './distill/types.js'
import { type Evaluation, summarise } from './evaluate/index.js'
import type { SimilarityGraph } from './graph/index.js'
import { COMPARE } from './options/compare.js'
import { COMPARISON_FILES, type Comparison, writeComparison } from './report/index.js'
import { withLock } from './run/lock.js'
import { claim, expectCacheFolder, expectReplaceable, openOutput } from './run/output.js'
import { throwIfAborted } from './runtime/errors.js'
import { expectGiven, invalid } from './runtime/expect.js'
import { expectOnnxRuntime } from './runtime/onnx.js'
import { type Given, pickOptions, type Resolved, resolveOptions } from './runtime/option.js'
import type { StageOptions } from './runtime/progress.js'
import { versions } from './runtime/versions.js'
import { isDrawn, type Selection } from './select/index.js'
import { synthesize } from './synthesize/index.js'

/** What `compare` can be told: docs/options.md says of each what it is, and what holds where it is not given. */
export interface CompareOptions extends Given<typeof COMPARE>, StageOptions {
  onWarning?: (warning: string) => void
  /** Told before any work what of the data set was taken for what (`DataSet.notes`). */
  onNote?: (note: string) => void
}

type CompareSettings = Omit<Resolved<typeof COMPARE>, 'out' | 'cache' | 'classes' | 'columns'> & RunSettings

/** One round of the comparison: a fold to try selectors on, with its class graphs, and the seeds of searches and draws. */
interface Round {
  fold: Fold
  features: ItemFeatures
  graphs: SimilarityGraph[]
  seeds: number[]
}

/**
 * Compares selectors over budgets, seeds and students on one data set: for each, students trained on the selected clips
 * and asked about the test clips, beside random selection (paired difference) and all of TRAIN. A data set with splits
 * of its own keeps them, and its intervals are a bootstrap over the test clips; else each seed draws another split, and
 * the intervals are over the splits, corrected for their overlap (see `summarise`).
 *
 * What is computed is kept: a comparison that was stopped goes on with the student it was at.
 *
 * @param path - folder or CSV file (see `readDataSet`)
 * @throws {InfomotionError} with the codes of `readDataSet` and of the stages; `RUN_LOCKED`; `ABORTED`
 * @example
 * ```js
 * const { budgets } = await compare('EchoNet-Dynamic', { out: 'comparison', vpc: [1, 5] })
 * for (const { student, vpc, evaluation } of budgets) console.log(student, vpc, evaluation.rows[0].balancedAccuracy)
 * ```
 */
export async function compare(path: string, options: CompareOptions): Promise<Comparison> {
  const { onWarning, onNote, signal, onProgress, ...given } = expectGiven(options, 'compare')
  if (typeof path !== 'string' || path === '') throw invalid('the path of a data set', 'path', path)
  const resolved = resolveOptions(COMPARE, given, 'compare', [], onWarning)
  const settings: CompareSettings = settingsOf(resolved)
  const reading = pickOptions(READING, { ...resolved, strict: false })
  await expectOnnxRuntime(signal)
  return withLock(settings.folder, async () => {
    await expectCacheFolder(settings.cache, resolved.cache !== undefined)
    return run(path, reading, settings, { onWarning, onNote }, { signal, onProgress })
  })
}

async function run(
  path: string,
  reading: ReadDataSetOptions,
  settings: CompareSettings,
  { onWarning, onNote }: Pick<CompareOptions, 'onWarning' | 'onNote'>,
  stage: StageOptions,
): Promise<Comparison> {
  const started = performance.now()
  const warnings = new Set<string>()
  const warn = (found: readonly string[]) => {
    for (const warning of found) {
      if (!warnings.has(warning)) onWarning?.(warning)
      warnings.add(warning)
    }
  }

  const first = await readDataSet(path, { ...reading, seed: settings.seed })
  for (const note of first.notes) onNote?.(note)
  warn(first.warnings)
  if (!first.clips.some(({ split }) => split === 'test'))
    throw invalid('a data set with TEST clips', 'the data set', first.root)
  expectTwoClasses(first.classes, trainLabelsOf(first))
  const results = { from: nameOf(first), files: COMPARISON_FILES, read: filesOf(first) }
  const out = await openOutput(settings.folder)
  await expectReplaceable(out, 'comparison', results)
  await claim(out, 'comparison', results.from, COMPARISON_FILES)
  const seesAnyVolumes = settings.students.some(seesVolumes)
  const known = { stated: statedOf(first), embeddings: await ownEmbeddings(first, settings, stage) }
  const clips = await describeClips(first.clips, settings, seesAnyVolumes, { ...stage, ...known })
  warn(clips.warnings)

  const rounds: Round[] = []
  for (const seeds of seedsOfFolds(first, settings)) {
    // another seed splits the same clips, in the same order, in another way
    const dataSet = rounds.length === 0 ? first : await readDataSet(path, { ...reading, seed: seeds[0] })
    warn(await leaksIn(dataSet, clips, stage))
    const fold = await foldOf(dataSet, clips, settings, stage)
    expectTwoClasses(dataSet.classes, fold.trainLabels)
    const graphs = await classGraphs(fold, settings, stage)
    warn(graphWarnings(fold, graphs))
    rounds.push({ fold, features: new ItemFeatures(fold, settings, seesAnyVolumes), graphs, seeds })
  }

  const selections: Map<number, Selection[]>[] = []
  for (const round of rounds) {
    selections.push(await selectAll(round, settings, stage))
    const [done, total] = [selections.length, rounds.length].map((n) => n * settings.vpc.length)
    stage.onProgress?.({ stage: 'select', done, total, unit: 'budgets' })
  }
  warn(selections.flatMap((byBudget) => [...byBudget.values()].flat().flatMap((selection) => selection.warnings)))

  const predictions = new PredictionCache(settings.cache)
  const budgets: Comparison['budgets'] = []
  const total = settings.students.length * settings.vpc.length * rounds.length
  let done = 0
  for (const name of settings.students) {
    const { teacher, steps } = settings
    const students = rounds.map(({ features }) => studentsOf(name, { features, teacher, steps, predictions }))
    for (const vpc of settings.vpc) {
      const evaluations: Evaluation[] = []
      for (const [i, round] of rounds.entries()) {
        evaluations.push(await evaluateRound(round, students[i], selections[i].get(vpc)!, stage))
        stage.onProgress?.({ stage: 'compare', done: ++done, total, unit: 'tables' })
      }
      budgets.push({ student: name, vpc, evaluation: summarise(evaluations) })
    }
  }
  const comparison: Comparison = {
    dataSet: basename(first.root),
    layout: first.layout,
    synthetic: first.synthetic,
    classes: first.classes,
    splits: first.splits,
    budgets,
    majority: majorityOf(first),
    skipped: skippedOf(clips, first),
    warnings: [...warnings].map((warning) => withoutFolders(warning, first, settings.folder)),
    notices: noticesOf(first),
    ...(clips.embeddingFacts ? { embeddings: clips.embeddingFacts } : {}),
    options: optionsOf(first, settings),
    versions: versions(),
    seconds: (performance.now() - started) / 1000,
  }
  await writeComparison(settings.folder, comparison)
  return comparison
}

/** The seeds of each fold: all of them on the split that a data set has, or a split drawn for each. */
function seedsOfFolds({ splits }: DataSet, settings: CompareSettings): number[][] {
  const seeds = Array.from({ length: settings.seeds }, (_, i) => (settings.seed + i) >>> 0)
  return splits === 'given' ? [seeds] : seeds.map((seed) => [seed])
}

/** The selections of a fold by budget: every selector for every seed, random ones several times. */
async function selectAll(
  { fold, graphs, seeds }: Round,
  settings: CompareSettings,
  { signal }: StageOptions,
): Promise<Map<number, Selection[]>> {
  const { vpc: budgets, weights, randomDraws } = settings
  const wanted = [...new Set([...settings.selectors, 'random'])].flatMap((name) =>
    Array.from({ length: isDrawn(name) ? randomDraws : 1 }, (_, draw) => ({ name, draw })),
  )
  const found = new Map<number, Selection[]>(budgets.map((vpc) => [vpc, []]))
  for (const seed of seeds) {
    const modules = await classModules(fold, graphs, { ...settings, seed }, { signal })
    for (const { vpc, name, draw } of budgets.flatMap((vpc) => wanted.map((one) => ({ vpc, ...one }))))
      found.get(vpc)!.push(await selectBy(name, fold, modules, { vpc, seed, draw, weights }, { signal }))
  }
  return found
}

/** How students do on a fold, trained on what was selected. */
async function evaluateRound(
  { fold, features, seeds }: Round,
  students: Students,
  selections: readonly Selection[],
  { signal }: StageOptions,
): Promise<Evaluation> {
  throwIfAborted(signal)
  const sets = await Promise.all(selections.map((selection) => synthesize(fold.trainClips, selection, { signal })))
  return evaluateSets(features, students, sets, seeds[0], { signal })
}
