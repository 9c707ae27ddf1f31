import { join } from 'node:path'
import { type DataSet, readDataSet } from './dataset/index.js'
import { leakError } from './dataset/leaks.js'
import { READING } from './dataset/options.js'
import type { Pool } from './dataset/pool.js'
import { expectTwoClasses, trainLabelsOf } from './dataset/read.js'
import { expectWritableSet } from './dataset/write.js'
import { baselineSets, partnersOf } from './distill/baselines.js'
import { channelsOf } from './distill/channels.js'
import { classGraphs, classMaps, classModules, graphWarnings, selectBy } from './distill/communities.js'
import { composed } from './distill/composed.js'
import { RESULTS, writeDistilled } from './distill/deliver.js'
import { expectAllRead, expectFullQuota, skippedWarning } from './distill/demands.js'
import { describeClips } from './distill/describe.js'
import { needsFrames, ownEmbeddings } from './distill/embeddings.js'
import { foldOf } from './distill/fold.js'
import { ItemFeatures } from './distill/items.js'
import { leaksIn } from './distill/leaks.js'
import { RunLog } from './distill/log.js'
import { classesOf, toReport, toResult } from './distill/outcome.js'
import { besidePool, expectLearnable, poolNotes, poolOf, statedWith, withPool } from './distill/pool.js'
import { PredictionCache } from './distill/predictions.js'
import { timingNote } from './distill/sampling.js'
import { settingsOf } from './distill/settings.js'
import { STAGES, type Stage } from './distill/stages.js'
import { evaluateSets, randomDrawsOf, seesVolumes, studentsOf } from './distill/students.js'
import { withTargets } from './distill/teacher.js'
import { teacherOf } from './distill/teacher-choice.js'
import { compositionOf, darkWarnings, searchOf } from './distill/tiling.js'
import { Trials } from './distill/trials.js'
import type { DistillResult, RunSettings } from './distill/types.js'
import { tableOf, workNote } from './distill/work.js'
import { DISTILL } from './options/distill.js'
import { writeReport } from './report/index.js'
import { withLock } from './run/lock.js'
import { expectCacheFolder } from './run/output.js'
import { replaceFile } from './run/store.js'
import type { InfomotionError } from './runtime/errors.js'
import { expectGiven, invalid } from './runtime/expect.js'
import { expectOnnxRuntime } from './runtime/onnx.js'
import { type Given, pickOptions, type Resolved, resolveOptions } from './runtime/option.js'
import type { StageOptions } from './runtime/progress.js'
import { tilesIn } from './video/made.js'

export { STAGES, type Stage } from './distill/stages.js'
export type { DistillResult } from './distill/types.js'

/** A run's settings, all of them given. */
type DistillSettings = Omit<Resolved<typeof DISTILL>, 'out' | 'cache' | 'classes' | 'columns'> &
  RunSettings & { randomDraws: number }

/** What `distill` can be told: docs/options.md says of each what it is, and what holds where it is not given. */
export interface DistillOptions extends Given<typeof DISTILL>, StageOptions {
  onWarning?: (warning: string) => void
  /** Told what of the data set was taken for what (`DataSet.notes`), and how students look at it. */
  onNote?: (note: string) => void
}

/**
 * Distils a labelled video data set: features of every clip, a similarity graph a class, its communities by the map
 * equation, the clips that stand for them with their weights, a student trained on these, and how it does on the test
 * clips beside majority, random, k-medoids and full data. After InfoMotion (arXiv 2512.09422).
 *
 * Only TRAIN clips are selected from, and only they fit the projection; VAL clips are passed through. Features are
 * cached: a run that was stopped goes on from where it was. The same seed gives the same selection.
 *
 * @param path - folder or CSV file (see `readDataSet`)
 * @throws {InfomotionError} with the codes of `readDataSet` and of the stages; `RUN_LOCKED`; `ABORTED`; before any work,
 *   `ONNXRUNTIME_MISSING` where it is not installed and an encoder, or a stage from `train` on, is asked for
 * @example
 * ```js
 * const result = await distill('EchoNet-Dynamic', { out: 'distilled', vpc: 5 })
 * console.log(result.selected, 'clips;', result.evaluation.rows[0].balancedAccuracy)
 * ```
 */
