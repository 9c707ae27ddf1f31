import type { Matrix } from '../matrix/matrix.js'
import { expectOneOf, expectOptions } from '../runtime/expect.js'
import {
  chooseFacility,
  chooseHerding,
  chooseKCenter,
  chooseKMedoids,
  choosePageRank,
  chooseRandom,
} from './baselines.js'
import type { Choose } from './choice.js'
import { chooseInfomap } from './infomap.js'
import { type AllOptions, runSelector, SELECT_OPTIONS } from './selection.js'
import type { ClassModules, Selection } from './types.js'

const TABLE = {
  infomap: chooseInfomap,
  kmedoids: chooseKMedoids,
  kcenter: chooseKCenter,
  herding: chooseHerding,
  facility: chooseFacility,
  pagerank: choosePageRank,
  random: chooseRandom,
} satisfies Record<string, Choose>

/** The name of a selector; `+swap` behind it refines what it chose. */
export type SelectorName = keyof typeof TABLE

/** All selectors by name. */
export const SELECTORS = Object.keys(TABLE) as SelectorName[]

/** A selector's name, with or without `+swap`. */
export function expectSelector(name: string): { chooser: SelectorName; swap: boolean } {
  const known = SELECTORS.flatMap((chooser) => [chooser, `${chooser}+swap`])
  expectOneOf(name, 'selector', known)
  const [chooser, refined] = name.split('+')
  return { chooser: chooser as SelectorName, swap: refined !== undefined }
}

/**
 * Selects clips by the selector of a name, all on the same features:
 *
 * | name | chooses from each class |
 * |---|---|
 * | `infomap` | medoids of the modules of the similarity graph (`selectInfomap`) |
 * | `kmedoids` | k-medoids by cosine distance (`selectKMedoids`) |
 * | `kcenter` | farthest-first from the medoid (`selectKCenter`) |
 * | `herding` | clips whose mean is nearest to the class mean (`selectHerding`) |
 * | `facility` | facility location by cosine (`selectFacilityLocation`) |
 * | `pagerank` | most flow in the similarity graph (`selectPageRank`) |
 * | `random` | at random, weight 1 by default (`selectRandom`) |
 * | `...+swap` | then exchanges clips for others of their module or class, while that lowers the error on TRAIN of a small student trained on the selection (swap.ts); looks at labels |
 *
 * @param input.features - all clips; only the rows that `classes` names are read
 * @param input.classes - rows, modules and flow of each class (TRAIN clips), in the order of the class indices
 * @param options.weights - default `voronoi`, for plain `random` `uniform`
 * @throws `INVALID_ARGUMENT`, `ABORTED`
 * @example
 * ```js
 * const features = { rows: 4, dim: 2, values: new Float32Array([1, 0, 1, 0.1, 0, 1, 0.1, 1]) }
 * const modules = { modules: new Uint32Array([0, 1]), flow: new Float64Array([0.5, 0.5]), codelength: 1 }
 * const classes = [
 *   { name: 'normal', rows: new Uint32Array([0, 1]), ...modules },
 *   { name: 'severe', rows: new Uint32Array([2, 3]), ...modules },
 * ]
 * const { representatives } = await select('infomap+swap', { features, classes }, { perClass: 1 })
 * ```
 */
export async function select(
  name: string,
  input: { features: Matrix; classes: ClassModules[] },
  options: AllOptions,
): Promise<Selection> {
  const { chooser, swap } = expectSelector(name)
  expectOptions(options, 'select', [...SELECT_OPTIONS, 'seed', 'draw', 'quota'])
  return runSelector(name, { choose: TABLE[chooser], swap }, input.features, input.classes, options)
}
