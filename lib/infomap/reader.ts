import { basename } from 'node:path'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOptions } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { type NativeNetworkReader, native } from '../runtime/native.js'
import type { LinkList } from './network.js'
import { readBytes, readText } from './text.js'

/** A network as its file has it: {@link LinkList}, its nodes numbered by ascending id. */
export interface NamedNetwork extends LinkList {
  nodes: number
  /** The file's number of each node, ascending. */
  ids: Float64Array
  /** The file's names of nodes (Pajek); a node without one is called by its id. Absent where the file has no names. */
  names?: string[]
  /** `*Bipartite` files: nodes from this one on are of the second kind, and every link joins the two kinds. */
  bipartite?: number
}

/** Links are left out below this weight where none is asked for. */
export const WEIGHT_THRESHOLD = 0

/** What {@link readNetwork} takes. */
export interface ReadNetworkOptions {
  /** Links of less weight, or of weight 0, are as if absent, and so are nodes that only they name. Default 0. */
  weightThreshold?: number
  /** Nodes with higher ids are as if absent, and so are their links. Default: all are read. */
  nodeLimit?: number
  signal?: AbortSignal
}

/**
 * Reads a network file, plain or gzipped, at some 500 MB of text a second, off the event loop:
 *
 * - a link list: `source target [weight] ...` a line, any whole numbers as ids, comments from `#`; or
 * - Pajek: `*Vertices [n]` with `id "name" [weight] ...` lines, `*Edges`, `*Arcs` or `*Links` with `source target [weight] ...` lines,
 *   comments from `%` or `#`. As Infomap does, the sections are read alike: the call says whether links have a
 *   direction; or
 * - bipartite: `*Bipartite n` with `source target [weight]` lines, each between a node below n and one from n on;
 *   `*Vertices` may stand before.
 *
 * What follows in a line (attributes, comments) is not read. Lines end with LF, CRLF or CR. State and multilayer networks are refused.
 *
 * Nodes are those that links or `*Vertices` name. Weights default to 1. Four vertices a line and a million more are
 * taken for meant; a file that promises more is refused before it takes the memory. The arrays lie over
 * SharedArrayBuffers: any number of searches, in any thread, read them in place.
 *
 * @throws `NETWORK_NOT_FOUND`; `NETWORK_UNREADABLE` naming the line and what was expected there
 * @example
 * ```js
 * import { infomap, readNetwork } from 'infomotion/infomap'
 * const network = await readNetwork('karate.txt')
 * const { modules } = await infomap(network, { twoLevel: true }) // modules[i]: of the node network.ids[i]
 * ```
 */
export async function readNetwork(path: string, options: ReadNetworkOptions = {}): Promise<NamedNetwork> {
  const [threshold, limit] = expectRead(options, 'readNetwork')
  const start = (bytes: number) => native().networkReader(basename(path), bytes, threshold, limit)
  return finish(await readText(path, 'a network file', start, options.signal), options.signal)
}

/** {@link readNetwork} of bytes; `name` is said in errors. */
export async function parseNetwork(
  bytes: Uint8Array,
  name = 'network',
  options: ReadNetworkOptions = {},
): Promise<NamedNetwork> {
  const [threshold, limit] = expectRead(options, 'parseNetwork')
  throwIfAborted(options.signal)
  const reader = native().networkReader(name, bytes.length, threshold, limit)
  return finish(await readBytes(bytes, reader, options.signal), options.signal)
}

function expectRead(options: ReadNetworkOptions, name: string): [threshold: number, limit: number] {
  expectOptions(options, name, ['weightThreshold', 'nodeLimit', 'signal'])
  const { weightThreshold = WEIGHT_THRESHOLD, nodeLimit = Number.MAX_SAFE_INTEGER } = options
  return [
    expectNumber(weightThreshold, 'weightThreshold', 0),
    expectInteger(nodeLimit, 'nodeLimit', 0, Number.MAX_SAFE_INTEGER),
  ]
}

async function finish(reader: NativeNetworkReader, signal?: AbortSignal): Promise<NamedNetwork> {
  const { nodes, links, weighted, nodeWeighted, bipartite, nameBytes } = await runJob(() => reader.finish(), signal)
  const room = (bytes: number) => new SharedArrayBuffer(bytes)
  const arrays = {
    ids: new Float64Array(room(8 * nodes)),
    sources: new Uint32Array(room(4 * links)),
    targets: new Uint32Array(room(4 * links)),
    ...(weighted && { weights: new Float64Array(room(8 * links)) }),
    ...(nodeWeighted && { nodeWeights: new Float64Array(room(8 * nodes)) }),
  }
  const names = nameBytes === undefined ? undefined : new Uint8Array(room(nameBytes))
  await runJob(() => reader.moveInto(names ? { ...arrays, names } : arrays), signal)
  return {
    nodes,
    ...arrays,
    ...(names && { names: Buffer.from(names.buffer).toString('utf8').split('\n') }),
    ...(bipartite > 0 && { bipartite }),
  }
}
