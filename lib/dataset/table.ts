import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InfomotionError } from '../runtime/errors.js'
import { type Info, parse } from '../vendor/csv.js'
import { isJsonLine, readJsonLines } from './json-lines.js'
import { type Delimiter, type ListForm, listForm, parseListLine } from './lists.js'
import { decodeText } from './text.js'

/** A CSV file or a list as it stands: every value a string, without the space around it. */
export interface Table {
  columns: string[]
  rows: Record<string, string>[]
  /** Line of the file (from 1) that each row is on. */
  lines: number[]
  /** What stands between two values. */
  delimiter: Delimiter
  /** Whether the file has a line of the columns' names; a list of paths and labels has none. */
  header: boolean
  /** Of JSON lines: the columns whose values are no texts, but numbers and the like. */
  unquoted?: string[]
  /** Things found odd and gone on with, each a sentence. */
  warnings: string[]
}

/** Those of a file with a header line. */
const DELIMITERS = [',', ';', '\t'] as const

/** Longest row in characters: a quote that never closes must not take the rest of the file for one value. */
const MAX_ROW = 2_000_000

/**
 * Reads a CSV file: a header line; commas, semicolons or tabs; quotes where needed; any line ends; UTF-8, or UTF-16 with
 * its mark. Columns that have neither a name nor a value, as spreadsheets write them, are left out. A file whose first line
 * is a clip is a list (lists.ts): its columns are `path` and `label`. A file whose first line is a JSON object has one a line
 * (json-lines.ts), as Hugging Face's `metadata.jsonl`.
 */
export function readTable(path: string): Promise<Table> {
  return parseTable(createReadStream(path), path)
}

/** {@link readTable} of a stream; `path` is said in errors. */
export async function parseTable(stream: Readable, path: string): Promise<Table> {
  const records: { record: string[]; info: Info }[] = []
  let delimiter: Delimiter = ','
  try {
    const text = decodeText(stream)
    const head = await headOf(text)
    const first = firstLine(head)
    if (isJsonLine(first))
      return { ...(await readJsonLines(startingWith(head, text), MAX_ROW)), delimiter: ',', header: true, warnings: [] }
    const list = listForm(first)
    if (list) return await readList(head, text, list)
    const given = /^"?sep=([,;\t])"?\r?\n/i.exec(head) // Excel's own line above the header
    delimiter = (given?.[1] as Delimiter) ?? delimiterOf(head)
    const parser = parse({
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      trim: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      relax_column_count: true,
      info: true,
      max_record_size: MAX_ROW,
    })
    parser.on('data', (row: { record: string[]; info: Info }) => records.push(row))
    await pipeline(startingWith(given ? head.slice(given[0].length) : head, text), parser)
    const [header, ...rows] = records
    if (header) return { delimiter, header: true, ...tableOf(header.record, rows, path) }
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    const isJson = /\.jsonl$/i.test(path)
    const form = isJson ? 'JSON lines' : what.startsWith(LINE) ? 'a list' : 'CSV with a header line'
    throw new InfomotionError('DATASET_TABLE_INVALID', `${path} does not read as ${form}: ${what}.`, { cause })
  }
  throw new InfomotionError('DATASET_TABLE_INVALID', `${path} is empty: expected a header line and a row a video.`)
}

/** Reads on to the end of the first line that is not empty. */
async function headOf(text: AsyncIterator<string>): Promise<string> {
  let head = ''
  while (head.length <= MAX_ROW) {
    const start = head.search(/\S/)
    if (start >= 0 && /[\r\n]/.test(head.slice(start))) return head
    const { value, done } = await text.next()
    if (done) return head
    head += value
  }
  throw new Error(`its first ${MAX_ROW} characters are no header line (maximum number of tolerated characters)`)
}

const firstLine = (head: string) => /\S[^\r\n]*/.exec(head)?.[0].trimEnd() ?? ''

const LINE = 'its line '

/** The rows of a list without a header line. */
async function readList(head: string, text: AsyncIterable<string>, form: ListForm): Promise<Table> {
  const { columns, delimiter } = form
  const table: Table = { columns: [...columns], rows: [], lines: [], delimiter, header: false, warnings: [] }
  let number = 0
  const take = (line: string) => {
    number++
    if (line.length > MAX_ROW) throw new Error(`${LINE}${number} has more than ${MAX_ROW} characters`)
    if (line.trim() === '') return
    try {
      const values = parseListLine(line.trim(), form)
      table.rows.push(Object.fromEntries(columns.map((name, i) => [name, values[i]])))
      table.lines.push(number)
    } catch (cause) {
      throw new Error(`${LINE}${number}, ${(cause as Error).message}`, { cause })
    }
  }
  let rest = ''
  for await (const piece of startingWith(head, text)) {
    const lines = `${rest}${piece}`.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop()!
    if (rest.length > MAX_ROW) take(rest)
    for (const line of lines) take(line)
  }
  take(rest)
  return table
}

async function* startingWith(head: string, text: AsyncIterable<string>): AsyncGenerator<string> {
  yield head
  yield* text
}

/** The separator that occurs most often in the header, outside quotes; the comma where others do not occur more. */
function delimiterOf(head: string): Delimiter {
  const header = firstLine(head).replace(/"[^"]*"/g, '')
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length)
  return DELIMITERS[counts.indexOf(Math.max(...counts))]
}

function tableOf(
  header: string[],
  records: { record: string[]; info: Info }[],
  path: string,
): Omit<Table, 'delimiter' | 'header'> {
  const names = header.map((name) => name.trim())
  const known = new Set<string>()
  for (const name of names) {
    if (name !== '' && known.has(name)) throw new Error(`The column "${name}" occurs twice in the header`)
    known.add(name)
  }
  const last = names.findLastIndex((name) => name !== '')
  const nameless = new Set<number>() // columns without a name that hold values
  for (const { record, info } of records) {
    const excess = record.findIndex((value, i) => i >= names.length && value.trim() !== '')
    if (record.length <= last || excess >= 0)
      throw new Error(`Line ${info.lines} has ${record.length} values for the ${last + 1} columns of the header`)
    for (let i = 0; i < names.length; i++) if (names[i] === '' && record[i]?.trim()) nameless.add(i)
  }
  const warnings: string[] = []
  // One such column is the row index that data frames are saved with: it stays. Several cannot be told from each other.
  if (nameless.size > 1) {
    const which = [...nameless].sort((a, b) => a - b).map((i) => i + 1)
    warnings.push(`${path} has values without a column name (columns ${which.join(', ')}): they are not read.`)
    nameless.clear()
  }
  const kept = [...names.keys()].filter((i) => names[i] !== '' || nameless.has(i))
  return {
    columns: kept.map((i) => names[i]),
    rows: records.map(({ record }) => Object.fromEntries(kept.map((i) => [names[i], record[i]?.trim() ?? '']))),
    lines: records.map(({ info }) => info.lines),
    warnings,
  }
}
