import { integer, number, oneOf, seed } from '../runtime/kinds.js'
import { type Given, type Options, option } from '../runtime/option.js'
import type { StageOptions } from '../runtime/progress.js'
import { QUOTA_RULES } from './quota.js'
import { SWAP_LOSSES } from './swap.js'
import { RENAMED_WEIGHT_RULES, WEIGHT_RULES } from './weights.js'

/** The option `weights`: `select`, `distill` and `compare` take it alike. */
export const weightRule = () => oneOf(WEIGHT_RULES, RENAMED_WEIGHT_RULES)

/** What `select` can be told. */
export const SELECTION = {
  /** Clips to choose from each class (VPC); a smaller class gives all it has, with a warning. */
  perClass: option(integer(1), { required: true, help: 'clips to choose from each class' }),
  /** Sample weights. */
  weights: option(weightRule(), { absent: 'voronoi, for random uniform', help: 'sample weights' }),
  /** No representative weighs less, before a class factor, from 0 (plain counts) to 1 (all 1). */
  weightFloor: option(number(0, 1), { default: 0.25, help: 'least weight, before a class factor' }),
  /** Of random draws. */
  seed: option(seed(), { default: 0, help: 'seed of random draws' }),
  /** Number of the random draw; each (seed, draw) is another independent one. */
  draw: option(seed(), { default: 0, help: 'number of the random draw' }),
  /** How modules share `perClass` where they are fewer. */
  quota: option(oneOf(QUOTA_RULES), { default: 'sqrt', help: 'how modules share the clips, by their flow' }),
  /** Of the small student whose loss swaps lower (swap.ts). */
  swapLoss: option(oneOf(SWAP_LOSSES), { default: 'squared', help: "loss of the swap search's student" }),
} satisfies Options

export interface SelectOptions extends Given<typeof SELECTION>, StageOptions {}
