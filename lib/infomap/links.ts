import { types } from 'node:util'
import { expectOptions, invalid } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import type { ModuleLevel } from './infomap.js'
import { type CsrNetwork, type LinkList, toNativeNetwork } from './network.js'
import { expectModules, WALK_OPTIONS, type WalkOptions, walkOptions } from './options.js'

/**
 * Flow along links between modules of a level, by ascending source, then target; none from a module to itself. An
 * undirected link stands once, from the lower number, with the flow of both directions.
 */
export interface ModuleLinks {
  sources: Uint32Array
  targets: Uint32Array
  flow: Float64Array
}

/**
 * The flow between modules: what maps and `.ftree` files show. Teleportation, if recorded, is not in it.
 *
 * @param graph - as for `infomap`
 * @param hierarchy - levels from the top to the finest: `result.hierarchy`, or the module of each node
 * @returns between modules at the top; then for each further level between those that lie in one module of the level
 * above; and last between nodes that lie in one module of the finest level
 * @example
 * ```js
 * const result = await infomap(network)
 * const [top] = await moduleLinks(network, result.hierarchy)
 * // top.flow[i]: how often a step goes from module top.sources[i] to top.targets[i]
 * ```
 */
export async function moduleLinks(
  graph: CsrNetwork | LinkList,
  hierarchy: readonly (Pick<ModuleLevel, 'modules'> | Uint32Array)[],
  options: WalkOptions & { signal?: AbortSignal } = {},
): Promise<ModuleLinks[]> {
  expectOptions(options, 'moduleLinks', [...WALK_OPTIONS, 'signal'])
  const network = toNativeNetwork(graph)
  const flow = walkOptions(options)
  if (!Array.isArray(hierarchy)) throw invalid('an array of levels', 'hierarchy', hierarchy)
  const levels = hierarchy.map((level) =>
    expectModules(types.isUint32Array(level) ? level : level?.modules, 'hierarchy', network.nodes),
  )
  return runJob(() => native().moduleLinks(network, flow, levels), options.signal)
}
