import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NO_FILE, sha256OfFile, withFile } from '../run/store.js'
import { InfomotionError, unlessAborted, whileReading } from '../runtime/errors.js'
import { inLanes } from '../runtime/lanes.js'
import { native } from '../runtime/native.js'
import type { Format } from './format.js'
import { decodeImage, imageKind, type Luma } from './images.js'
import { standIn } from './stand-in.js'
import { ASSUMED_FPS, type DecodeOptions, type Frames, MAX_CLIP_BYTES, MAX_SIDE, type Oddity } from './types.js'

/** File name endings of pictures that are read, and of others that frames are kept in too. */
const PICTURE = /\.(jpe?g|png|p[gpn]m)$/i
const OTHER_PICTURE = /\.(tiff?|bmp|webp|jp2|jpe?2000|exr|tga)$/i

/** Whether a folder, or what a link leads to, is a clip: it holds pictures, be they of a kind that is not read. */
export async function isPictureFolder(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.some((entry) => isPicture(entry.name) && (entry.isFile() || entry.isSymbolicLink()))
}

/** By its name; hidden files are none. */
export const isPicture = (name: string) => !name.startsWith('.') && (PICTURE.test(name) || OTHER_PICTURE.test(name))

/** Names this decoder with the version of what decodes JPEGs; other pictures lose nothing, whoever decodes them. */
const picturesDecoder = () => `pictures (libjpeg-turbo ${native().jpegLibrary ?? 'none'})`

/** A folder's pictures, in the order of the frames. */
interface Pictures {
  names: string[]
  /** Numbers that lack between those in the names, as text: "4", "8 to 9". */
  gaps: string[]
  missing: number
  /** Names of what else lies there. */
  unread: string[]
}

/** Pictures that are read at once: enough to keep the threads busy. */
const AT_ONCE = 16

/** Largest file that is taken for a picture. */
const MAX_PICTURE_BYTES = 2 ** 28

/** Files that systems put into folders. */
const COMPANIONS = /^(thumbs\.db|desktop\.ini)$/i

/**
 * The pictures that are frames of the clip in a folder: regular files, or links to such, in the natural order of their
 * names (frame2 before frame10).
 *
 * @throws VIDEO_NOT_FOUND (no folder, or none with pictures), VIDEO_UNREADABLE (pictures of other kinds, or of several clips)
 */
export async function listPictures(folder: string): Promise<Pictures> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (!NO_FILE.includes(cause.code ?? '')) throw whileReading(cause, folder)
    throw new InfomotionError('VIDEO_NOT_FOUND', `Expected a folder of pictures at ${folder}: ${cause.code}.`, {
      cause,
    })
  })
  const seen = entries.filter(({ name }) => !name.startsWith('.') && !COMPANIONS.test(name))
  const names: string[] = []
  for (const entry of seen) if (PICTURE.test(entry.name) && (await isFile(folder, entry))) names.push(entry.name)
  if (names.length === 0) {
    const other = seen.find(({ name }) => OTHER_PICTURE.test(name))
    if (other)
      throw new InfomotionError(
        'VIDEO_UNREADABLE',
        `Expected the frames of a clip in ${folder} as JPEG, PNG or PGM, but found ${other.name}. Convert the pictures, ` +
          'e.g. to PNG, which loses nothing.',
      )
    const found = seen.length === 0 ? 'nothing' : `${firstOf(seen.map(({ name }) => name).sort())}, but no pictures`
    throw new InfomotionError(
      'VIDEO_NOT_FOUND',
      `Expected a clip at ${folder}: it is a folder, not a file, and holds ${found}.`,
    )
  }
  const frames = framesAmong(folder, names).sort(natural)
  const kept = new Set(frames)
  const unread = seen.map(({ name }) => name).filter((name) => !kept.has(name))
  return { names: frames, ...gapsIn(frames), unread: unread.sort(natural) }
}

/**
 * A link must lead to what begins as a picture: frames are copied into distilled sets, and a link could lead to any file of
 * this machine.
 */
async function isFile(folder: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile()
  const head = withFile(join(folder, entry.name), async (file) => (await file.read(Buffer.alloc(4), 0, 4, 0)).buffer)
  return head.then((bytes) => imageKind(bytes) !== undefined).catch(() => false)
}

const { compare } = new Intl.Collator('en', { numeric: true })

/** Numbers in names by their value; names that are equal so, by their characters. */
function natural(a: string, b: string): number {
  return compare(a, b) || (a < b ? -1 : a > b ? 1 : 0)
}

