import { join, resolve } from 'node:path'
import { type DataSet, type ReadDataSetOptions, readDataSet, writeDataSet } from './dataset/index.js'
import { type RunState, toManifest, toReport, toResult } from './distill/outcome.js'
import { featureSpaces } from './distill/spaces.js'
import { runStudent, trainDistilled } from './distill/students.js'
import { type Evaluation, evaluate } from './evaluate/index.js'
import { type ExtractedFeatures, extractFeatures } from './features/extract.js'
import { similarityGraph } from './graph/index.js'
import { infomap } from './infomap/index.js'
import { writeReport } from './report/index.js'
import { withLock } from './run/lock.js'
import type { StageOptions } from './run/progress.js'
import { toJson, writeWhole } from './run/store.js'
import { InfomotionError, throwIfAborted } from './runtime/errors.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from './runtime/expect.js'
import { type Selection, selectInfomap, selectKMedoids, selectRandom, takeRows } from './select/index.js'
import { synthesize } from './synthesize/index.js'
import { readClip } from './video/index.js'

/** The stages at which a run can stop, in their order. */
export const STAGES = ['features', 'graph', 'infomap', 'select', 'synthesize', 'train', 'evaluate', 'report'] as const
export type Stage = (typeof STAGES)[number]

/** Everything that can be set, with its default. */
const DEFAULTS = {
  until: 'report' as Stage,
  /** Seeds the split, the search, the random draws, the bootstrap and the students. */
  seed: 1,
  /** Nearest neighbours of each clip in its class graph. */
  neighbours: 10,
  /** Trials of the map-equation search; the best counts. */
  trials: 10,
  /** Principal components of the features (of TRAIN) that graphs and selection see. */
  components: 32,
  /** Random selections to compare with. */
  randomDraws: 10,
  /** Selected clips: a copy, a link, or (list) their names only. */
  materialize: 'copy' as 'copy' | 'link' | 'list',
  backend: 'auto' as 'auto' | 'mjpeg' | 'ffmpeg',
  /** Fail where a clip cannot be decoded or a class has fewer clips than asked for. */
  strict: false,
}

/** A run's settings, all of them given. */
export type Settings = typeof DEFAULTS & { vpc: number; folder: string; cache: string }

export interface DistillOptions extends Partial<typeof DEFAULTS>, Omit<ReadDataSetOptions, 'seed'>, StageOptions {
  /** Folder for the distilled set, `manifest.json`, `report.json`, `report.html` and the cache. */
  out: string
  /** Videos per class. */
  vpc: number
  /** Folder of the feature cache, to share it between runs. Default: `cache` in `out`. */
  cache?: string
  onWarning?: (warning: string) => void
}

