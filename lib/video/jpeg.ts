import { InfomotionError } from '../runtime/errors.js'
import { runJob } from '../runtime/job.js'
import { type Native, type NativeJpegImage, native } from '../runtime/native.js'

/** The addon can read and write JPEGs. */
export const hasJpeg = () => native().jpegLibrary !== undefined

/** The addon, where it can read and write JPEGs. */
export function jpegAddon(): Native {
  if (hasJpeg()) return native()
  throw new InfomotionError(
    'JPEG_NOT_BUILT',
    'The addon was built without JPEG, since there was no source of libjpeg-turbo. Compile it anew with ' +
      'LIBJPEG_TURBO_SOURCE=DIR, the folder of an unpacked source, version 3 or later (docs/install.md).',
  )
}

/**
 * Decodes a JPEG: to luma (8-bit samples only), or to its components as they are stored, at full resolution and
 * interleaved, without conversion of colour. The bytes are copied first.
 *
 * @throws IMAGE_UNREADABLE where nothing decodes; of what is damaged, `damage` has the reason. JPEG_NOT_BUILT, ABORTED
 */
export function decodeJpeg(
  jpeg: Uint8Array,
  { colour = 'luma', signal }: { colour?: 'luma' | 'stored'; signal?: AbortSignal } = {},
): Promise<NativeJpegImage> {
  return runJob(() => jpegAddon().decodeJpeg(jpeg, colour), signal)
}

/** Pictures to compress, one behind the other: one byte a pixel, or three (red, green, blue). */
export interface Pictures {
  pixels: Uint8Array
  width: number
  height: number
  channels: 1 | 3
  /** 1 to 100. */
  quality: number
}

/**
 * Compresses pictures with the accurate DCT; colour at full resolution (4:4:4).
 *
 * @throws JPEG_NOT_BUILT, ABORTED
 */
export async function encodeJpegs(
  { pixels, width, height, channels, quality }: Pictures,
  signal?: AbortSignal,
): Promise<Uint8Array[]> {
  const start = () => jpegAddon().encodeJpegs(pixels, width, height, channels, quality)
  const { jpegs, ends } = await runJob(start, signal)
  return Array.from(ends, (end, i) => jpegs.subarray(i > 0 ? ends[i - 1] : 0, end))
}

/**
 * What a file that starts as a JPEG is: a picture (also one with others behind it, as cameras append previews and depth
 * maps), a stream of JPEGs of one size, or neither, where the first one is damaged. Segments are stepped over by their
 * lengths (ITU-T T.81, B.1.1), so a thumbnail inside one does not count.
 */
export function jpegForm(file: Buffer): 'picture' | 'stream' | undefined {
  const { end, multiple } = jpegEnd(file)
  const size = jpegSize(file)
  if (!size) return undefined
  if (multiple || end === undefined) return 'picture'
  let next = end
  while (next < file.length && file[next] === 0) next++ // padding
  const second = jpegSize(file.subarray(next))
  return second?.width === size.width && second.height === size.height ? 'stream' : 'picture'
}

/** Where the first JPEG ends, and whether it says that it is one of several pictures (CIPA DC-007, Multi-Picture Format). */
function jpegEnd(file: Buffer): { end?: number; multiple: boolean } {
  let multiple = false
  let at = 2
  while (at + 4 <= file.length && file[at] === 0xff) {
    const marker = file[at + 1]
    if (marker === 0xd9) return { end: at + 2, multiple }
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker === 0xe2 && file.toString('latin1', at + 4, at + 8) === 'MPF\0') multiple = true
    at += 2 + file.readUInt16BE(at + 2)
    if (marker !== 0xda) continue
    // The scan's data: to the next marker that is neither a stuffed FF nor a restart.
    for (at = file.indexOf(0xff, at); at >= 0 && at + 1 < file.length; at = file.indexOf(0xff, at + 2))
      if (file[at + 1] !== 0 && (file[at + 1] < 0xd0 || file[at + 1] > 0xd7)) break
    if (at < 0) break
  }
  return { end: at >= 0 && file[at] === 0xff && file[at + 1] === 0xd9 ? at + 2 : undefined, multiple }
}

/** Width and height as the start-of-frame segment has them (T.81, B.2.2); undefined if this is no JPEG, or its head is damaged. */
function jpegSize(jpeg: Uint8Array): { width: number; height: number } | undefined {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return undefined
  let at = 2
  while (at + 9 <= jpeg.length) {
    if (jpeg[at] !== 0xff) return undefined
    const marker = jpeg[at + 1]
    const length = (jpeg[at + 2] << 8) | jpeg[at + 3]
    if (marker === 0xff) {
      at++ // fill byte
    } else if (marker >= 0xc0 && marker <= 0xc3) {
      const height = (jpeg[at + 5] << 8) | jpeg[at + 6]
      const width = (jpeg[at + 7] << 8) | jpeg[at + 8]
      return width > 0 && height > 0 ? { width, height } : undefined
    } else if (length < 2 || marker === 0xda) {
      return undefined
    } else {
      at += 2 + length
    }
  }
  return undefined
}
