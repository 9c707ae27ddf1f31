/**
 * Selection: which clips stand for a class, and for how many others each. Features and modules in, clips and sample
 * weights out; only ever TRAIN clips.
 */
export {
  selectFacilityLocation,
  selectHerding,
  selectKCenter,
  selectKMedoids,
  selectPageRank,
  selectRandom,
} from './baselines.js'
export { selectInfomap } from './infomap.js'
export type { QuotaRule } from './quota.js'
export { expectSelector, SELECTORS, type SelectorName, select } from './select.js'
export type { AllOptions as SelectByNameOptions } from './selection.js'
export type * from './types.js'
export { effectiveSampleSize, guardWeights, WEIGHT_RULES } from './weights.js'
