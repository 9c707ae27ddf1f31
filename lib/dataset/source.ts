import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { readCamus } from './camus.js'
import { expectClassFolders, readFolders, unreadWarning } from './folders.js'
import { firstOf } from './labels.js'
import type { Entry, Reading, Source } from './reading.js'
import { readRows } from './rows.js'
import { type Columns, mapColumns, readTable, type Table } from './table.js'

/** Finds out which layout lies at `path` and reads it. */
export async function readSource(path: string, reading: Reading): Promise<Source> {
  const { columns } = reading
  const at = resolve(path)
  const info = await stat(at).catch((cause) => {
    throw new InfomotionError('DATASET_NOT_FOUND', `Expected a data set at ${at}: ${cause.code ?? cause.message}.`, {
      cause,
    })
  })
  if (!info.isFile() && !info.isDirectory())
    throw new InfomotionError('DATASET_NOT_FOUND', `Expected a folder or a CSV file at ${at}, but it is neither.`)
  if (info.isFile()) {
    const table = await readTable(at)
    const mapping = mapColumns(table, columns)
    if (mapping) return readRows(at, table, mapping, reading)
    throw new InfomotionError('DATASET_COLUMN_MISSING', `${at} has the columns ${listed(table)}. ${wanted(columns)}`)
  }
  const listing = await readdir(at, { withFileTypes: true })
  const tables = await tablesIn(at, listing)
  const suitable = tables.flatMap(({ name, table }) => {
    const mapping = mapColumns(table, columns)
    return mapping ? [{ file: join(at, name), table, mapping }] : []
  })
  if (suitable.length === 1) {
    const { file, table, mapping } = suitable[0]
    return readRows(file, table, mapping, reading)
  }
  if (suitable.length > 1) {
    const names = suitable.map(({ file }) => basename(file)).join(', ')
    throw new InfomotionError(
      'DATASET_AMBIGUOUS',
      `${at} holds ${suitable.length} tables of clips: ${names}. Give the path of the one that is meant.`,
    )
  }
  const asCamus = await readCamus(at, reading)
  if (asCamus) {
    expectNoColumns(at, 'CAMUS', reading.columns)
    return asCamus
  }
  const asFolders = await sourceOfFolders(at, tables, reading)
  if (asFolders) return asFolders
  const seen = listing.map((entry) => entry.name + (entry.isDirectory() ? '/' : '')).sort()
  const unsuitable = tables.map(({ name, table }) => `; ${name} has the columns ${listed(table)}`).join('')
  throw new InfomotionError(
    'DATASET_NOT_FOUND',
    `No data set in ${at}: found ${firstOf(seen, 10) || 'nothing'}${unsuitable}. ${wanted(columns)} ` +
      'A folder of videos for each class would do as well.',
  )
}

/** The tables that lie in a folder: EchoNet's alone, where it is there. Only regular files: a pipe would never end. */
async function tablesIn(at: string, listing: Dirent[]): Promise<{ name: string; table: Table }[]> {
  const names: string[] = []
  for (const { name } of listing.filter(({ name }) => /\.csv$/i.test(name))) {
    const info = await stat(join(at, name)).catch(() => undefined)
    if (info?.isFile()) names.push(name)
  }
  const fileList = names.find((name) => name.toLowerCase() === 'filelist.csv')
  const tables: { name: string; table: Table }[] = []
  for (const name of fileList ? [fileList] : names.sort()) tables.push({ name, table: await readTable(join(at, name)) })
  return tables
}

async function sourceOfFolders(
  root: string,
  tables: { name: string; table: Table }[],
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
  const entries = clips.map((clip): Entry => ({ ...clip, group: clip.id }))
  return { root, layout: 'folder', entries, source, warnings: [...warnings, ...unreadWarning(unread)] }
}

/** Refuses names of columns where there is no table. */
function expectNoColumns(root: string, what: string, columns: Columns): void {
  const role = Object.entries(columns).find(([, name]) => name !== undefined)
  if (role)
    throw new InfomotionError(
      'DATASET_COLUMN_MISSING',
      `${root} is read as ${what}, which has no column "${role[1]}" (--${role[0]}-column, option columns). ` +
        'Give a table of the clips with that column, or leave the option out.',
    )
}

function listed(table: Table): string {
  return firstOf(table.columns, 30)
}

function wanted(columns: Columns): string {
  const named = Object.values(columns).filter((name) => name !== undefined)
  if (named.length > 0) return `Expected a table with the columns ${named.join(', ')}, as the option columns asks.`
  return (
    'Expected a table with the columns FileName and EF (EchoNet) or path and label; ' +
    'the option columns names others.'
  )
}
