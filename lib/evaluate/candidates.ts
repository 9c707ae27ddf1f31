import type { Selection } from '../select/types.js'

/** Training clips of one student. */
export interface TrainingSet {
  /** Rows of the TRAIN matrices. */
  clips: Uint32Array
  /** Sample weight of each. */
  weights: Float32Array
}

/** One row of the table to be: training sets of one kind, and the features that their students see. */
export interface Candidate {
  selector: string
  space: string
  runs: TrainingSet[]
}

/** What is compared: see `evaluate`. */
export function candidatesOf(
  selections: readonly Selection[],
  [main, ...controls]: readonly string[],
  trainLabels: ArrayLike<number>,
): Candidate[] {
  const selectors = [...new Set(selections.map(({ selector }) => selector))]
  const selected = selectors.map((selector) => ({
    selector,
    space: main,
    runs: selections.filter((selection) => selection.selector === selector).map(trainingSet),
  }))
  const full = allClips(trainLabels, () => 1)
  const sizes = new Map<number, number>()
  for (const label of Array.from(trainLabels)) sizes.set(label, (sizes.get(label) ?? 0) + 1)
  const uneven = new Set(sizes.values()).size > 1
  const balanced = allClips(trainLabels, (label) => trainLabels.length / sizes.size / sizes.get(label)!)
  return [
    ...selected,
    { selector: 'full', space: main, runs: [full] },
    ...(uneven ? [{ selector: 'full-balanced', space: main, runs: [balanced] }] : []),
    ...controls.flatMap((space) => [
      ...selected.filter(({ selector }, i) => i === 0 || selector === 'random').map((row) => ({ ...row, space })),
      { selector: 'full', space, runs: [full] },
    ]),
  ]
}

/** The clips of a selection. */
export function trainingSet({ representatives }: Selection): TrainingSet {
  return {
    clips: Uint32Array.from(representatives, ({ index }) => index),
    weights: Float32Array.from(representatives, ({ weight }) => weight),
  }
}

function allClips(labels: ArrayLike<number>, weight: (label: number) => number): TrainingSet {
  return { clips: Uint32Array.from(labels, (_, i) => i), weights: Float32Array.from(labels, weight) }
}
