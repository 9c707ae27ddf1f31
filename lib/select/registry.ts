import { entryOf } from '../runtime/expect.js'
import type { Selector } from './choice.js'
import { chooseCoverage } from './coverage.js'
import { chooseFacility } from './facility.js'
import { chooseHerding } from './herding.js'
import { chooseInfomap } from './infomap.js'
import { chooseKCenter } from './kcenter.js'
import { chooseKMedoids } from './medoid.js'
import { choosePageRank } from './pagerank.js'
import { chooseRandom } from './random.js'

/** All selectors by name: a new one is its file and its line here. */
const REGISTRY = {
  infomap: { choose: chooseInfomap, label: 'Infomap modules', help: 'medoids of the modules of the similarity graph' },
  kmedoids: { choose: chooseKMedoids, label: 'k-medoids', help: 'k-medoids by cosine distance' },
  kcenter: {
    choose: chooseKCenter,
    label: 'k-center',
    help: 'farthest-first from the medoid, to the rims of the class',
  },
  herding: { choose: chooseHerding, label: 'herding', help: 'clips whose mean stays nearest to the class mean' },
  facility: { choose: chooseFacility, label: 'facility location', help: 'clips to which all others are most similar' },
  'graph-coverage': {
    together: chooseCoverage,
    label: 'graph coverage',
    help: 'clips that cover most within two steps on one graph of all classes',
  },
  pagerank: {
    choose: choosePageRank,
    label: 'PageRank',
    help: 'clips that a walk on the similarity graph visits most',
  },
  random: {
    choose: chooseRandom,
    label: 'random selection',
    help: 'uniformly at random',
    weights: 'uniform',
    drawn: true,
  },
} satisfies Record<string, Selector>

/** The name of a selector; `+swap` behind it refines what it chose. */
export type SelectorName = keyof typeof REGISTRY

/** All selectors by name. */
export const SELECTORS = Object.keys(REGISTRY) as SelectorName[]

/** The same, and each with `+swap`. */
export const REFINED_SELECTORS: readonly string[] = SELECTORS.flatMap((name) => [name, `${name}+swap`])

/** Whether a selector, refined or not, chooses by chance. */
export const isDrawn = (name: string) => selectorOf(name.replace(/\+swap$/, ''))?.drawn === true

export function selectorOf(name: SelectorName): Selector
export function selectorOf(name: string): Selector | undefined
export function selectorOf(name: string): Selector | undefined {
  return entryOf<Selector>(REGISTRY, name)
}
