import { dirname, join, relative, sep } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { FileFinder, folded } from './files.js'
import { isMissing } from './labels.js'
import type { Entry, Reading, Source } from './reading.js'
import { givenSplits } from './split.js'
import { isEchoNet, type Mapping, type Table } from './table.js'

/** One clip a row, its file beside the table or in `Videos/` beside it, whichever holds more of them, or further below. */
export async function readRows(file: string, table: Table, mapping: Mapping, reading: Reading): Promise<Source> {
  if (table.rows.length === 0)
    throw new InfomotionError('DATASET_TABLE_INVALID', `${file} has a header line and no row: expected one a video.`)
  expectWholeVideos(file, table)
  const root = dirname(file)
  const warnings = [...table.warnings]
  const names = table.rows.map((row) => row[mapping.path])
  const { videos, paths, looked, odd } = await findVideos(root, names)

  const missing = names.filter((_, i) => !paths[i])
  if (missing.length > 0) {
    const shown = missing.slice(0, 20).map((name) => (odd.has(name) ? `${name} (no regular file)` : name))
    const what =
      `${missing.length} of the ${names.length} videos in ${file} are not in ${looked.join(' or ')}: ` +
      `${shown.join(', ')}${missing.length > 20 ? ', ...' : ''}.`
    if (!reading.allowMissing || missing.length === names.length) {
      const cure =
        missing.length < names.length ? ' Put them there, or go on without them with the option allowMissing.' : ''
      throw new InfomotionError('DATASET_FILES_MISSING', what + cure)
    }
    warnings.push(what)
  }
  if (!mapping.split && reading.named.size > 0)
    throw new InfomotionError(
      'DATASET_COLUMN_MISSING',
      `${file} has no column of splits that --split-values (option splitValues) could be about. ` +
        `Name it with --split-column; there are ${table.columns.join(', ')}.`,
    )
  const splits =
    mapping.split &&
    givenSplits(
      table.rows.map((row) => row[mapping.split!]),
      `the column ${mapping.split} of ${file}`,
      reading.named,
    )
  const named = (row: Record<string, string>, name: string | undefined) =>
    name !== undefined && !isMissing(row[name]) ? row[name] : undefined
  const entries = table.rows.flatMap((row, i): Entry[] => {
    const path = paths[i]
    if (!path) return []
    const id = idOf(videos, path)
    const group = named(row, mapping.group) ?? id
    const split = splits ? splits[i] : undefined
    return [{ id, path, label: row[mapping.label], split, group, parent: named(row, mapping.parent), row }]
  })
  const layout = isEchoNet(table) ? 'echonet' : 'csv'
  const { columns, delimiter } = table
  return { root, layout, entries, source: { table: file, columns, delimiter, mapping, videos }, warnings }
}

/** Where the videos are: the folder that ids are relative to, and the path of each name. */
async function findVideos(
  root: string,
  names: string[],
): Promise<{ videos: string; paths: (string | undefined)[]; looked: string[]; odd: ReadonlySet<string> }> {
  const finder = new FileFinder()
  const folder = (await finder.folder(join(root, 'Videos'))) ?? join(root, 'Videos')
  const looked = [folder, root]
  const findIn = (at: string) => Promise.all(names.map((name) => (name ? finder.find(at, name) : undefined)))
  const [inVideos, beside] = await Promise.all(looked.map(findIn))
  const count = (found: unknown[]) => found.filter(Boolean).length
  const [videos, paths] = count(beside) > count(inVideos) ? [root, beside] : [folder, inVideos]
  if (count(paths) === names.length) return { videos, paths, looked, odd: finder.odd }
  // Batch1/, Batch2/: a table may name the files without the folders that they were packed into
  const below = await finder.below(root)
  const further = names.map((name, i) => beside[i] ?? below.get(name) ?? below.get(folded(name)))
  const found = further.map((path) => path ?? undefined)
  if (count(found) > count(paths)) return { videos: root, paths: found, looked: [`${root} or below`], odd: finder.odd }
  return { videos, paths, looked, odd: finder.odd }
}

/** Path relative to the videos, with "/", and without the parts that lead out of their folder. */
function idOf(videos: string, path: string): string {
  const parts = relative(videos, path).split(sep)
  return parts.filter((part) => part !== '..').join('/')
}

const START = /^(start|begin|beginning|onset|from)$/
const END = /^(end|stop|offset|to|until|duration|length)$/
const TIME = /^[+-]?(\d+:){0,2}\d+(\.\d+)?$/

/** A table of parts of videos: whole videos would be read in their place, and no one would be told. */
function expectWholeVideos(file: string, table: Table): void {
  const timed = (pattern: RegExp) =>
    table.columns.find((name) => {
      const words = name
        .replace(/([a-z])([A-Z])/g, '$1 $2')
        .toLowerCase()
        .split(/[^a-z]+/)
      const values = table.rows.map((row) => row[name]).filter((value) => !isMissing(value))
      return words.some((word) => pattern.test(word)) && values.length > 0 && values.every((value) => TIME.test(value))
    })
  const [start, end] = [timed(START), timed(END)]
  if (start === undefined || end === undefined) return
  throw new InfomotionError(
    'DATASET_SEGMENTS',
    `The columns ${start} and ${end} of ${file} name parts of videos, and only whole videos are read. Cut the parts out into files ` +
      `of their own (ffmpeg -ss START -to END) and name those; or, if whole videos are meant, take these columns out of the table.`,
  )
}
