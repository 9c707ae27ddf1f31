import { basename, dirname, join, parse, relative, sep } from 'node:path'
import { makeFolderBelow } from '../run/output.js'
import { writeNew } from '../run/store.js'
import { stringify } from '../vendor/csv.js'
import { isOwnFile, linesOf, openOwnFile } from './lines.js'
import { type Placed, TILES } from './place.js'
import { fileOf } from './segments.js'
import type { Clip, DataSet, SetItem, Split } from './types.js'

// The tables of a set that is written: the source's own, its weights, tracings and terms.

/** A table of clips as it is written. */
interface ClipTable {
  /** Relative to the set. */
  name: string
  columns: readonly string[]
  /** Whose clips it has; undefined: all. */
  split?: Split
  /** Where those clips lie, relative to the set; undefined: anywhere. */
  folder?: string
}

/** The tables of the clips: the source's own, with a column of splits where these are told nowhere. */
export function clipTables({ source, root, layout, clips }: DataSet): ClipTable[] {
  const { table, parts, columns, mapping, header } = source
  if (layout === 'folder') return [{ name: 'clips.csv', columns: ['path', 'label', 'split'] }]
  const whole = mapping.split ? columns : [...columns, 'split']
  if (!table && !parts) return [{ name: 'clips.csv', columns: whole }] // CAMUS
  if (parts)
    return parts
      .filter(({ split }) => !split || clips.some((clip) => clip.split === split))
      .map(({ table, columns, split }) => {
        const name = relative(root, table).split(sep).join('/')
        if (split) return { columns, split, name }
        return { columns: mapping.split ? columns : [...columns, 'split'], name, folder: dirname(name) }
      })
  const name = basename(table!)
  if (header !== false) return [{ name, columns: whole }]
  // a list has no room for splits: one list a split, as people have them
  const { name: stem, ext } = parse(name)
  const splits = (['train', 'val', 'test'] as const).filter((split) => clips.some((clip) => clip.split === split))
  return splits.map((split) => ({ name: `${stem}_${split}${ext}`, columns, split }))
}

/** Names of all that is written of a set besides its videos. */
export async function tablesOf(dataSet: DataSet, list: boolean, noted: boolean): Promise<string[]> {
  const { layout, root, synthetic } = dataSet
  const traced: string[] = []
  if (layout === 'echonet')
    for (const name of tracingsIn(dataSet)) if (await isOwnFile(join(root, name))) traced.push(name)
  return [
    'weights.csv',
    ...(noted ? ['NOTICE.txt'] : []),
    ...(synthetic ? ['phantom.json'] : []),
    ...traced,
    ...(layout === 'folder' && !list ? [] : clipTables(dataSet).map(({ name }) => name)),
  ]
}

/** Where the tracings lie, or would: one table a table of clips. */
export function tracingsIn({ root, source }: DataSet): string[] {
  const views = (source.parts ?? []).filter(({ split }) => !split)
  if (views.length === 0) return ['VolumeTracings.csv']
  return views.map(({ table }) => `${relative(root, dirname(table)).split(sep).join('/')}/VolumeTracings.csv`)
}

