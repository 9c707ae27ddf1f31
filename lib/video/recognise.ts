import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { type Avi, isAvi, walkAvi } from './avi.js'
import { FORMATS, type Format } from './formats.js'
import { jpegForm, jpegSize } from './jpeg.js'
import type { Source } from './source.js'
import { type Backend, MAX_CLIP_BYTES, type ReadOptions } from './types.js'

/** A file looked into. */
export interface Recognised {
  /** All of a Motion JPEG AVI (or as much as was asked for) or of a file of a `format`; the first bytes of anything else. */
  bytes: Buffer
  /** What reads it in this process, where it is no Motion JPEG AVI. */
  format?: Format
  /** Where the frames of a Motion JPEG AVI are; undefined: another format, for ffmpeg to read. */
  avi?: Avi
  /** It starts as a video format does. */
  known: boolean
  /** Frames that the header of an AVI of another codec promises. */
  promised?: number
  /** JPEGs one after the other, with nothing around them. */
  bare?: boolean
  /** Why it cannot be read in this process, though it is an AVI or is to be. */
  refused?: InfomotionError
}

/** Enough of a file to tell formats apart, and to find in a DICOM how fast it is. */
const HEAD_BYTES = 2 ** 16

/** Most of a file that starts as a JPEG that is looked at: a picture ends before. */
const JPEG_BYTES = 2 ** 26

/**
 * Finds out what a file is. Throws where no decoder could make anything of it.
 *
 * @param most - of a Motion JPEG AVI, the first so many bytes are taken for all
 */
export async function recognise(
  source: Source,
  backend: Backend,
  { signal, reserve }: ReadOptions = {},
  most = MAX_CLIP_BYTES,
): Promise<Recognised> {
  throwIfAborted(signal)
  const { name, size } = source
  const head = await source.read(0, HEAD_BYTES, signal)
  if (size === 0) throw new InfomotionError('VIDEO_EMPTY', `${name} is empty: it has 0 bytes.`)
  const format = backend === 'auto' ? FORMATS.find((format) => format.recognises(head, name)) : undefined
  if (format) {
    if (size > MAX_CLIP_BYTES)
      throw new InfomotionError(
        'VIDEO_TOO_LARGE',
        `${name} has ${size} bytes; ${format.name} is read up to 2 GiB here.`,
      )
    await reserve?.(size)
    return { bytes: await source.read(0, size, signal), known: true, format }
  }
  if (isDicom(head))
    throw new InfomotionError('VIDEO_UNREADABLE', `${name} is a DICOM file${dicomFacts(head)}. ${DICOM_CURE}`)
  const known = isAvi(head) || isOtherVideo(head)
  const bare = head[0] === 0xff && head[1] === 0xd8 && (await isBareStream(source, signal))
  const { promised } = isAvi(head) ? walkAvi(head) : { promised: 0 }
  const other = { bytes: head, known, bare, ...(promised > 0 && { promised }) }
  if (backend === 'ffmpeg' || backend === 'opencv') return other
  if (backend === 'auto' && (bare || isOtherVideo(head) || (size > MAX_CLIP_BYTES && !isJpegAvi(head)))) return other
  if (size > MAX_CLIP_BYTES && !isAvi(head)) return { ...other, refused: unexpected(name, head) }
  if (source.path !== undefined) await reserve?.(Math.min(size, most))
  const bytes = await source.read(0, most, signal)
  const avi = walkAvi(bytes)
  if (isMotionJpeg(bytes, avi)) return { bytes, avi, known }
  const refused = isAvi(bytes) ? refusalOf(name, size, avi) : undefined
  return { ...other, refused: refused ?? (backend === 'mjpeg' ? unexpected(name, bytes, avi) : undefined) }
}

/** Why an AVI that seems to be Motion JPEG is read by nobody here. */
function refusalOf(name: string, size: number, { frames, codec }: Avi): InfomotionError | undefined {
  if (frames.length === 0)
    return new InfomotionError('VIDEO_EMPTY', `${name} has an AVI header but no frame (${size} bytes).`)
  if (codec === '' || !JPEG_CODECS.test(codec)) return undefined
  const what = `its codec is "${codec}", but none of its ${frames.length} frames begins as a JPEG`
  return new InfomotionError('VIDEO_UNREADABLE', `Expected a Motion JPEG AVI at ${name}: ${what}.`)
}

/**
 * The frames are JPEGs, and the file is an AVI: by its first bytes, or, where these are damaged, by the names of most
 * frames' chunks. Many other files have a JPEG somewhere: photographs a thumbnail, films a cover, DICOMs all frames.
 */
function isMotionJpeg(bytes: Buffer, { frames, named, codec }: Avi): boolean {
  if (!isAvi(bytes) && 2 * named < frames.length) return false
  const isJpeg = ({ start, end }: Avi['frames'][number]) => jpegSize(bytes.subarray(start, end)) !== undefined
  if (JPEG_CODECS.test(codec)) return frames.some(isJpeg)
  return 2 * frames.filter(isJpeg).length > frames.filter(({ start, end }) => end > start).length
}

