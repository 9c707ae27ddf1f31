import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { FileFinder, VIDEO } from './files.js'
import { givenSplits, splitNamed } from './split.js'
import { type Columns, isEchoNet, type Mapping, mapColumns, readTable, type Table } from './table.js'
import type { DataSetSource, Split } from './types.js'

/** What a layout's reader finds: the clips before their labels became classes. */
export interface Source {
  root: string
  layout: 'echonet' | 'csv' | 'folder'
  entries: Entry[]
  /** All but its rows, which belong to the clips that stay. */
  source: Omit<DataSetSource, 'rows'>
  warnings: string[]
}

export interface Entry {
  id: string
  path: string
  label: string
  /** Undefined if the source names no splits. */
  split?: Split
  group: string
  /** The table's record; undefined in a folder per class. */
  row?: Record<string, string>
}

/** Finds out which layout lies at `path` and reads it. */
export async function readSource(path: string, columns: Columns, allowMissing: boolean): Promise<Source> {
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
    if (mapping) return readRows(at, table, mapping, allowMissing)
    throw new InfomotionError(
      'DATASET_COLUMN_MISSING',
      `${at} has the columns ${table.columns.join(', ')}. ${wanted(columns)}`,
    )
  }
  const listing = await readdir(at, { withFileTypes: true })
  const tables = listing
    .filter((entry) => !entry.isDirectory() && /\.csv$/i.test(entry.name))
    .map((entry) => entry.name)
  const fileList = tables.find((name) => name.toLowerCase() === 'filelist.csv')
  const suitable: { file: string; table: Table; mapping: Mapping }[] = []
  const unsuitable: string[] = []
  for (const name of fileList ? [fileList] : tables.sort()) {
    const table = await readTable(join(at, name))
    const mapping = mapColumns(table, columns)
    if (mapping) suitable.push({ file: join(at, name), table, mapping })
    else unsuitable.push(`${name} has the columns ${table.columns.join(', ')}`)
  }
  if (suitable.length === 1) {
    const { file, table, mapping } = suitable[0]
    return readRows(file, table, mapping, allowMissing)
  }
  if (suitable.length > 1) {
    const names = suitable.map(({ file }) => basename(file)).join(', ')
    throw new InfomotionError(
      'DATASET_AMBIGUOUS',
      `${at} holds ${suitable.length} tables of clips: ${names}. Give the path of the one that is meant.`,
    )
  }
  const folders = await readFolders(at)
  if (folders) return folders
  const seen = listing.map((entry) => entry.name + (entry.isDirectory() ? '/' : '')).sort()
  throw new InfomotionError(
    'DATASET_NOT_FOUND',
    `No data set in ${at}: found ${seen.slice(0, 10).join(', ') || 'nothing'}${seen.length > 10 ? ', ...' : ''}` +
      `${unsuitable.map((what) => `; ${what}`).join('')}. ${wanted(columns)} A folder of videos for each class would do as well.`,
  )
}

function wanted(columns: Columns): string {
  const named = Object.values(columns).filter((name) => name !== undefined)
  if (named.length > 0) return `Expected a table with the columns ${named.join(', ')}, as the option columns asks.`
  return (
    'Expected a table with the columns FileName and EF (EchoNet) or path and label; ' +
    'the option columns names others.'
  )
}

/** One clip a row, its file beside the table or in `Videos/` beside it, whichever holds more of them. */
async function readRows(file: string, table: Table, mapping: Mapping, allowMissing: boolean): Promise<Source> {
  if (table.rows.length === 0)
    throw new InfomotionError('DATASET_TABLE_INVALID', `${file} has a header line and no row: expected one a video.`)
  const root = dirname(file)
  const finder = new FileFinder()
  const names = table.rows.map((row) => row[mapping.path])
  const findIn = (folder: string) => Promise.all(names.map((name) => (name ? finder.find(folder, name) : undefined)))
  const folders = [join(root, 'Videos'), root]
  const [inVideos, beside] = await Promise.all(folders.map(findIn))
  const count = (found: unknown[]) => found.filter(Boolean).length
  const [videos, paths] = count(beside) > count(inVideos) ? [root, beside] : [folders[0], inVideos]
  const warnings: string[] = []

  const missing = names.filter((_, i) => !paths[i])
  if (missing.length > 0) {
    const shown = missing.slice(0, 20).join(', ') + (missing.length > 20 ? ', ...' : '')
    const what = `${missing.length} of the ${names.length} videos in ${file} are not in ${folders.join(' or ')}: ${shown}.`
    if (!allowMissing || missing.length === names.length) {
      const cure =
        missing.length < names.length ? ' Put them there, or go on without them with the option allowMissing.' : ''
      throw new InfomotionError('DATASET_FILES_MISSING', what + cure)
    }
    warnings.push(what)
  }
  const splits =
    mapping.split &&
    givenSplits(
      table.rows.map((row) => row[mapping.split!]),
      `the column ${mapping.split} of ${file}`,
    )
  const entries = table.rows.flatMap((row, i): Entry[] => {
    const path = paths[i]
    if (!path) return []
    const id = idOf(videos, path)
    const group = (mapping.group && row[mapping.group]) || id
    return [{ id, path, label: row[mapping.label], split: splits ? splits[i] : undefined, group, row }]
  })
  const layout = isEchoNet(table) ? 'echonet' : 'csv'
  return { root, layout, entries, source: { table: file, columns: table.columns, mapping, videos }, warnings }
}

/** Path relative to the videos, with "/", and without the parts that lead out of their folder. */
function idOf(videos: string, path: string): string {
  const parts = relative(videos, path).split(sep)
  return parts.filter((part) => part !== '..').join('/')
}

/**
 * A folder of videos for each class, two classes or more; or `train/`, `val/`, `test/` (and nothing else), each with a
 * folder for each class. Undefined if the videos do not lie that way.
 */
async function readFolders(root: string): Promise<Source | undefined> {
  const distilled = (await readdir(root)).includes('weights.csv') // then `cache` is no class, but the run's
  const top = (await subfolders(root)).filter((name) => !(distilled && name === 'cache'))
  const areSplits = top.length > 0 && top.every((name) => splitNamed(name) && !/^\d$/.test(name))
  const entries: Entry[] = []
  for (const name of areSplits ? top : ['']) {
    for (const label of await subfolders(join(root, name))) {
      for (const file of await readdir(join(root, name, label))) {
        if (!VIDEO.test(file) || file.startsWith('.')) continue
        const path = join(root, name, label, file)
        const id = idOf(root, path)
        entries.push({ id, path, label, split: areSplits ? splitNamed(name) : undefined, group: id })
      }
    }
  }
  if (new Set(entries.map(({ label }) => label)).size < 2) return undefined
  entries.sort((a, b) => (a.id < b.id ? -1 : 1)) // readdir's order is the file system's
  const source = { columns: [], mapping: { path: 'path', label: 'label' }, videos: root }
  return { root, layout: 'folder', entries, source, warnings: [] }
}

async function subfolders(folder: string): Promise<string[]> {
  const listing = await readdir(folder, { withFileTypes: true })
  return listing.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name)
}
