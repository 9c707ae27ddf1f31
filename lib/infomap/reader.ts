import { basename } from 'node:path'
import { throwIfAborted } from '../runtime/errors.js'
import type { LinkList } from './network.js'
import { readTextBytes, Scanner } from './scanner.js'

/** A network as its file has it: {@link LinkList}, its nodes numbered by ascending id. */
export interface NamedNetwork extends LinkList {
  nodes: number
  /** The file's number of each node, ascending. */
  ids: Float64Array
  /** The file's names (Pajek), else the ids. */
  names?: string[]
}

/**
 * Reads a network file, plain or gzipped:
 *
 * - a link list: `source target [weight]` a line, any whole numbers as ids, comments from `#`; or
 * - Pajek: `*Vertices n` with `id "name"` lines, `*Edges`, `*Arcs` or `*Links` with `source target [weight]` lines,
 *   comments from `%` or `#`. As Infomap does, the sections are read alike: the call says whether links have a direction.
 *
 * Nodes are those that links or `*Vertices` name. Weights default to 1. Four vertices a line and a million more are
 * taken for meant; a file that promises more is refused before it takes the memory.
 *
 * @throws `NETWORK_NOT_FOUND`; `NETWORK_UNREADABLE` naming the line and what was expected there
 * @example
 * ```js
 * import { infomap, readNetwork } from 'infomotion/infomap'
 * const network = await readNetwork('karate.txt')
 * const { modules } = await infomap(network, { twoLevel: true }) // modules[i]: of the node network.ids[i]
 * ```
 */
export async function readNetwork(path: string, options: { signal?: AbortSignal } = {}): Promise<NamedNetwork> {
  throwIfAborted(options.signal)
  const bytes = await readTextBytes(path, 'a network file', options.signal)
  return parseNetwork(bytes, basename(path))
}

/** {@link readNetwork} of bytes; `name` is said in errors. */
export function parseNetwork(bytes: Uint8Array, name = 'network'): NamedNetwork {
  const scanner = new Scanner(bytes, name)
  const lines = scanner.countLines()
  // "1 2" and its line's end are four bytes: a file of empty lines gets no room for links.
  const links = new Links(Math.min(lines, Math.ceil((bytes.length + 1) / 4)))
  let names: string[] | undefined
  let inVertices = false
  do {
    const byte = scanner.peek()
    if (byte < 0 || byte === HASH || byte === PERCENT) continue
    if (byte === STAR) {
      const place = scanner.error('*Vertices once, before all links')
      inVertices = readSection(scanner) === 'vertices'
      if (inVertices) {
        if (names || links.count > 0) throw place
        const count = scanner.integer('the number of vertices', 0, tableSize(lines))
        names = Array.from({ length: count }, (_, i) => `${i + 1}`)
      }
    } else if (inVertices) readVertex(scanner, names!)
    else links.read(scanner, names?.length)
  } while (scanner.nextLine())
  return links.finish(names)
}

const HASH = 35
const PERCENT = 37
const STAR = 42

/** `*Vertices`, `*Edges` ... in any case. */
function readSection(scanner: Scanner): 'vertices' | 'links' {
  const unknown = scanner.error('one of *Vertices, *Edges, *Arcs, *Links')
  const section = scanner.word().slice(1).toLowerCase()
  if (section === 'vertices') return 'vertices'
  if (['edges', 'arcs', 'links'].includes(section)) return 'links'
  throw unknown
}

/** `id "name" ...`; what follows the name (weights, coordinates) is not read. */
function readVertex(scanner: Scanner, names: string[]): void {
  const id = scanner.integer('a vertex', 1, names.length)
  if (scanner.peek() >= 0) names[id - 1] = scanner.word()
}

/** Links as they are read, by ids; room for one a line. */
class Links {
  private readonly sources: Float64Array
  private readonly targets: Float64Array
  private readonly weights: Float64Array
  count = 0
  private weighted = false

  constructor(room: number) {
    this.sources = new Float64Array(room)
    this.targets = new Float64Array(room)
    this.weights = new Float64Array(room)
  }

  /** `source target [weight]`; ids are 1..vertices where a file says how many vertices it has. */
  read(scanner: Scanner, vertices?: number): void {
    const { count } = this
    const min = vertices === undefined ? 0 : 1
    this.sources[count] = scanner.integer('a source node', min, vertices)
    this.targets[count] = scanner.integer('a target node', min, vertices)
    this.weights[count] = 1
    if (scanner.peek() >= 0) {
      this.weights[count] = scanner.number('a weight')
      this.weighted = true
      if (scanner.peek() >= 0) throw scanner.error('the end of the line after source, target and weight')
    }
    this.count++
  }

  finish(names?: string[]): NamedNetwork {
    const { count } = this
    const sources = this.sources.subarray(0, count)
    const targets = this.targets.subarray(0, count)
    const ids = names ? Float64Array.from(names, (_, i) => i + 1) : distinct(sources, targets)
    return {
      nodes: ids.length,
      ids,
      ...(names && { names }),
      sources: places(ids, sources),
      targets: places(ids, targets),
      ...(this.weighted && { weights: this.weights.subarray(0, count) }),
    }
  }
}

/** The distinct ids, ascending: by a table where they are small, else by sorting. */
function distinct(sources: Float64Array, targets: Float64Array): Float64Array {
  let highest = -1
  for (let i = 0; i < sources.length; i++) highest = Math.max(highest, sources[i], targets[i])
  if (highest < tableSize(sources.length)) {
    const present = new Uint8Array(highest + 1)
    for (let i = 0; i < sources.length; i++) present[sources[i]] = present[targets[i]] = 1
    const ids = new Float64Array(present.reduce((count, flag) => count + flag, 0))
    for (let id = 0, i = 0; id <= highest; id++) if (present[id]) ids[i++] = id
    return ids
  }
  const all = new Float64Array(2 * sources.length)
  all.set(sources)
  all.set(targets, sources.length)
  all.sort()
  return all.filter((id, i) => i === 0 || id !== all[i - 1])
}

/** From ids to their places: by a table where they are small, else by a map. */
function places(ids: Float64Array, list: Float64Array): Uint32Array {
  const result = new Uint32Array(list.length)
  const highest = ids.length > 0 ? ids[ids.length - 1] : -1
  if (highest < tableSize(list.length)) {
    const table = new Uint32Array(highest + 1)
    for (let i = 0; i < ids.length; i++) table[ids[i]] = i
    for (let i = 0; i < list.length; i++) result[i] = table[list[i]]
  } else {
    const map = new Map(Array.from(ids, (id, i) => [id, i]))
    for (let i = 0; i < list.length; i++) result[i] = map.get(list[i])!
  }
  return result
}

/** The longest table, of one entry an id, that a file of so many lines is worth. */
const tableSize = (lines: number) => 4 * lines + 1_000_000
