import { InfomotionError } from '../runtime/errors.js'
import { expectInteger, expectList, expectNumber, expectObject, expectOneOf, invalid } from '../runtime/expect.js'
import { MAX_CLIP_BYTES, MAX_SIDE, type Place, type Segment } from '../video/types.js'

/** What is read of a manifest: the rest tells people how it came about. */
export interface Manifest {
  dataSet: { scheme: string; columns?: { path?: string; label?: string; split?: string; group?: string } }
  selector: string
  classes: { name: string }[]
  items: ManifestItem[]
}

/** One video of a distilled set, as manifest, report.json and page tell of it. */
export interface ItemRecord {
  /** The clip's id: its file relative to the data set's video folder, and its part; of a made clip its name in the distilled set. */
  path: string
  /** The part of its file that it is; absent: all of it. */
  segment?: Segment
  /** As it stands in the source: an EF ("57.3"), or a name. */
  label: string
  /** Name of its class. */
  class: string
  weight: number
  module: number
  /** How often the random walk on the class graph visits it, 0 to 1. */
  visitRate: number
  rank: number
  /** The TRAIN clips that it is made of, named as `path` is; a clip of the source is its own parent. */
  parents: string[]
  /** There where it is no clip of the source. */
  kind?: 'made'
  /** Of a clip of a pool: the pool, whose name its path begins with, and the clips of the data set it was made from. */
  pool?: string
  madeFrom?: string[]
  /** Where students learn a distribution of it: a probability a class. */
  targets?: number[]
  /** Of a composed video, with what it holds. */
  width?: number
  height?: number
  fps?: number
  frames?: number
  tiles?: TileRecord[]
}

/** A tile of a composed video. */
export interface TileRecord {
  parent: string
  /** As of an item, of its parent. */
  pool?: string
  madeFrom?: string[]
  label: string
  weight: number
  module: number
  visitRate: number
  rank: number
  targets?: number[]
  place: Place
  width: number
  height: number
  fps: number
}

export interface ManifestItem extends ItemRecord {
  /** Relative to the set's folder; absent where the video is not in there. */
  file?: string
  sha256: string
}

const KEYS = {
  manifest: [
    ...[
      'schema',
      'generator',
      'method',
      'dataSet',
      'options',
      'selector',
      'effectiveSampleSize',
      'size',
      'composition',
    ],
    ...['embeddings', 'descriptor', 'teacher', 'pool', 'classes', 'items', 'notices'],
  ],
  item: [
    ...[
      'path',
      'label',
      'class',
      'weight',
      'module',
      'flow',
      'visitRate',
      'rank',
      'parents',
      'kind',
      'pool',
      'madeFrom',
      'targets',
    ],
    ...['width', 'height', 'fps', 'frames', 'tiles', 'segment', 'file', 'sha256', 'bytes'],
  ],
  tile: [
    ...[
      'parent',
      'pool',
      'madeFrom',
      'label',
      'weight',
      'module',
      'visitRate',
      'rank',
      'targets',
      'place',
      'width',
      'height',
      'fps',
    ],
  ],
  place: ['x', 'y', 'width', 'height', 'from', 'to'],
  segment: ['start', 'end', 'unit'],
}

/** Frames of a clip, and frames in a second: wide limits of what a manifest may claim. */
const MAX_FRAMES = 2 ** 24
const MAX_FPS = 1e6

/** Checks what a manifest says, which people may have edited. */
export function expectManifest(given: unknown, path: string): Manifest {
  try {
    return checked(given)
  } catch (error) {
    if ((error as InfomotionError).code !== 'INVALID_ARGUMENT') throw error
    throw new InfomotionError('DISTILLED_INVALID', `${path}: ${(error as Error).message}`, { cause: error })
  }
}

function checked(given: unknown): Manifest {
  const manifest = expectObject(given as Manifest & { schema: unknown }, 'the manifest', KEYS.manifest)
  if (manifest.schema !== 1) throw invalid('schema 1', 'schema', manifest.schema)
  const { dataSet, classes, items } = manifest
  if (typeof dataSet !== 'object' || dataSet === null) throw invalid('an object', 'dataSet', dataSet)
  expectText(dataSet.scheme, 'dataSet.scheme')
  for (const [name, column] of Object.entries(dataSet.columns ?? {})) expectText(column, `dataSet.columns.${name}`)
  expectText(manifest.selector, 'selector')
  for (const [i, part] of expectList(classes, 'classes').entries()) expectText(part?.name, `classes[${i}].name`)
  for (const [i, item] of expectList(items, 'items').entries()) expectItem(item, `items[${i}]`, classes)
  return manifest
}

