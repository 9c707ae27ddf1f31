import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Info, parse } from 'csv-parse'
import { InfomotionError } from '../runtime/errors.js'
import { decodeText } from './text.js'

/** A CSV file as it stands: every value a string, without the space around it. */
export interface Table {
  columns: string[]
  rows: Record<string, string>[]
  /** Line of the file (from 1) that each row is on. */
  lines: number[]
  /** What stands between two values. */
  delimiter: Delimiter
  /** Things found odd and gone on with, each a sentence. */
  warnings: string[]
}

/** Which column holds what, as the user names them. */
export interface Columns {
  path?: string
  label?: string
  split?: string
  group?: string
  /** The clip that a clip was made from: a clip of the table, or a group. */
  parent?: string
}

/** Which column holds what, found. */
export interface Mapping extends Columns {
  path: string
  label: string
}

/** Comma, or what spreadsheets write where the comma is in the numbers. */
const DELIMITERS = [',', ';', '\t'] as const
export type Delimiter = (typeof DELIMITERS)[number]

/** Longest row in characters: a quote that never closes must not take the rest of the file for one value. */
const MAX_ROW = 2_000_000

/**
 * Reads a CSV file: a header line; commas, semicolons or tabs; quotes where needed; any line ends; UTF-8, or UTF-16 with
 * its mark. Columns that have neither a name nor a value, as spreadsheets write them, are left out.
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
    const whole = async function* () {
      yield given ? head.slice(given[0].length) : head
      yield* text
    }
    await pipeline(whole, parser)
    const [header, ...rows] = records
    if (header) return { delimiter, ...tableOf(header.record, rows, path) }
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new InfomotionError('DATASET_TABLE_INVALID', `${path} does not read as CSV with a header line: ${what}.`, {
      cause,
    })
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

/** The separator that occurs most often in the header, outside quotes; the comma where others do not occur more. */
function delimiterOf(head: string): Delimiter {
  const header = /\S[^\r\n]*/.exec(head)?.[0].replace(/"[^"]*"/g, '') ?? ''
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length)
  return DELIMITERS[counts.indexOf(Math.max(...counts))]
}

function tableOf(
  header: string[],
  records: { record: string[]; info: Info }[],
  path: string,
): Omit<Table, 'delimiter'> {
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

/** The column of this name: exactly, else in any case. */
export function column(table: Table, ...names: string[]): string | undefined {
  for (const name of names) {
    if (table.columns.includes(name)) return name
    const found = table.columns.filter((column) => column.toLowerCase() === name.toLowerCase())
    if (found.length > 1)
      throw new InfomotionError(
        'DATASET_TABLE_INVALID',
        `The columns ${found.map((column) => `"${column}"`).join(' and ')} differ by case only: which is "${name}"? Rename one.`,
      )
    if (found.length === 1) return found[0]
  }
  return undefined
}

/** EchoNet's table: one row a video, its file name and its ejection fraction. */
export function isEchoNet(table: Table): boolean {
  return column(table, 'FileName') !== undefined && column(table, 'EF') !== undefined
}

/**
 * Finds the columns: those the user names, else EchoNet's (`FileName`, `EF`, `Split`), else `path`, `label`, `split`,
 * `parent`, and `group` or `patient`. Undefined if a named one, the path or the label is not there.
 */
export function mapColumns(table: Table, wanted: Columns): Mapping | undefined {
  for (const name of Object.values(wanted))
    if (name !== undefined && column(table, name) === undefined) return undefined
  const find = (role: keyof Columns, ...names: string[]) => column(table, ...(wanted[role] ? [wanted[role]] : names))
  const path = find('path', 'path', 'FileName')
  const label = find('label', ...(isEchoNet(table) ? ['EF'] : ['label']))
  if (path === undefined || label === undefined) return undefined
  return {
    path,
    label,
    split: find('split', 'split'),
    group: find('group', 'group', 'patient'),
    parent: find('parent', 'parent'),
  }
}
