import type { Clip, DataSet, Split } from '../dataset/index.js'
import { drawSplits } from '../dataset/split.js'
import { Random } from '../runtime/random.js'

/** The TRAIN clips of a split. */
export interface TrainPart {
  trainClips: readonly Clip[]
  trainLabels: Uint32Array
  classes: readonly unknown[]
}

/** Share of TRAIN that cross-validation holds out at a time. */
export const HELD_OUT = 0.2

/**
 * Cross-validation on TRAIN, whatever it is to choose: of each TRAIN clip whether it is held out (`test`) in a repeat, 20 %
 * of them, whole groups. TEST is not looked at.
 *
 * @param choice - what is to be chosen: each choice has draws of its own
 */
export function holdOut(
  { trainClips, trainLabels, classes }: TrainPart,
  choice: string,
  seed: number,
  repeat = 0,
): Split[] {
  const groups = trainClips.map(({ group }) => group)
  return drawSplits(groups, trainLabels, classes.length, HELD_OUT, new Random(seed, choice, repeat).next())
}

/** Whether there are two classes or more to be learnt on one part of TRAIN and asked for on another. */
export function canHoldOut(part: TrainPart, choice: string, seed: number): boolean {
  return new Set(part.trainLabels).size > 1 && holdOut(part, choice, seed).includes('test')
}

/** The data set in which the TRAIN clips held out are TEST, and what is not TRAIN is left aside. */
export function withHeldOut(dataSet: DataSet, trainClips: readonly Clip[], held: readonly Split[]): DataSet {
  const splits = new Map(trainClips.map((clip, i) => [clip, held[i]]))
  return { ...dataSet, clips: dataSet.clips.map((clip) => ({ ...clip, split: splits.get(clip) ?? 'val' })) }
}

/** Mean and standard deviation of what the repeats came to. */
export function spreadOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 }
}

/**
 * Whether a mean is above 0 by more than its standard error (the rule of Breiman et al. 1984: what is plainer stays unless
 * another is that much better). The error is larger than that of independent repeats, since the parts of TRAIN overlap:
 * deviation * sqrt(1 / repeats + held out / rest) (Nadeau and Bengio 2003).
 */
export function isClear(gains: readonly number[]): boolean {
  const { mean, deviation } = spreadOf(gains)
  return mean > deviation * Math.sqrt(1 / gains.length + HELD_OUT / (1 - HELD_OUT))
}