export async function distill(path: string, options: DistillOptions): Promise<DistillResult> {
  const { onWarning, onNote, signal, onProgress, ...given } = expectGiven(options, 'distill')
  if (typeof path !== 'string' || path === '') throw invalid('the path of a data set', 'path', path)
  const resolved = resolveOptions(DISTILL, given, 'distill', [], onWarning)
  const randomDraws = randomDrawsOf(resolved.student, resolved.randomDraws)
  const settings: DistillSettings = { ...settingsOf(resolved), randomDraws }
  const { folder } = settings
  const started = performance.now()
  const trainsOne = [trains, searches, teaches, choosesDescriptor].some((asks) => asks(settings))
  if (settings.encoder !== 'none' || trainsOne) await expectOnnxRuntime(signal)
  return withLock(folder, async () => {
    await expectCacheFolder(settings.cache, resolved.cache !== undefined)
    const source = await readDataSet(path, pickOptions(READING, resolved))
    const pool = await poolOf(source, settings, resolved)
    const dataSet = pool ? besidePool(source, pool) : source
    for (const note of [...dataSet.notes, ...(pool?.notes ?? [])]) onNote?.(note)
    if (trains(settings)) expectTwoClasses(dataSet.classes, trainLabelsOf(dataSet))
    if (reaches(settings, 'synthesize'))
      await expectWritableSet(folder, dataSet, RESULTS, settings.synthesize === 'compose')
    const log = new RunLog(started, onWarning ?? (() => {}), signal)
    return run(dataSet, pool, settings, log, { signal, onProgress }, onNote)
  })
}