/** Codes of Motion JPEG in AVI headers; "" where the header is damaged. */
const JPEG_CODECS = /^(|[MSV]JPG|JPE?G|JPGL|AVR[Nn]|DMB1|ADJV|CJPG|IJPG|QIVG|MJLS)$/i

/** The beginning of an AVI whose frames are JPEGs. */
function isJpegAvi(head: Buffer): boolean {
  return isAvi(head) && isMotionJpeg(head, walkAvi(head))
}

function unexpected(name: string, bytes: Buffer, avi?: Avi): InfomotionError {
  const found = isAvi(bytes) ? `an AVI of codec "${avi?.codec}"` : startOf(bytes)
  return new InfomotionError('VIDEO_UNREADABLE', `Expected a Motion JPEG AVI at ${name}, but found ${found}.`)
}

function startOf(bytes: Buffer): string {
  return `a file that starts with the bytes ${bytes.toString('hex', 0, 12)}`
}

/** Whether what starts as a JPEG goes on with further ones as a stream does. Throws where it is a picture. */
async function isBareStream(source: Source, signal?: AbortSignal): Promise<boolean> {
  const form = jpegForm(await source.read(0, JPEG_BYTES, signal))
  if (form === 'picture')
    throw new InfomotionError('VIDEO_UNREADABLE', `Expected a video at ${source.name}, but found a picture, in JPEG.`)
  return form === 'stream'
}

/** The file starts as a video format does that only ffmpeg can read here. */
function isOtherVideo(head: Buffer): boolean {
  const text = head.toString('latin1', 0, 16)
  const isBoxed = /^(ftyp|moov|mdat|wide|free|skip)/.test(text.slice(4)) // MP4, QuickTime
  const starts = [
    '\x1aE\xdf\xa3',
    '\0\0\x01\xba',
    '\0\0\x01\xb3',
    'FLV',
    'OggS',
    'GIF8',
    'DKIF',
    'YUV4MPEG2',
    '0&\xb2u',
  ]
  return isBoxed || starts.some((start) => text.startsWith(start)) // Matroska, MPEG program and video streams, ...
}

const DICOM_CURE = 'DICOM is not read here: convert it to a video first (AVI or MP4), with its own frame rate.'

/**
 * The file is a DICOM: "DICM" behind 128 bytes (PS3.10, 7.1), or, as older devices write it, at once the elements of group
 * 0002 or 0008, with two letters for the type of value or a short length.
 */
function isDicom(head: Buffer): boolean {
  if (head.toString('latin1', 128, 132) === 'DICM') return true
  if (head.length < 64) return false
  const [group, element] = [head.readUInt16LE(0), head.readUInt16LE(2)]
  const typed = /^(UL|UI|CS|DA|SH|LO|OB)/.test(head.toString('latin1', 4, 6)) || head.readUInt32LE(4) <= 64
  return (group === 2 || group === 8) && element <= 0x18 && typed && head.readUInt32LE(4) > 0
}

/** What a DICOM says of its frames, for whoever converts it: " of 30 frames, 33.3 ms each (30.03 fps)", or "". */
function dicomFacts(head: Buffer): string {
  const frames = dicomNumber(head, 0x0028, 0x0008, 'IS')
  const time = dicomNumber(head, 0x0018, 0x1063, 'DS')
  const rate = dicomNumber(head, 0x0018, 0x0040, 'IS') ?? dicomNumber(head, 0x0008, 0x2144, 'IS')
  const fps = time ? `, ${time} ms each (${Number((1000 / time).toFixed(2))} fps)` : rate ? `, ${rate} fps` : ''
  return frames || fps ? ` of ${frames ?? 'several'} frames${fps}` : ''
}

/** A number that a DICOM holds as text, by group, element and type of value (PS3.5, 7.1; little-endian); 0: not there. */
function dicomNumber(head: Buffer, group: number, element: number, type: string): number | undefined {
  const tag = Buffer.alloc(4)
  tag.writeUInt16LE(group)
  tag.writeUInt16LE(element, 2)
  const at = head.indexOf(tag)
  if (at < 0 || at + 8 > head.length) return undefined
  const length =
    head.toString('latin1', at + 4, at + 6) === type ? head.readUInt16LE(at + 6) : head.readUInt32LE(at + 4)
  const number = length <= 16 ? Number.parseFloat(head.toString('latin1', at + 8, at + 8 + length)) : 0
  return number > 0 ? number : undefined
}

/** The error for a file of no known format. */
export function unreadable(name: string, head: Buffer, cause: unknown): InfomotionError {
  return new InfomotionError(
    'VIDEO_UNREADABLE',
    `Expected a video at ${name}, but found ${startOf(head)}, no format known here (and no ffmpeg executable to ask).`,
    { cause },
  )
}
