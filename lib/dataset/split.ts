import { InfomotionError } from '../runtime/errors.js'
import { entryOf } from '../runtime/expect.js'
import { Random } from '../runtime/random.js'
import type { Split } from './types.js'

const WORDS: Record<string, Split> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
}

/** The split that a word or an EchoNet-Pediatric fold (0-7 train, 8 val, 9 test) names, in any case. */
export function splitNamed(word: string): Split | undefined {
  if (/^\d$/.test(word)) return word === '9' ? 'test' : word === '8' ? 'val' : 'train'
  return entryOf(WORDS, word.toLowerCase())
}

/** Reads a split column. */
export function givenSplits(words: string[], where: string): Split[] {
  const unknown = new Map<string, number>()
  const splits = words.map((word) => {
    const split = splitNamed(word)
    if (!split) unknown.set(word, (unknown.get(word) ?? 0) + 1)
    return split as Split
  })
  if (unknown.size === 0) return splits
  const found = [...unknown].slice(0, 10).map(([word, count]) => `"${word}" (${count} rows)`)
  throw new InfomotionError(
    'DATASET_SPLIT_UNKNOWN',
    `Expected TRAIN, VAL or TEST (any case) or a fold 0-9 in ${where}, but found ${found.join(', ')}.`,
  )
}

/** No group may lie in two splits: what was learnt from a patient must not be tested on the same patient. */
export function checkGroups(groups: string[], splits: Split[]): void {
  const seen = new Map<string, Set<Split>>()
  groups.forEach((group, i) => {
    const in_ = seen.get(group) ?? new Set()
    seen.set(group, in_.add(splits[i]))
  })
  const straddling = [...seen].filter(([, in_]) => in_.size > 1)
  if (straddling.length === 0) return
  const named = straddling.slice(0, 5).map(([group, in_]) => `"${group}" (${[...in_].join(', ')})`)
  throw new InfomotionError(
    'DATASET_GROUP_STRADDLES',
    `${straddling.length} group(s) have clips in more than one split: ${named.join('; ')}. A group belongs to one split only: ` +
      'correct the split column, or read the data set without one.',
  )
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
