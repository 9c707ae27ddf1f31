import type { DistilledItem, DistilledSet } from '../synthesize/types.js'

/** One row of the table to be: training sets of one kind, and the features that their students see. */
export interface Candidate {
  selector: string
  space: string
  /** The items of each run's student. */
  runs: (readonly DistilledItem[])[]
}

/** What is compared: see `evaluate`. `full`: all of TRAIN. */
export function candidatesOf(
  sets: readonly DistilledSet[],
  [main, ...controls]: readonly string[],
  full: readonly DistilledItem[],
): Candidate[] {
  const selectors = [...new Set(sets.map(({ selector }) => selector))]
  const distilled = selectors.map((selector) => ({
    selector,
    space: main,
    runs: sets.filter((set) => set.selector === selector).map(({ items }) => items),
  }))
  const sizes = new Map<number, number>()
  for (const { classIndex } of full) sizes.set(classIndex, (sizes.get(classIndex) ?? 0) + 1)
  const uneven = new Set(sizes.values()).size > 1
  const balanced = full.map((item) => ({ ...item, weight: full.length / sizes.size / sizes.get(item.classIndex)! }))
  return [
    ...distilled,
    { selector: 'full', space: main, runs: [full] },
    ...(uneven ? [{ selector: 'full-balanced', space: main, runs: [balanced] }] : []),
    ...controls.flatMap((space) => [
      ...distilled.filter(({ selector }, i) => i === 0 || selector === 'random').map((row) => ({ ...row, space })),
      { selector: 'full', space, runs: [full] },
    ]),
  ]
}