/** Optical flow that MMAction2 and TSN keep beside the frames. */
const FLOW_SERIES = /^(flow|[xyuv]_?#)/

/**
 * Those of the pictures that are the clip's frames. Names that are the same but for their numbers are a series; two of them
 * that count in parallel (img_1, flow_x_1, ...) are two clips, unless one is flow, which is left out.
 *
 * @throws VIDEO_UNREADABLE
 */
function framesAmong(folder: string, names: readonly string[]): string[] {
  const series = new Map<string, string[]>()
  for (const name of names) {
    const key = name.toLowerCase().replace(/\d+/g, '#')
    const members = series.get(key)
    if (members) members.push(name)
    else series.set(key, [name])
  }
  if (series.size === 1 || !countInParallel([...series.values()])) return [...names]
  const left = [...series].filter(([key]) => !FLOW_SERIES.test(key))
  if (left.length > 0 && !countInParallel(left.map(([, members]) => members)))
    return left.flatMap(([, members]) => members)
  const found = [...series].slice(0, 5).map(([key, { length }]) => `${key.replaceAll('#', '*')} (${length})`)
  throw new InfomotionError(
    'VIDEO_UNREADABLE',
    `${folder} holds ${series.size} series of pictures with the same numbers: ${found.join(', ')}. Which are the frames? ` +
      'Keep one series in a folder.',
  )
}

/** Whether two series hold the same numbers: half of the shorter one's, and at least two. */
function countInParallel(series: readonly string[][]): boolean {
  const numbers = series.map(
    (names) => new Set(names.flatMap((name) => /(\d+)\D*$/.exec(stem(name))?.slice(1) ?? []).map(Number)),
  )
  return numbers.some((some, i) =>
    numbers.slice(0, i).some((others) => {
      const shared = [...some].filter((number) => others.has(number)).length
      return shared >= Math.max(2, Math.min(some.size, others.size) / 2)
    }),
  )
}

const stem = (name: string) => name.replace(/\.[^.]*$/, '')

/** The numbers that lack where names differ in one number only. The usual distance counts as one step: every 5th frame is whole. */
function gapsIn(names: readonly string[]): { gaps: string[]; missing: number } {
  const none = { gaps: [], missing: 0 }
  const keys = new Set(names.map((name) => stem(name).replace(/\d+/g, '#')))
  const runs = names.map((name) => (stem(name).match(/\d+/g) ?? []).map(Number))
  const varying = runs[0].flatMap((first, c) => (runs.some((run) => run[c] !== first) ? [c] : []))
  if (keys.size !== 1 || varying.length !== 1) return none
  const numbers = runs.map((run) => run[varying[0]])
  const steps = numbers.slice(1).map((number, i) => number - numbers[i])
  const step = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)]
  if (!numbers.every(Number.isSafeInteger) || !(step > 0)) return none
  const gaps: string[] = []
  let missing = 0
  steps.forEach((distance, i) => {
    const lacking = Math.round(distance / step) - 1
    if (lacking < 1) return
    missing += lacking
    const first = numbers[i] + step
    gaps.push(lacking === 1 ? `${first}` : `${first} to ${numbers[i + 1] - step}`)
  })
  return { gaps, missing }
}

/**
 * Decodes a folder of pictures as one clip. A picture that cannot be read, or is of another size than most, is a damaged
 * frame: the good one before it stands in for it.
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_UNREADABLE, VIDEO_TOO_LARGE, ABORTED
 */
async function decodePictures(folder: string, options: DecodeOptions): Promise<Frames> {
  const { maxFrames, fps } = options
  const { names, gaps, missing, unread } = await listPictures(folder)
  const chosen = names.slice(0, maxFrames)
  const { frames, width, height, good, why } = await unlessAborted(decodeAll(folder, chosen, options), options.signal)
  const damagedFrames = chosen.length - good.reduce((sum, one) => sum + one, 0)
  standIn(frames, good, width * height)
  const oddities: Oddity[] = []
  const odd = (kind: Oddity['kind'], when: boolean, text: string) => when && oddities.push({ kind, text })
  const whole = maxFrames === undefined
  odd('rate', fps === undefined, `Pictures have no frame rate: ${ASSUMED_FPS} fps is assumed.`)
  odd(
    'damaged',
    whole && missing > 0,
    `${missing} of ${names.length + missing} frames are missing, by the numbers of their names: ${firstOf(gaps)}.`,
  )
  odd(
    'damaged',
    damagedFrames > 0,
    `${damagedFrames} of ${chosen.length} frames are damaged (${why}); the good frame before each stands in for it.`,
  )
  odd('unread', unread.length > 0, `${unread.length} files beside the frames are not read: ${firstOf(unread)}.`)
  return {
    ...{ frames, count: chosen.length, width, height, fps: fps ?? ASSUMED_FPS },
    ...{ backend: 'pictures', decoder: picturesDecoder(), damagedFrames },
    ...(whole && missing > 0 && { promisedFrames: names.length + missing }),
    oddities,
    warnings: oddities.map(({ text }) => text),
  }
}

/** A folder of pictures is no file of bytes, but read as the formats are. */
export const PICTURES: Format = {
  name: 'pictures',
  recognises: () => false,
  decoder: picturesDecoder,
  decode: (_bytes, folder, options) => decodePictures(folder, options),
}

