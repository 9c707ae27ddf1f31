import { realpath } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import type { Clip } from '../dataset/types.js'
import { isInside } from '../run/output.js'
import { NO_FILE, sha256OfFile, withFile } from '../run/store.js'
import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectBoolean, expectOptions, invalid } from '../runtime/expect.js'
import { readClip } from '../video/clip.js'
import type { MadeClip } from '../video/types.js'
import { expectManifest, type Manifest, type ManifestItem, type TileRecord } from './manifest.js'
import { atFullSize, expandItems } from './tile.js'
import type { DistilledItem, Tile } from './types.js'

export interface ReadDistilledOptions {
  /** Gives the tiles of composed videos in their place: what students are trained on. Default false. */
  tiles?: boolean
  signal?: AbortSignal
}

/** A distilled set that was written. */
export interface ReadDistilled {
  /** Class names; `classIndex` of the items counts in them. */
  classes: string[]
  /** How labels became classes, and what the table's columns are called, where there is a table: for `readDataSet`. */
  scheme: string
  columns: { path?: string; label?: string; split?: string; group?: string }
  selector: string
  items: DistilledItem[]
}

/** Largest manifest that is read: one of a million tiles has some 300 MB. */
const MAX_BYTES = 2 ** 29

/**
 * Reads the training part of a set that `distill` wrote, by its `manifest.json`, which says what the videos hold. With
 * `tiles`, each item is a sample: a clip, or a tile of a composed video, cut out and at the size and rate of the clip that
 * it shows. Frames are read where they are asked for (`video.frames` of a made clip is a function then). Parents are named
 * by their ids; where they lay is not known, and their `path` is empty.
 *
 * @param folder - with manifest.json
 * @throws {InfomotionError} `DISTILLED_NOT_FOUND`; `DISTILLED_INVALID` where the manifest is none, was edited to what
 *   cannot be (a tile outside its video, unknown keys, other sizes), or its files are missing or others; `ABORTED`
 * @example
 * ```js
 * const { items, classes } = await readDistilled('distilled', { tiles: true })
 * for (const { video, classIndex, weight } of items) if (video.kind === 'made') console.log(await video.frames(), weight)
 * ```
 */
export async function readDistilled(folder: string, options: ReadDistilledOptions = {}): Promise<ReadDistilled> {
  if (typeof folder !== 'string' || folder === '') throw invalid('the folder of a distilled set', 'folder', folder)
  expectOptions(options, 'readDistilled', ['tiles', 'signal'])
  const { signal } = options
  const whole = !expectBoolean(options.tiles ?? false, 'tiles')
  throwIfAborted(signal)
  const path = join(resolve(folder), 'manifest.json')
  const manifest = expectManifest(await jsonOf(path, signal), path)
  const root = await realpath(resolve(folder))
  const items: DistilledItem[] = []
  for (const [i, item] of manifest.items.entries()) {
    throwIfAborted(signal)
    items.push(itemOf(item, await fileOf(item, root, `${path}, items[${i}]`, signal), manifest))
  }
  const { classes, dataSet, selector } = manifest
  const names = classes.map(({ name }) => name)
  const set = { classes: names, scheme: dataSet.scheme, columns: dataSet.columns ?? {}, selector }
  return { ...set, items: whole ? items : expandItems(items, cutter()) }
}

