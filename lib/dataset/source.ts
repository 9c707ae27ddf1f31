import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, relative, resolve } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { readCamus } from './camus.js'
import { type Columns, mapColumns } from './columns.js'
import { expectClassFolders, readFolders, unreadWarning } from './folders.js'
import { withLabels } from './join.js'
import { firstOf, shown } from './labels.js'
import { type FoundTable, partsOf, suitable, tablesBelow, tablesIn, viewsOf } from './parts.js'
import type { Entry, Reading, Source } from './reading.js'
import { readRows } from './rows.js'
import { readTable, type Table } from './table.js'

/** Finds out which layout lies at `path` and reads it. */
export async function readSource(path: string, reading: Reading): Promise<Source> {
  const { columns } = reading
  const labels = reading.labels === undefined ? undefined : resolve(reading.labels)
  const at = resolve(path)
  const info = await stat(at).catch((cause) => {
    throw new InfomotionError('DATASET_NOT_FOUND', `Expected a data set at ${at}: ${cause.code ?? cause.message}.`, {
      cause,
    })
  })
  if (!info.isFile() && !info.isDirectory())
    throw new InfomotionError('DATASET_NOT_FOUND', `Expected a folder or a CSV file at ${at}, but it is neither.`)
  if (info.isFile()) {
    const joined = await withLabels([{ file: at, table: await readTable(at) }], labels)
    const [{ table }] = joined.tables
    const mapped = mapColumns(table, columns, reading.grouped)
    if (mapped) return withNotes(joined.notes, await readRows(dirname(at), [{ file: at, table, mapped }], reading))
    throw new InfomotionError('DATASET_COLUMN_MISSING', `${at} has ${described(table)}. ${wanted(columns)}`)
  }
  const listing = await readdir(at, { withFileTypes: true })
  const found = await tablesIn(at, listing)
  const others = found.filter(({ file }) => file !== labels)
  const { tables, notes } = await withLabels(others, labels)
  const own = suitable(tables, reading)
  if (own.length === 1) return withNotes(notes, await readRows(at, own, reading))
  if (own.length > 1) {
    const parts = partsOf(at, own, reading.named, reading.splitList)
    if (parts) return withNotes([...notes, ...parts.notes], await readRows(at, parts.tables, reading))
    throw new InfomotionError(
      'DATASET_AMBIGUOUS',
      `${at} holds ${own.length} tables of clips: ${own.map(({ file }) => basename(file)).join(', ')}. Give the path of the one that is meant.`,
    )
  }
  const below = suitable(await tablesBelow(at, listing, reading.named), reading)
  const parts = partsOf(at, below, reading.named, reading.splitList)
  if (parts) return withNotes(parts.notes, await readRows(at, parts.tables, reading))
  const views = viewsOf(at, below)
  if (views) return withNotes(views.notes, await readRows(at, views.tables, reading))
  const asCamus = await readCamus(at, reading)
  if (asCamus) {
    expectNoColumns(at, 'CAMUS', reading.columns)
    return asCamus
  }
  const asFolders = await sourceOfFolders(at, tables, reading)
  if (asFolders) return asFolders
  throw notFound(at, listing, tables, below, columns)
}

const withNotes = (notes: readonly string[], source: Source): Source => ({
  ...source,
  notes: [...notes, ...source.notes],
})

async function sourceOfFolders(
  root: string,
  tables: readonly FoundTable[],
  { columns, named, schemeGiven }: Reading,
): Promise<Source | undefined> {
  const found = await readFolders(root, named, tables.length > 0)
  if (!found) return undefined
  const warnings = expectClassFolders(root, found, tables, schemeGiven)
  expectNoColumns(root, 'a folder of videos for each class', columns)
  if (named.size > 0 && !found.areSplits)
    throw new InfomotionError(
      'DATASET_COLUMN_MISSING',
      `${root} has no folders of splits that --split-values (option splitValues) could be about.`,
    )
  const { clips, unread } = found
  const source = { columns: [], mapping: { path: 'path', label: 'label' }, videos: root }
  const entries = clips.map((clip): Entry => ({ ...clip }))
  return { root, layout: 'folder', entries, source, notes: [], warnings: [...warnings, ...unreadWarning(unread)] }
}

/** Refuses names of columns where there is no table. */
function expectNoColumns(root: string, what: string, columns: Columns): void {
  const role = Object.entries(columns).find(([, name]) => name !== undefined)
  if (role)
    throw new InfomotionError(
      'DATASET_COLUMN_MISSING',
      `${root} is read as ${what}, which has no column "${role[1]}" (--${role[0]}-column, option columns). ` +
        'Give a table of the clips with that column, or leave the option out. Groups can be told by names: --group-pattern.',
    )
}

function notFound(
  at: string,
  listing: readonly Dirent[],
  tables: readonly FoundTable[],
  below: readonly { file: string }[],
  columns: Columns,
): InfomotionError {
  const seen = listing.map((entry) => entry.name + (entry.isDirectory() ? '/' : '')).sort()
  const unsuitable = tables.map(({ file, table }) => `; ${basename(file)} has ${described(table)}`).join('')
  if (below.length > 0)
    return new InfomotionError(
      below.length > 1 ? 'DATASET_AMBIGUOUS' : 'DATASET_NOT_FOUND',
      `${at} is no data set itself, but holds ${firstOf(
        below.map(({ file }) => relative(at, file)),
        10,
      )}. Give the folder that is meant: ` +
        `${firstOf([...new Set(below.map(({ file }) => dirname(file)))].map(shown))}.`,
    )
  return new InfomotionError(
    'DATASET_NOT_FOUND',
    `No data set in ${at}: found ${firstOf(seen, 10) || 'nothing'}${unsuitable}. ${wanted(columns)} ` +
      'A folder of videos for each class would do as well.',
  )
}

/** A table that cannot be used: its columns, and its first row. */
function described({ columns, rows, header }: Table): string {
  const [first] = rows
  const values = first
    ? firstOf(
        columns.map((name) => shown(first[name].slice(0, 60))),
        12,
      )
    : 'none'
  return `the columns ${firstOf(header ? columns : ['path', 'label'], 30)} (first row: ${values})`
}

function wanted(columns: Columns): string {
  const named = Object.values(columns).filter((name) => name !== undefined)
  if (named.length > 0) return `Expected a table with the columns ${named.join(', ')}, as the option columns asks.`
  return (
    'Expected a table with the columns FileName and EF (EchoNet), path and label, or what others call these (file_name, video, ' +
    'class, target, ...), or a list of clips and labels without a header; --path-column and --label-column (option columns) name others.'
  )
}
