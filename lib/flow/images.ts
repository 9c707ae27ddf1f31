import { inflateSync } from 'node:zlib'
import { convertIndexedToRgb, decode as decodePng } from 'fast-png'
import { readWhole } from '../run/store.js'
import { InfomotionError } from '../runtime/errors.js'
import { decodeJpeg } from '../runtime/jpeg.js'
import { jpegSize } from '../video/mjpeg.js'

/** One image as grey levels. */
export interface Luma {
  /** height * width bytes, row by row. */
  pixels: Uint8Array
  width: number
  height: number
}

/** Deflate packs at most 1032 bytes in one (zlib, "Technical Details"), and a pixel of a PNG takes at least a bit. */
const MAX_PIXELS_A_BYTE = 8 * 1032

/** Samples as a decoder gives them: `channels` values a pixel (1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha). */
interface Samples {
  width: number
  height: number
  data: Uint8Array | Uint8ClampedArray | Uint16Array
  channels: number
  /** The value of white. */
  white: number
}

/**
 * Reads a PNG, JPEG, or binary PGM or PPM file as grey levels 0..255. Colours become luma, 0.299 R + 0.587 G + 0.114 B
 * (ITU-R BT.601); alpha is left out.
 *
 * @throws {InfomotionError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`
 */
export async function readLuma(path: string): Promise<Luma> {
  const bytes = await readWhole(path).catch((cause: NodeJS.ErrnoException) => {
    const what = `Expected an image in ${path}: ${cause.message}.`
    if (cause.code === 'ERR_FS_FILE_TOO_LARGE') throw new InfomotionError('IMAGE_UNREADABLE', what, { cause })
    throw new InfomotionError('IMAGE_NOT_FOUND', what, { cause })
  })
  try {
    if (bytes[0] === 0x89 && bytes.toString('latin1', 1, 4) === 'PNG') return toLuma(readPng(bytes))
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return await readJpeg(bytes)
    if (/^P[56]\s/.test(bytes.toString('latin1', 0, 3))) return toLuma(readPnm(bytes))
    throw new Error('its first bytes are of none of these formats')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InfomotionError('IMAGE_UNREADABLE', `Expected a PNG, JPEG, PGM or PPM image in ${path}: ${why}.`, {
      cause,
    })
  }
}

/** As large as JPEGs may be here: 16384 x 16384. */
const MAX_PIXELS = 2 ** 28

/** Channels by a PNG's colour type (PNG specification, 11.2.2). */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** The samples of a PNG file, if its size is one that so many bytes can hold; throws a plain Error. */
export function readPng(bytes: Buffer): Samples {
  const [promised, possible] = [bytes.readUInt32BE(16) * bytes.readUInt32BE(20), MAX_PIXELS_A_BYTE * bytes.length]
  if (promised < 1 || promised > possible)
    throw new Error(`${promised} pixels cannot come out of ${bytes.length} bytes`)
  if (promised > MAX_PIXELS) throw new Error(`it has ${promised} pixels, where ${MAX_PIXELS} are read`)
  expectSamples(bytes)
  const png = decodePng(bytes)
  const { width, height } = png
  if (png.palette) {
    const channels = png.palette[0]?.length ?? 3
    return { width, height, data: convertIndexedToRgb(png), channels, white: 255 }
  }
  const white = 2 ** png.depth - 1
  return { width, height, data: png.data, channels: png.channels, white }
}

/**
 * Refuses a PNG whose data unpack to more than its size says: the decoder would unpack them all. Twice as much is let
 * pass, as interlaced rows have further bytes.
 */
function expectSamples(bytes: Buffer): void {
  const [width, height, depth] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[24]]
  const row = 1 + Math.ceil((width * depth * (CHANNELS[bytes[25]] ?? 4)) / 8)
  const packed: Buffer[] = []
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at))
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      packed.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)))
  try {
    inflateSync(Buffer.concat(packed), { maxOutputLength: 2 * height * row + 2 ** 16 })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new Error(code === 'ERR_BUFFER_TOO_LARGE' ? 'its data unpack to more than its size says' : message, { cause })
  }
}

async function readJpeg(bytes: Buffer): Promise<Luma> {
  if (!jpegSize(bytes)) throw new Error('its JPEG header is damaged, or promises more than its bytes can hold')
  return decodeJpeg(bytes)
}

/** Binary PGM (P5) and PPM (P6): magic, width, height, white, one space, samples; two bytes each where white > 255. */
function readPnm(bytes: Buffer): Samples {
  const head = /^P([56])(?:\s|#.*\n)+(\d+)(?:\s|#.*\n)+(\d+)(?:\s|#.*\n)+(\d+)\s/.exec(
    bytes.toString('latin1', 0, 1024),
  )
  if (!head) throw new Error('its header is damaged')
  const [width, height, white] = head.slice(2).map(Number)
  const channels = head[1] === '5' ? 1 : 3
  const count = width * height * channels
  const body = bytes.subarray(head[0].length)
  const wide = white > 255
  if (count < 1 || white < 1 || white > 65535 || body.length < count * (wide ? 2 : 1))
    throw new Error(`${body.length} bytes are no ${width} x ${height} image`)
  const data = wide ? Uint16Array.from({ length: count }, (_, i) => body.readUInt16BE(2 * i)) : body.subarray(0, count)
  return { width, height, data, channels, white }
}

function toLuma({ width, height, data, channels, white }: Samples): Luma {
  const scale = 255 / white
  const pixels = new Uint8Array(width * height)
  for (let i = 0, at = 0; i < pixels.length; i++, at += channels) {
    const grey = channels < 3 ? data[at] : 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]
    pixels[i] = Math.round(grey * scale)
  }
  return { pixels, width, height }
}