async function jsonOf(path: string, signal?: AbortSignal): Promise<unknown> {
  try {
    const text = await withFile(
      path,
      async (file) => {
        const { size } = await file.stat()
        if (size > MAX_BYTES) throw damaged(path, `it has ${size} bytes, more than the ${MAX_BYTES} that are read`)
        return file.readFile('utf8')
      },
      signal,
    )
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(path, `it is no JSON: ${error.message}`)
    if (!NO_FILE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new InfomotionError(
      'DISTILLED_NOT_FOUND',
      `Expected a distilled set with its manifest at ${path}, but found none (${(error as NodeJS.ErrnoException).code}).`,
      { cause: error },
    )
  }
}

function damaged(where: string, what: string): InfomotionError {
  return new InfomotionError('DISTILLED_INVALID', `${where}: ${what}.`)
}

/** The file of an item, as it was when the set was written. */
async function fileOf(item: ManifestItem, root: string, where: string, signal?: AbortSignal): Promise<string> {
  const { file, sha256, tiles } = item
  if (file === undefined) throw damaged(where, 'its video is not in this folder: the set was written as a list')
  if (!isInside(file)) throw damaged(where, `its file ${JSON.stringify(file)} would lie outside the folder`)
  const path = join(root, ...file.split('/'))
  try {
    // of a set of links the clips of the source lie elsewhere; what was made never does
    if (item.kind === 'made' && !(await realpath(path)).startsWith(root + sep))
      throw damaged(where, `its file ${JSON.stringify(file)} leads out of the folder`)
    if ((await sha256OfFile(path, signal)) !== sha256)
      throw damaged(where, `its file ${file} is not the one that was written (its SHA-256 differs)`)
  } catch (error) {
    if (!NO_FILE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw damaged(where, `its file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  if (!tiles) return path
  const { width, height, promisedFrames } = await readClip(path, { maxFrames: 1, signal })
  if (width !== item.width || height !== item.height || promisedFrames !== item.frames)
    throw damaged(
      where,
      `it says ${item.width} x ${item.height} px and ${item.frames} frames, but its file has ${width} x ${height} and ${promisedFrames}`,
    )
  return path
}

function itemOf(item: ManifestItem, path: string, { classes }: Manifest): DistilledItem {
  const { label, weight, module, visitRate, rank, kind, tiles, targets, segment } = item
  const classIndex = classes.findIndex(({ name }) => name === item.class)
  const clipOf = (id: string, { pool, madeFrom = [] }: FromPool = {}): Clip => ({
    ...{ id, path: '', label, classIndex, split: 'train', group: id },
    ...(pool !== undefined && { pool: { name: pool, parents: madeFrom } }),
  })
  return {
    video:
      kind === 'made'
        ? videoOf(item, path)
        : { kind: 'source', clip: { ...clipOf(item.path, item), path, ...(segment && { segment }) } },
    ...{ label, classIndex, weight, module, visitRate, rank },
    parents: item.parents.map((id, i) => clipOf(id, tiles ? tiles[i] : item)),
    ...(targets && { soft: Float32Array.from(targets) }),
    ...(tiles && { tiles: tiles.map((tile) => tileOf(tile, clipOf)) }),
  }
}

type FromPool = Pick<TileRecord, 'pool' | 'madeFrom'>

function tileOf(
  { parent, pool, madeFrom, targets, ...tile }: TileRecord,
  clipOf: (id: string, from: FromPool) => Clip,
): Tile {
  const clip = { ...clipOf(parent, { pool, madeFrom }), label: tile.label }
  return { ...tile, parent: clip, ...(targets && { soft: Float32Array.from(targets) }) }
}

function videoOf({ path: name, width = 0, height = 0, fps = 0, frames = 0 }: ManifestItem, path: string): MadeClip {
  const read = async (signal?: AbortSignal) => (await readClip(path, { signal })).frames
  return { kind: 'made', name, frames: read, count: frames, width, height, fps }
}

/** Cuts tiles out of their videos; the video that was read last is kept, since its tiles come one after the other. */
function cutter() {
  let last: { video: unknown; frames: Promise<Uint8Array> } | undefined
  const numbers = new Map<unknown, number>()
  return (tile: Tile, { video }: DistilledItem): MadeClip => {
    const { name, width, height } = video as MadeClip
    const number = (numbers.get(video) ?? 0) + 1
    numbers.set(video, number)
    const frames = async (signal?: AbortSignal) => {
      if (last?.video !== video) {
        const { frames } = video as MadeClip
        last = { video, frames: typeof frames === 'function' ? frames(signal) : Promise.resolve(frames) }
      }
      const own = last
      const all = await own.frames.catch((error) => {
        if (last === own) last = undefined
        throw error
      })
      return atFullSize(cut(all, { width, height }, tile), tile, signal)
    }
    const { place, fps } = tile
    const own = { width: tile.width, height: tile.height, fps, count: place.to - place.from }
    return { kind: 'made', name: name.replace(/\.avi$/i, `-${number}.avi`), frames, ...own }
  }
}

/** The part of a video that is a tile. */
function cut(frames: Uint8Array, { width, height }: { width: number; height: number }, { place }: Tile): Uint8Array {
  const out = new Uint8Array((place.to - place.from) * place.height * place.width)
  let o = 0
  for (let t = place.from; t < place.to; t++)
    for (let y = place.y; y < place.y + place.height; y++, o += place.width) {
      const at = (t * height + y) * width + place.x
      out.set(frames.subarray(at, at + place.width), o)
    }
  return out
}
