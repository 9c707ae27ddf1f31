import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import * as zlib from 'node:zlib'
import type { AsyncBuffer, Compressors, FileMetaData, RowGroup, SchemaTree } from 'hyparquet'
import { type Column, type Roles, rolesOf } from './columns.js'

// Reads a Parquet file by hyparquet in a process of its own, which the file's faults end alone: a few wrong bytes can ask
// for any amount of memory and time. Sends the rows of one row group after the other.

/** What the process is asked for. */
export interface Task {
  file: string
  /** Where hyparquet is, and hyparquet-compressors if that is installed. */
  library: string
  compressors?: string
  /** Columns that are no features. */
  omit: readonly string[]
  /** Bytes that embeddings may take. */
  most: number
}

export type Reply =
  | { columns: string[]; leftOut: string[] }
  /** Some rows. `values`: of all rows one after the other; `lengths`: numbers of each row. */
  | { values: Float64Array; lengths: Uint32Array; ids?: string[] }
  | { done: true }
  | { error: { code?: string; message: string } }

type Library = typeof import('hyparquet')

/** Rows that are sent at once: so many numbers. */
const NUMBERS_AT_ONCE = 2 ** 22

process.once('message', (task: Task) => {
  read(task)
    .then(() => send({ done: true }))
    .catch((error) => send({ error: { code: (error as { code?: string }).code, message: (error as Error).message } }))
})
process.on('disconnect', () => process.exit()) // whoever asked is gone, or has all
process.on('SIGINT', () => {}) // Ctrl-C reaches every process at the terminal; what it stops is not ours to say

async function read(task: Task): Promise<void> {
  const library: Library = await import(pathToFileURL(task.library).href)
  const compressors = await compressorsFor(task)
  const file = openFile(task.file)
  const metadata = await library.parquetMetadataAsync(file, { geoparquet: false })
  const { children } = library.parquetSchema(metadata)
  const columns = children.map((child): Column => ({ name: child.element.name, kind: kindOf(child) }))
  const roles = rolesOf(columns, task.omit)
  if (typeof roles === 'string') throw new Error(roles)
  const wanted = (c: number) => columns[c].name
  const names = [...(roles.id === undefined ? [] : [roles.id]), ...roles.values].map(wanted)
  const values = metadata.row_groups.reduce((sum, group) => sum + valuesIn(group, roles, columns), 0)
  if (values * 4 > task.most) throw Object.assign(new Error(`${values}`), { code: 'EMBEDDINGS_TOO_LARGE' })
  for (const group of metadata.row_groups) expectCodecs(group, names, compressors)
  await send({ columns: roles.values.map(wanted), leftOut: roles.leftOut })
  let start = 0
  for (const { num_rows } of metadata.row_groups) {
    const rows = Number(num_rows)
    const read = (name: string) => readColumn(library, { file, metadata, compressors }, name, start, rows)
    const ids = roles.id === undefined ? undefined : (await read(wanted(roles.id))).map(textOf)
    if (columns[roles.values[0]]?.kind === 'list') await sendLists(await read(wanted(roles.values[0])), ids)
    else
      await sendColumns(
        roles.values.map((c) => () => read(wanted(c))),
        rows,
        ids,
      )
    start += rows
  }
}

/** A column of a row group, each row's value as hyparquet gives it. */
async function readColumn(
  library: Library,
  from: { file: AsyncBuffer; metadata: FileMetaData; compressors: Compressors },
  name: string,
  start: number,
  rows: number,
): Promise<unknown[]> {
  const found: unknown[] = new Array(rows)
  let count = 0
  await library.parquetRead({
    ...from,
    columns: [name],
    rowStart: start,
    rowEnd: start + rows,
    onChunk: ({ columnData, rowStart }) => {
      for (let i = 0; i < columnData.length; i++) found[rowStart - start + i] = columnData[i]
      count += columnData.length
    },
  })
  if (count !== rows) throw new Error(`the column "${name}" has ${count} values for ${rows} rows`)
  return found
}

async function sendLists(lists: unknown[], ids: string[] | undefined): Promise<void> {
  for (let from = 0; from < lists.length; ) {
    let to = from
    for (let numbers = 0; to < lists.length && numbers < NUMBERS_AT_ONCE; to++) numbers += lengthOf(lists[to])
    const some = lists.slice(from, to)
    lists.fill(undefined, from, to)
    const lengths = Uint32Array.from(some, lengthOf)
    const values = new Float64Array(lengths.reduce((sum, length) => sum + length, 0))
    let at = 0
    for (const list of some) for (let i = 0; i < lengthOf(list); i++) values[at++] = numberOf((list as unknown[])[i])
    await send({ values, lengths, ids: ids?.slice(from, to) })
    from = to
  }
}

