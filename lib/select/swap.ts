import { type Matrix, takeRows } from '../matrix/matrix.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import type { Choice } from './choice.js'
import type { Selection, SelectionClass } from './types.js'

/** What the swap search lowers. */
export const SWAP_LOSSES = ['squared', 'cross-entropy'] as const
export type SwapLoss = (typeof SWAP_LOSSES)[number]

/** Clips that the student of the swap search is to do well on, where these are not those to choose from. */
export interface SwapJudges {
  /** One row a clip, of the same columns. */
  features: Matrix
  /** The class index of each. */
  labels: Uint32Array
}

/** Penalty of the small student. From 0.1 to 1, and with hinge or softmax losses, the digits come out alike. */
const RIDGE = 0.3
/** Penalty of the student that learns by cross-entropy. */
const SOFTMAX_RIDGE = 0.3
/** Passes over the representatives, at most: the search ends where one changes nothing. */
const PASSES = 10

/**
 * Better representatives by swaps: each in turn gives its place to the clip of its module (after merging; where the
 * selector has no modules, of its class) with which a small student, trained on the representatives alone, makes the
 * least loss on *all* clips given, or on the others that are to be done well on (`judges`), each class counting alike, until no
 * exchange lowers it. By `squared` loss the student
 * is a ridge classifier in closed form (native/core/select/swap.h has the formulas), so every clip of a module is tried.
 * By `cross-entropy` it is softmax regression, trained anew for each clip that is tried (softmax.h): those of a module
 * with the least squared loss, 32 at most, and fewer in large sets, so that a pass over the representatives takes 10 to
 * 20 s of one core at most; there are 10 passes at most. It looks at labels, and at TRAIN only. Deterministic.
 */
export async function swapSearch(
  features: Matrix,
  classes: readonly SelectionClass[],
  choices: readonly Choice[],
  { loss, judges }: { loss: SwapLoss; judges?: SwapJudges },
  signal?: AbortSignal,
): Promise<{ choices: Choice[]; refinement: NonNullable<Selection['refinement']>; warnings: string[] }> {
  const rows = Uint32Array.from(classes.flatMap((part) => Array.from(part.rows)))
  const labels = new Uint32Array(rows.length + (judges?.labels.length ?? 0))
  const groups = new Uint32Array(labels.length)
  const start: number[] = []
  const firstClip: number[] = []
  let clip = 0
  let group = 0
  for (const [c, part] of classes.entries()) {
    const { chosen, groups: modules } = choices[c]
    firstClip.push(clip)
    start.push(...chosen.map((i) => clip + i))
    labels.fill(c, clip, clip + part.rows.length)
    let last = group
    for (let i = 0; i < part.rows.length; i++) {
      groups[clip + i] = group + 1 + (modules?.[i] ?? -1)
      last = Math.max(last, groups[clip + i])
    }
    clip += part.rows.length
    group = last + 1
  }

  const own = takeRows(features, rows)
  const seen = judges ? above(own, judges.features) : own
  if (judges) labels.set(judges.labels, rows.length)
  groups.fill(group, rows.length) // a group that nobody chosen is of
  const clips = { ...seen, classes: classes.length, labels, groups, judged: judges ? rows.length : 0 }
  const options = { loss, ridge: RIDGE, softmaxRidge: SOFTMAX_RIDGE, passes: PASSES }
  const found = await runJob(() => native().swapSearch(clips, Uint32Array.from(start), options), signal)
  let slot = 0
  return {
    choices: choices.map((choice, c) => ({
      ...choice,
      chosen: choice.chosen.map(() => found.chosen[slot++] - firstClip[c]),
    })),
    refinement: { before: found.before, after: found.after, swaps: found.swaps },
    warnings:
      classes.length < 2 ? ['There is one class only, so nothing to tell apart: the swap search changed nothing.'] : [],
  }
}

/** The rows of two matrices, those of the second after those of the first. */
function above(first: Matrix, second: Matrix): Matrix {
  const values = new Float32Array(first.values.length + second.values.length)
  values.set(first.values)
  values.set(second.values, first.values.length)
  return { rows: first.rows + second.rows, dim: first.dim, values }
}
