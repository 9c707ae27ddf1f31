import { basename } from 'node:path'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import type { InfomapResult } from './index.js'
import type { NamedNetwork } from './reader.js'
import { readText } from './text.js'

/** What the writers need of a result. */
type Modules = Pick<InfomapResult, 'modules' | 'flow' | 'codelength'>

/**
 * A partition as Infomap's `.clu` text: `node_id module flow` a line, modules from 1, those of most flow first.
 *
 * @example
 * ```js
 * await writeFile('karate.clu', toClu(network, await infomap(network, { twoLevel: true })))
 * ```
 */
export function toClu(network: NamedNetwork, result: Modules): string {
  const lines = [`# codelength ${result.codelength} bits`, '# node_id module flow']
  for (const { node, module } of byModule(result)) lines.push(`${network.ids[node]} ${module + 1} ${result.flow[node]}`)
  return `${lines.join('\n')}\n`
}

/** A partition as Infomap's `.tree` text: `path flow name node_id` a line, the path being `module:rank`, from 1. */
export function toTree(network: NamedNetwork, result: Modules): string {
  const lines = [`# codelength ${result.codelength} bits`, '# path flow name node_id']
  for (const { node, module, rank } of byModule(result)) {
    const name = (network.names?.[node] ?? String(network.ids[node])).replaceAll('"', "'")
    lines.push(`${module + 1}:${rank + 1} ${result.flow[node]} "${name}" ${network.ids[node]}`)
  }
  return `${lines.join('\n')}\n`
}

/** Nodes module by module, in each by falling flow, ties by number. */
function* byModule({ modules, flow }: Modules): Generator<{ node: number; module: number; rank: number }> {
  const order = Uint32Array.from(modules, (_, i) => i)
  order.sort((a, b) => modules[a] - modules[b] || flow[b] - flow[a] || a - b)
  let rank = 0
  for (const [i, node] of order.entries()) {
    rank = i > 0 && modules[node] === modules[order[i - 1]] ? rank + 1 : 0
    yield { node, module: modules[node], rank }
  }
}

/**
 * Reads a `.clu` file (`node_id module [flow]` a line, comments from `#`) as modules of a network's nodes.
 *
 * @throws `NETWORK_NOT_FOUND`, `NETWORK_UNREADABLE` naming the line, `PARTITION_MISMATCH` naming a node that only one
 * of the two has, or that stands twice
 * @example
 * ```js
 * const modules = await readClu('karate.clu', network)
 * const { codelength: bits } = await codelength(network, modules)
 * ```
 */
export async function readClu(
  path: string,
  network: NamedNetwork,
  options: { signal?: AbortSignal } = {},
): Promise<Uint32Array> {
  const start = () => native().partitionReader(basename(path), false)
  const reader = await readText(path, 'a .clu file', start, options.signal)
  return (await runJob(() => reader.finish(network.ids), options.signal)).path
}
