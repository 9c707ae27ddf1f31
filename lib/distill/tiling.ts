import pMap from 'p-map'
import type { DataSet } from '../dataset/index.js'
import { score } from '../evaluate/index.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import type { Selection } from '../select/index.js'
import {
  type ClipShape,
  commonShape,
  type DistilledSet,
  fits,
  mixedWarnings,
  SIDES,
  STRETCHES,
  synthesize,
} from '../synthesize/index.js'
import type { StudentName } from '../train/names.js'
import { tilesIn } from '../video/made.js'
import type { Tiling } from '../video/types.js'
import { classGraphs, classModules, selectBy } from './communities.js'
import { canHoldOut, HELD_OUT, holdOut, spreadOf, withHeldOut } from './crossval.js'
import { asChosen, type Fold, foldOf } from './fold.js'
import { ItemFeatures, told } from './items.js'
import { PredictionCache } from './predictions.js'
import type { Method } from './settings.js'
import { type Students, seesVolumes, studentsOf } from './students.js'

/** How the videos of a set are divided, and how that was chosen. */
export interface Composition {
  tiling: Tiling
  /** Of a composed video; absent where nothing is composed. */
  shape?: ClipShape
  /** There where it was chosen among several. */
  search?: TilingSearch
  warnings: string[]
}

/** What cross-validation on TRAIN found. */
export interface TilingSearch {
  student: string
  /** Share of TRAIN that each student was asked about, and how often it was drawn. */
  heldOut: number
  repeats: number
  /** Balanced accuracy on the clips held out: mean and standard deviation over the repeats. */
  scores: (Tiling & { mean: number; deviation: number })[]
}

/** What the search is told, besides the method. */
export type TilingSettings = Method & {
  vpc: number
  synthesize: 'none' | 'compose'
  tiles: 'auto' | Tiling['side']
  stretches: 'auto' | Tiling['stretches']
}

export const UNDIVIDED: Tiling = { side: 1, stretches: 1 }

/** How often a part of TRAIN is held out; a CNN takes minutes where the linear student takes a second. */
const REPEATS = { linear: 5, cnn: 2 }
/** Training steps of the search's CNNs, at most. */
const CNN_STEPS = 240

/**
 * How the videos of a set are to be divided: as asked for, or, where that is `auto`, by cross-validation: a part of TRAIN,
 * whole groups, is held out; from the rest clips are selected, composed, and trained on; the tiling whose student does best
 * on the clips held out is taken, of equals that of fewer tiles: first of the grids, then of the stretches of that grid.
 * TEST is not looked at.
 */
export async function compositionOf(
  fold: Fold,
  selector: string,
  student: StudentName,
  settings: TilingSettings,
  stage: StageOptions,
): Promise<Composition> {
  const { tiles, stretches, synthesize } = settings
  if (synthesize === 'none') return { tiling: UNDIVIDED, warnings: [] }
  if (settings.embeddings !== undefined) {
    const warnings = [
      'Clips stay whole: embeddings of your own know no tiles of them (synthesize: none says the same).',
    ]
    return { tiling: UNDIVIDED, warnings }
  }
  const shapes = shapesOf(fold)
  const shape = commonShape(shapes)
  const some = (sides: readonly number[], parts: readonly number[]) =>
    sides.flatMap((side) => parts.map((stretches): Tiling => ({ side, stretches })))
  const possible = (tilings: Tiling[]) =>
    tilings.filter((tiling) => (tiles !== 'auto' && stretches !== 'auto') || fits(shape, tiling))
  const sides = tiles === 'auto' ? SIDES : [tiles]
  const parts = stretches === 'auto' ? STRETCHES : [stretches]

  const search = new Search(fold, selector, student, settings, stage)
  const all = possible(some(sides, parts))
  // nothing fits, or nothing is to be chosen: what cannot be done is said where it is tried
  if (all.length < 2) return { tiling: all[0] ?? some(sides, parts)[0], shape, warnings: mixedWarnings(shapes, shape) }
  if (!search.possible) {
    const warnings = [
      'The tiling was not chosen by cross-validation, since TRAIN cannot be split by group: clips stay whole.',
    ]
    return { tiling: all[0], shape, warnings }
  }
  // each costs the features of its tiles: first the grid, then the stretches of that grid, and not all pairs
  const { side } = await search.best(possible(some(sides, parts.slice(0, 1))))
  const best = await search.best(possible(some([side], parts)))
  const warnings = tilesIn(best) > 1 ? mixedWarnings(shapes, shape) : []
  return { tiling: best, shape, search: search.found, warnings }
}

/** CNN students that a search trains at most, and their steps. */
export function searchOf({ synthesize, tiles, stretches, steps = CNN_STEPS }: Omit<TilingSettings, 'vpc'>) {
  const auto = (asked: unknown, all: readonly number[]) => (asked === 'auto' ? all.length : 0)
  const tilings = synthesize === 'none' ? 0 : auto(tiles, SIDES) + auto(stretches, STRETCHES)
  return { students: tilings * REPEATS.cnn, steps: Math.min(steps, CNN_STEPS) }
}

/** Size, rate and length of each TRAIN clip; none where their frames were not looked at. */
function shapesOf({ clips: { facts }, trainRows }: Fold): ClipShape[] {
  return facts ? Array.from(trainRows, (row) => facts[row]) : []
}

