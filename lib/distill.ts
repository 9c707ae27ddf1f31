import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type DataSet, readDataSet, writeDataSet } from './dataset/index.js'
import { READING } from './dataset/options.js'
import { expectRoom } from './dataset/write.js'
import { Answers } from './distill/answers.js'
import { classGraphs, classMaps, classModules, graphWarnings, selectBy } from './distill/communities.js'
import { extract } from './distill/extract.js'
import { type RunState, toManifest, toReport, toResult } from './distill/outcome.js'
import { expectFeatures, type Method } from './distill/settings.js'
import { featureSpaces } from './distill/spaces.js'
import { STAGES, type Stage } from './distill/stages.js'
import { type Students, seesVolumes, studentsAtOnce, studentsOf } from './distill/students.js'
import { type Evaluation, evaluate } from './evaluate/index.js'
import type { ExtractedFeatures } from './features/extract.js'
import { DISTILL } from './options/distill.js'
import { writeReport } from './report/index.js'
import { withLock } from './run/lock.js'
import { toJson, writeWhole } from './run/store.js'
import { InfomotionError, throwIfAborted } from './runtime/errors.js'
import { invalid } from './runtime/expect.js'
import { expectOnnxRuntime } from './runtime/onnx.js'
import { type Given, pickOptions, type Resolved, resolveOptions } from './runtime/option.js'
import type { StageOptions } from './runtime/progress.js'
import type { Selection } from './select/index.js'
import { synthesize } from './synthesize/index.js'

export { STAGES, type Stage } from './distill/stages.js'

/** What is written beside the distilled set, and tells of it. */
const RESULTS = ['manifest.json', 'student.onnx', 'report.json', 'report.html']

/** A run's settings, all of them given. */
export type Settings = Omit<Resolved<typeof DISTILL>, 'out' | 'cache' | 'classes' | 'columns'> &
  Method & { folder: string }

/** What `distill` can be told: docs/options.md says of each what it is, and what holds where it is not given. */
export interface DistillOptions extends Given<typeof DISTILL>, StageOptions {
  onWarning?: (warning: string) => void
}

/** What a run came to: the JSON document of `infomotion distill --json`. */
export interface DistillResult {
  /** `modules`, `selected` and `codelength` (bits) are null where the run stopped before them. */
  classes: { name: string; clips: number; modules: number | null; selected: number | null; codelength: number | null }[]
  selected: number
  /** (sum of the sample weights)^2 / sum of their squares: what as many clips of equal weight would count; null before. */
  effectiveSampleSize: number | null
  /** The most frequent class of TRAIN, and the test accuracy of always answering it. */
  majority: { class: string; accuracy: number }
  evaluation?: Evaluation
  skipped: { path: string; reason: string }[]
  warnings: string[]
  notices: string[]
  seconds: number
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
  const { onWarning, signal, onProgress, ...given } = options
  if (typeof path !== 'string' || path === '') throw invalid('the path of a data set', 'path', path)
  const resolved = resolveOptions(DISTILL, given, 'distill', [], onWarning)
  const { out, cache, classes: _, columns: __, ...rest } = resolved
  const folder = resolve(out)
  const settings: Settings = { ...rest, folder, cache: resolve(cache ?? join(folder, 'cache')) }
  expectFeatures(settings)
  const started = performance.now()
  if (settings.encoder !== 'none' || STAGES.indexOf(settings.until) >= STAGES.indexOf('train'))
    await expectOnnxRuntime(signal)
  return withLock(folder, async () => {
    const dataSet = await readDataSet(path, pickOptions(READING, resolved))
    if (STAGES.indexOf(settings.until) >= STAGES.indexOf('synthesize')) await expectRoom(folder, dataSet, RESULTS)
    const state: RunState = { dataSet, settings, started, timings: [], warnings: [] }
    return run(state, { signal, onProgress }, onWarning ?? (() => {}))
  })
}

