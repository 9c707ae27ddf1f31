import { basename, dirname, join, relative, sep } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import type { Segment } from '../video/types.js'
import { isEchoNet, type Mapping } from './columns.js'
import { FileFinder, folded } from './files.js'
import { firstOf, isMissing } from './labels.js'
import { chooseMeasurement } from './measurements.js'
import type { Entry, Reading, Source, TableFile } from './reading.js'
import { readSegments, segmentId, trimmedName } from './segments.js'
import { givenSplits, splitNamed } from './split.js'
import type { Table } from './table.js'
import type { Split } from './types.js'

/** What one row says. */
interface Row {
  values: Record<string, string>
  label: string
  split?: Split
  segment?: Segment
  /** What its file may be called. */
  names: string[]
  /** The file that its part would have been cut out into: then the clip is all of that. */
  trimmed: string[]
}

/**
 * One clip a row. Its file lies beside the table or in `Videos/` beside it, whichever holds more of them, or further below.
 *
 * @param root - the folder that is read; tables of splits may lie below it
 */
export async function readRows(root: string, tables: readonly TableFile[], reading: Reading): Promise<Source> {
  const chosen = tables.map((one) => chooseMeasurement(one, reading.measurement))
  const [{ table, mapped, file }] = chosen
  const { mapping } = mapped
  const where = tables.length === 1 ? file : root
  const fromFolders = chosen.some(({ table }) => !table.columns.includes(mapping.label))
  const warnings = chosen.flatMap((one) => [...one.table.warnings, ...one.mapped.warnings])
  const notes = new Set(chosen.flatMap((one) => [...one.mapped.notes, ...one.notes]))
  const rows = chosen.flatMap((one) => {
    const found = rowsOf(root, one, reading, fromFolders)
    warnings.push(...found.warnings)
    for (const note of found.notes) notes.add(note)
    return found.rows
  })
  const { videos, files, looked, odd } = await findVideos(root, rows)

  const missing = rows.filter((_, i) => !files[i]).map(({ values }) => values[mapping.path])
  if (missing.length > 0) {
    const shown = missing.slice(0, 20).map((name) => (odd.has(name) ? `${name} (no regular file)` : name))
    const what =
      `${missing.length} of the ${rows.length} videos in ${where} are not in ${looked.join(' or ')}: ` +
      `${shown.join(', ')}${missing.length > 20 ? ', ...' : ''}.`
    if (!reading.allowMissing || missing.length === rows.length) {
      const cure =
        missing.length < rows.length ? ' Put them there, or go on without them with the option allowMissing.' : ''
      throw new InfomotionError('DATASET_FILES_MISSING', what + cure)
    }
    warnings.push(what)
  }
  const stated = (values: Record<string, string>, name: string | undefined) =>
    name !== undefined && !isMissing(values[name] ?? '') ? values[name] : undefined
  const entries = rows.flatMap(({ values, label, split, segment: part, names }, i): Entry[] => {
    const found = files[i]
    if (!found) return []
    const segment = found.trimmed ? undefined : part
    const file = idOf(videos, found.path)
    const kin = found.trimmed ? names[names.length - 1] : segment ? file : undefined
    const { path } = found
    const [group, parent] = [stated(values, mapping.group), stated(values, mapping.parent)]
    return [{ id: segmentId(file, segment), path, label, split, group, kin, segment, parent, row: values }]
  })
  const layout = isEchoNet(table) ? 'echonet' : 'csv'
  const { columns, delimiter, header } = table
  const parts = tables.flatMap((one) =>
    one.split || one.view ? [{ table: one.file, columns: one.table.columns, split: one.split }] : [],
  )
  const form = { columns, delimiter, header, mapping, videos, ...(table.unquoted && { unquoted: table.unquoted }) }
  const source = parts.length > 0 ? { ...form, parts } : { ...form, table: file }
  return { root, layout, entries, source, notes: [...notes], warnings }
}

