/**
 * Selection: which clips stand for a class, and for how many others each. Features and modules in, clips and sample
 * weights out; only ever TRAIN clips.
 */
export { type SelectOptions, weightRule } from './options.js'
export type { QuotaRule } from './quota.js'
export { isDrawn, REFINED_SELECTORS, SELECTORS, type SelectorName, selectorOf } from './registry.js'
export { select } from './select.js'
export { SWAP_LOSSES, type SwapJudges, type SwapLoss } from './swap.js'
export type * from './types.js'
export { effectiveSampleSize, guardWeights, WEIGHT_RULES, type WeightRule, weightRuleHelp } from './weights.js'
