import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { type Avi, frameCount, isAvi, walkAvi } from './avi.js'
import { isDicom } from './dicom/elements.js'
import { FORMATS, type Format } from './formats.js'
import { hasJpeg, jpegForm } from './jpeg.js'
import { PICTURES } from './pictures.js'
import { expectReadable } from './refused.js'
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

/** Enough of a file to tell formats apart. */
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
  if (source.isFolder) {
    if (backend === 'auto') return { bytes: Buffer.alloc(0), known: true, format: PICTURES }
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `${name} is a folder: its pictures are read in this process, and not with the backend "${backend}". Leave that out.`,
    )
  }
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
  expectReadable(head, name)
  if (isDicom(head))
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `${name} is a DICOM: it is read in this process, and not with the backend "${backend}". Leave that out.`,
    )
  const known = isAvi(head) || isOtherVideo(head)
  const bare = head[0] === 0xff && head[1] === 0xd8 && (await isBareStream(source, signal))
  const begin = isAvi(head) && hasJpeg() ? await walkAvi(head, signal) : undefined
  const promised = begin?.promised ?? 0
  const other = { bytes: head, known, bare, ...(promised > 0 && { promised }) }
  if (backend === 'ffmpeg' || backend === 'opencv') return other
  const isLarge = size > MAX_CLIP_BYTES
  if (backend === 'auto' && (bare || isOtherVideo(head) || !hasJpeg())) return other
  if (backend === 'auto' && isLarge && !(begin && isMotionJpeg(head, begin))) return other
  if (isLarge && !isAvi(head)) return { ...other, refused: unexpected(name, head) }
  if (source.path !== undefined) await reserve?.(Math.min(size, most))
  const bytes = await source.read(0, most, signal)
  const avi = await walkAvi(bytes, signal)
  if (isMotionJpeg(bytes, avi)) return { bytes, avi, known }
  const refused = isAvi(bytes) ? refusalOf(name, size, avi) : undefined
  return { ...other, refused: refused ?? (backend === 'mjpeg' ? unexpected(name, bytes, avi) : undefined) }
}

/** Why an AVI that seems to be Motion JPEG is read by nobody here. */
function refusalOf(name: string, size: number, avi: Avi): InfomotionError | undefined {
  const count = frameCount(avi)
  if (count === 0) return new InfomotionError('VIDEO_EMPTY', `${name} has an AVI header but no frame (${size} bytes).`)
  const { codec } = avi
  if (codec === '' || !JPEG_CODECS.test(codec)) return undefined
  const what = `its codec is "${codec}", but none of its ${count} frames begins as a JPEG`
  return new InfomotionError('VIDEO_UNREADABLE', `Expected a Motion JPEG AVI at ${name}: ${what}.`)
}

/**
 * The frames are JPEGs, and the file is an AVI: by its first bytes, or, where these are damaged, by the names of most
 * frames' chunks. Many other files have a JPEG somewhere: photographs a thumbnail, films a cover, DICOMs all frames.
 */
function isMotionJpeg(bytes: Buffer, { chunks, named, filled, jpegs, codec }: Avi): boolean {
  if (!isAvi(bytes) && 4 * named < chunks.length) return false
  return JPEG_CODECS.test(codec) ? jpegs > 0 : 2 * jpegs > filled
}

/** Codes of Motion JPEG in AVI headers; "" where the header is damaged. */
const JPEG_CODECS = /^(|[MSV]JPG|JPE?G|JPGL|AVR[Nn]|DMB1|ADJV|CJPG|IJPG|QIVG|MJLS)$/i

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
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `Expected a video at ${source.name}, but found a picture, in JPEG. A folder of pictures is a clip: give the folder.`,
    )
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

/** The error for a file of no known format. */
export function unreadable(name: string, head: Buffer, cause: unknown): InfomotionError {
  return new InfomotionError(
    'VIDEO_UNREADABLE',
    `Expected a video at ${name}, but found ${startOf(head)}, no format known here (and no ffmpeg executable to ask).`,
    { cause },
  )
}
