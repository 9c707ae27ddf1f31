import { unitRows } from '../matrix/cosine.js'
import type { Matrix } from '../matrix/matrix.js'
import { throwIfAborted } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import type { Resolved } from '../runtime/option.js'
import type { StageOptions } from '../runtime/progress.js'
import type { Choice, Selector } from './choice.js'
import type { SELECTION } from './options.js'
import { type SwapJudges, swapSearch } from './swap.js'
import type { ClassModules, Selection, SelectionClass } from './types.js'
import { effectiveSampleSize, type WeightRule, weigh } from './weights.js'

/** Runs a selector over the classes: chooses, refines by swaps where asked to, weighs, and puts together. */
export async function runSelector(
  { name, selector, swap, judges }: { name: string; selector: Selector; swap: boolean; judges?: SwapJudges },
  features: Matrix,
  classes: readonly (SelectionClass | ClassModules)[],
  settings: Resolved<typeof SELECTION> & { weights: WeightRule },
  { signal, onProgress }: StageOptions,
): Promise<Selection> {
  const { perClass, weights: rule, weightFloor, seed, draw, quota, swapLoss } = settings
  if (rule === 'visit-rate') classes.forEach(expectModules)
  const points = classes.map(({ rows }) => unitRows(features, rows))
  const counts = classes.map(({ rows }) => Math.min(perClass, rows.length))
  let choices: Choice[] = []
  if ('together' in selector) choices = await selector.together(features, classes, counts, { signal })
  for (const [classIndex, part] of classes.entries()) {
    throwIfAborted(signal)
    const context = { classIndex, seed, draw, quota, signal }
    const count = counts[classIndex]
    if ('choose' in selector)
      choices.push(count === 0 ? { chosen: [] } : await selector.choose(points[classIndex], part, count, context))
    onProgress?.({ stage: 'select', done: classIndex + 1, total: classes.length, unit: 'classes' })
  }
  const refined = swap ? await swapSearch(features, classes, choices, { loss: swapLoss, judges }, signal) : undefined
  if (refined) choices = refined.choices

  const weighed = classes.map((part, c) => ({
    name: part.name,
    points: points[c],
    chosen: choices[c].chosen,
    groups: choices[c].groups,
    flow: 'flow' in part ? part.flow : undefined,
  }))
  const { weights, warnings } = weigh(rule, weighed, weightFloor)
  const selection = collect(name, perClass, classes, choices, weights)
  selection.warnings.push(...(refined?.warnings ?? []), ...warnings)
  return refined ? { ...selection, refinement: refined.refinement } : selection
}

/** Puts the classes together, and says where a class had fewer clips than asked for. */
function collect(
  selector: string,
  perClass: number,
  classes: readonly SelectionClass[],
  choices: readonly Choice[],
  weights: readonly number[][],
): Selection {
  const representatives = choices.flatMap(({ chosen, groups, flow }, classIndex) =>
    chosen.map((clip, rank) => ({
      index: classes[classIndex].rows[clip],
      classIndex,
      weight: weights[classIndex][rank],
      module: groups?.[clip] ?? -1,
      flow: flow?.[clip] ?? 0,
      rank,
    })),
  )
  return {
    selector,
    representatives,
    classes: choices.map(({ found, chosen }) => ({
      ...(found ?? { modules: 0, merged: 0, codelength: 0 }),
      quota: chosen.length,
    })),
    effectiveSampleSize: effectiveSampleSize(weights.flat()),
    warnings: classes.flatMap(({ name, rows }, c) => [
      ...tooFew(name, rows.length, perClass),
      ...(choices[c].warnings ?? []),
    ]),
  }
}

function tooFew(name: string, clips: number, perClass: number): string[] {
  if (clips === 0) return [`Class "${name}" has no training clips: none is selected.`]
  if (clips >= perClass) return []
  return [`Class "${name}" has ${clips} training clips, fewer than the ${perClass} asked for: it gives all.`]
}

/** A class with its modules and flow, as the map equation gives them, one of each a clip. */
export function expectModules(part: SelectionClass | ClassModules): ClassModules {
  const { name, rows, modules, flow } = part as ClassModules
  if (modules?.length !== rows.length) throw invalid(`${rows.length} entries`, `modules of class "${name}"`, modules)
  if (flow?.length !== rows.length) throw invalid(`${rows.length} entries`, `flow of class "${name}"`, flow)
  return part as ClassModules
}
