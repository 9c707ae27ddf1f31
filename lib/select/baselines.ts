import type { Matrix } from '../matrix/matrix.js'
import { expectInteger, expectOptions } from '../runtime/expect.js'
import { Random } from '../runtime/random.js'
import type { Choose } from './choice.js'
import { facilityLocation } from './facility.js'
import { herding } from './herding.js'
import { kCenter } from './kcenter.js'
import { kMedoids } from './medoid.js'
import { collect, expectModules, runSelector, SELECT_OPTIONS } from './selection.js'
import type { ClassModules, Selection, SelectionClass, SelectOptions } from './types.js'

/**
 * Class-balanced random selection: `perClass` clips of each class, uniformly without replacement, all of weight 1. The
 * partner that every other selector is compared with; take at least ten draws.
 *
 * @param options.draw - number of the draw; each (seed, draw) is another independent selection. Default 0
 * @example
 * ```js
 * const rows = Uint32Array.from({ length: 40 }, (_, i) => i)
 * const { representatives } = selectRandom([{ name: 'normal', rows }], { perClass: 5, seed: 1, draw: 3 })
 * ```
 */
export function selectRandom(
  classes: SelectionClass[],
  options: { perClass: number; seed?: number; draw?: number },
): Selection {
  expectOptions(options, 'selectRandom', ['perClass', 'seed', 'draw'])
  const perClass = expectInteger(options.perClass, 'perClass', 1)
  const seed = expectInteger(options.seed ?? 0, 'seed', 0, 0xffffffff)
  const draw = expectInteger(options.draw ?? 0, 'draw', 0, 0xffffffff)
  const choices = classes.map(({ rows }, c) => ({
    chosen: draws(rows.length, Math.min(perClass, rows.length), seed, c, draw),
  }))
  const weights = choices.map(({ chosen }) => chosen.map(() => 1))
  return collect('random', perClass, classes, choices, weights)
}

/**
 * k-medoids of each class by cosine distance (PAM's BUILD, FasterPAM's swaps), weighted as `selectInfomap` is: the
 * same without graph and communities. Deterministic. Needs 4 n^2 bytes for a class of n clips.
 *
 * @example
 * ```js
 * const features = { rows: 4, dim: 2, values: new Float32Array([1, 0, 1, 0.1, 0, 1, 0.1, 1]) }
 * const classes = [{ name: 'normal', rows: new Uint32Array([0, 1, 2, 3]) }]
 * const { representatives } = await selectKMedoids(features, classes, { perClass: 2 }) // one of each pair
 * ```
 */
export function selectKMedoids(features: Matrix, classes: SelectionClass[], options: SelectOptions) {
  return selectDirect('selectKMedoids', 'kmedoids', chooseKMedoids, features, classes, options)
}

/**
 * Farthest-first traversal from the medoid of each class (kcenter.ts): covers the class to its rims, outliers included.
 * Arguments as for {@link selectKMedoids}.
 */
export function selectKCenter(features: Matrix, classes: SelectionClass[], options: SelectOptions) {
  return selectDirect('selectKCenter', 'kcenter', chooseKCenter, features, classes, options)
}

/**
 * Clips whose mean stays nearest to the mean of the class (herding.ts). Arguments as for {@link selectKMedoids}.
 */
export function selectHerding(features: Matrix, classes: SelectionClass[], options: SelectOptions) {
  return selectDirect('selectHerding', 'herding', chooseHerding, features, classes, options)
}

/**
 * Clips to which the others of the class are most similar in sum, greedily (facility.ts). Arguments and
 * memory as for {@link selectKMedoids}.
 */
export function selectFacilityLocation(features: Matrix, classes: SelectionClass[], options: SelectOptions) {
  return selectDirect('selectFacilityLocation', 'facility', chooseFacility, features, classes, options)
}

/**
 * The clips with most flow (PageRank) in the graph of their class, ties to the lower row: what the graph tells without
 * communities. Takes what `selectInfomap` takes.
 */
export function selectPageRank(features: Matrix, classes: ClassModules[], options: SelectOptions) {
  return selectDirect('selectPageRank', 'pagerank', choosePageRank, features, classes, options)
}

async function selectDirect(
  caller: string,
  selector: string,
  choose: Choose,
  features: Matrix,
  classes: SelectionClass[],
  options: SelectOptions,
): Promise<Selection> {
  expectOptions(options, caller, SELECT_OPTIONS)
  return runSelector(selector, { choose }, features, classes, options)
}

export const chooseRandom: Choose = async ({ rows: n }, _, count, { seed, classIndex, draw }) => ({
  chosen: draws(n, count, seed, classIndex, draw),
})

export const chooseKMedoids: Choose = async (points, _, count, { signal }) => ({
  chosen: await kMedoids(points, count, signal),
})

export const chooseKCenter: Choose = async (points, _, count, { signal }) => ({
  chosen: await kCenter(points, count, signal),
})

export const chooseHerding: Choose = async (points, _, count, { signal }) => ({
  chosen: await herding(points, count, signal),
})

export const chooseFacility: Choose = async (points, _, count, { signal }) => ({
  chosen: await facilityLocation(points, count, signal),
})

export const choosePageRank: Choose = async (_, part, count) => {
  const { flow } = expectModules(part)
  const order = Array.from(flow.keys()).sort((i, j) => flow[j] - flow[i] || i - j)
  return { chosen: order.slice(0, count), flow }
}

function draws(clips: number, count: number, seed: number, classIndex: number, draw: number): number[] {
  return new Random(seed, 'random', classIndex, draw).sample(clips, count)
}
