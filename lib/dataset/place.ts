import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { isInside } from '../run/output.js'
import { InfomotionError } from '../runtime/errors.js'
import { expectNumber, invalid } from '../runtime/expect.js'
import { tilingName } from '../video/made.js'
import type { MadeClip, Tiling } from '../video/types.js'
import { folded, VIDEO } from './files.js'
import { fileOf } from './segments.js'
import type { Clip, DataSet, SetItem, SourceClip } from './types.js'

/** A clip's place in the written set: its file there, and what the table says of it. */
export interface Placed {
  /** Relative to the set's folder. */
  file: string
  row: Record<string, string>
  /** A clip of the source or of a pool; undefined for a made one. */
  clip?: Clip
  /** Of a folder of pictures that is copied: their names. */
  frames?: readonly string[]
  /** What it stands for in the distilled set; undefined for clips of VAL and TEST. */
  item?: SetItem
}

/** Column of the table that says how composed videos are divided: "2x2", with stretches of time "2x2x4". */
export const TILES = 'Tiles'

/** Names in the set's folder that a run writes itself, whatever the table is called. */
const OWN = [
  ...['weights.csv', 'notice.txt', 'phantom.json', 'volumetracings.csv', 'cache', 'manifest.json', 'student.onnx'],
  ...['report.json', 'report.html', 'comparison.json', 'comparison.html'],
]

/** Names that no clip may have, besides the table's own. */
const RESERVED = [...OWN, 'clips.csv', 'selection.csv', 'selection.json']

/**
 * Refuses clips whose place in the set is one that the set needs itself, is that of another clip, or lies inside another
 * clip's, or leads elsewhere, and a table that is called like another file of the set. Reserved names are compared as file
 * systems do that take `A` for `a`.
 *
 * @throws {InfomotionError} `DATASET_NAME_CLASH`
 */
export function expectNames(placed: readonly Placed[], tables: readonly string[]): void {
  const reserved = new Set([...RESERVED, ...tables.map(folded)])
  for (const table of tables)
    if (OWN.includes(folded(table.split('/')[0])) || table.startsWith('.'))
      throw new InfomotionError(
        'DATASET_NAME_CLASH',
        `The table ${JSON.stringify(table)} would take the place of a file that the distilled set needs itself. Rename it.`,
      )
  const files = new Map<string, Clip | undefined>()
  const clash = (file: string, why: string) =>
    new InfomotionError(
      'DATASET_NAME_CLASH',
      `In the distilled set, clip ${JSON.stringify(file)} ${why}. Rename it (the file and its row), or leave it out.`,
    )
  for (const { file, clip } of placed) {
    if (!isInside(file)) throw clash(file, 'would lie outside the set, or nowhere')
    const top = file.split('/')[0]
    if (reserved.has(folded(top)) || top.startsWith('.'))
      throw clash(file, `would take the place of ${top}, which is the set's own`)
    if (reserved.has(folded(file))) throw clash(file, 'would take the place of a table of the set')
    if (files.has(file) && !areParts(files.get(file), clip))
      throw clash(file, 'would take the place of another clip of that name')
    files.set(file, clip)
  }
  for (const file of files.keys()) {
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder))
      if (files.has(folder)) throw clash(file, `would lie inside ${JSON.stringify(folder)}, which is a clip too`)
  }
}

/** Whether two clips are parts of one file, which is then there once. */
function areParts(one: Clip | undefined, other: Clip | undefined): boolean {
  return one !== undefined && one.path === other?.path && (one.segment ?? other.segment) !== undefined
}

/** Clips of the source in its order, those of TRAIN only where they are items, then made clips and those of a pool. */
export function placeAll(dataSet: DataSet, items: readonly SetItem[], list: boolean): Placed[] {
  const indices = new Map(dataSet.clips.map(({ id }, index) => [id, index]))
  const chosen = new Map<number, SetItem>()
  const added: SetItem[] = []
  for (const [i, item] of items.entries()) {
    expectNumber(item.weight, `items[${i}].weight`, 0)
    if (item.video.kind === 'made' || item.video.clip.pool) {
      added.push(item)
      continue
    }
    const { id } = item.video.clip
    const index = indices.get(id) ?? -1
    if (dataSet.clips[index]?.split !== 'train' || chosen.has(index))
      throw invalid('each TRAIN clip at most once', `items[${i}]`, id)
    chosen.set(index, item)
  }
  const placed: Placed[] = [...dataSet.clips.keys()]
    .filter((index) => dataSet.clips[index].split !== 'train' || chosen.has(index))
    .map((index) => ({ ...place(dataSet, index, list), item: chosen.get(index) }))
  const taken = new Set(placed.map(({ file }) => file))
  for (const item of added) {
    const { video } = item
    const place = video.kind === 'made' ? placeMade(dataSet, video, item) : placePooled(dataSet, video, item, list)
    if (taken.has(place.file))
      throw invalid(
        'a name that no other clip of the set has',
        'the name of a clip that is none of the source',
        place.file,
      )
    taken.add(place.file)
    placed.push({ ...place, item })
  }
  return placed
}

/** The end of the name of a file that a part was cut out into (see `trimmedName`). */
const TRIMMED = /_\d{6,}_\d{6,}(\.\w+)?$/