/** What a run came to: the JSON document of `infomotion distill --json`. */
export interface DistillResult {
  /** `modules`, `selected` and `codelength` (bits) are null where the run stopped before them. */
  classes: { name: string; clips: number; modules: number | null; selected: number | null; codelength: number | null }[]
  selected: number
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
 * @throws {InfomotionError} with the codes of `readDataSet` and of the stages; `RUN_LOCKED`; `ABORTED`
 * @example
 * ```js
 * const result = await distill('EchoNet-Dynamic', { out: 'distilled', vpc: 5 })
 * console.log(result.selected, 'clips;', result.evaluation.rows[0].balancedAccuracy)
 * ```
 */
export async function distill(path: string, options: DistillOptions): Promise<DistillResult> {
  const { out, vpc, cache, onWarning = () => {}, signal, onProgress, ...rest } = options
  const { classes, columns, allowMissing, testFraction, ...given } = rest
  expectOptions(given, 'distill', Object.keys(DEFAULTS))
  if (typeof path !== 'string' || path === '') throw invalid('the path of a data set', 'path', path)
  if (typeof out !== 'string' || out === '') throw invalid('a folder', 'out', out)
  expectInteger(vpc, 'vpc', 1)
  const folder = resolve(out)
  const settings: Settings = { ...DEFAULTS, ...given, vpc, folder, cache: resolve(cache ?? join(folder, 'cache')) }
  expectOneOf(settings.until, 'until', STAGES)
  expectOneOf(settings.materialize, 'materialize', ['copy', 'link', 'list'])
  expectInteger(settings.neighbours, 'neighbours', 1)
  expectInteger(settings.trials, 'trials', 1)
  expectInteger(settings.randomDraws, 'randomDraws', 1)
  expectInteger(settings.seed, 'seed', 0, 0xffffffff)
  const started = performance.now()
  return withLock(folder, async () => {
    const dataSet = await readDataSet(path, { classes, columns, allowMissing, testFraction, seed: settings.seed })
    const state: RunState = { dataSet, settings, started, timings: [], warnings: [] }
    return run(state, { signal, onProgress }, onWarning)
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

  const stages: Record<Stage, () => Promise<void>> = {
    // the motion of every clip, and two controls without motion
    features: async () => {
      const { cache, backend } = settings
      const decode = (file: string, options: { signal?: AbortSignal }) => readClip(file, { ...options, backend })
      state.features = await extractFeatures(dataSet.clips, { cache, decode, decoder: backend, ...stage })
      if (settings.strict) expectAllRead(state.features)
      warn([...state.features.warnings, ...skippedWarning(state.features)])
      state.spaces = await featureSpaces(dataSet, state.features, settings.components, stage)
    },

    // one similarity graph a class, of TRAIN clips
    graph: async () => {
      state.graphs = []
      for (const { name, rows } of state.spaces!.classes) {
        const graph = await similarityGraph(takeRows(state.spaces!.points, rows), {
          k: settings.neighbours,
          signal: stage.signal,
        })
        warn(graph.warnings.map((warning) => `Class "${name}": ${warning}`))
        state.graphs.push(graph)
        stage.onProgress?.({
          stage: 'graph',
          done: state.graphs.length,
          total: dataSet.classes.length,
          unit: 'classes',
        })
      }
    },

    // its communities: the partition on which a random walk is described in the fewest bits
    infomap: async () => {
      state.modules = []
      for (const [c, { name, rows }] of state.spaces!.classes.entries()) {
        const options = { twoLevel: true, trials: settings.trials, seed, signal: stage.signal }
        const { modules, flow, codelength } = await infomap(state.graphs![c], options)
        state.modules.push({ name, rows, modules, flow, codelength })
        stage.onProgress?.({ stage: 'infomap', done: c + 1, total: dataSet.classes.length, unit: 'classes' })
      }
    },

    // the clips that stand for the communities, with their weights
    select: async () => {
      state.selection = await selectInfomap(state.spaces!.points, state.modules!, { perClass: vpc, ...stage })
      if (settings.strict) expectFullQuota(state.selection, dataSet, vpc)
      warn(state.selection.warnings)
    },

    // the distilled set, in the layout of its source
    synthesize: async () => {
      const clips = Array.from(state.spaces!.trainClips, (index) => dataSet.clips[index])
      state.items = await synthesize(clips, state.selection!, stage)
      const selected = state.items.map(({ clip, weight }) => ({ index: dataSet.clips.indexOf(clip), weight }))
      await writeDataSet(folder, dataSet, selected, { materialize: settings.materialize, signal: stage.signal })
      await writeWhole(join(folder, 'manifest.json'), toJson(toManifest(state)))
    },

    // a student on the distilled set, reweighted
    train: async () => {
      const { model } = await trainDistilled(state.spaces!, state.selection!, dataSet.classes.length, seed, stage)
      await writeWhole(join(folder, 'student.onnx'), model)
    },

    // how it does on the test clips, beside what it must beat
    evaluate: async () => {
      const { motion, controls, points, classes, trainLabels, testLabels, testGroups } = state.spaces!
      if (testLabels.length === 0) return warn(['No TEST clips: nothing was evaluated.'])
      const draws = Array.from({ length: settings.randomDraws }, (_, draw) =>
        selectRandom(classes, { perClass: vpc, seed, draw }),
      )
      const kMedoids = await selectKMedoids(points, classes, { perClass: vpc, signal: stage.signal })
      const selections = [state.selection!, kMedoids, ...draws]
      const input = {
        classes: dataSet.classes,
        trainLabels,
        testLabels,
        testGroups,
        features: [motion, ...controls],
        selections,
      }
      state.evaluation = await evaluate(input, runStudent(dataSet.classes.length), {
        student: 'linear',
        seed,
        ...stage,
      })
      warn(state.evaluation.warnings ?? [])
    },

    report: async () => {
      await writeReport(folder, toReport(state), stage)
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