/** The rows of a table, but for those whose times are none. */
function rowsOf(
  root: string,
  { file, table, mapped: { mapping }, split, view }: TableFile,
  reading: Reading,
  fromFolders: boolean,
): { rows: Row[]; notes: string[]; warnings: string[] } {
  if (table.rows.length === 0)
    throw new InfomotionError('DATASET_TABLE_INVALID', `${file} has a header line and no row: expected one a video.`)
  const { segments, faults, notes, warnings } = readSegments(table, mapping, reading.segments, file)
  if (faults.size > 0)
    warnings.push(
      `${faults.size} rows of ${file} are left out, whose times are none: ${firstOf([...faults.values()])}.`,
    )
  const told = split ? undefined : foldersOfSplits(table, mapping, reading)
  if (told) notes.push(`Splits by the first folder of the paths in ${basename(file)}.`)
  const splits = told ?? splitsIn(file, table, mapping, reading, split)
  const beside = relative(root, dirname(file)).replaceAll('\\', '/')
  const rows = table.rows.flatMap((values, i): Row[] => {
    if (faults.has(i)) return []
    const name = values[mapping.path]
    const inView = name && view ? [`${view}/Videos/${name}`] : []
    const names = name && beside !== '' ? [...inView, `${beside}/${name}`, name] : [name]
    const segment = segments[i]
    const trimmed = segment ? names.flatMap((name) => trimmedName(name, segment) ?? []) : []
    const label = fromFolders ? folderOf(name, `line ${table.lines[i]} of ${file}`) : values[mapping.label]
    return [{ values, label, split: splits?.[i], segment, names, trimmed }]
  })
  return { rows, notes, warnings }
}

/** The split of each row: the table's, or what its column says. */
function splitsIn(
  file: string,
  table: Table,
  mapping: Mapping,
  { named }: Reading,
  whole: Split | undefined,
): Split[] | undefined {
  if (whole) return table.rows.map(() => whole)
  if (mapping.split)
    return givenSplits(
      table.rows.map((row) => row[mapping.split!]),
      `the column ${mapping.split} of ${file}`,
      named,
    )
  if (named.size === 0) return undefined
  throw new InfomotionError(
    'DATASET_COLUMN_MISSING',
    `${file} has no column of splits that --split-values (option splitValues) could be about. ` +
      `Name it with --split-column; there are ${table.columns.join(', ')}.`,
  )
}

/** The split of each row where all paths begin with folders of splits, and no column says it: `train/a.avi`, `test/b.avi`. */
function foldersOfSplits(table: Table, mapping: Mapping, { named }: Reading): Split[] | undefined {
  if (mapping.split) return undefined
  const found: Split[] = []
  for (const row of table.rows) {
    const [folder, ...rest] = row[mapping.path].replace(/^\.[\\/]/, '').split(/[\\/]/)
    const split = rest.length > 0 ? splitNamed(folder, named) : undefined
    if (split === undefined) return undefined
    found.push(split)
  }
  return found.includes('train') && new Set(found).size > 1 ? found : undefined
}

/** The label of a clip whose list has none: its folder's name. */
function folderOf(name: string, where: string): string {
  const folder = name.split(/[\\/]/).at(-2)
  if (folder !== undefined && folder !== '' && !/^\.\.?$/.test(folder)) return folder
  throw new InfomotionError(
    'DATASET_TABLE_INVALID',
    `Expected a clip and its label, or a clip in a folder that is called as its class, in ${where}, but found ${JSON.stringify(name.slice(0, 200))}.`,
  )
}

/** A file that was found, and whether the clip was cut out into it. */
interface FoundFile {
  path: string
  trimmed: boolean
}

/** Where the videos are: the folder that ids are relative to, and the file of each row. */
async function findVideos(
  root: string,
  rows: readonly Row[],
): Promise<{ videos: string; files: (FoundFile | undefined)[]; looked: string[]; odd: ReadonlySet<string> }> {
  const finder = new FileFinder()
  const folder = (await finder.folder(join(root, 'Videos'))) ?? join(root, 'Videos')
  const looked = [folder, root]
  const findRow = async ({ names, trimmed }: Row, find: (name: string) => Promise<string | undefined>) => {
    for (const name of [...trimmed, ...names]) {
      const path = name ? await find(name) : undefined
      if (path !== undefined) return { path, trimmed: trimmed.includes(name) }
    }
    return undefined
  }
  const findIn = (at: string) => Promise.all(rows.map((row) => findRow(row, (name) => finder.find(at, name))))
  const [inVideos, beside] = await Promise.all(looked.map(findIn))
  const count = (found: unknown[]) => found.filter(Boolean).length
  const [videos, files] = count(beside) > count(inVideos) ? [root, beside] : [folder, inVideos]
  if (count(files) === rows.length) return { videos, files, looked, odd: finder.odd }
  // Batch1/, Batch2/: a table may name the files without the folders that they were packed into
  const below = await finder.below(root)
  const inBelow = async (name: string) => below.get(name) ?? below.get(folded(name)) ?? undefined
  const further = await Promise.all(rows.map(async (row, i) => beside[i] ?? (await findRow(row, inBelow))))
  if (count(further) > count(files))
    return { videos: root, files: further, looked: [`${root} or below`], odd: finder.odd }
  return { videos, files, looked, odd: finder.odd }
}

/** Path relative to the videos, with "/", and without the parts that lead out of their folder. */
function idOf(videos: string, path: string): string {
  const parts = relative(videos, path).split(sep)
  return parts.filter((part) => part !== '..').join('/')
}
