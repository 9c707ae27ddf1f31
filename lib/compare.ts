import { basename } from 'node:path'
import { type DataSet, type ReadDataSetOptions, readDataSet } from './dataset/index.js'
import { noticesOf } from './dataset/notices.js'
import { READING } from './dataset/options.js'
import { expectTwoClasses, trainLabelsOf } from './dataset/read.js'
import { filesOf, nameOf } from './dataset/write.js'
import { type ChosenChannels, channelsOf } from './distill/channels.js'
import { classGraphs, classModules, graphWarnings, selectBy } from './distill/communities.js'
import { composed, UNDIVIDED } from './distill/composed.js'
import { describeClips } from './distill/describe.js'
import { ownEmbeddings } from './distill/embeddings.js'
import { type Fold, foldOf } from './distill/fold.js'
import { ItemFeatures } from './distill/items.js'
import { leaksIn } from './distill/leaks.js'
import { besidePool, expectLearnable, poolNotes, poolOf, statedWith, withPool } from './distill/pool.js'
import { PredictionCache } from './distill/predictions.js'
import { majorityOf, optionsOf, skippedOf, withoutFolders } from './distill/record.js'
import { timingNote } from './distill/sampling.js'
import { settingsOf } from './distill/settings.js'
import { evaluateSets, randomDrawsOf, seesVolumes, studentsOf } from './distill/students.js'
import { teacherOf } from './distill/teacher-choice.js'
import { compositionOf, searchOf } from './distill/tiling.js'
import { Trials } from './distill/trials.js'
import type { RunSettings } from './distill/types.js'
import { tableOf, workNote } from './distill/work.js'
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
import { type ClassModules, isDrawn, type Selection } from './select/index.js'
import type { DistilledSet } from './synthesize/index.js'
import type { StudentName } from './train/index.js'
import { tilesIn, tilingName } from './video/made.js'
import type { Tiling } from './video/types.js'

/** What `compare` can be told: docs/options.md says of each what it is, and what holds where it is not given. */
export interface CompareOptions extends Given<typeof COMPARE>, StageOptions {
  onWarning?: (warning: string) => void
  /** Told what of the data set was taken for what (`DataSet.notes`), and how students look at it. */
  onNote?: (note: string) => void
}

type CompareSettings = Omit<Resolved<typeof COMPARE>, 'out' | 'cache' | 'classes' | 'columns'> & RunSettings

/** One round of the comparison: a fold to try selectors on, with its class graphs, and the seeds of searches and draws. */
interface Round {
  fold: Fold
  features: ItemFeatures
  graphs: SimilarityGraph[]
  seeds: number[]
  /** The communities by seed, once they are known. */
  modules: Map<number, ClassModules[]>
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

  const source = await readDataSet(path, { ...reading, seed: settings.seed })
  const pool = await poolOf(source, settings, reading)
  const first = pool ? besidePool(source, pool) : source
  for (const note of [...first.notes, ...(pool?.notes ?? [])]) onNote?.(note)
  warn([...first.warnings, ...(pool?.warnings ?? [])])
  if (!first.clips.some(({ split }) => split === 'test'))
    throw invalid('a data set with TEST clips', 'the data set', first.root)
  expectTwoClasses(first.classes, trainLabelsOf(first))
  const results = { from: nameOf(first), files: COMPARISON_FILES, read: filesOf(first) }
  const out = await openOutput(settings.folder)
  await expectReplaceable(out, 'comparison', results)
  await claim(out, 'comparison', results.from, COMPARISON_FILES)
  const seesAnyVolumes = settings.students.some(seesVolumes)
  const known = { stated: statedWith(first, pool), embeddings: await ownEmbeddings(first, settings, stage) }
  const all = [...first.clips, ...(pool?.clips ?? [])]
  const described = await describeClips(all, settings, seesAnyVolumes, { ...stage, ...known })
  const clips = await withPool(described, first, pool, settings, stage)
  warn(clips.warnings)
  if (clips.timing) onNote?.(timingNote(clips.timing))

  const rounds: Round[] = []
  for (const seeds of seedsOfFolds(first, settings)) {
    // another seed splits the same clips, in the same order, in another way
    const dataSet = rounds.length === 0 ? first : await readDataSet(path, { ...reading, seed: seeds[0] })
    warn(await leaksIn(dataSet, clips, stage))
    const fold = await foldOf(dataSet, clips, settings, stage)
    if (fold.descriptor?.note) onNote?.(fold.descriptor.note)
    if (fold.pool) for (const note of poolNotes(fold.pool)) onNote?.(note)
    expectLearnable(fold)
    const graphs = await classGraphs(fold, settings, stage)
    warn(graphWarnings(fold, graphs))
    rounds.push({ fold, features: new ItemFeatures(fold, settings, seesAnyVolumes), graphs, seeds, modules: new Map() })
  }

