import type { UnitRows } from '../matrix/cosine.js'
import { groupBy } from '../runtime/group.js'
import type { Choose, Context } from './choice.js'
import { representatives } from './medoid.js'
import { mergeModules, moduleFlow } from './merge.js'
import { shareQuota } from './quota.js'
import { expectModules } from './selection.js'

/**
 * The clips that stand for a class by the modules of its similarity graph:
 *
 * 1. More modules than clips asked for: they are merged by Ward's criterion (merge.ts), and each gives one clip. Fewer:
 *    they share them by `quota`, each at least one and none more than it has (quota.ts).
 * 2. A module's clip is its medoid by cosine; for several, its k-medoids (medoid.ts).
 *
 * Clips without links have no flow. They are no modules to share among; only when all clips with links are taken do
 * they fill what is left, merged by Ward like modules of equal flow. Module numbers of the representatives are by
 * descending flow. The same for the same seed (of k-medoids).
 */
export const chooseInfomap: Choose = async (points, part, count, context) => {
  const { name, rows, modules, flow, codelength } = expectModules(part)
  const all = groupByModule(modules)
  const linked = all.filter((members) => moduleFlow(members, flow) > 0)
  const isolated = all.filter((members) => moduleFlow(members, flow) === 0).flat()

  const fromLinked = await selectFrom(points, flow, linked, count, context)
  const rest = Math.min(count - fromLinked.chosen.length, isolated.length)
  const even = new Float64Array(rows.length).fill(1)
  const fromIsolated = await selectFrom(
    points,
    even,
    isolated.map((i) => [i]),
    rest,
    context,
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
  { quota, seed, signal }: Context,
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
    chosen.push(...(await representatives(points, members, shares[m], seed, signal)))
  return { chosen, merged }
}

/** The clips of each module, in the order of the modules' first clips. */
function groupByModule(modules: Uint32Array): number[][] {
  return [...groupBy(modules.keys(), (clip) => modules[clip]).values()]
}