/** Writes the tables, each a file that is not there yet. */
export async function writeTables(
  aside: string,
  dataSet: DataSet,
  placed: readonly Placed[],
  tables: readonly string[],
  list: boolean,
  notices: readonly string[],
): Promise<void> {
  const { source, root } = dataSet
  const timed = placed.some(({ item, clip }) => item && clip?.segment)
  const tiled = !source.columns.includes(TILES) && placed.some(({ row }) => row[TILES])
  const soft = placed.some(({ item }) => item?.soft) ? targetColumns(dataSet) : []
  const weights = placed.flatMap(({ clip, file, item }) =>
    item
      ? [
          [
            ...[clip && list ? clip.path : file, String(item.weight)],
            ...(timed ? timesOf(clip) : []),
            ...soft.map((_, c) => targetOf(item, c)),
          ],
        ]
      : [],
  )
  const contents: Record<string, () => string | AsyncIterable<Uint8Array>> = {
    'weights.csv': () =>
      stringify([['path', 'weight', ...(timed ? ['start', 'end', 'unit'] : []), ...soft], ...weights]),
    'NOTICE.txt': () => `${notices.join('\n\n')}\n`,
    'phantom.json': () => bytesOf(join(root, 'phantom.json')),
  }
  const isBelow = (file: string, folder: string) => file.split(sep).join('/').startsWith(`${folder}/`)
  for (const name of tracingsIn(dataSet))
    contents[name] = () => {
      const here = placed.filter(({ file }) => name === basename(name) || isBelow(file, dirname(name)))
      return tracingsOf(
        join(root, name),
        new Set(
          here.flatMap(({ clip }) => (clip ? [stem(name.includes('/') ? basename(fileOf(clip)) : fileOf(clip))] : [])),
        ),
      )
    }
  for (const { name, columns, split, folder } of clipTables(dataSet)) {
    const rows = placed.flatMap(({ clip, file, row, item }) => {
      const isHere = (!split || split === (clip?.split ?? 'train')) && (!folder || isBelow(file, folder))
      return isHere ? [{ ...row, ...Object.fromEntries(soft.map((name, c) => [name, targetOf(item, c)])) }] : []
    })
    const added = [...(tiled ? [TILES] : []), ...soft].filter((name) => !columns.includes(name))
    const more = (split ?? 'train') === 'train' ? added : []
    const unquoted = [...(source.unquoted ?? []), ...soft]
    contents[name] = () =>
      /\.jsonl$/i.test(name)
        ? rows.map((row) => jsonLine([...columns, ...more], row, unquoted)).join('')
        : source.header === false
          ? rows.map((row) => `${columns.map((name) => row[name]).join(source.delimiter)}\n`).join('')
          : stringify(rows, { header: true, columns: [...columns, ...more], delimiter: source.delimiter })
  }
  for (const name of tables) {
    if (name.includes('/')) await makeFolderBelow(aside, dirname(name))
    await writeNew(join(aside, name), contents[name]())
  }
}

/** A line of a table of JSON lines; what was no text there is none here. */
function jsonLine(columns: readonly string[], row: Record<string, string>, unquoted: readonly string[] = []): string {
  const valueIn = (name: string): unknown => {
    const value = row[name] ?? ''
    if (!unquoted.includes(name)) return value
    if (value === '') return null
    try {
      return JSON.parse(value)
    } catch {
      return value // a made clip's group, for one
    }
  }
  return `${JSON.stringify(Object.fromEntries(columns.map((name) => [name, valueIn(name)])))}\n`
}

/** Columns of the soft targets, one a class, behind all others: "p:EF 30-40". */
const targetColumns = ({ classes }: DataSet) => classes.map((name) => `p:${name}`)

/** With as many digits as a float32 has. */
function targetOf(item: SetItem | undefined, c: number): string {
  const value = item?.soft?.[c]
  return value === undefined ? '' : String(Number(value.toPrecision(9)))
}

/** The part that a clip is, for whoever reads the weights. */
function timesOf(clip: Clip | undefined): string[] {
  const { start, end, unit } = clip?.segment ?? {}
  return [start, end, unit].map((value) => (value === undefined ? '' : String(value)))
}

/** The header and the lines whose first value, a file name, is kept. */
async function* tracingsOf(path: string, kept: ReadonlySet<string>): AsyncGenerator<Uint8Array> {
  let header = true
  for await (const line of linesOf(path)) {
    if (header || kept.has(stem(line.toString().split(',', 1)[0].replaceAll('"', '')))) {
      yield line
      yield NEW_LINE
    }
    header = false
  }
}

const NEW_LINE = Buffer.from('\n')

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await openOwnFile(path)
  yield* file.createReadStream() as AsyncIterable<Buffer>
}

/** EchoNet names a video with its ending in one table and without in the other. */
function stem(name: string): string {
  return name.replace(/\.avi$/i, '')
}
