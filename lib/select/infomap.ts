import type { UnitRows } from '../matrix/cosine.js'
import type { Matrix } from '../matrix/matrix.js'
import { expectOptions } from '../runtime/expect.js'
import type { Choose } from './choice.js'
import { representatives } from './medoid.js'
import { mergeModules, moduleFlow } from './merge.js'
import { type QuotaRule, shareQuota } from './quota.js'
import { expectModules, runSelector, SELECT_OPTIONS } from './selection.js'
import type { ClassModules, Selection, SelectOptions } from './types.js'

/**
 * Selects the clips that stand for each class by the modules of its similarity graph:
 *
 * 1. More modules than `perClass`: they are merged by Ward's criterion (merge.ts), and each gives one clip. Fewer: they
 *    share `perClass` by `quota`, each at least one and none more than it has (quota.ts).
 * 2. A module's clip is its medoid by cosine; for several, its k-medoids (medoid.ts).
 * 3. Weights are Voronoi counts over the class, mean 1 (weights.ts).
 *
 * Clips without links have no flow. They are no modules to share among; only when all clips with links are taken do
 * they fill what is left of `perClass`, merged by Ward like modules of equal flow. They count for the weights as all
 * clips do. Module numbers of the representatives are by descending flow. Deterministic.
 *
 * @param features - all clips; only the rows that `classes` names are read
 * @param classes - rows, modules and flow of each class, in the order of the class indices
 * @example
 * ```js
 * const features = { rows: 4, dim: 2, values: new Float32Array([1, 0, 1, 0.1, 0, 1, 0.1, 1]) }
 * const rows = new Uint32Array([0, 1, 2, 3])
 * const modules = new Uint32Array([0, 0, 1, 1])
 * const flow = new Float64Array([0.25, 0.25, 0.25, 0.25])
 * const classes = [{ name: 'normal', rows, modules, flow, codelength: 2 }]
 * const { representatives } = await selectInfomap(features, classes, { perClass: 2 }) // one of each pair, weight 1
 * ```
 */
export async function selectInfomap(
  features: Matrix,
  classes: ClassModules[],
  options: SelectOptions & {
    /** How modules share the quota when they are fewer. Default `sqrt`. */
    quota?: QuotaRule
  },
): Promise<Selection> {
  expectOptions(options, 'selectInfomap', [...SELECT_OPTIONS, 'quota'])
  return runSelector('infomap', { choose: chooseInfomap }, features, classes, options)
}

/** The representatives of one class. */
export const chooseInfomap: Choose = async (points, part, count, { quota, signal }) => {
  const { name, rows, modules, flow, codelength } = expectModules(part)
  const all = groupByModule(modules)
  const linked = all.filter((members) => moduleFlow(members, flow) > 0)
  const isolated = all.filter((members) => moduleFlow(members, flow) === 0).flat()

  const fromLinked = await selectFrom(points, flow, linked, count, quota, signal)
  const rest = Math.min(count - fromLinked.chosen.length, isolated.length)
  const even = new Float64Array(rows.length).fill(1)
  const fromIsolated = await selectFrom(
    points,
    even,
    isolated.map((i) => [i]),
    rest,
    quota,
    signal,
  )

  const chosen = [...fromLinked.chosen, ...fromIsolated.chosen]
  const merged = [...fromLinked.merged, ...fromIsolated.merged]
  const groups = new Int32Array(rows.length).fill(-1)
  merged.forEach((members, group) => {
    for (const clip of members) groups[clip] = group
  })
  return {
    chosen,
    groups,
    flow,
    found: { modules: linked.length + isolated.length, merged: merged.length, codelength },
    warnings:
      linked.length === 1 && chosen.length > 1 && chosen.length < rows.length
        ? [`The graph of class "${name}" is one module: its representatives are the module's k-medoids.`]
        : [],
  }
}

/** Merges the modules to `count` if they are more, shares `count` among them, and takes medoids. */
async function selectFrom(
  points: UnitRows,
  flow: ArrayLike<number>,
  modules: number[][],
  count: number,
  quota: QuotaRule,
  signal?: AbortSignal,
): Promise<{ chosen: number[]; merged: number[][] }> {
  if (modules.length === 0 || count === 0) return { chosen: [], merged: [] }
  const merged = mergeModules(points, flow, modules, count)
  const shares = shareQuota(
    merged.map((members) => moduleFlow(members, flow)),
    merged.map((members) => members.length),
    count,
    quota,
  )
  const chosen: number[] = []
  for (const [m, members] of merged.entries())
    chosen.push(...(await representatives(points, members, shares[m], signal)))
  return { chosen, merged }
}

/** The clips of each module, in the order of the modules' first clips. */
function groupByModule(modules: Uint32Array): number[][] {
  const members = new Map<number, number[]>()
  modules.forEach((module, clip) => {
    const list = members.get(module)
    if (list) list.push(clip)
    else members.set(module, [clip])
  })
  return [...members.values()]
}
