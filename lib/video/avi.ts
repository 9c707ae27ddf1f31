import { InfomotionError } from '../runtime/errors.js'

/**
 * Where the frames of an AVI file are. An AVI is a RIFF file: chunks of a four-letter name, a 32-bit size and that many
 * bytes, padded to an even length; `LIST` and `RIFF` chunks hold further chunks behind a four-letter type (Microsoft,
 * "AVI RIFF File Reference"; OpenDML 1.02 adds further `RIFF AVIX` parts for long files). Only names and sizes are
 * trusted, and those no further than the next chunk confirms them: lists are walked into whatever their size says, and
 * after damage the walk goes on at the next thing that looks like a JPEG frame.
 */
export interface Avi {
  /** Byte ranges of the video frames. An empty range repeats the frame before it, as AVI defines. */
  frames: { start: number; end: number }[]
  /** How many of them were found by the name of their chunk, not by a JPEG that lies somewhere. */
  named: number
  /** Undefined where the headers name no rate between 0 and 1000 fps. */
  fps?: number
  /** Frames that the header promises; 0 if it does not say. */
  promised: number
  /** Four-letter code of the codec as the header has it ("MJPG"), or "". */
  codec: string
  /** How often the walk lost the chunks and had to search for the next frame. */
  resyncs: number
}

/** The file starts as an AVI does. */
export function isAvi(file: Buffer): boolean {
  return file.length >= 12 && name(file, 0) === 'RIFF' && name(file, 8) === 'AVI '
}

/** Finds the frames. Never throws and never reads beyond the file, whatever is in it. Allocates the ranges only. */
export function walkAvi(file: Buffer): Avi {
  const avi: Avi = { frames: [], named: 0, promised: 0, codec: '', resyncs: 0 }
  const size = file.length
  let streams = 0
  let video: string | undefined // "00", the number of the first video stream
  let at = 0
  while (at + 8 <= size) {
    const id = name(file, at)
    const length = file.readUInt32LE(at + 4)
    const body = at + 8
    if (id === 'RIFF' || id === 'LIST') {
      at += 12
      continue
    }
    if (isFrame(id)) {
      const end = chunkEnd(file, body, length)
      const cut = body === size && length > 0 // the file ends here: no frame, where an empty one repeats the last
      if (!cut && (video === undefined || id.startsWith(video))) {
        avi.frames.push({ start: body, end: Math.min(end, size) })
        avi.named++
      }
      if (end !== body + length && end < size) avi.resyncs++
      at = end + (end === body + length && !confirmed(file, end) ? length & 1 : 0)
      continue
    }
    if (plausible(id) && body + length <= size) {
      if (id === 'avih' && length >= 20) {
        const microseconds = file.readUInt32LE(body)
        avi.fps ??= rate(1e6, microseconds)
        avi.promised = file.readUInt32LE(body + 16)
      } else if (id === 'strh' && length >= 28) {
        if (video === undefined && name(file, body) === 'vids') {
          video = String(streams).padStart(2, '0')
          avi.codec = printable(name(file, body + 4))
          avi.fps = rate(file.readUInt32LE(body + 24), file.readUInt32LE(body + 20)) ?? avi.fps
        }
        streams++
      } else if (id === 'strf' && length >= 20 && video === String(streams - 1).padStart(2, '0')) {
        avi.codec = printable(name(file, body + 16)) || avi.codec
      }
      at = body + length + (length & 1)
      continue
    }
    const next = nextFrame(file, at)
    if (next === undefined) break
    avi.resyncs++
    if (next.header) {
      at = next.at
    } else {
      // A frame whose chunk header is gone: it reaches to the next frame.
      const end = nextFrame(file, next.at + 2)?.at ?? size
      avi.frames.push({ start: next.at, end })
      at = end
    }
  }
  return avi
}

/** Where a frame chunk really ends: where its size says if a chunk (or the end) follows there, else at the next frame. */
function chunkEnd(file: Buffer, body: number, length: number): number {
  const end = body + length
  if (end === file.length || confirmed(file, end) || confirmed(file, end + (length & 1))) return end
  return nextFrame(file, body + 2)?.at ?? file.length
}

/** A chunk starts here, or the file ends with no room for one. */
function confirmed(file: Buffer, at: number): boolean {
  if (at > file.length) return false
  return at + 8 > file.length || plausible(name(file, at))
}

