import { InfomotionError } from '../../runtime/errors.js'
import { decodeJpeg } from '../jpeg.js'
import { bytesOf } from './attributes.js'
import { CONVERT, type Decode, decoderOf } from './codecs.js'
import { type FrameHead, frameHead } from './codestream.js'
import type { Elements } from './elements.js'
import { fragmentsOf, framesOf, joined } from './fragments.js'
import type { Image } from './image.js'
import type { Bits, Samples } from './luma.js'
import { decodeRle } from './rle.js'

/** The frames of a DICOM, not decoded yet. */
export interface Pixels {
  width: number
  height: number
  count: number
  /** Which bits of a number are the sample. */
  bits: Bits
  /** Three samples are red, green and blue; else the first is grey, luma, or the number of a colour. */
  rgb: boolean
  /** Start and end of each frame in the file, where all are JPEGs of which libjpeg gives luma as it is meant. */
  jpegs?: Float64Array
  /** The samples of a frame; undefined: it is damaged. */
  frame(index: number, signal?: AbortSignal): Promise<Samples | undefined>
}

const RLE = '1.2.840.10008.1.2.5'
/** Little endian, but for its pixels: what GE once wrote into archives. */
const GE_PRIVATE = '1.2.840.113619.5.2'
/** Films as a stream of fragments. */
const FILMS: [RegExp, string][] = [
  [/^1\.2\.840\.10008\.1\.2\.4\.10[01](\.1)?$/, 'MPEG-2'],
  [/^1\.2\.840\.10008\.1\.2\.4\.10[2-6](\.1)?$/, 'H.264'],
  [/^1\.2\.840\.10008\.1\.2\.4\.10[78]$/, 'HEVC'],
  [/^1\.2\.840\.10008\.1\.2\.4\.11[0-2]$/, 'JPEG XL'],
]

/**
 * Where the frames are, and how each is decoded.
 *
 * @throws VIDEO_UNREADABLE, DICOM_CODEC_NOT_FOUND
 */
export async function pixelsOf(elements: Elements, image: Image, path: string): Promise<Pixels> {
  const { pixels, syntax } = elements
  const film = FILMS.find(([syntaxes]) => syntaxes.test(syntax))?.[1]
  if (film)
    throw new InfomotionError('VIDEO_UNREADABLE', `${path} is a DICOM of ${film}, which is not read here. ${CONVERT}`)
  if (!pixels!.hadUndefinedLength) return plainPixels(elements, image)
  const { fragments, offsets } = fragmentsOf(elements.bytes, pixels!.dataOffset)
  const tables = [extendedOffsets(elements, fragments.length), offsets]
  const frames = framesOf(elements.bytes, fragments, tables, image.frames)
  const frameAt = (index: number) => joined(elements.bytes, frames[index])
  if (syntax === RLE) return rlePixels(frames.length, frameAt, image)
  const places = frames.every(({ length }) => length === 1)
    ? frames.flatMap(([{ start, end }]) => [start, end])
    : undefined
  return codecPixels(frames.length, frameAt, image, path, places)
}

/** The Extended Offset Table (7FE0,0001), of 64 bits each; none of more frames than there are fragments. */
function extendedOffsets({ data }: Elements, most: number): number[] {
  const table = bytesOf(data, 'x7fe00001')
  if (!table || table.length > 8 * most) return []
  return Array.from({ length: table.length >> 3 }, (_, i) => Number(table.readBigUInt64LE(8 * i)))
}

/** As they are, frame after frame. */
function plainPixels({ bytes, bigEndian, syntax, pixels }: Elements, image: Image): Pixels {
  const { samples, allocated, photometric, planar, frames: promised = 1 } = image
  const area = image.width * image.height
  const data = bytes.subarray(pixels!.dataOffset, pixels!.dataOffset + pixels!.length)
  const isSwapped = (bigEndian || syntax === GE_PRIVATE) && (allocated === 16 || pixels!.vr === 'OW')
  const values = isSwapped ? swapped(data) : data
  // luma of two pixels, then what they have of colour; some say so, and write both for each pixel
  const isHalved = samples === 3 && photometric.endsWith('_422') && values.length < promised * area * 3
  const frameBits = area * (isHalved ? 2 : samples) * allocated
  const surplus = values.length - 2 * Math.ceil((promised * frameBits) / 16) // of an even number of bytes
  const isPromised =
    allocated === 1 ? values.length * 8 >= promised * frameBits : surplus >= -1 && surplus * 8 < frameBits
  const count = isPromised ? promised : Math.floor((values.length * 8) / frameBits)
  const frame = (index: number): Samples => {
    if (allocated === 1) return { values: bitsAt(values, index * area, area), at: [0], step: 1 }
    const own = values.subarray((index * frameBits) / 8, ((index + 1) * frameBits) / 8)
    if (isHalved) return { values: lumaOf422(own, area), at: [0], step: 1 }
    return { values: allocated === 16 ? words(own) : own, ...layoutOf(samples, area, planar) }
  }
  return { ...sizeOf(image), count, bits: image, rgb: isRgb(image, samples), frame: async (index) => frame(index) }
}