/** Tries tilings on parts of TRAIN. */
class Search {
  /** Balanced accuracies of each tiling, one a repeat. */
  private readonly runs = new Map<string, { tiling: Tiling; scores: number[] }>()
  private readonly splits: Promise<Round>[] = []
  private readonly repeats: number
  private done = 0
  private total = 0

  constructor(
    private readonly fold: Fold,
    private readonly selector: string,
    private readonly student: StudentName,
    private readonly settings: TilingSettings,
    private readonly stage: StageOptions,
  ) {
    this.repeats = seesVolumes(student) ? REPEATS.cnn : REPEATS.linear
  }

  /** Whether each class of two or more can be learnt on one part of TRAIN and asked for on another. */
  get possible(): boolean {
    return canHoldOut(this.fold, 'tiling', this.settings.seed)
  }

  get found(): TilingSearch {
    return {
      student: this.student,
      heldOut: HELD_OUT,
      repeats: this.repeats,
      scores: [...this.runs.values()].map(({ tiling, scores }) => ({ ...tiling, ...spreadOf(scores) })),
    }
  }

  /** The one of the highest mean; of equals the first of those with the fewest tiles. */
  async best(tilings: readonly Tiling[]): Promise<Tiling> {
    const fresh = tilings.filter((tiling) => !this.runs.has(keyOf(tiling)))
    for (const tiling of fresh) this.runs.set(keyOf(tiling), { tiling, scores: [] })
    this.total += fresh.length * this.repeats
    for (let repeat = 0; repeat < this.repeats; repeat++) {
      this.splits[repeat] ??= this.split(repeat)
      const scores = await this.tryAll(fresh, await this.splits[repeat])
      for (const [i, tiling] of fresh.entries()) this.runs.get(keyOf(tiling))!.scores.push(scores[i])
    }
    const ranked = [...tilings].sort((a, b) => this.mean(b) - this.mean(a) || tilesIn(a) - tilesIn(b))
    return ranked[0]
  }

  private mean(tiling: Tiling): number {
    return spreadOf(this.runs.get(keyOf(tiling))!.scores).mean
  }

  private async split(repeat: number): Promise<Round> {
    const { fold, settings, stage } = this
    const { dataSet, trainClips, clips } = fold
    const part = withHeldOut(dataSet, trainClips, holdOut(fold, 'tiling', settings.seed, repeat))
    const inner = await foldOf(part, clips, asChosen(settings, fold), stage)
    const graphs = await classGraphs(inner, settings, { signal: stage.signal })
    const modules = await classModules(inner, graphs, settings, { signal: stage.signal })
    const features = new ItemFeatures(inner, settings, seesVolumes(this.student))
    const steps = Math.min(settings.steps ?? CNN_STEPS, CNN_STEPS)
    const students = studentsOf(this.student, {
      ...{
        features,
        teacher: settings.teacher,
        mirror: settings.mirror,
        predictions: new PredictionCache(settings.cache),
      },
      steps: seesVolumes(this.student) ? steps : settings.steps,
    })
    return { fold: inner, modules, features, students }
  }

  private async tryAll(tilings: readonly Tiling[], { fold, modules, features, students }: Round): Promise<number[]> {
    const { selector, settings, stage } = this
    const { signal } = stage
    const sets: DistilledSet[] = []
    for (const tiling of tilings) {
      const many = { ...settings, vpc: settings.vpc * tilesIn(tiling), draw: 0 }
      const selection = await selectBy(selector, fold, modules, many, { signal })
      sets.push(await composed(fold, selection, { tiling, videos: settings.vpc }, { signal }))
    }
    await features.of(features.samples(sets.flatMap(({ items }) => items)), told(stage))
    const run = async ({ items }: DistilledSet) => {
      const [space] = students.spaces
      const probabilities = await students.run({ space, items, seed: settings.seed, signal })
      this.done++
      stage.onProgress?.({ stage: 'tiling', done: this.done, total: this.total, unit: 'students' })
      return score(probabilities, fold.testLabels, fold.dataSet.classes.length).balancedAccuracy
    }
    return pMap(sets, run, { concurrency: native().threads })
  }
}

/** A part of TRAIN to select from, and the rest to be asked about. */
interface Round {
  fold: Fold
  modules: Awaited<ReturnType<typeof classModules>>
  features: ItemFeatures
  students: Students
}

/** The set of a selection from a fold, composed or plain: so many videos of each class. */
export function composed(
  fold: Fold,
  selection: Selection,
  { tiling, videos }: { tiling: Tiling; videos: number },
  stage: StageOptions,
) {
  return synthesize(fold.trainClips, selection, {
    ...(tilesIn(tiling) > 1 && { tiling, videos, shapes: shapesOf(fold), decode: fold.clips.decode }),
    ...stage,
  })
}

/** Which classes have fewer clips than their videos have places. */
export function darkWarnings({ items }: DistilledSet, { classes }: DataSet, tiling: Tiling): string[] {
  return classes.flatMap((name, c) => {
    const own = items.filter(({ classIndex, tiles }) => classIndex === c && tiles)
    const dark = own.length * tilesIn(tiling) - own.reduce((sum, { tiles }) => sum + tiles!.length, 0)
    return dark > 0
      ? [`Class "${name}": ${dark} places of its composed videos stay dark, since it has no more clips.`]
      : []
  })
}

const keyOf = ({ side, stretches }: Tiling) => `${side} ${stretches}`
