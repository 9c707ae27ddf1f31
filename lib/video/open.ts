import { open, readFile, stat } from 'node:fs/promises'
import { InfomotionError } from '../runtime/errors.js'
import { type Avi, isAvi, walkAvi } from './avi.js'
import { jpegSize } from './mjpeg.js'
import { type Backend, MAX_CLIP_BYTES } from './types.js'

/** A file looked into. */
export interface OpenClip {
  /** All of a Motion JPEG AVI; the first bytes of anything else. */
  bytes: Buffer
  /** Where the frames of a Motion JPEG AVI are; undefined: another format, for ffmpeg to read. */
  avi?: Avi
  /** It starts as a video format does. */
  known: boolean
}

/** Finds out what a file is. Throws where no decoder could make anything of it. */
export async function openClip(path: string, backend: Backend): Promise<OpenClip> {
  const info = await stat(path).catch((cause) => {
    throw new InfomotionError('VIDEO_NOT_FOUND', `Expected a clip at ${path}: ${cause.code ?? cause.message}.`, {
      cause,
    })
  })
  if (!info.isFile()) throw new InfomotionError('VIDEO_NOT_FOUND', `Expected a clip at ${path}, but it is not a file.`)
  if (info.size === 0) throw new InfomotionError('VIDEO_EMPTY', `${path} is empty: it has 0 bytes.`)
  const head = await readHead(path)
  const known = isAvi(head) || isOtherVideo(head)
  if (backend === 'ffmpeg' || backend === 'opencv' || (backend === 'auto' && isOtherVideo(head)))
    return { bytes: head, known }
  if (info.size > MAX_CLIP_BYTES)
    throw new InfomotionError(
      'VIDEO_TOO_LARGE',
      `${path} has ${info.size} bytes; a Motion JPEG AVI is read up to 2 GiB.`,
    )
  const bytes = await readFile(path)
  const avi = walkAvi(bytes)
  const jpegs = avi.frames.some(({ start, end }) => jpegSize(bytes.subarray(start, end)))
  if (jpegs) return { bytes, avi, known }
  if (isAvi(bytes) && avi.frames.length === 0)
    throw new InfomotionError('VIDEO_EMPTY', `${path} has an AVI header but no frame (${bytes.length} bytes).`)
  if (backend === 'mjpeg') {
    const found = isAvi(bytes) ? `an AVI of codec "${avi.codec}"` : startOf(bytes)
    throw new InfomotionError('VIDEO_UNREADABLE', `Expected a Motion JPEG AVI at ${path}, but found ${found}.`)
  }
  return { bytes: head, known }
}

/** The first bytes, enough to tell formats apart. */
async function readHead(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function startOf(bytes: Buffer): string {
  return `a file that starts with the bytes ${bytes.toString('hex', 0, 12)}`
}

/** The file starts as a video format does that only ffmpeg can read here. */
function isOtherVideo(head: Buffer): boolean {
  const text = head.toString('latin1')
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
export function unreadable(path: string, head: Buffer, cause: unknown): InfomotionError {
  return new InfomotionError(
    'VIDEO_UNREADABLE',
    `Expected a video at ${path}, but found ${startOf(head)}, no format known here (and no ffmpeg executable to ask).`,
    { cause },
  )
}
