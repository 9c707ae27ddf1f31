import pMap from 'p-map'
import { score } from '../evaluate/index.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import type { ClassModules } from '../select/index.js'
import type { DistilledSet } from '../synthesize/index.js'
import type { StudentName } from '../train/names.js'
import { tilesIn } from '../video/made.js'
import type { Tiling } from '../video/types.js'
import { classGraphs, classModules, selectBy } from './communities.js'
import { composed } from './composed.js'
import { canHoldOut, holdOut, withHeldOut } from './crossval.js'
import { asChosen, type Fold, foldOf } from './fold.js'
import { ItemFeatures, told } from './items.js'
import { PredictionCache } from './predictions.js'
import type { Method } from './settings.js'
import { seesVolumes, studentsOf } from './students.js'

/** How often a part of TRAIN is held out; a CNN takes minutes where the linear student takes a second. */
export const REPEATS = { linear: 5, cnn: 2 }
/** Training steps of CNNs on trial, at most. */
export const CNN_STEPS = 240

/** What is tried: how videos are divided, and the share of a teacher in what students learn of them. */
export interface Trial {
  tiling: Tiling
  teacher: number
}

export type TrialSettings = Method & { vpc: number }

/** A part of TRAIN to select from, and the rest to be asked about. */
interface Round {
  fold: Fold
  modules: ClassModules[]
  features: ItemFeatures
}

/**
 * Ways to make a distilled set and to learn of it, tried by cross-validation on TRAIN: a part of it, whole groups, is held
 * out; from the rest clips are selected, composed, and trained on, and students are asked about the clips held out.
 */
export class Trials {
  readonly repeats: number
  private readonly rounds: Promise<Round>[] = []
  private done = 0
  private total = 0

  constructor(
    private readonly fold: Fold,
    private readonly selector: string,
    readonly student: StudentName,
    private readonly settings: TrialSettings,
    private readonly stage: StageOptions,
  ) {
    this.repeats = seesVolumes(student) ? REPEATS.cnn : REPEATS.linear
  }

  /**
   * Whether each class of two or more can be learnt on one part of TRAIN and asked for on another; and clips were opened, by
   * whose frames predictions are kept.
   */
  get possible(): boolean {
    return this.fold.clips.cacheKeys !== undefined && canHoldOut(this.fold, 'tiling', this.settings.seed)
  }

  /** Balanced accuracy of each trial in each repeat. What was tried before comes out of the cache. */
  async scores(trials: readonly Trial[], what: string): Promise<number[][]> {
    const found = trials.map((): number[] => [])
    this.total += trials.length * this.repeats
    for (let repeat = 0; repeat < this.repeats; repeat++) {
      this.rounds[repeat] ??= this.round(repeat)
      const scores = await this.tryAll(trials, await this.rounds[repeat], what)
      for (const [i, own] of found.entries()) own.push(scores[i])
    }
    return found
  }

  private async round(repeat: number): Promise<Round> {
    const { fold, settings, stage } = this
    const { dataSet, trainClips, clips } = fold
    const part = withHeldOut(dataSet, trainClips, holdOut(fold, 'tiling', settings.seed, repeat))
    const inner = await foldOf(part, clips, asChosen(settings, fold), stage)
    const graphs = await classGraphs(inner, settings, { signal: stage.signal })
    const modules = await classModules(inner, graphs, settings, { signal: stage.signal })
    return { fold: inner, modules, features: new ItemFeatures(inner, settings, seesVolumes(this.student)) }
  }

  private async tryAll(trials: readonly Trial[], { fold, modules, features }: Round, what: string): Promise<number[]> {
    const { selector, settings, student, stage } = this
    const { signal } = stage
    const { vpc, cache, mirror, channels, seed } = settings
    const steps = Math.min(settings.steps ?? CNN_STEPS, CNN_STEPS)
    const sets: DistilledSet[] = []
    for (const { tiling } of trials) {
      const many = { ...settings, vpc: vpc * tilesIn(tiling), draw: 0 }
      const selection = await selectBy(selector, fold, modules, many, { signal })
      sets.push(await composed(fold, selection, { tiling, videos: vpc }, { signal }))
    }
    await features.of(features.samples(sets.flatMap(({ items }) => items)), told(stage))
    const predictions = new PredictionCache(cache)
    const common = { features, mirror, channels, predictions, steps: seesVolumes(student) ? steps : settings.steps }
    const shares = [...new Set(trials.map(({ teacher }) => teacher))]
    const taught = new Map(shares.map((teacher) => [teacher, studentsOf(student, { ...common, teacher })]))
    const run = async ({ items }: DistilledSet, i: number) => {
      const students = taught.get(trials[i].teacher)!
      const [space] = students.spaces
      const probabilities = await students.run({ space, items, seed, signal })
      this.done++
      stage.onProgress?.({ stage: what, done: this.done, total: this.total, unit: 'students' })
      return score(probabilities, fold.testLabels, fold.dataSet.classes.length).balancedAccuracy
    }
    return pMap(sets, run, { concurrency: native().threads })
  }
}
