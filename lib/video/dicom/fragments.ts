import { InfomotionError } from '../../runtime/errors.js'

/** A range of bytes. */
export interface Range {
  start: number
  end: number
}

/** What is between the item tags of encapsulated pixels (PS3.5, A.4). */
export interface Encapsulated {
  fragments: Range[]
  /** Where each frame starts, in bytes behind the first fragment's item tag; empty where the table is. */
  offsets: number[]
}

const ITEM = Buffer.from('feff00e0', 'hex')
const DELIMITER = 0xe0dd_fffe

/** More fragments than these no real file has: weeks of video, a fragment a frame. */
const MAX_FRAGMENTS = 2 ** 22

/**
 * Finds the fragments. Lengths are trusted no further than the next item confirms them; where one does not, the search goes
 * on at the next item that does.
 */
export function fragmentsOf(bytes: Buffer, at: number): Encapsulated {
  const items: Range[] = []
  while (at + 8 <= bytes.length && bytes.readUInt32LE(at) !== DELIMITER) {
    if (!isItem(bytes, at)) {
      at = nextItem(bytes, at)
      continue
    }
    const end = at + 8 + bytes.readUInt32LE(at + 4)
    const next = isFollowed(bytes, end) ? end : nextItem(bytes, at + 8)
    if (items.length > MAX_FRAGMENTS)
      throw new InfomotionError('VIDEO_TOO_LARGE', `A DICOM of more than ${MAX_FRAGMENTS} fragments is not read here.`)
    items.push({ start: at + 8, end: Math.min(next, bytes.length) })
    at = next
  }
  const first = items[0] && bytes.subarray(items[0].start, items[0].end)
  if (!first || first.length % 4 !== 0 || startsFrame(first)) return { fragments: items, offsets: [] }
  const entries = first.length / 4
  // one of more frames than there are fragments is wrong, and may be huge
  const offsets = entries < items.length ? Array.from({ length: entries }, (_, i) => first.readUInt32LE(4 * i)) : []
  return { fragments: items.slice(1), offsets }
}

const isItem = (bytes: Buffer, at: number) => ITEM.compare(bytes, at, at + 4) === 0

/** There is another item here, or the end. */
function isFollowed(bytes: Buffer, at: number): boolean {
  return at === bytes.length || (at + 8 <= bytes.length && (isItem(bytes, at) || bytes.readUInt32LE(at) === DELIMITER))
}

/** The next item whose length leads to another, or to the end; else the bytes' end. */
function nextItem(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(ITEM, from); at >= 0 && at + 8 <= bytes.length; at = bytes.indexOf(ITEM, at + 4))
    if (isFollowed(bytes, at + 8 + bytes.readUInt32LE(at + 4))) return at
  return bytes.length
}

/** The bytes start as a frame does: of JPEG, JPEG-LS, JPEG 2000 (bare or in a file's boxes), or RLE. */
function startsFrame(bytes: Buffer): boolean {
  const start = bytes.toString('hex', 0, 8)
  if (/^(ffd8ff|ff4fff51|0000000c6a502020)/.test(start)) return true
  return bytes.length >= 64 && bytes[0] > 0 && bytes[0] <= 15 && start.endsWith('00000040000000')
}

/**
 * The fragments of each frame. Tables of offsets are often empty, sometimes wrong, and so is the number of frames: the first
 * of these is taken that makes as many frames as promised and lets each image start a frame: a table, one fragment a
 * frame, from one start of an image to the next, all fragments one frame. If none does, images count.
 *
 * @param tables - where each frame starts: in bytes behind the first fragment's item tag
 * @param promised - how many frames the header says there are
 */
export function framesOf(bytes: Buffer, fragments: Range[], tables: number[][], promised?: number): Range[][] {
  if (fragments.length === 0) return []
  const places = new Map(fragments.map(({ start }, i) => [start - fragments[0].start, i]))
  const images = [...fragments.keys()].filter((i) => startsFrame(bytes.subarray(fragments[i].start, fragments[i].end)))
  const byTable = tables
    .map((table) => table.map((offset) => places.get(offset) ?? -1))
    .filter((first) => first[0] === 0 && first.every((place, i) => i === 0 || place > first[i - 1]))
  const byImage = images.length > 0 ? [[0, ...images.filter((i) => i > 0)]] : []
  const ways = [...byTable, [...fragments.keys()], ...byImage, [0]]
  const agreeing = ways.find((first) => {
    const starts = new Set(first)
    return first.length === promised && images.every((i) => starts.has(i))
  })
  const first = agreeing ?? byImage[0] ?? ways[0]
  return first.map((start, i) => fragments.slice(start, first[i + 1]))
}

/** The bytes of a frame: a view of them where they lie together. */
export function joined(bytes: Buffer, ranges: Range[]): Buffer {
  if (ranges.length === 1) return bytes.subarray(ranges[0].start, ranges[0].end)
  return Buffer.concat(ranges.map(({ start, end }) => bytes.subarray(start, end)))
}
