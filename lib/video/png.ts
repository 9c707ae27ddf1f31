import { deflateSync, inflateSync } from 'node:zlib'
import { convertIndexedToRgb, decodePng } from '../vendor/png.js'

/** Samples as a decoder gives them: `channels` values a pixel (1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha). */
export interface Samples {
  width: number
  height: number
  data: Uint8Array | Uint8ClampedArray | Uint16Array
  channels: number
  /** The value of white. */
  white: number
}

/** Deflate packs at most 1032 bytes in one (zlib, "Technical Details"), and a pixel of a PNG takes at least a bit. */
const MAX_PIXELS_A_BYTE = 8 * 1032

/** As large as JPEGs may be here: 16384 x 16384. */
const MAX_PIXELS = 2 ** 28

/** Channels by a PNG's colour type (PNG specification, 11.2.2). */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const GREY = 0
const INDEXED = 3

/** Most bytes that a picture's rows unpack to here: as much as can be asked for, with interlaced rows, at once. */
const MAX_UNPACKED = 2 ** 31 - 2 ** 16

/** The samples of a PNG file, if its size is one that so many bytes can hold; throws a plain Error. */
export function readPng(bytes: Buffer): Samples {
  const chunks = pictureChunks(bytes)
  const [width, height, depth, type] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[24], bytes[25]]
  const [promised, possible] = [width * height, MAX_PIXELS_A_BYTE * bytes.length]
  if (promised < 1 || promised > possible)
    throw new Error(`${promised} pixels cannot come out of ${bytes.length} bytes`)
  if (promised > MAX_PIXELS) throw new Error(`it has ${promised} pixels, where ${MAX_PIXELS} are read`)
  const unpacked = height * (1 + Math.ceil((width * depth * (CHANNELS[type] ?? 4)) / 8))
  if (unpacked > MAX_UNPACKED)
    throw new Error(
      `its ${width} x ${height} pixels of ${depth}-bit samples unpack to ${unpacked} bytes, where ${MAX_UNPACKED} ` +
        'are read: save it with 8 bits, or without alpha',
    )
  const rows = unpackRows(chunks, unpacked)
  const plain = depth < 8 && type === GREY ? asIndexed(chunks, depth) : chunks
  return depth < 8 && bytes[28] === 1 ? decodeInterlaced(plain, rows, width, height, depth) : decodeChunks(plain)
}

function decodeChunks(chunks: Buffer[]): Samples {
  const png = decodePng(Buffer.concat([SIGNATURE, ...chunks]))
  const { width, height } = png
  if (png.palette) {
    const channels = png.palette[0]?.length ?? 3
    return { width, height, data: convertIndexedToRgb(png), channels, white: 255 }
  }
  const white = 2 ** png.depth - 1
  return { width, height, data: png.data, channels: png.channels, white }
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** Of the seven passes of an interlaced picture: the first column and row, and the steps to the next (PNG specification, 8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
]

/**
 * An interlaced picture of fewer than 8 bits a sample, with a palette. Its passes are pictures of their own, which is how
 * the decoder is given them: it takes a byte for a sample in interlaced rows.
 */
function decodeInterlaced(chunks: Buffer[], rows: Buffer, width: number, height: number, depth: number): Samples {
  const palette = chunks.filter((chunk) => ['PLTE', 'tRNS'].includes(typeOf(chunk)))
  const whole: Samples = { width, height, data: new Uint8Array(0), channels: 0, white: 255 }
  let at = 0
  for (const [x, y, stepX, stepY] of PASSES) {
    const [w, h] = [Math.ceil((width - x) / stepX), Math.ceil((height - y) / stepY)]
    if (w < 1 || h < 1) continue
    const length = h * (1 + Math.ceil((w * depth) / 8))
    const header = Buffer.from(chunks[0])
    header.writeUInt32BE(w, 8)
    header.writeUInt32BE(h, 12)
    header[8 + 12] = 0 // not interlaced
    const data = chunk('IDAT', deflateSync(rows.subarray(at, at + length), { level: 0 }))
    const { data: pass, channels } = decodeChunks([header, ...palette, data, chunk('IEND', Buffer.alloc(0))])
    at += length
    if (whole.channels === 0) Object.assign(whole, { channels, data: new Uint8Array(width * height * channels) })
    for (let i = 0, row = y; row < height; row += stepY)
      for (let column = x; column < width; column += stepX, i++)
        for (let c = 0; c < channels; c++) whole.data[(row * width + column) * channels + c] = pass[i * channels + c]
  }
  return whole
}

/** A chunk with its head; the checksum is not looked at by the decoder. */
function chunk(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body, Buffer.alloc(4)])
}

/**
 * The chunks of a PNG that its picture is made of, whole, head and checksum included, the first of them IHDR. The decoder
 * is given no others: it would unpack texts and profiles too, whatever they unpack to.
 */
function pictureChunks(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = typeOf(bytes.subarray(at))
    if (at === 8 && (type !== 'IHDR' || bytes.readUInt32BE(at) !== 13)) break
    if (!['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'].includes(type)) continue
    const end = at + 12 + bytes.readUInt32BE(at)
    if (end > bytes.length) throw new Error(`it is cut short in its chunk ${type}`)
    chunks.push(bytes.subarray(at, end))
    if (type === 'IEND') break
  }
  if (chunks.length === 0) throw new Error('it does not start with a whole header (IHDR)')
  return chunks
}

function typeOf(chunk: Buffer): string {
  return chunk.toString('latin1', 4, 8)
}

/**
 * A grey picture of 1, 2 or 4 bits a sample as one whose palette is its greys, 0 to 255: the decoder unpacks the samples
 * of palettes only.
 */
function asIndexed([header, ...rest]: Buffer[], depth: number): Buffer[] {
  const indexed = Buffer.from(header)
  indexed[8 + 9] = INDEXED
  const white = 2 ** depth - 1
  const greys = Buffer.from(Array.from({ length: 3 * (white + 1) }, (_, i) => (255 / white) * Math.floor(i / 3)))
  // A transparent grey (tRNS) has another form in palettes; alpha is left out anyway.
  return [indexed, chunk('PLTE', greys), ...rest.filter((other) => !['tRNS', 'PLTE'].includes(typeOf(other)))]
}

/**
 * The rows of a PNG, still filtered. Refuses one whose data unpack to more than its size says: the decoder would unpack
 * them all. Twice as much is let pass, as interlaced rows have further bytes.
 */
function unpackRows(chunks: Buffer[], unpacked: number): Buffer {
  const packed = chunks.filter((chunk) => typeOf(chunk) === 'IDAT').map((chunk) => chunk.subarray(8, -4))
  try {
    return inflateSync(Buffer.concat(packed), { maxOutputLength: 2 * unpacked + 2 ** 16 })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new Error(code === 'ERR_BUFFER_TOO_LARGE' ? 'its data unpack to more than its size says' : message, { cause })
  }
}