/** The next JPEG start (FF D8 FF): at its chunk header if that is there, else at the JPEG itself. */
function nextFrame(file: Buffer, from: number): { at: number; header: boolean } | undefined {
  const jpeg = file.indexOf(START_OF_JPEG, from)
  if (jpeg < 0) return undefined
  const header = jpeg - 8 >= from && isFrame(name(file, jpeg - 8))
  return { at: header ? jpeg - 8 : jpeg, header }
}

const START_OF_JPEG = Buffer.from([0xff, 0xd8, 0xff])

function name(file: Buffer, at: number): string {
  return file.toString('latin1', at, at + 4)
}

/** "00dc" (compressed frame), "00db" (uncompressed by name; some writers use it for JPEG all the same). */
function isFrame(id: string): boolean {
  return /^\d\dd[bc]$/.test(id)
}

/** Chunk names are letters, digits, and spaces at the end. */
function plausible(id: string): boolean {
  return /^[A-Za-z0-9]{2}[A-Za-z0-9_ ]{2}$/.test(id)
}

function printable(code: string): string {
  return /^[\x20-\x7e]{4}$/.test(code) ? code.trim() : ''
}

function rate(numerator: number, denominator: number): number | undefined {
  const fps = numerator / denominator
  return fps > 0 && fps <= 1000 ? fps : undefined
}

const MAX_AVI_BYTES = 2 ** 31

/**
 * The whole file of an MJPEG AVI: header, frames, index; what OpenCV, FFmpeg and the EchoNet loaders read.
 *
 * @param jpegs one JPEG a frame
 * @param fps kept to a thousandth
 * @throws VIDEO_TOO_LARGE above 2 GiB: sizes and places in an AVI have 32 bits, which many readers take for signed
 */
export function buildAvi(jpegs: Uint8Array[], width: number, height: number, fps: number): Buffer {
  const bytes = jpegs.reduce((sum, jpeg) => sum + jpeg.length + 25, 1024) // 8 before, 16 in the index, 1 to be even
  if (bytes > MAX_AVI_BYTES)
    throw new InfomotionError(
      'VIDEO_TOO_LARGE',
      `${jpegs.length} frames of ${width} x ${height} would make an AVI of ${bytes} bytes, where 2 GiB are the most. ` +
        'Write fewer frames a file, or of a lower quality.',
    )
  const largest = jpegs.reduce((most, jpeg) => Math.max(most, jpeg.length), 0)
  const scale = Number.isInteger(fps) ? 1 : 1000
  const rate = Math.round(fps * scale)
  const avih = words(
    Math.round(1e6 / fps), // microseconds a frame
    Math.round(largest * fps), // most bytes a second
    0,
    0x10, // AVIF_HASINDEX
    jpegs.length,
    0,
    1, // streams
    largest,
    width,
    height,
    ...[0, 0, 0, 0],
  )
  const strh = Buffer.concat([
    Buffer.from('vidsMJPG'),
    words(0, 0, 0, scale, rate, 0, jpegs.length, largest, 0xffffffff, 0, 0, width | (height << 16)),
  ])
  const bitmap = words(40, width, height, 1 | (24 << 16), fourcc('MJPG'), width * height * 3, 0, 0, 0, 0)
  const stream = list('strl', [chunk('strh', strh), chunk('strf', bitmap)])
  const header = list('hdrl', [chunk('avih', avih), stream])
  const index = Buffer.alloc(16 * jpegs.length)
  let offset = 4 // from the "movi" that opens the list
  jpegs.forEach((jpeg, i) => {
    index.write('00dc', 16 * i, 'latin1')
    index.writeUInt32LE(0x10, 16 * i + 4) // AVIIF_KEYFRAME
    index.writeUInt32LE(offset, 16 * i + 8)
    index.writeUInt32LE(jpeg.length, 16 * i + 12)
    offset += 8 + jpeg.length + (jpeg.length & 1)
  })
  const movi = list(
    'movi',
    jpegs.map((jpeg) => chunk('00dc', jpeg)),
  )
  return list('AVI ', [header, movi, chunk('idx1', index)]).fill('RIFF', 0, 4)
}

function words(...values: number[]): Buffer {
  const out = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => {
    out.writeUInt32LE(value >>> 0, 4 * i)
  })
  return out
}

function fourcc(code: string): number {
  return Buffer.from(code, 'latin1').readUInt32LE(0)
}

function chunk(id: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.write(id, 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)])
}

function list(type: string, chunks: Buffer[]): Buffer {
  return chunk('LIST', Buffer.concat([Buffer.from(type, 'latin1'), ...chunks]))
}
