import { type InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import type { Avi } from './avi.js'
import { decodeWithFfmpeg } from './ffmpeg.js'
import { decodeMjpeg, jpegSize } from './mjpeg.js'
import { type OpenClip, openClip, unreadable } from './open.js'
import { decodeWithOpencv, findOpencv } from './opencv.js'
import { BACKENDS, type Backend, type Frames } from './types.js'

export interface ReadClipOptions {
  /**
   * "mjpeg": AVI of JPEG frames, in this process. "ffmpeg": anything, through an executable. "opencv": anything, through
   * opencv4nodejs where that is installed. Default "auto": by content, the last only where there is no ffmpeg.
   */
  backend?: Backend
  /** Reads no more frames than these, from the first. Default: all. */
  maxFrames?: number
  signal?: AbortSignal
}

/**
 * Decodes a clip to luma. Motion JPEG in AVI (EchoNet's format) is read in this process, in libuv's threads, and
 * survives damage: broken chunks are searched past, and each frame that does not decode in full is replaced by the good
 * frame before it and counted in `damagedFrames`. Everything else goes through an `ffmpeg` executable, or, where
 * there is none, through opencv4nodejs (an optional peer).
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_EMPTY (no frames), VIDEO_UNREADABLE (no video that can be decoded), VIDEO_TOO_LARGE,
 *   FFMPEG_NOT_FOUND, OPENCV_NOT_FOUND, ABORTED
 * @example
 * ```js
 * const clip = await readClip('Videos/0X1A.avi')
 * console.log(clip.count, clip.width, clip.height, clip.fps, clip.damagedFrames)
 * ```
 */
export async function readClip(path: string, options: ReadClipOptions = {}): Promise<Frames> {
  if (typeof path !== 'string' || path === '') throw invalid('the path of a clip', 'path', path)
  expectOptions(options, 'readClip', ['backend', 'maxFrames', 'signal'])
  const backend = expectOneOf(options.backend ?? 'auto', 'backend', BACKENDS)
  if (options.maxFrames !== undefined) expectInteger(options.maxFrames, 'maxFrames', 1)
  throwIfAborted(options.signal)
  const file = await openClip(path, backend)
  if (!file.avi) return decodeOutside(path, backend, file, options)
  const clip = await decodeMjpeg(file.bytes, file.avi, path, options)
  clip.warnings.push(...oddities(file.avi, clip))
  return clip
}

/** By another program. */
async function decodeOutside(
  path: string,
  backend: Backend,
  file: OpenClip,
  options: ReadClipOptions,
): Promise<Frames> {
  if (backend === 'opencv') return decodeWithOpencv(path, options)
  try {
    return await decodeWithFfmpeg(path, options)
  } catch (error) {
    if ((error as InfomotionError).code !== 'FFMPEG_NOT_FOUND') throw error
    if (backend === 'auto' && findOpencv()) return decodeWithOpencv(path, options)
    throw file.known ? error : unreadable(path, file.bytes, error)
  }
}

/**
 * The frames of a Motion JPEG AVI as they lie in the file, for showing them elsewhere without decoding. Frames whose
 * JPEG header is damaged are left out.
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_EMPTY, VIDEO_UNREADABLE (also for every other format)
 */
export async function readJpegFrames(path: string): Promise<{ jpegs: Uint8Array[]; fps: number }> {
  const { bytes, avi } = await openClip(path, 'mjpeg')
  const jpegs = avi!.frames.map(({ start, end }) => bytes.subarray(start, end)).filter((jpeg) => jpegSize(jpeg))
  return { jpegs, fps: avi!.fps ?? 30 }
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
