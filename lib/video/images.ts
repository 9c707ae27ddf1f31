import { readWhole } from '../run/store.js'
import { InfomotionError } from '../runtime/errors.js'
import { orientationOf, turned } from './exif.js'
import { decodeJpeg } from './jpeg.js'
import { readPng, type Samples } from './png.js'

/** One image as grey levels. */
export interface Luma {
  /** height * width bytes, row by row. */
  pixels: Uint8Array
  width: number
  height: number
}

/**
 * Reads a PNG, JPEG, or binary PGM or PPM file as grey levels 0..255. Colours become luma, 0.299 R + 0.587 G + 0.114 B
 * (ITU-R BT.601); alpha is left out. A JPEG is turned as its Exif orientation asks for.
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
    return await decodeImage(bytes)
  } catch (cause) {
    const why = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
    throw new InfomotionError('IMAGE_UNREADABLE', `Expected a PNG, JPEG, PGM or PPM image in ${path}: ${why}.`, {
      cause,
    })
  }
}

/** What an image's bytes are, by their beginning; undefined for what is not read here. */
export function imageKind(head: Uint8Array): 'png' | 'jpeg' | 'pnm' | undefined {
  const start = String.fromCharCode(...head.subarray(0, 4))
  if (start === '\x89PNG') return 'png'
  if (start.startsWith('\xff\xd8')) return 'jpeg'
  return /^P[56]\s/.test(start) ? 'pnm' : undefined
}

/** {@link readLuma} of bytes; throws a plain Error. */
export async function decodeImage(bytes: Buffer): Promise<Luma> {
  const kind = imageKind(bytes)
  if (kind === 'png') return toLuma(readPng(bytes))
  if (kind === 'jpeg') return readJpeg(bytes)
  if (kind === 'pnm') return toLuma(readPnm(bytes))
  throw new Error('its first bytes are of none of these formats')
}

async function readJpeg(bytes: Buffer): Promise<Luma> {
  const { pixels, width, height, damage } = await decodeJpeg(bytes)
  if (damage) throw new Error(damage)
  return turned({ pixels: pixels as Uint8Array, width, height }, orientationOf(bytes))
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
