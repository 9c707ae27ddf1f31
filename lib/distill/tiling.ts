import type { DataSet } from '../dataset/index.js'
import {
  type ClipShape,
  commonShape,
  type DistilledSet,
  fits,
  mixedWarnings,
  SIDES,
  STRETCHES,
} from '../synthesize/index.js'
import { tilesIn } from '../video/made.js'
import type { Tiling } from '../video/types.js'
import { shapesOf, UNDIVIDED } from './composed.js'
import { HELD_OUT, spreadOf } from './crossval.js'
import type { Fold } from './fold.js'
import { CNN_STEPS, REPEATS, type TrialSettings, type Trials } from './trials.js'

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
export type TilingSettings = TrialSettings & {
  synthesize: 'none' | 'compose'
  tiles: 'auto' | Tiling['side']
  stretches: 'auto' | Tiling['stretches']
}

/**
 * How the videos of a set are to be divided: as asked for, or, where that is `auto`, by cross-validation: a part of TRAIN,
 * whole groups, is held out; from the rest clips are selected, composed, and trained on; the tiling whose student does best
 * on the clips held out is taken, of equals that of fewer tiles: first of the grids, then of the stretches of that grid.
 * TEST is not looked at.
 */
export async function compositionOf(fold: Fold, trials: Trials, settings: TilingSettings): Promise<Composition> {
  const { tiles, stretches, synthesize } = settings
  if (synthesize === 'none') return { tiling: UNDIVIDED, warnings: [] }
  if (settings.embeddings !== undefined) {
    const warnings = [
      'Clips stay whole: embeddings of your own know no tiles of them (synthesize: none says the same).',
    ]
    return { tiling: UNDIVIDED, warnings }
  }
  const { shapes, shape = commonShape(shapes) } = shapesOf(fold)
  const some = (sides: readonly number[], parts: readonly number[]) =>
    sides.flatMap((side) => parts.map((stretches): Tiling => ({ side, stretches })))
  const possible = (tilings: Tiling[]) =>
    tilings.filter((tiling) => (tiles !== 'auto' && stretches !== 'auto') || fits(shape, tiling))
  const sides = tiles === 'auto' ? SIDES : [tiles]
  const parts = stretches === 'auto' ? STRETCHES : [stretches]

  // a teacher is chosen after the tiling
  const search = new Search(trials, settings.teacher === 'auto' ? 0 : settings.teacher)
  const all = possible(some(sides, parts))
  // nothing fits, or nothing is to be chosen: what cannot be done is said where it is tried
  if (all.length < 2) return { tiling: all[0] ?? some(sides, parts)[0], shape, warnings: mixedWarnings(shapes, shape) }
  if (!trials.possible) {
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

/** CNN students that a search for tiling and teacher trains at most, and their steps. */
export function searchOf(settings: Omit<TilingSettings, 'vpc'>) {
  const { synthesize, tiles, stretches, teacher, steps = CNN_STEPS } = settings
  const auto = (asked: unknown, all: readonly number[]) => (asked === 'auto' ? all.length : 0)
  const tilings = synthesize === 'none' ? 0 : auto(tiles, SIDES) + auto(stretches, STRETCHES)
  const shares = teacher === 'auto' ? (tilings > 0 ? 1 : 2) : 0
  return { students: (tilings + shares) * REPEATS.cnn, steps: Math.min(steps, CNN_STEPS) }
}

/** Tries tilings, each once. */
class Search {
  /** Balanced accuracies of each tiling, one a repeat. */
  private readonly runs = new Map<string, { tiling: Tiling; scores: number[] }>()

  constructor(
    private readonly trials: Trials,
    private readonly teacher: number,
  ) {}

  get found(): TilingSearch {
    return {
      student: this.trials.student,
      heldOut: HELD_OUT,
      repeats: this.trials.repeats,
      scores: [...this.runs.values()].map(({ tiling, scores }) => ({ ...tiling, ...spreadOf(scores) })),
    }
  }

  /** The one of the highest mean; of equals the first of those with the fewest tiles. */
  async best(tilings: readonly Tiling[]): Promise<Tiling> {
    const fresh = tilings.filter((tiling) => !this.runs.has(keyOf(tiling)))
    const tries = fresh.map((tiling) => ({ tiling, teacher: this.teacher }))
    const found = await this.trials.scores(tries, 'tiling')
    for (const [i, tiling] of fresh.entries()) this.runs.set(keyOf(tiling), { tiling, scores: found[i] })
    const ranked = [...tilings].sort((a, b) => this.mean(b) - this.mean(a) || tilesIn(a) - tilesIn(b))
    return ranked[0]
  }

  private mean(tiling: Tiling): number {
    return spreadOf(this.runs.get(keyOf(tiling))!.scores).mean
  }
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