/** Columns of a number each, turned into rows. */
async function sendColumns(columns: (() => Promise<unknown[]>)[], rows: number, ids?: string[]): Promise<void> {
  const dim = columns.length
  const all = new Float32Array(rows * dim)
  const odd = new Map<number, number>() // what single precision does not hold: sent as it is, to be named
  for (const [c, read] of columns.entries()) {
    const values = await read()
    for (let row = 0; row < rows; row++) {
      const value = numberOf(values[row])
      all[row * dim + c] = value
      if (!Number.isFinite(all[row * dim + c])) odd.set(row * dim + c, value)
    }
  }
  const step = Math.max(1, Math.floor(NUMBERS_AT_ONCE / dim))
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step)
    const values = Float64Array.from(all.subarray(from * dim, to * dim), (value, i) => odd.get(from * dim + i) ?? value)
    await send({ values, lengths: new Uint32Array(to - from).fill(dim), ids: ids?.slice(from, to) })
  }
}

const lengthOf = (list: unknown) => (list as unknown[] | null)?.length ?? 0

/** A missing value is none. */
function numberOf(value: unknown): number {
  return value === null || value === undefined ? Number.NaN : Number(value)
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : `${value}`
}

/** What a column of the top level holds. */
function kindOf({ element, children }: SchemaTree): Column['kind'] {
  const { type, converted_type, logical_type } = element
  if (children.length > 0) {
    const leaf = children.length === 1 && children[0].children.length === 1 ? children[0].children[0] : children[0]
    return converted_type === 'LIST' && leaf.children.length === 0 && kindOf(leaf) === 'number' ? 'list' : 'text'
  }
  if (element.repetition_type === 'REPEATED')
    return kindOf({ element: { ...element, repetition_type: undefined }, children } as SchemaTree) === 'number'
      ? 'list'
      : 'text'
  if (logical_type?.type === 'FLOAT16' || type === 'FLOAT' || type === 'DOUBLE') return 'number'
  const isWhole = type === 'INT32' || type === 'INT64' || type === 'BOOLEAN'
  return isWhole && !/DATE|TIME/.test(`${converted_type} ${logical_type?.type}`) ? 'number' : 'text'
}

/** Numbers that the wanted columns of a row group hold, as the file promises. */
function valuesIn({ columns }: RowGroup, { values }: Roles, all: readonly Column[]): number {
  const names = new Set(values.map((c) => all[c].name))
  const wanted = columns.filter(({ meta_data }) => names.has(meta_data?.path_in_schema[0] ?? ''))
  return wanted.reduce((sum, { meta_data }) => sum + Number(meta_data?.num_values ?? 0), 0)
}

function expectCodecs({ columns }: RowGroup, names: readonly string[], compressors: Compressors): void {
  for (const { meta_data } of columns) {
    if (!meta_data || !names.includes(meta_data.path_in_schema[0])) continue
    const { codec } = meta_data
    if (codec !== 'UNCOMPRESSED' && codec !== 'SNAPPY' && !compressors[codec])
      throw Object.assign(new Error(codec), { code: 'HYPARQUET_MISSING' })
  }
}

/** What unpacks pages: Node itself where it can. */
async function compressorsFor({ compressors }: Task): Promise<Compressors> {
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.gunzipSync }
  const own: Compressors = {
    GZIP: (input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
    BROTLI: (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  }
  if (zstdDecompressSync)
    own.ZSTD = (input, length) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) })
  if (!compressors) return own
  const more = (await import(pathToFileURL(compressors).href)) as { compressors: Compressors }
  return { ...more.compressors, ...own }
}

/** A file that hyparquet asks for pieces of: no more than there is. */
function openFile(path: string): AsyncBuffer {
  const { size } = statSync(path)
  return {
    byteLength: size,
    slice(start, end = size) {
      if (!(start >= 0 && end >= start && end <= size)) throw new Error(`bytes ${start} to ${end} are not in the file`)
      const bytes = new Uint8Array(end - start)
      const file = openSync(path, 'r')
      try {
        for (let at = 0; at < bytes.length; ) {
          const count = readSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30), start + at)
          if (count === 0) throw new Error('the file was cut meanwhile')
          at += count
        }
      } finally {
        closeSync(file)
      }
      return bytes.buffer
    },
  }
}

/** Sends a message, and waits until it is on its way: no more than one is held. */
function send(reply: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(reply, undefined, undefined, (error) => (error ? reject(error) : resolve()))
  })
}
