import { randomBytes } from 'node:crypto'
import { open as openFile, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import jpegTurbo from '@julusian/jpeg-turbo'
import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import { type Avi, buildAvi, isAvi, walkAvi } from './avi.js'
import { decodeWithFfmpeg } from './ffmpeg.js'
import { decodeMjpeg, forEachInFlight, jpegSize } from './mjpeg.js'
import { type Frames, MAX_CLIP_BYTES, MAX_SIDE } from './types.js'

export type { Frames } from './types.js'

export interface ReadClipOptions {
  /** "mjpeg": AVI of JPEG frames, in this process. "ffmpeg": anything, through an executable. Default "auto": by content. */
  backend?: 'auto' | 'mjpeg' | 'ffmpeg'
  /** Reads no more frames than these, from the first. Default: all. */
  maxFrames?: number
  signal?: AbortSignal
}

const GREY = { format: jpegTurbo.FORMAT_GRAY, subsampling: jpegTurbo.SAMP_GRAY }

/**
 * Decodes a clip to luma. Motion JPEG in AVI (EchoNet's format) is read in this process, in libuv's threads, and
 * survives damage: broken chunks are searched past, and each frame that does not decode in full is replaced by the good
 * frame before it and counted in `damagedFrames`. Everything else goes through an `ffmpeg` executable.
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_EMPTY (no frames), VIDEO_UNREADABLE (no video that can be decoded), VIDEO_TOO_LARGE,
 *   FFMPEG_NOT_FOUND, ABORTED
 * @example
 * ```js
 * const clip = await readClip('Videos/0X1A.avi')
 * console.log(clip.count, clip.width, clip.height, clip.fps, clip.damagedFrames)
 * ```
 */
export async function readClip(path: string, options: ReadClipOptions = {}): Promise<Frames> {
  if (typeof path !== 'string' || path === '') throw invalid('the path of a clip', 'path', path)
  expectOptions(options, 'readClip', ['backend', 'maxFrames', 'signal'])
  const backend = expectOneOf(options.backend ?? 'auto', 'backend', ['auto', 'mjpeg', 'ffmpeg'])
  if (options.maxFrames !== undefined) expectInteger(options.maxFrames, 'maxFrames', 1)
  throwIfAborted(options.signal)
  const file = await open(path, backend)
  if (!file.avi) return decodeWithFfmpeg(path, options).catch((error) => throwUnreadable(error, path, file.bytes))
  const clip = await decodeMjpeg(file.bytes, file.avi, path, options)
  clip.warnings.push(...oddities(file.avi, clip))
  return clip
}

/**
 * The frames of a Motion JPEG AVI as they lie in the file, for showing them elsewhere without decoding. Frames whose
 * JPEG header is damaged are left out.
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_EMPTY, VIDEO_UNREADABLE (also for every other format)
 */
export async function readJpegFrames(path: string): Promise<{ jpegs: Uint8Array[]; fps: number }> {
  const { bytes, avi } = await open(path, 'mjpeg')
  const jpegs = avi!.frames.map(({ start, end }) => bytes.subarray(start, end)).filter((jpeg) => jpegSize(jpeg))
  return { jpegs, fps: avi!.fps ?? 30 }
}

/**
 * Writes luma frames as a grey Motion JPEG AVI, the format of EchoNet's clips. The file appears under its name only
 * when it is complete.
 *
 * @param options `fps`; `quality` of the JPEGs, 1..100, default 90
 */
export async function writeClip(
  path: string,
  clip: { frames: Uint8Array; count: number; width: number; height: number },
  options: { fps: number; quality?: number; signal?: AbortSignal },
): Promise<void> {
  expectOptions(options, 'writeClip', ['fps', 'quality', 'signal'])
  const fps = expectNumber(options.fps, 'fps', 0.001, 1000)
  const quality = expectInteger(options.quality ?? 90, 'quality', 1, 100)
  const count = expectInteger(clip.count, 'count', 1)
  const width = expectInteger(clip.width, 'width', 1, MAX_SIDE)
  const height = expectInteger(clip.height, 'height', 1, MAX_SIDE)
  const bytes = width * height
  if (clip.frames.length !== count * bytes)
    throw invalid(`${count} x ${height} x ${width} = ${count * bytes} bytes`, 'frames', clip.frames)
  const jpegs = new Array<Buffer>(count)
  await forEachInFlight(count, options.signal, async (i) => {
    const luma = Buffer.from(clip.frames.buffer, clip.frames.byteOffset + i * bytes, bytes)
    const jpeg = await jpegTurbo.compress(luma, { ...GREY, width, height, quality })
    jpegs[i] = Buffer.from(jpeg) // a copy of its true size: jpeg-turbo allocates for the worst case
  })
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`
  try {
    await writeFile(partial, buildAvi(jpegs, width, height, fps), { signal: options.signal })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/** The file, and its frame ranges if it is a Motion JPEG AVI; `avi` undefined: another format, for ffmpeg to read. */
async function open(path: string, backend: 'auto' | 'mjpeg' | 'ffmpeg'): Promise<{ bytes: Buffer; avi?: Avi }> {
  const info = await stat(path).catch((cause) => {
    throw new InfomotionError('VIDEO_NOT_FOUND', `Expected a clip at ${path}: ${cause.code ?? cause.message}.`, {
      cause,
    })
  })
  if (!info.isFile()) throw new InfomotionError('VIDEO_NOT_FOUND', `Expected a clip at ${path}, but it is not a file.`)
  if (info.size === 0) throw new InfomotionError('VIDEO_EMPTY', `${path} is empty: it has 0 bytes.`)
  const head = await readHead(path)
  if (backend === 'ffmpeg' || (backend === 'auto' && !isAvi(head) && foreign(head))) return { bytes: head }
  if (info.size > MAX_CLIP_BYTES)
    throw new InfomotionError(
      'VIDEO_TOO_LARGE',
      `${path} has ${info.size} bytes; a Motion JPEG AVI is read up to 2 GiB.`,
    )
  const bytes = await readFile(path)
  const avi = walkAvi(bytes)
  const jpegs = avi.frames.some(({ start, end }) => jpegSize(bytes.subarray(start, end)))
  if (jpegs) return { bytes, avi }
  if (isAvi(bytes) && avi.frames.length === 0)
    throw new InfomotionError('VIDEO_EMPTY', `${path} has an AVI header but no frame (${bytes.length} bytes).`)
  if (backend === 'mjpeg') {
    const found = isAvi(bytes) ? `an AVI of codec "${avi.codec}"` : startOf(bytes)
    throw new InfomotionError('VIDEO_UNREADABLE', `Expected a Motion JPEG AVI at ${path}, but found ${found}.`)
  }
  return { bytes: head }
}

/** The first bytes, enough to tell formats apart. */
async function readHead(path: string): Promise<Buffer> {
  const file = await openFile(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(132), 0, 132, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function startOf(bytes: Buffer): string {
  return `a file that starts with the bytes ${bytes.toString('hex', 0, 12)}`
}

/** The name of a video format that only ffmpeg can read here. */
function foreign(head: Buffer): string | undefined {
  const text = head.toString('latin1')
  if (isAvi(head)) return 'AVI'
  if (/^(ftyp|moov|mdat|wide|free|skip)/.test(text.slice(4))) return 'MP4 or QuickTime'
  if (text.startsWith('\x1aE\xdf\xa3')) return 'Matroska or WebM'
  if (text.startsWith('\0\0\x01\xba') || text.startsWith('\0\0\x01\xb3')) return 'MPEG'
  if (/^(FLV|OggS|GIF8|DKIF|YUV4MPEG2|0&\xb2u)/.test(text)) return 'a video'
  return undefined
}

/** Without ffmpeg, a file of no known format is unreadable rather than in want of ffmpeg. */
function throwUnreadable(error: unknown, path: string, head: Buffer): never {
  if (!(error instanceof InfomotionError) || error.code !== 'FFMPEG_NOT_FOUND' || foreign(head)) throw error
  throw new InfomotionError(
    'VIDEO_UNREADABLE',
    `Expected a video at ${path}, but found ${startOf(head)}, no format known here (and no ffmpeg executable to ask).`,
    { cause: error },
  )
}

/** What a reader of the clip should know of its file. */
function oddities(avi: Avi, clip: Frames): string[] {
  const warnings: string[] = []
  if (avi.fps === undefined) warnings.push('The header names no frame rate between 0 and 1000 fps: 30 fps is assumed.')
  if (avi.promised > 0 && avi.promised !== avi.frames.length)
    warnings.push(`The header promises ${avi.promised} frames, the file holds ${avi.frames.length}.`)
  if (avi.resyncs > 0)
    warnings.push(`The chunks are damaged in ${avi.resyncs} places; reading went on at the next frame.`)
  if (clip.damagedFrames > 0)
    warnings.push(
      `${clip.damagedFrames} of ${clip.count} frames are damaged; the good frame before each stands in for it.`,
    )
  return warnings
}
