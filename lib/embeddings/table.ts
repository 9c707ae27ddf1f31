import { extname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { decodeText } from '../dataset/text.js'
import { withFile } from '../run/store.js'
import { asInfomotionError, InfomotionError } from '../runtime/errors.js'
import { type Info, parse } from '../vendor/csv.js'
import { type Column, type Roles, rolesOf } from './columns.js'
import { Rows, unreadable } from './rows.js'
import type { Found } from './types.js'

/** Longest row in characters: 100,000 numbers of 20; a quote that never closes must not take the rest of the file. */
const MAX_ROW = 4_000_000

/** What spreadsheets and data frames write for a number: also for one that is none, so that it is named. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const NOT_A_NUMBER = /^(|[+-]?(nan|inf|infinity)|na|n\/a|<na>|null|none)$/i
const LIST = /^\[[^[\]]*\]$/

/** Embeddings out of a CSV or TSV file, a row at a time. */
export async function readTableOf(file: string, others: readonly string[], signal?: AbortSignal): Promise<Found> {
  let columns: string[] = []
  let roles: Roles | undefined
  let line = 0
  const ids: string[] = []
  const where = (row: number, column: number) => {
    const named = roles?.values.length === 1 ? columns[roles.values[0]] : columns[roles?.values[column] ?? -1]
    return `line ${line} (row ${row}${ids[row] === undefined ? '' : `, ${JSON.stringify(ids[row])}`})${column < 0 ? '' : `, column "${named}"`}`
  }
  const rows = new Rows(file, where)
  await forEachRecord(file, signal, (record, at) => {
    line = at
    if (columns.length === 0) {
      columns = headerOf(record)
      if (columns.length === record.length && columns.some((name, i) => name !== record[i])) {
        // no header: what was read is a row already
      } else return
    }
    if (record.length !== columns.length)
      throw unreadable(file, `line ${at} has ${record.length} values, and the first has ${columns.length}`)
    if (!roles) {
      const found = rolesOf(
        columns.map((name, i): Column => ({ name, kind: kindOf(record[i]) })),
        others,
      )
      if (typeof found === 'string') throw unreadable(file, found)
      roles = found
    }
    if (roles.id !== undefined) ids.push(record[roles.id])
    const [first] = roles.values
    const isList = roles.values.length === 1 && LIST.test(record[first])
    const cells = isList ? listOf(record[first]) : roles.values.map((c) => record[c])
    rows.add(cells.map((cell, i) => numberOf(cell, file, () => where(rows.rows, i))))
  })
  return { features: rows.matrix(), ids: roles?.id === undefined ? undefined : ids, leftOut: roles?.leftOut ?? [] }
}

/** Ids, one a row of another file: a table's column of ids, or the lines of a text. */
export async function readIds(file: string, signal?: AbortSignal): Promise<string[]> {
  const isTable = ['.csv', '.tsv'].includes(extname(file).toLowerCase())
  const ids: string[] = []
  if (isTable) {
    let id: number | undefined
    await forEachRecord(file, signal, (record) => {
      if (id !== undefined) return ids.push(record[id] ?? '')
      const columns = record.map((name): Column => ({ name, kind: 'text' }))
      const found = rolesOf([...columns, { name: '', kind: 'list' }]) as Roles
      id = found.id ?? 0
    })
    return ids
  }
  await withText(file, signal, async (text) => {
    let rest = ''
    for await (const piece of text) {
      const lines = (rest + piece).split(/\r\n|\n|\r(?!\n|$)/)
      rest = lines.pop() as string
      if (rest.length > MAX_ROW)
        throw new Error(`line ${ids.length + lines.length + 1} is longer than ${MAX_ROW} characters`)
      ids.push(...lines)
    }
    if (rest.trim() !== '') ids.push(rest)
  })
  return ids.map((id) => id.trim())
}

/** Calls back with each record of a CSV file, and the line that it ends on. */
async function forEachRecord(
  file: string,
  signal: AbortSignal | undefined,
  take: (record: string[], line: number) => void,
): Promise<void> {
  await withText(file, signal, async (text) => {
    const { value: first = '' } = await text.next()
    const parser = parse({
      delimiter: delimiterOf(first),
      record_delimiter: ['\r\n', '\n', '\r'],
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
      max_record_size: MAX_ROW,
    })
    const whole = async function* () {
      yield first
      yield* text
    }
    let fault: unknown // of a record; the pipeline, which it ends, may say first that it was ended
    const taking = async (records: AsyncIterable<{ record: string[]; info: Info }>) => {
      try {
        for await (const { record, info } of records) take(record, info.lines)
      } catch (error) {
        fault = error
        throw error
      }
    }
    await pipeline(Readable.from(whole()), parser, taking).catch((error) => {
      throw fault ?? error
    })
  })
}

async function withText<T>(
  file: string,
  signal: AbortSignal | undefined,
  read: (text: AsyncGenerator<string>) => Promise<T>,
): Promise<T> {
  return withFile(
    file,
    async (handle) => {
      try {
        return await read(decodeText(handle.createReadStream({ signal, autoClose: false })))
      } catch (error) {
        const known = asInfomotionError(error)
        if (error instanceof InfomotionError || known.code === 'ABORTED') throw known
        throw unreadable(file, `it does not read as text: ${known.message}`, error)
      }
    },
    signal,
  )
}

/** The separator that occurs most often in the first line. */
function delimiterOf(text: string): string {
  const [first] = text.trimStart().split(/[\r\n]/, 1)
  const counts = [',', ';', '\t'].map((delimiter) => first.split(delimiter).length)
  return [',', ';', '\t'][counts.indexOf(Math.max(...counts))]
}

/**
 * The columns' names: the first record, or, where that is a row of numbers already, names made up. Numbers that count the
 * columns (0, 1, 2, ... as data frames have them) are names.
 */
function headerOf(record: readonly string[]): string[] {
  const numbers = record.slice(1)
  const isRow = numbers.length > 0 && numbers.every((cell) => NUMBER.test(cell) || LIST.test(cell))
  const counts = numbers.every((cell, i) => Number(cell) === i) || record.every((cell, i) => Number(cell) === i)
  if (!isRow || counts) return [...record]
  const first = kindOf(record[0]) === 'number' ? 'column 0' : 'path'
  return [first, ...numbers.map((_, i) => `column ${i + 1}`)]
}

function kindOf(cell: string): Column['kind'] {
  if (LIST.test(cell)) return 'list'
  return NUMBER.test(cell) || NOT_A_NUMBER.test(cell) ? 'number' : 'text'
}

/** The cells of a list as JSON or numpy prints it. */
function listOf(cell: string): string[] {
  return cell
    .slice(1, -1)
    .trim()
    .split(/\s*,\s*|\s+/)
}

function numberOf(cell: string, file: string, where: () => string): number {
  if (NUMBER.test(cell)) return Number(cell)
  if (/^[+-]?inf/i.test(cell)) return cell.startsWith('-') ? -Infinity : Infinity
  if (NOT_A_NUMBER.test(cell)) return Number.NaN
  const cut = cell === '...' ? ' (numpy cuts long arrays when it prints them: write the numbers into columns)' : ''
  throw unreadable(file, `${where()} is ${JSON.stringify(cell.slice(0, 40))}, no number${cut}`)
}
