import type { Source } from './source.js'
import type { Oddity } from './types.js'

// ffmpeg has no word for a file of these formats that ends early: it gives the frames that are there. Each says itself where
// it ends, or what its parts measure.

/** A format, and whether a file of it is cut short. */
interface Ended {
  name: string
  is(head: Buffer): boolean
  isCut(source: Source, head: Buffer): Promise<boolean>
}

const starts = (text: string) => (head: Buffer) => head.toString('latin1', 0, text.length) === text

/** Most bytes that are gone through from part to part; of a longer file nothing is said. */
const MOST = 2 ** 28

const walked = (cut: (file: Buffer) => boolean) => async (source: Source) =>
  source.size <= MOST && cut(await source.read(0, source.size))

/** SMPTE ST 377-1, 7: keys of partition packs and of the index of all of them, up to what tells them apart. */
const MXF_KEY = Buffer.from('060e2b34020501010d01020101', 'hex')
/** A file ends with its footer, and the index of partitions that may follow it. */
const isMxfEnd = (kind: number) => kind === 0x04 || kind === 0x11

const ENDED: readonly Ended[] = [
  { name: 'GIF', is: starts('GIF8'), isCut: walked(isGifCut) },
  { name: 'IVF file', is: starts('DKIF'), isCut: walked(isIvfCut) },
  {
    name: 'YUV4MPEG2 stream',
    is: starts('YUV4MPEG2 '),
    isCut: async ({ size }, head) => {
      const start = head.indexOf('\n') + 1
      const bytes = frameBytes(head.toString('latin1', 0, start))
      const line = head.indexOf('\n', start) + 1 - start // "FRAME", with what may be said of it: then frames may differ
      return bytes !== undefined && line === 'FRAME\n'.length && (size - start) % (line + bytes) !== 0
    },
  },
  {
    // ISO/IEC 13818-1, 2.4.3: packets of 188 bytes that begin with 47; with a time before (192) or a checksum behind (204).
    name: 'MPEG transport stream',
    is: (head) => packetOf(head) !== undefined,
    isCut: async ({ size }, head) => size % (packetOf(head) as number) !== 0,
  },
  {
    name: 'Ogg file',
    is: starts('OggS'),
    isCut: async (source) => {
      // RFC 3533, 6: the last page of a stream has bit 4 of its type set; a page is 65,307 bytes at most.
      const tail = await source.read(Math.max(0, source.size - 2 ** 17), source.size)
      const page = tail.subarray(Math.max(0, tail.lastIndexOf('OggS')))
      const lengths = page.subarray(27, 27 + page[26])
      const end = 27 + page[26] + lengths.reduce((sum, length) => sum + length, 0)
      return page.length < end || page.length < 28 || (page[5] & 4) === 0
    },
  },
  {
    name: 'MXF file',
    is: (head) => head.indexOf(MXF_KEY) >= 0 && head.indexOf(MXF_KEY) < 2 ** 16,
    isCut: async (source) => {
      const tail = await source.read(Math.max(0, source.size - 2 ** 20), source.size)
      for (let at = tail.indexOf(MXF_KEY); at >= 0; at = tail.indexOf(MXF_KEY, at + 1))
        if (isMxfEnd(tail[at + MXF_KEY.length])) return false
      return true
    },
  },
]

/** Bytes of a frame, by the first line (yuv4mpeg(5)); undefined where it names what is not known here. */
function frameBytes(line: string): number | undefined {
  const [, width] = / W(\d+)/.exec(line)?.map(Number) ?? []
  const [, height] = / H(\d+)/.exec(line)?.map(Number) ?? []
  const [, kind = '420'] = / C(\S+)/.exec(line) ?? []
  const [, colours, alpha, deep] = /^(mono|420|411|422|444)(?:jpeg|mpeg2|paldv)?(alpha)?p?(9|1[0-6])?$/.exec(kind) ?? []
  if (!colours || !(width > 0) || !(height > 0)) return undefined
  const [across, down] = { 420: [2, 2], 411: [4, 1], 422: [2, 1], 444: [1, 1] }[colours] ?? [0, 0]
  const chroma = across ? 2 * Math.ceil(width / across) * Math.ceil(height / down) : 0
  return (width * height * (alpha ? 2 : 1) + chroma) * (deep ? 2 : 1)
}

/** GIF89a, 17 to 27: blocks up to a trailer, 3B. */
function isGifCut(file: Buffer): boolean {
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  const parts = (at: number) => {
    while (at < file.length && file[at] !== 0) at += file[at] + 1
    return at + 1
  }
  let at = 13 + table(file[10])
  while (at < file.length && file[at] !== 0x3b) {
    if (file[at] === 0x21) at = parts(at + 2)
    else if (file[at] === 0x2c) at = parts(at + 11 + table(file[at + 9]))
    else return false // damage of another kind, of which ffmpeg speaks
  }
  return at >= file.length
}

/** A header whose length stands at byte 6, then frames, each behind its size and a time: 12 bytes. */
function isIvfCut(file: Buffer): boolean {
  if (file.length < 32) return true
  let at = file.readUInt16LE(6)
  while (at + 12 <= file.length) at += 12 + file.readUInt32LE(at)
  return at !== file.length
}

function packetOf(head: Buffer): number | undefined {
  return [188, 192, 204].find((size) => {
    const first = size === 192 ? 4 : 0
    return head.length > 3 * size && [0, 1, 2, 3].every((i) => head[first + i * size] === 0x47)
  })
}

/** What a reader should know of a file that is cut short, of which the program that decodes it says nothing. */
export async function cutOddities(source: Source, head: Buffer): Promise<Oddity[]> {
  const format = ENDED.find(({ is }) => is(head))
  if (!format || !(await format.isCut(source, head))) return []
  return [{ kind: 'damaged', text: `The ${format.name} is cut short: frames at its end are damaged or missing.` }]
}
