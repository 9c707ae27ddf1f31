import { type UnitRows, unitRows } from '../matrix/cosine.js'
import type { Matrix } from '../matrix/matrix.js'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOneOf, invalid } from '../runtime/expect.js'
import type { Choice, Choose } from './choice.js'
import type { QuotaRule } from './quota.js'
import { swapSearch } from './swap.js'
import type { ClassModules, Selection, SelectionClass, SelectOptions } from './types.js'
import { effectiveSampleSize, WEIGHT_RULES, weigh } from './weights.js'

/** The names of `SelectOptions`. */
export const SELECT_OPTIONS = ['perClass', 'weights', 'weightFloor', 'signal', 'onProgress']

/** All options that any selector takes. */
export interface AllOptions extends SelectOptions {
  /** Of random draws. Default 0. */
  seed?: number
  /** Number of the random draw; each (seed, draw) is another independent one. Default 0. */
  draw?: number
  /** How modules share `perClass` where they are fewer. Default `sqrt`. */
  quota?: QuotaRule
}

/** Runs a selector over the classes: chooses, refines by swaps where asked to, weighs, and puts together. */
export async function runSelector(
  selector: string,
  { choose, swap = false }: { choose: Choose; swap?: boolean },
  features: Matrix,
  classes: readonly (SelectionClass | ClassModules)[],
  options: AllOptions,
): Promise<Selection> {
  const perClass = expectInteger(options.perClass, 'perClass', 1)
  const rule = expectOneOf(options.weights ?? (selector === 'random' ? 'uniform' : 'voronoi'), 'weights', WEIGHT_RULES)
  const floor = expectNumber(options.weightFloor ?? 0.25, 'weightFloor', 0, 1)
  const seed = expectInteger(options.seed ?? 0, 'seed', 0, 0xffffffff)
  const draw = expectInteger(options.draw ?? 0, 'draw', 0, 0xffffffff)
  const quota = expectOneOf(options.quota ?? 'sqrt', 'quota', ['sqrt', 'proportional', 'equal'])
  if (rule === 'flow') classes.forEach(expectModules)
  const { signal, onProgress } = options

  const points: UnitRows[] = []
  let choices: Choice[] = []
  for (const [classIndex, part] of classes.entries()) {
    throwIfAborted(signal)
    points.push(unitRows(features, part.rows))
    const count = Math.min(perClass, part.rows.length)
    const context = { classIndex, seed, draw, quota, signal }
    choices.push(count === 0 ? { chosen: [] } : await choose(points[classIndex], part, count, context))
    onProgress?.({ stage: 'select', done: classIndex + 1, total: classes.length, unit: 'classes' })
  }
  const refined = swap ? await swapSearch(features, classes, choices, signal) : undefined
  if (refined) choices = refined.choices

  const weighed = classes.map((part, c) => ({
    name: part.name,
    points: points[c],
    chosen: choices[c].chosen,
    groups: choices[c].groups,
    flow: 'flow' in part ? part.flow : undefined,
  }))
  const { weights, warnings } = weigh(rule, weighed, floor)
  const selection = collect(selector, perClass, classes, choices, weights)
  selection.warnings.push(...(refined?.warnings ?? []), ...warnings)
  return refined ? { ...selection, refinement: refined.refinement } : selection
}

/** Puts the classes together, and says where a class had fewer clips than asked for. */
export function collect(
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
