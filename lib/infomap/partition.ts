import { basename, extname } from 'node:path'
import { writeWhole } from '../run/store.js'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import { formats, type PartitionContents, type PartitionFormat } from './formats.js'
import type { ModuleLinks } from './links.js'
import type { NamedNetwork } from './reader.js'
import { readBytes, readText } from './text.js'

export type { PartitionFormat } from './formats.js'

/** The level of modules that `.clu` files have where none is asked for: the top. */
export const CLU_LEVEL = 1

/** What {@link formatPartition} and {@link writePartition} take. */
export interface PartitionOptions {
  /** As in the search. Default false. */
  directed?: boolean
  /** `clu`: modules of this level, from 1 at the top (the default); -1: the finest. */
  cluLevel?: number
  /** `ftree` needs them: flow between modules, from `moduleLinks`. */
  links?: readonly ModuleLinks[]
}

/**
 * Modules as text of one of Infomap's formats, which its tools (Network Navigator, Alluvial Generator) read:
 *
 * - `clu`: `node_id module flow` a line, modules from 1;
 * - `tree`: `path flow name node_id` a line, the path being ranks from the top, `module:...:node`, from 1;
 * - `ftree`: the tree, then the flow between modules, and between nodes inside a module;
 * - `csv`: the tree as a table; `json`: the same, and the flow that enters and leaves each module.
 *
 * @param result - of `infomap` or `codelength`
 * @example
 * ```js
 * const network = await readNetwork('karate.txt')
 * console.log(formatPartition('tree', network, await infomap(network)))
 * ```
 */
export function formatPartition(
  format: PartitionFormat,
  network: NamedNetwork,
  result: PartitionContents['result'],
  options: PartitionOptions = {},
): string {
  return [...piecesOf(format, network, result, options)].join('')
}

/**
 * {@link formatPartition} into a file, in pieces, whole or not at all; `format` is by default the file name's extension.
 *
 * @example
 * ```js
 * const network = await readNetwork('karate.txt')
 * const result = await infomap(network)
 * const links = await moduleLinks(network, result.hierarchy)
 * await writePartition('karate.ftree', network, result, { links })
 * ```
 */
export async function writePartition(
  path: string,
  network: NamedNetwork,
  result: PartitionContents['result'],
  options: PartitionOptions & { format?: PartitionFormat; signal?: AbortSignal } = {},
): Promise<void> {
  const { format = extname(path).slice(1), signal, ...rest } = options
  const pieces = piecesOf(format, network, result, rest)
  await writeWhole(path, grouped(pieces), signal)
}

function piecesOf(
  format: string,
  network: NamedNetwork,
  result: PartitionContents['result'],
  options: PartitionOptions,
): Generator<string> {
  expectOptions(options, 'a partition', ['directed', 'cluLevel', 'links'])
  const { directed = false, cluLevel = CLU_LEVEL, links } = options
  const kind = expectOneOf(format, 'format', Object.keys(formats) as PartitionFormat[])
  if (kind === 'ftree' && !links) throw invalid("the network's moduleLinks", 'links of an .ftree', links)
  if (result.flow.length !== network.ids.length)
    throw invalid(`modules of ${network.ids.length} nodes`, 'result', result.flow)
  if (cluLevel !== -1) expectInteger(cluLevel, 'cluLevel', 1, 1000)
  return formats[kind]({ network, result, directed, cluLevel, links })
}

/** Pieces of a line or a module, as pieces worth a system call. */
function* grouped(pieces: Iterable<string>): Generator<string> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < 2 ** 16) continue
    yield text
    text = ''
  }
  yield text
}

/**
 * Reads a partition of a network's nodes: `.tree` and `.ftree` (`path flow name node_id` a line; links are skipped), any
 * other file as `.clu` (`node_id module [flow]` a line). Comments start with `#`; gzipped or not.
 *
 * @returns from the top level to the finest, the module of each node: what `codelength` takes. Numbered as in a `.clu`
 * file, else from 0; where a module of a tree has none inside, it goes on down to the levels where others have.
 * @throws `NETWORK_NOT_FOUND`, `NETWORK_UNREADABLE` naming the line, `PARTITION_MISMATCH` naming a node that only one of
 * the two has, or that stands twice
 * @example
 * ```js
 * const levels = await readPartition('karate.tree', network)
 * const { codelength: bits } = await codelength(network, levels)
 * ```
 */
export async function readPartition(
  path: string,
  network: Pick<NamedNetwork, 'ids'>,
  options: { signal?: AbortSignal } = {},
): Promise<Uint32Array[]> {
  const start = () => native().partitionReader(basename(path), isTree(path))
  const reader = await readText(path, 'a partition file', start, options.signal)
  return runJob(() => reader.finish(network.ids), options.signal)
}

/** {@link readPartition} of bytes; `name` says which kind they are, and is said in errors. */
export async function parsePartition(
  bytes: Uint8Array,
  name: string,
  network: Pick<NamedNetwork, 'ids'>,
  options: { signal?: AbortSignal } = {},
): Promise<Uint32Array[]> {
  throwIfAborted(options.signal)
  const reader = await readBytes(bytes, native().partitionReader(name, isTree(name)), options.signal)
  return runJob(() => reader.finish(network.ids), options.signal)
}

const isTree = (name: string) => /\.f?tree(\.gz)?$/i.test(name)