export function place(dataSet: DataSet, index: number, list: boolean): Omit<Placed, 'item'> & { clip: Clip } {
  const { source, layout } = dataSet
  const clip = dataSet.clips[index]
  if (layout === 'folder') {
    const file = join(clip.split, clip.label, basename(clip.id))
    return { clip, file, row: { path: list ? clip.path : file, label: clip.label, split: clip.split } }
  }
  const row = { ...source.rows[index] }
  const name = row[source.mapping.path]
  // Names that lead out of the set's folder become the file's in it. A part that was cut out into a file keeps the name of
  // its video: by that and its times it is found again.
  const named = (file: string) =>
    clip.segment || !source.mapping.start || TRIMMED.test(name) ? file : file.replace(TRIMMED, '')
  if (list) row[source.mapping.path] = named(clip.path)
  else if (isAbsolute(name) || name.split(/[\\/]/).includes('..')) row[source.mapping.path] = named(fileOf(clip))
  if (!source.mapping.split) row.split = clip.split
  return { clip, file: join(relative(dataSet.root, source.videos), fileOf(clip)), row }
}

function placeMade(dataSet: DataSet, video: MadeClip, item: SetItem): Omit<Placed, 'item' | 'clip'> {
  const { name, count, width, height, fps, tiling } = video
  const parts = name.split('/')
  if (!/[^/]\.avi$/i.test(name) || /[\\:]/.test(name) || parts.some((part) => part === '' || part.startsWith('.')))
    throw invalid('the name of an AVI file below the videos, like "made-1.avi",', 'the name of a made clip', name)
  return placeAdded(dataSet, name, item, { width, height, fps, frames: count }, tiling)
}

/** The place of a pool's clip: its name tells the pool's, so that it is nobody else's. */
function placePooled(dataSet: DataSet, { clip, facts }: SourceClip, item: SetItem, list: boolean) {
  const name = `pool-${fileOf(clip)
    .slice(clip.pool!.name.length + 1)
    .replaceAll('/', '_')}`
  const { file, row } = placeAdded(dataSet, name, item, facts)
  if (list) row[dataSet.layout === 'folder' ? 'path' : dataSet.source.mapping.path] = clip.path
  return { file, row, clip }
}

/** The place of a clip that is none of the source: the name is its own, the row's other values are as its source writes them. */
function placeAdded(
  dataSet: DataSet,
  name: string,
  item: SetItem,
  { width, height, fps, frames }: Partial<NonNullable<SourceClip['facts']>> = {},
  tiling?: Tiling,
): Omit<Placed, 'item' | 'clip'> {
  const { layout, source, root, clips } = dataSet
  const parts = name.split('/')
  if (layout === 'folder') {
    if (/^\.|[\\/]/.test(item.label)) throw invalid('the name of a folder', `the label of ${name}`, item.label)
    const file = join('train', item.label, basename(name))
    return { file, row: { path: file, label: item.label, split: 'train' } }
  }
  const { mapping, columns } = source
  const isTrain = ({ split }: Clip) => split === 'train'
  const like = clips.findIndex((clip) => isTrain(clip) && clip.label === item.label)
  // a composed clip's number may be nobody else's
  const train = source.rows[like >= 0 ? like : clips.findIndex(isTrain)]
  // where a list has no labels, they are the folders' names
  const isOfFolder =
    source.parts?.some((part) => !part.columns.includes(mapping.label)) || !columns.includes(mapping.label)
  if (isOfFolder) parts.unshift(item.label)
  const path = parts.join('/')
  const isNamedWhole = source.rows.some((row) => VIDEO.test(row[mapping.path]))
  const groups = new Set(item.parents.map(({ group }) => group))
  const view = viewOf(dataSet, item.parents[0])
  const row: Record<string, string> = {
    ...Object.fromEntries(columns.map((column) => [column, ''])),
    ...factsIn(columns, { FPS: fps, NumberOfFrames: frames, FrameWidth: width, FrameHeight: height }),
    [mapping.path]: isNamedWhole || !/\.avi$/i.test(path) ? path : path.replace(VIDEO, ''),
    [mapping.label]: isOfFolder ? (train[mapping.label] ?? '') : item.label,
    [mapping.split ?? 'split']: mapping.split ? train[mapping.split] : 'train',
    ...(tiling && !columns.includes(TILES) && { [TILES]: tilingName(tiling) }),
  }
  // a clip made of several patients' is a group of its own
  if (mapping.group) row[mapping.group] = groups.size === 1 ? [...groups][0] : name
  return { file: join(relative(root, source.videos), ...(view ? [view, 'Videos'] : []), ...parts), row }
}

/** The folder of the view that a clip is of, in a set that has a table a view. */
function viewOf({ root, source: { parts = [] } }: DataSet, { path }: Clip): string | undefined {
  const folders = parts.flatMap(({ table, split }) => (split ? [] : [relative(root, dirname(table))]))
  return folders.find((folder) => !relative(join(root, folder), path).startsWith('..'))
}

/** Those facts that the table has a column for. */
function factsIn(columns: readonly string[], facts: Record<string, number | undefined>): Record<string, string> {
  const known = Object.entries(facts).filter(([column, value]) => columns.includes(column) && value !== undefined)
  return Object.fromEntries(known.map(([column, value]) => [column, String(value)]))
}