  const predictions = new PredictionCache(settings.cache)
  const budgets: Comparison['budgets'] = []
  const total = settings.students.length * settings.vpc.length * rounds.length
  let done = 0
  for (const name of settings.students) {
    const { steps, mirror } = settings
    const own = { ...settings, randomDraws: randomDrawsOf(name, settings.randomDraws) }
    if (seesVolumes(name)) {
      const { channels, note } = await channelsOfAll(rounds, name, settings, stage)
      if (note) onNote?.(note)
      own.channels = channels
      const composes = settings.synthesize === 'compose'
      const { students: searched, steps: searchSteps } = searchOf(own)
      const others = new Set(settings.selectors).size - 1 + (composes ? 1 + own.randomDraws : 0)
      const work = rounds.flatMap(({ fold }) =>
        settings.vpc.flatMap((vpc) => [
          { students: searched, clips: 0, steps: searchSteps },
          ...tableOf(fold, { others, draws: own.randomDraws, vpc }, steps),
        ]),
      )
      onNote?.(await workNote(rounds[0].fold, name, { channels, work }, stage))
    }
    for (const vpc of settings.vpc) {
      const evaluations: Evaluation[] = []
      const tilings: string[] = []
      const teachers: number[] = []
      for (const round of rounds) {
        throwIfAborted(stage.signal)
        const { channels } = own
        const here = { ...own, vpc, seed: round.seeds[0] }
        const trials = new Trials(round.fold, settings.selectors[0], name, here, stage)
        const { tiling, warnings } = await compositionOf(round.fold, trials, here)
        warn(warnings)
        const { share: teacher } = await teacherOf(trials, tiling, here)
        teachers.push(teacher)
        const students = studentsOf(name, { features: round.features, teacher, steps, mirror, channels, predictions })
        const sets = await setsOf(round, vpc, tiling, own, warn, stage)
        evaluations.push(await evaluateSets(round.features, students, sets, round.seeds[0], { signal: stage.signal }))
        if (tilesIn(tiling) > 1) tilings.push(tilingName(tiling))
        stage.onProgress?.({ stage: 'compare', done: ++done, total, unit: 'tables' })
      }
      budgets.push({
        student: name,
        vpc,
        ...(tilings.length > 0 && { tilings }),
        ...(teachers.some((share) => share > 0) && { teachers }),
        evaluation: summarise(evaluations),
      })
    }
  }
  const descriptors = rounds.flatMap(({ fold: { descriptor } }) => (descriptor ? [descriptor.form] : []))
  const comparison: Comparison = {
    dataSet: basename(first.root),
    layout: first.layout,
    synthetic: first.synthetic,
    classes: first.classes,
    splits: first.splits,
    ...(descriptors.length > 0 && { descriptors }),
    ...(rounds[0].fold.pool && { pool: rounds[0].fold.pool }),
    budgets,
    majority: majorityOf(first),
    skipped: skippedOf(clips, first),
    warnings: [...warnings].map((warning) => withoutFolders(warning, first, settings.folder, pool?.root)),
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

/** What a CNN sees, the same in all rounds: more than flow only where the TRAIN clips of each round like it better. */
async function channelsOfAll(
  rounds: readonly Round[],
  name: StudentName,
  settings: CompareSettings,
  stage: StageOptions,
): Promise<ChosenChannels> {
  let chosen: ChosenChannels = { channels: 'flow' }
  for (const { fold, seeds } of rounds) {
    chosen = await channelsOf(fold, name, { ...settings, seed: seeds[0] }, stage)
    if (chosen.channels === 'flow') break
  }
  return chosen
}

/** What `compare` is told, and as many random draws as the student at hand is worth. */
type RoundSettings = CompareSettings & { randomDraws: number }

/**
 * The sets of a budget on a fold: of every selector for every seed, random ones several times. Where videos are composed, also
 * plain ones of the first selector and of random selection.
 */
async function setsOf(
  round: Round,
  vpc: number,
  tiling: Tiling,
  settings: RoundSettings,
  warn: (warnings: readonly string[]) => void,
  { signal }: StageOptions,
): Promise<DistilledSet[]> {
  const make = async (names: readonly string[], division: Tiling) => {
    const selections = await selectAll(round, names, vpc * tilesIn(division), settings, { signal })
    warn(selections.flatMap(({ warnings }) => warnings))
    return Promise.all(
      selections.map((selection) => composed(round.fold, selection, { tiling: division, videos: vpc }, { signal })),
    )
  }
  const sets = await make([...new Set([...settings.selectors, 'random'])], tiling)
  if (tilesIn(tiling) === 1) return sets
  const plain = await make([...new Set([settings.selectors[0], 'random'])], UNDIVIDED)
  return [...sets, ...plain.map((set) => ({ ...set, selector: `${set.selector}:plain` }))]
}

/** The selections of a fold, so many clips of each class: selectors for every seed, random ones several times. */
async function selectAll(
  { fold, graphs, seeds, modules }: Round,
  names: readonly string[],
  perClass: number,
  settings: RoundSettings,
  { signal }: StageOptions,
): Promise<Selection[]> {
  const { randomDraws } = settings
  const wanted = names.flatMap((name) =>
    Array.from({ length: isDrawn(name) ? randomDraws : 1 }, (_, draw) => ({ name, draw })),
  )
  const found: Selection[] = []
  for (const seed of seeds) {
    const own = modules.get(seed) ?? (await classModules(fold, graphs, { ...settings, seed }, { signal }))
    modules.set(seed, own)
    for (const { name, draw } of wanted)
      found.push(await selectBy(name, fold, own, { ...settings, vpc: perClass, seed, draw }, { signal }))
  }
  return found
}