/**
 * SHA-256 of a clip, in hexadecimal: of its file's bytes, or of its pictures' names and bytes.
 *
 * @throws as `sha256OfFile`, {@link listPictures}
 */
export async function sha256OfClip(path: string, signal?: AbortSignal): Promise<string> {
  if (!(await isPictureFolder(path))) return sha256OfFile(path, signal)
  const hash = createHash('sha256')
  for (const name of (await listPictures(path)).names)
    hash.update(`${await sha256OfFile(join(path, name), signal)} ${name}\n`)
  return hash.digest('hex')
}

const firstOf = (all: readonly string[]) => all.slice(0, 5).join(', ') + (all.length > 5 ? ', ...' : '')

/** The frames of one size. `good`: 1 for each that could be read. `why`: what is wrong with the first that could not. */
interface Decoded {
  frames: Uint8Array
  width: number
  height: number
  good: Uint8Array
  why: string
}

/** All pictures in the size that most of them have: that of the first one, unless it turns out to be another. */
async function decodeAll(folder: string, names: readonly string[], options: DecodeOptions): Promise<Decoded> {
  const { signal } = options
  const sizes = new Map<string, number>()
  const faults: { index: number; text: string }[] = []
  const read = async (index: number): Promise<Luma | undefined> => {
    const image = await readPicture(join(folder, names[index])).catch((error: Error) => {
      if (error instanceof InfomotionError) throw error
      faults.push({ index, text: `${names[index]}: ${error.message}` })
      return undefined
    })
    if (image) sizes.set(sizeOf(image), (sizes.get(sizeOf(image)) ?? 0) + 1)
    return image
  }
  let at = 0
  let first: Luma | undefined
  while (at < names.length && !first) first = await read(at++)
  if (!first) throw unreadable(folder, `none of ${names.length} pictures could be read (${faults[0]?.text})`)
  const decodeAs = async (width: number, height: number, given?: { index: number; image: Luma }) => {
    const bytes = width * height
    if (bytes * names.length > MAX_CLIP_BYTES)
      throw new InfomotionError(
        'VIDEO_TOO_LARGE',
        `${folder} holds ${names.length} pictures of ${width} x ${height}, more than ${MAX_CLIP_BYTES / 2 ** 30} GiB of luma. ` +
          'Scale them down, or read the first only with the option maxFrames.',
      )
    await options.reserve?.(bytes * names.length)
    const frames = new Uint8Array(bytes * names.length)
    const good = new Uint8Array(names.length)
    const take = (index: number, image: Luma | undefined) => {
      if (image?.width !== width || image.height !== height) return
      frames.set(image.pixels, index * bytes)
      good[index] = 1
    }
    if (given) take(given.index, given.image)
    const start = given ? given.index + 1 : 0
    await inLanes(AT_ONCE, names.length - start, signal, async (i) => take(start + i, await read(start + i)))
    return { frames, width, height, good }
  }
  let decoded = await decodeAs(first.width, first.height, { index: at - 1, image: first })
  const [usual, votes] = [...sizes].reduce((best, next) => (next[1] > best[1] ? next : best))
  const readable = [...sizes.values()].reduce((sum, count) => sum + count, 0)
  if (2 * votes < readable)
    throw unreadable(
      folder,
      `its pictures have ${sizes.size} sizes, e.g. ${firstOf([...sizes.keys()])}: frames of one clip have one`,
    )
  if (usual !== sizeOf(first)) {
    const [width, height] = usual.split(' x ').map(Number)
    decoded = await decodeAs(width, height)
  }
  const fault = faults.sort((a, b) => a.index - b.index)[0]
  return { ...decoded, why: fault?.text ?? `of another size than ${usual}` }
}

const sizeOf = ({ width, height }: Luma) => `${width} x ${height}`

function unreadable(folder: string, why: string): InfomotionError {
  return new InfomotionError('VIDEO_UNREADABLE', `Expected the frames of a clip in ${folder}, but ${why}.`)
}

/** Throws a plain Error where the picture is at fault, and an InfomotionError where the disk is. */
async function readPicture(path: string): Promise<Luma> {
  const reading = withFile(path, async (file) => {
    const { size } = await file.stat()
    if (size === 0) throw new Error('it is empty')
    if (size > MAX_PICTURE_BYTES) throw new Error(`it has ${size} bytes`)
    return file.readFile()
  })
  const bytes = await reading.catch((error: NodeJS.ErrnoException) => {
    throw error.code === undefined || NO_FILE.includes(error.code)
      ? new Error(error.message)
      : whileReading(error, path)
  })
  const image = await decodeImage(bytes).catch((error: Error) => {
    throw (error as InfomotionError).code === 'IMAGE_UNREADABLE' ? new Error(error.message.replace(/\.$/, '')) : error
  })
  if (image.width > MAX_SIDE || image.height > MAX_SIDE) throw new Error(`it has ${sizeOf(image)} pixels`)
  return image
}
