import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Info, parse } from 'csv-parse'
import { InfomotionError } from '../runtime/errors.js'

/** A CSV file as it stands: every value a string. */
export interface Table {
  columns: string[]
  rows: Record<string, string>[]
  /** Line of the file (from 1) that each row is on. */
  lines: number[]
}

/** Which column holds what, as the user names them. */
export interface Columns {
  path?: string
  label?: string
  split?: string
  group?: string
}

/** Which column holds what, found. */
export interface Mapping {
  path: string
  label: string
  split?: string
  group?: string
}

/** Longest row in bytes: a quote that never closes must not take the rest of the file for one value. */
const MAX_ROW = 2 ** 20

/** Reads a CSV file: a header line, commas, quotes where needed, any line ends, with or without byte-order mark. */
export function readTable(path: string): Promise<Table> {
  return parseTable(createReadStream(path), path)
}

/** {@link readTable} of a stream; `path` is said in errors. */
export async function parseTable(stream: Readable, path: string): Promise<Table> {
  const table: Table = { columns: [], rows: [], lines: [] }
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    info: true,
    max_record_size: MAX_ROW,
    columns: (header: string[]) => {
      table.columns = header
      const twice = header.find((name, i) => header.indexOf(name) !== i)
      if (twice !== undefined) throw new Error(`The column "${twice}" occurs twice in the header`)
      return header
    },
  })
  parser.on('data', ({ record, info }: { record: Record<string, string>; info: Info }) => {
    table.rows.push(record)
    table.lines.push(info.lines)
  })
  try {
    await pipeline(stream, parser)
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new InfomotionError('DATASET_TABLE_INVALID', `${path} does not read as CSV with a header line: ${what}.`, {
      cause,
    })
  }
  if (table.columns.length > 0) return table
  throw new InfomotionError('DATASET_TABLE_INVALID', `${path} is empty: expected a header line and a row a video.`)
}

/** The column of this name, in any case. */
export function column(table: Table, ...names: string[]): string | undefined {
  for (const name of names) {
    const found = table.columns.find((column) => column.toLowerCase() === name.toLowerCase())
    if (found !== undefined) return found
  }
  return undefined
}

/** EchoNet's table: one row a video, its file name and its ejection fraction. */
export function isEchoNet(table: Table): boolean {
  return column(table, 'FileName') !== undefined && column(table, 'EF') !== undefined
}

/**
 * Finds the columns: those the user names, else EchoNet's (`FileName`, `EF`, `Split`), else `path`, `label`, `split`,
 * and `group` or `patient`. Undefined if a named one, the path or the label is not there.
 */
export function mapColumns(table: Table, wanted: Columns): Mapping | undefined {
  for (const name of Object.values(wanted)) if (name !== undefined && !column(table, name)) return undefined
  const find = (role: keyof Columns, ...names: string[]) => column(table, ...(wanted[role] ? [wanted[role]] : names))
  const path = find('path', 'path', 'FileName')
  const label = find('label', ...(isEchoNet(table) ? ['EF'] : ['label']))
  if (path === undefined || label === undefined) return undefined
  return { path, label, split: find('split', 'split'), group: find('group', 'group', 'patient') }
}
