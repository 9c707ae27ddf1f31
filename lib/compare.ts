import { basename, join, resolve } from 'node:path'
import { type DataSet, type ReadDataSetOptions, readDataSet } from './dataset/index.js'
import { READING } from './dataset/options.js'
import { Answers } from './distill/answers.js'
import { classGraphs, classModules, graphWarnings, selectBy } from './distill/communities.js'
import { extract } from './distill/extract.js'
import { majorityOf, noticesOf, optionsOf, skippedOf, withoutFolders } from './distill/record.js'
import { expectFeatures, type Method } from './distill/settings.js'
import { featureSpaces, type Spaces } from './distill/spaces.js'
import { seesVolumes, studentsAtOnce, studentsOf } from './distill/students.js'
import { type Evaluation, evaluate, summarise } from './evaluate/index.js'
import type { SimilarityGraph } from './graph/index.js'
import { COMPARE } from './options/compare.js'
import { type Comparison, writeComparison } from './report/index.js'
import { withLock } from './run/lock.js'
import { throwIfAborted } from './runtime/errors.js'
import { invalid } from './runtime/expect.js'
import { expectOnnxRuntime } from './runtime/onnx.js'
import { type Given, pickOptions, type Resolved, resolveOptions } from './runtime/option.js'
import type { StageOptions } from './runtime/progress.js'
import { versions } from './runtime/versions.js'
import type { Selection } from './select/index.js'

/** What `compare` can be told: docs/options.md says of each what it is, and what holds where it is not given. */
export interface CompareOptions extends Given<typeof COMPARE>, StageOptions {
  onWarning?: (warning: string) => void
}

type Settings = Omit<Resolved<typeof COMPARE>, 'out' | 'cache' | 'classes' | 'columns'> & Method & { folder: string }

/** One split of the data set, as points, with its class graphs. */
interface Fold {
  dataSet: DataSet
  spaces: Spaces
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
  const { onWarning, signal, onProgress, ...given } = options
  if (typeof path !== 'string' || path === '') throw invalid('the path of a data set', 'path', path)
  const resolved = resolveOptions(COMPARE, given, 'compare', [], onWarning)
  const { out, cache, classes: _, columns: __, ...rest } = resolved
  const folder = resolve(out)
  const settings: Settings = { ...rest, folder, cache: resolve(cache ?? join(folder, 'cache')) }
  expectFeatures(settings)
  const reading = pickOptions(READING, resolved)
  await expectOnnxRuntime(signal)
  return withLock(folder, () => run(path, reading, settings, onWarning ?? (() => {}), { signal, onProgress }))
}

async function run(
  path: string,
  reading: ReadDataSetOptions,
  settings: Settings,
  onWarning: (warning: string) => void,
  stage: StageOptions,
): Promise<Comparison> {
  const started = performance.now()
  const warnings = new Set<string>()
  const warn = (found: readonly string[]) => {
    for (const warning of found) {
      if (!warnings.has(warning)) onWarning(warning)
      warnings.add(warning)
    }
  }

  const seeds = Array.from({ length: settings.seeds }, (_, i) => (settings.seed + i) >>> 0)
  const first = await readDataSet(path, { ...reading, seed: settings.seed })
  warn(first.warnings)
  if (!first.clips.some(({ split }) => split === 'test'))
    throw invalid('a data set with TEST clips', 'the data set', first.root)
  const extracted = await extract(first, settings, settings.students.some(seesVolumes), stage)
  const { features, embedding } = extracted
  warn(features.warnings)

  const folds: Fold[] = []
  for (const ofFold of first.splits === 'given' ? [seeds] : seeds.map((seed) => [seed])) {
    // another seed splits the same clips, in the same order, in another way
    const dataSet = folds.length === 0 ? first : await readDataSet(path, { ...reading, seed: ofFold[0] })
    const spaces = await featureSpaces(dataSet, features, embedding, settings, stage)
    const graphs = await classGraphs(spaces, settings, stage)
    warn(graphWarnings(spaces, graphs))
    folds.push({ dataSet, spaces, graphs, seeds: ofFold })
  }

  const selections = await selectAll(folds, settings, stage)
  warn([...selections.values()].flatMap((some) => some.flatMap((selection) => selection.warnings)))
  const answers = new Answers(join(settings.cache, 'answers'))
  const budgets: Comparison['budgets'] = []
  const total = settings.students.length * settings.vpc.length * folds.length
  let done = 0
  for (const name of settings.students) {
    const { teacher, steps } = settings
    const ofFolds = folds.map(({ dataSet, spaces }) =>
      studentsOf(name, { classes: dataSet.classes.length, spaces, extracted, teacher, steps, answers }),
    )
    for (const vpc of settings.vpc) {
      const evaluations: Evaluation[] = []
      for (const [f, { dataSet, spaces, seeds }] of folds.entries()) {
        throwIfAborted(stage.signal)
        const students = ofFolds[f]
        const { trainLabels, testLabels, testGroups } = spaces
        const input = { classes: dataSet.classes, trainLabels, testLabels, testGroups, spaces: students.spaces }
        evaluations.push(
          await evaluate({ ...input, selections: selections.get(`${f} ${vpc}`)! }, students.run, {
            student: name,
            seed: seeds[0],
            parallel: studentsAtOnce(),
            signal: stage.signal,
          }),
        )
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
    skipped: skippedOf(extracted, first),
    warnings: [...warnings].map((warning) => withoutFolders(warning, first, settings.folder)),
    notices: noticesOf(first),
    options: optionsOf(first, settings),
    versions: versions(),
    seconds: (performance.now() - started) / 1000,
  }
  await writeComparison(settings.folder, comparison)
  return comparison
}

/** The selections of each fold and budget, by "fold budget": every selector for every seed, random ones several times. */
async function selectAll(
  folds: readonly Fold[],
  settings: Settings,
  stage: StageOptions,
): Promise<Map<string, Selection[]>> {
  const found = new Map<string, Selection[]>()
  const names = [...new Set([...settings.selectors, 'random'])]
  const total = folds.length * settings.vpc.length
  for (const [f, { spaces, graphs, seeds }] of folds.entries()) {
    for (const vpc of settings.vpc) found.set(`${f} ${vpc}`, [])
    for (const seed of seeds) {
      const modules = await classModules(spaces, graphs, { ...settings, seed }, { signal: stage.signal })
      for (const vpc of settings.vpc) {
        for (const name of names) {
          const draws = name.startsWith('random') ? settings.randomDraws : 1
          for (let draw = 0; draw < draws; draw++) {
            const options = { vpc, seed, draw, weights: settings.weights }
            found.get(`${f} ${vpc}`)!.push(await selectBy(name, spaces, modules, options, { signal: stage.signal }))
          }
        }
      }
    }
    stage.onProgress?.({ stage: 'select', done: (f + 1) * settings.vpc.length, total, unit: 'budgets' })
  }
  return found
}