/** The method, stage by stage. */
async function run(state: RunState, stage: StageOptions, onWarning: (warning: string) => void): Promise<DistillResult> {
  const { dataSet, settings } = state
  const { vpc, seed, folder, until } = settings
  const warn = (warnings: string[]) => {
    for (const warning of warnings) {
      state.warnings.push(warning)
      onWarning(warning)
    }
  }
  warn(dataSet.warnings)

  const selectionOf = (selector: string, draw = 0) =>
    selectBy(selector, state.spaces!, state.modules!, { ...settings, draw }, stage)
  const refined = (selector: string) => (settings.refine === 'swap' ? `${selector}+swap` : selector)

  let students: Students
  const makeStudents = () =>
    studentsOf(settings.student, {
      classes: dataSet.classes.length,
      spaces: state.spaces!,
      extracted: state.extracted!,
      teacher: settings.teacher,
      steps: settings.steps,
      answers: new Answers(join(settings.cache, 'answers')),
    })

  const stages: Record<Stage, () => Promise<void>> = {
    // the motion of every clip, what an encoder makes of it, and two controls without motion
    features: async () => {
      state.extracted = await extract(dataSet, settings, seesVolumes(settings.student), stage)
      const { features, embedding } = state.extracted
      if (settings.strict) expectAllRead(features)
      warn([...features.warnings, ...skippedWarning(features)])
      state.spaces = await featureSpaces(dataSet, features, embedding, settings, stage)
      students = makeStudents()
    },

    // one similarity graph a class, of TRAIN clips
    graph: async () => {
      state.graphs = await classGraphs(state.spaces!, settings, stage)
      warn(graphWarnings(state.spaces!, state.graphs))
    },

    // its communities: the partition on which a random walk is described in the fewest bits
    infomap: async () => {
      state.modules = await classModules(state.spaces!, state.graphs!, settings, stage)
    },

    // the clips that stand for the communities, with their weights
    select: async () => {
      state.selection = await selectionOf(refined(settings.selector))
      if (settings.strict) expectFullQuota(state.selection, dataSet, vpc)
      warn(state.selection.warnings)
    },

    // the distilled set, in the layout of its source
    synthesize: async () => {
      const clips = Array.from(state.spaces!.trainClips, (index) => dataSet.clips[index])
      state.items = await synthesize(clips, state.selection!, stage)
      const selected = state.items.map(({ clip, weight }) => ({ index: dataSet.clips.indexOf(clip), weight }))
      // what an earlier run into this folder said of its set is not true of this one
      for (const name of RESULTS) await rm(join(folder, name), { force: true })
      await writeDataSet(folder, dataSet, selected, { materialize: settings.materialize, signal: stage.signal })
      await writeWhole(join(folder, 'manifest.json'), toJson(toManifest(state)))
    },

    // a student on the distilled set, reweighted
    train: async () => {
      const model = await students.trainOn(state.selection!, seed, {
        ...stage,
        checkpoint: join(settings.cache, 'student.checkpoint'),
      })
      await writeWhole(join(folder, 'student.onnx'), model)
    },

    // how it does on the test clips, beside what it must beat
    evaluate: async () => {
      const { trainLabels, testLabels, testGroups } = state.spaces!
      if (testLabels.length === 0) return warn(['No TEST clips: nothing was evaluated.'])
      // draw 0 of random selection is the distilled set itself where that is drawn at random
      const first = settings.selector === 'random' ? 1 : 0
      const draws = Array.from({ length: settings.randomDraws }, (_, i) => first + i)
      const partners = new Set([settings.selector, 'kmedoids'].filter((name) => name !== state.selection!.selector))
      const selections = [
        state.selection!,
        ...(await Promise.all([...partners].map((name) => selectionOf(name)))),
        ...(settings.refine === 'swap' ? await Promise.all(draws.map((draw) => selectionOf('random+swap', draw))) : []),
        ...(await Promise.all(draws.map((draw) => selectionOf('random', draw)))),
      ]
      const { name, run, spaces } = students
      state.evaluation = await evaluate(
        { classes: dataSet.classes, trainLabels, testLabels, testGroups, spaces, selections },
        run,
        { student: name, parallel: studentsAtOnce(), seed, ...stage },
      )
      warn(state.evaluation.warnings ?? [])
    },

    report: async () => {
      await writeReport(folder, toReport(state, await classMaps(state.graphs!, state.modules!)), stage)
    },
  }

  for (const name of STAGES) {
    throwIfAborted(stage.signal)
    const start = performance.now()
    await stages[name]()
    state.timings.push({ stage: name, seconds: (performance.now() - start) / 1000 })
    if (name === until) break
  }
  return toResult(state)
}

function skippedWarning({ skipped }: ExtractedFeatures): string[] {
  if (skipped.length === 0) return []
  return [`${skipped.length} clips were skipped. The first: ${skipped[0].id}: ${skipped[0].reason}`]
}

function expectAllRead({ skipped }: ExtractedFeatures): void {
  if (skipped.length === 0) return
  const { id, reason } = skipped[0]
  throw new InfomotionError(
    'CLIPS_SKIPPED',
    `${skipped.length} clips could not be decoded, which --strict does not allow. The first: ${id}: ${reason}`,
  )
}

function expectFullQuota({ representatives }: Selection, { classes }: DataSet, vpc: number): void {
  classes.forEach((name, c) => {
    const got = representatives.filter(({ classIndex }) => classIndex === c).length
    if (got < vpc) {
      throw new InfomotionError(
        'CLASS_TOO_SMALL',
        `Class "${name}" has ${got} TRAIN clips for ${vpc} videos per class, which --strict does not allow. ` +
          'Ask for fewer videos per class, merge classes (--classes), or leave --strict out.',
      )
    }
  })
}
