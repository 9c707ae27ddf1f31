import { InfomotionError } from '../runtime/errors.js'
import { entryOf, expectOptions, invalid } from '../runtime/expect.js'
import { Random } from '../runtime/random.js'
import { firstOf, isMissing, numberKey, sameKey, shown } from './labels.js'
import type { Split } from './types.js'

const WORDS: Record<string, Split> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  validate: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
}

/** Which values of the split column, or names of folders, mean which split. */
export type SplitValues = Partial<Record<Split, string | string[]>>

const SPLITS = ['train', 'val', 'test'] as const

/** Checks `splitValues`, and turns it round: the split of each value. */
export function namedSplits(values: SplitValues = {}): Map<string, Split> {
  expectOptions(values, 'splitValues', SPLITS)
  const named = new Map<string, Split>()
  for (const split of SPLITS) {
    for (const value of [values[split] ?? []].flat()) {
      if (typeof value !== 'string') throw invalid('a text or a list of texts', `splitValues.${split}`, value)
      const key = sameKey(value)
      if (key === '' || (named.has(key) && named.get(key) !== split))
        throw invalid('values that mean one split each', `splitValues.${split}`, value)
      named.set(key, split)
    }
  }
  return named
}

/** The split that a word names, in any case; `named` comes before the words that are known. */
export function splitNamed(word: string, named: ReadonlyMap<string, Split>): Split | undefined {
  const key = sameKey(word)
  return named.get(key) ?? entryOf(WORDS, key)
}

/**
 * Reads a split column: words, or EchoNet-Pediatric's folds (0-7 train, 8 val, 9 test). Digits are taken for those folds
 * only where 8 and 9 are among them: 0, 1, 2 are as often train, val, test.
 */
export function givenSplits(
  words: readonly string[],
  where: string,
  named: ReadonlyMap<string, Split> = new Map(),
): Split[] {
  const keys = words.map(sameKey)
  const values = new Set(keys)
  const folds = named.size === 0 && areFolds(values)
  const unknown = new Map<string, number>()
  const splits = words.map((word, i) => {
    if (folds) return keys[i] === '9' ? 'test' : keys[i] === '8' ? 'val' : 'train'
    const split = splitNamed(word, named)
    if (!split) unknown.set(word, (unknown.get(word) ?? 0) + 1)
    return split as Split
  })
  if (unknown.size === 0) return splits
  const found = firstOf(
    [...unknown].map(([word, count]) => `${shown(word)} (${count} rows)`),
    10,
  )
  const already = [...named].map(([value, split]) => `${split}=${value}`)
  throw new InfomotionError(
    'DATASET_SPLIT_UNKNOWN',
    `Expected TRAIN, VAL or TEST (any case), or EchoNet-Pediatric's folds 0-9 with 8 (VAL) and 9 (TEST) among them, in ${where}, ` +
      `but found ${found}. Say what they mean, e.g. --split-values ${[...already, exampleFor([...unknown.keys()])].join()} (option splitValues).`,
  )
}

/** EchoNet-Pediatric's folds. */
function areFolds(values: ReadonlySet<string>): boolean {
  return values.has('8') && values.has('9') && [...values].every((key) => /^\d$/.test(key))
}

/** Whether the values of a column are plainly splits, so that it may be taken for one whatever it is called. */
export function mayBeSplits(words: readonly string[]): boolean {
  const values = new Set(words.map(sameKey))
  return values.size > 0 && (areFolds(values) || [...values].every((key) => entryOf(WORDS, key) !== undefined))
}

/** A meaning of unknown values that would be read, for the user to correct: of numbers the last is TEST, the one before VAL. */
function exampleFor(words: string[]): string {
  const known = words.filter((word) => !isMissing(word))
  if (known.length < 2 || known.some((word) => numberKey(word) === undefined)) return `test=${known[0] ?? 'holdout'}`
  const numbers = known.sort((a, b) => Number(a) - Number(b))
  const test = numbers.pop()
  const val = numbers.length > 1 ? `,val=${numbers.pop()}` : ''
  return `train=${numbers.join('|')}${val},test=${test}`
}

/** No group may lie in two splits: what was learnt from a patient must not be tested on the same patient. */
export function checkGroups(groups: string[], splits: Split[]): void {
  const straddling = straddlers(groups, splits)
  if (straddling.length === 0) return
  const named = straddling.map(({ key, splits }) => `"${key}" (${splits.join(', ')})`)
  throw new InfomotionError(
    'DATASET_GROUP_STRADDLES',
    `${straddling.length} group(s) have clips in more than one split: ${named.slice(0, 5).join('; ')}. A group belongs to one split only: ` +
      'correct the split column, or read the data set without one.',
  )
}

/** The keys that occur in more than one split, with the splits and the clips (by index) of each. */
export function straddlers(
  keys: readonly string[],
  splits: readonly Split[],
): { key: string; splits: Split[]; clips: number[] }[] {
  const seen = new Map<string, { key: string; splits: Split[]; clips: number[] }>()
  keys.forEach((key, i) => {
    const at = seen.get(key) ?? { key, splits: [], clips: [] }
    if (!at.splits.includes(splits[i])) at.splits.push(splits[i])
    at.clips.push(i)
    seen.set(key, at)
  })
  return [...seen.values()].filter(({ splits }) => splits.length > 1)
}

/**
 * Splits into TRAIN and TEST by group, as evenly over the classes as the groups allow: the groups are taken in a random
 * order, and one goes to TEST if it fills more of the classes' shares than it overfills. A class of two groups or more
 * has clips in both; a class of one group stays in TRAIN.
 *
 * @param testFraction share of each class's clips meant for TEST
 */
export function drawSplits(
  groups: string[],
  classIndex: ArrayLike<number>,
  classes: number,
  testFraction: number,
  seed: number,
): Split[] {
  const members = new Map<string, number[]>()
  groups.forEach((group, i) => {
    const clips = members.get(group)
    if (clips) clips.push(i)
    else members.set(group, [i])
  })
  const left = new Array<number>(classes).fill(0) // clips of the class that are in TRAIN
  for (let i = 0; i < groups.length; i++) left[classIndex[i]]++
  const share = left.map((count) => Math.max(Math.round(count * testFraction), 1))
  const want = [...share] // clips of the class that TEST still lacks
  const splits = new Array<Split>(groups.length).fill('train')
  const order = new Random(seed, 'dataset', 'split').shuffle([...members.values()])

  const take = (clips: number[], worth: (gain: number, excess: number) => boolean) => {
    const counts = new Map<number, number>()
    for (const i of clips) counts.set(classIndex[i], (counts.get(classIndex[i]) ?? 0) + 1)
    let gain = 0
    let excess = 0
    for (const [c, count] of counts) {
      if (count >= left[c]) return // it would take the class's last TRAIN clips
      gain += Math.min(count, Math.max(want[c], 0))
      excess += Math.max(count - Math.max(want[c], 0), 0)
    }
    if (!worth(gain, excess)) return
    for (const [c, count] of counts) {
      left[c] -= count
      want[c] -= count
    }
    for (const i of clips) splits[i] = 'test'
  }
  for (const clips of order) take(clips, (gain, excess) => gain > excess)
  // A class that fits nowhere (its groups are larger than its share) still gets its smallest group tested.
  for (const clips of order.sort((a, b) => a.length - b.length)) {
    if (clips.some((i) => splits[i] === 'train' && want[classIndex[i]] === share[classIndex[i]]))
      take(clips, () => true)
  }
  return splits
}