/** The method, stage by stage. */
async function run(
  dataSet: DataSet,
  pool: Pool | undefined,
  settings: DistillSettings,
  log: RunLog,
  stage: StageOptions,
  onNote: DistillOptions['onNote'],
): Promise<DistillResult> {
  const { vpc, seed, folder, until, student, selector, refine, strict } = settings
  log.warn([...dataSet.warnings, ...(pool?.warnings ?? [])])

  // the motion of every clip, what an encoder or somebody else makes of it, and two controls without motion
  const { clips, fold } = await log.time('features', async () => {
    const embeddings = await ownEmbeddings(dataSet, settings, stage)
    const volumes = seesVolumes(student) && trains(settings)
    const known = { stated: statedWith(dataSet, pool), embeddings, frames: needsFrames(settings, volumes) }
    const all = [...dataSet.clips, ...(pool?.clips ?? [])]
    const described = await describeClips(all, settings, seesVolumes(student), { ...stage, ...known })
    const clips = await withPool(described, dataSet, pool, settings, stage)
    log.warn([...clips.warnings, ...skippedWarning(clips)])
    if (clips.timing) onNote?.(timingNote(clips.timing))
    if (strict) expectAllRead(clips)
    const leaks = await leaksIn(dataSet, clips, stage)
    if (strict && leaks.length > 0) throw leakError(leaks)
    log.warn(leaks)
    const method = until === 'features' ? { ...settings, descriptor: 'relative' as const } : settings // nothing sees it
    const fold = await foldOf(dataSet, clips, method, stage).catch((error: InfomotionError) => {
      // of equal clips features can be had, and nothing that follows
      if (until !== 'features' || error.code !== 'CONSTANT_FEATURES') throw error
      log.warn([error.message])
    })
    if (fold?.descriptor?.note) onNote?.(fold.descriptor.note)
    if (fold?.pool) for (const note of poolNotes(fold.pool)) onNote?.(note)
    if (fold && trains(settings)) expectLearnable(fold)
    return { clips, fold }
  })
  if (until === 'features' || !fold) return toResult({ dataSet, clips }, settings, log)

  // one similarity graph a class, of TRAIN clips
  const graphs = await log.time('graph', () => classGraphs(fold, settings, stage))
  log.warn(graphWarnings(fold, graphs))
  if (until === 'graph') return toResult(fold, settings, log)

  // its communities: the partition on which a random walk is described in the fewest bits
  const modules = await log.time('infomap', () => classModules(fold, graphs, settings, stage))
  if (until === 'infomap') return toResult(fold, settings, log, { modules })

  const name = refine === 'swap' ? `${selector}+swap` : selector

  // what a CNN is to see, and what it costs
  const sees = seesVolumes(student) && (trains(settings) || searches(settings))
  const { channels, note } = sees
    ? await log.time('select', () => channelsOf(fold, student, settings, stage))
    : { channels: settings.channels, note: undefined }
  if (note) onNote?.(note)
  if (sees && channels !== 'auto' && trains(settings)) {
    const { randomDraws: draws, steps } = settings
    const others = partnersOf(selector, name).length + (refine === 'swap' ? draws : 0)
    const search = searchOf(settings)
    const work = [
      { students: search.students, clips: 0, steps: search.steps },
      ...tableOf(fold, { others: others + (settings.synthesize === 'none' ? 0 : 2), draws, vpc }, steps),
    ]
    onNote?.(await workNote(fold, student, { channels, work }, stage))
  }

  // the clips that stand for the communities, with their weights: one a video, or one a tile
  const trials = new Trials(fold, name, student, { ...settings, channels }, stage)
  const composition = await log.time('select', () => compositionOf(fold, trials, settings))
  log.warn(composition.warnings)
  const { tiling } = composition
  const selection = await log.time('select', () => {
    return selectBy(name, fold, modules, { ...settings, vpc: vpc * tilesIn(tiling), draw: 0 }, stage)
  })
  if (strict) expectFullQuota(selection, dataSet, vpc)
  log.warn(selection.warnings)
  if (until === 'select') return toResult(fold, settings, log, { modules, selection, composition })

  // the distilled set, in the layout of its source; from here on there are items, not rows
  const features = new ItemFeatures(fold, settings, seesVolumes(student))
  const { set, distilled, teacher } = await log.time('synthesize', async () => {
    const teacher = await teacherOf(trials, tiling, settings)
    if (teacher.note) onNote?.(teacher.note)
    const set = await composed(fold, selection, { tiling, videos: vpc }, stage)
    log.warn(darkWarnings(set, dataSet, tiling))
    const classes = classesOf(fold, graphs, modules, selection, set)
    const items = await withTargets(features, teacher.share, set.items, stage)
    const distilled = await writeDistilled(fold, { ...set, items, composition, teacher }, classes, settings, log, stage)
    return { set, distilled, teacher }
  })
  if (until === 'synthesize') return toResult(fold, settings, log, { modules, composition, teacher, distilled })

  // a student on the distilled set, reweighted; each student mixes its own teacher's predictions into the set's targets
  const students = studentsOf(student, {
    features,
    teacher: teacher.share,
    steps: settings.steps,
    mirror: settings.mirror,
    channels,
    predictions: new PredictionCache(settings.cache),
  })
  await log.time('train', async () => {
    const checkpoint = join(settings.cache, 'student.checkpoint')
    await replaceFile(join(folder, 'student.onnx'), await students.trainOn(set.items, seed, { ...stage, checkpoint }))
  })
  if (until === 'train') return toResult(fold, settings, log, { modules, composition, teacher, distilled })

  // how it does on the test clips, beside what it must beat
  const evaluation = await log.time('evaluate', async () => {
    if (fold.testLabels.length === 0) return undefined
    const sets = [set, ...(await baselineSets(fold, modules, set, tiling, settings, stage))]
    return evaluateSets(features, students, sets, seed, stage)
  })
  log.warn(evaluation ? (evaluation.warnings ?? []) : ['No TEST clips: nothing was evaluated.'])
  if (until === 'evaluate')
    return toResult(fold, settings, log, { modules, composition, teacher, distilled, evaluation })

  await log.time('report', async () => {
    const maps = await classMaps(graphs, modules)
    await writeReport(folder, toReport(fold, settings, log, distilled, { evaluation, maps }), stage)
  })
  return toResult(fold, settings, log, { modules, composition, teacher, distilled, evaluation })
}

/** Whether students are trained to choose how videos are divided. */
function searches(settings: DistillSettings): boolean {
  const { synthesize, tiles, stretches, embeddings } = settings
  const isAuto = tiles === 'auto' || stretches === 'auto'
  return reaches(settings, 'select') && synthesize === 'compose' && embeddings === undefined && isAuto
}

/** Whether a teacher's predictions are written out with the set. */
function teaches(settings: DistillSettings): boolean {
  return reaches(settings, 'synthesize') && settings.teacher !== 0
}

/** Whether students are trained to choose what is made of the motion. */
function choosesDescriptor({ until, descriptor, descriptorWeight }: DistillSettings): boolean {
  return until !== 'features' && descriptor === 'auto' && descriptorWeight > 0
}

/** Whether a student follows. */
function trains(settings: DistillSettings): boolean {
  return reaches(settings, 'train')
}

/** Whether a run goes as far as a stage. */
function reaches({ until }: DistillSettings, stage: Stage): boolean {
  return STAGES.indexOf(until) >= STAGES.indexOf(stage)
}