/** RLE Lossless. */
function rlePixels(count: number, frameAt: (index: number) => Buffer, image: Image): Pixels {
  const { samples, allocated } = image
  const area = image.width * image.height
  const frame = async (index: number): Promise<Samples | undefined> => {
    const decoded = decodeRle(frameAt(index), area, samples, allocated / 8)
    return decoded && { values: allocated === 16 ? words(decoded) : decoded, ...layoutOf(samples, area, true) }
  }
  return { ...sizeOf(image), count, bits: image, rgb: isRgb(image, samples), frame }
}

/** Each frame is of a JPEG kind, whatever the transfer syntax says. */
async function codecPixels(
  count: number,
  frameAt: (index: number) => Buffer,
  image: Image,
  path: string,
  places: number[] | undefined,
): Promise<Pixels> {
  const heads = Array.from({ length: count }, (_, index) => frameHead(frameAt(index)))
  const fits = (head?: FrameHead) => head?.width === image.width && head.height === image.height
  const first = heads.find(fits) ?? heads.find((head) => head)
  if (!first)
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `${path} is a DICOM whose ${count} compressed frames are damaged, or of a transfer syntax that is not read here. ${CONVERT}`,
    )
  const { width, height, codec, components, precision } = first
  if (components !== 1 && components !== 3)
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `${path} is a DICOM of ${components} samples a pixel; 1 and 3 are read.`,
    )
  const same = (head?: FrameHead) =>
    head?.width === width && head.height === height && head.codec === codec && head.components === components
  const isColour = components === 3 && isRgb({ ...image, photometric: photometricOf(first, image) }, 3)
  const stored = precision > 8 ? Math.min(precision, Math.max(image.stored, 9)) : precision
  const bits = { allocated: precision > 8 ? 16 : 8, stored, high: stored - 1, signed: image.signed }
  const decode = codec === 'jpeg' || codec === 'jpeg-lossless' ? decoderOfJpeg(isColour) : decoderOf(codec, path)
  const frame = async (index: number, signal?: AbortSignal) => {
    const head = heads[index]
    return head && same(head) ? decode(frameAt(index), head, signal) : undefined
  }
  const isPlain = places && codec === 'jpeg' && precision === 8 && !isColour && heads.every((head) => !head?.comment)
  return { width, height, count, bits, rgb: isColour, frame, ...(isPlain && { jpegs: Float64Array.from(places) }) }
}

/** What a JPEG says of its colours goes before what the file says; JPEG 2000 gives back the colours that it transforms. */
function photometricOf({ colour, codec }: FrameHead, { photometric }: Image): string {
  if (codec === 'jpeg-2000') return photometric
  return colour ? (colour === 'rgb' ? 'RGB' : 'YBR_FULL') : photometric
}

/** Three samples are red, green and blue. */
function isRgb({ photometric }: Image, samples: number): boolean {
  return samples === 3 && (!photometric.startsWith('YBR') || /^YBR_(ICT|RCT)$/.test(photometric))
}

/** By libjpeg-turbo: luma alone where that is stored, and there are no colours to be made of three samples. */
function decoderOfJpeg(isColour: boolean): Decode {
  return async (frame, { codec, components, precision }, signal) => {
    const isLuma = codec === 'jpeg' && components === 3 && precision === 8 && !isColour
    try {
      const { pixels, damage, ...image } = await decodeJpeg(frame, { colour: isLuma ? 'luma' : 'stored', signal })
      return damage ? undefined : { values: pixels, ...layoutOf(image.components, 0, false) }
    } catch (error) {
      if ((error as InfomotionError).code !== 'IMAGE_UNREADABLE') throw error // no fault of the JPEG
      return undefined
    }
  }
}

const sizeOf = ({ width, height }: Image) => ({ width, height })

function layoutOf(samples: number, area: number, planar: boolean): Omit<Samples, 'values'> {
  return { at: Array.from({ length: samples }, (_, i) => (planar ? i * area : i)), step: planar ? 1 : samples }
}

/** Pairs of bytes exchanged. */
function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16()
}

/** Numbers of 16 bits, wherever they lie. */
function words(bytes: Buffer): Uint16Array {
  const copy = Uint8Array.prototype.slice.call(bytes)
  return new Uint16Array(copy.buffer, 0, copy.length >> 1)
}

/** Numbers of one bit, the lowest of a byte first (PS3.5, annex D). */
function bitsAt(bytes: Buffer, from: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (bytes[(from + i) >> 3] >> ((from + i) & 7)) & 1)
}

/** Two pixels in four bytes: two of luma, two of what they have of colour (PS3.3, C.7.6.3.1.2). */
function lumaOf422(bytes: Buffer, area: number): Uint8Array {
  return Uint8Array.from({ length: area }, (_, i) => bytes[2 * i - (i & 1)])
}
