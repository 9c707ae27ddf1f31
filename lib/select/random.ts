import { Random } from '../runtime/random.js'
import type { Choose } from './choice.js'

/** Uniformly without replacement; each (seed, draw) is another independent choice. */
export const chooseRandom: Choose = async ({ rows }, _, count, { seed, classIndex, draw }) => ({
  chosen: new Random(seed, 'random', classIndex, draw).sample(rows, count),
})