function expectItem(item: ManifestItem, name: string, classes: Manifest['classes']): void {
  expectObject(item, name, KEYS.item)
  for (const key of ['path', 'sha256'] as const) expectText(item[key], `${name}.${key}`)
  if (item.file !== undefined) expectText(item.file, `${name}.file`)
  expectSample(item, name, classes)
  expectOneOf(
    item.class,
    `${name}.class`,
    classes.map(({ name }) => name),
  )
  for (const [i, parent] of expectList(item.parents, `${name}.parents`).entries())
    expectText(parent, `${name}.parents[${i}]`)
  expectSource(item, name)
  if (item.kind !== undefined) expectOneOf(item.kind, `${name}.kind`, ['made'])
  if (item.segment !== undefined) {
    const { start, end, unit } = expectObject(item.segment, `${name}.segment`, KEYS.segment)
    expectNumber(start, `${name}.segment.start`, 0)
    if (end !== undefined) expectNumber(end, `${name}.segment.end`, start)
    expectOneOf(unit, `${name}.segment.unit`, ['seconds', 'frames'])
  }
  const { tiles } = item
  if (tiles === undefined) {
    if (item.kind === 'made') throw invalid('the tiles of a made video', `${name}.tiles`, tiles)
    return
  }
  if (item.kind !== 'made') throw invalid('"made", since it has tiles,', `${name}.kind`, item.kind)
  const video = expectSize(item, name)
  const frames = expectInteger(item.frames, `${name}.frames`, 1, MAX_FRAMES)
  if (expectList(tiles, `${name}.tiles`).length === 0) throw invalid('one tile or more', `${name}.tiles`, tiles)
  for (const [i, tile] of tiles.entries()) expectTile(tile, `${name}.tiles[${i}]`, { ...video, frames }, classes)
}

function expectTile(
  tile: TileRecord,
  name: string,
  video: { width: number; height: number; frames: number },
  classes: Manifest['classes'],
): void {
  expectObject(tile, name, KEYS.tile)
  expectText(tile.parent, `${name}.parent`)
  expectSource(tile, name)
  expectSample(tile, name, classes)
  const { width, height } = expectSize(tile, name)
  const { place } = tile
  expectObject(place, `${name}.place`, KEYS.place)
  const inside = (start: 'x' | 'y' | 'from', length: 'width' | 'height' | 'to', most: number) => {
    const first = expectInteger(place[start], `${name}.place.${start}`, 0, most - 1)
    const room = length === 'to' ? most : most - first
    expectInteger(place[length], `${name}.place.${length}`, length === 'to' ? first + 1 : 1, room)
  }
  inside('x', 'width', video.width)
  inside('y', 'height', video.height)
  inside('from', 'to', video.frames)
  const bytes = (place.to - place.from) * width * height
  if (bytes > MAX_CLIP_BYTES) throw invalid(`at most ${MAX_CLIP_BYTES} bytes of frames`, `the size of ${name}`, bytes)
}

/** What items and tiles have. */
function expectSample(sample: ManifestItem | TileRecord, name: string, classes: Manifest['classes']): void {
  expectText(sample.label, `${name}.label`)
  expectNumber(sample.weight, `${name}.weight`, 0)
  expectInteger(sample.module, `${name}.module`, -1)
  expectNumber(sample.visitRate, `${name}.visitRate`, 0)
  expectInteger(sample.rank, `${name}.rank`, 0)
  const { targets } = sample
  if (targets === undefined) return
  expectList(targets, `${name}.targets`)
  const sum = targets.reduce((s, p, i) => s + expectNumber(p, `${name}.targets[${i}]`, 0, 1), 0)
  if (targets.length !== classes.length || Math.abs(sum - 1) > 1e-3)
    throw invalid(`${classes.length} probabilities of sum 1`, `${name}.targets`, targets)
}

function expectSize(of: ManifestItem | TileRecord, name: string) {
  const width = expectInteger(of.width, `${name}.width`, 1, MAX_SIDE)
  const height = expectInteger(of.height, `${name}.height`, 1, MAX_SIDE)
  expectNumber(of.fps, `${name}.fps`, Number.MIN_VALUE, MAX_FPS)
  return { width, height }
}

function expectSource({ pool, madeFrom = [] }: Pick<TileRecord, 'pool' | 'madeFrom'>, name: string): void {
  if (pool !== undefined) expectText(pool, `${name}.pool`)
  for (const [i, id] of expectList(madeFrom, `${name}.madeFrom`).entries()) expectText(id, `${name}.madeFrom[${i}]`)
}

function expectText(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '') throw invalid('a text', name, value)
}
