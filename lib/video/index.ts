import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import type { Avi } from './avi.js'
import { decodeWithFfmpeg } from './ffmpeg.js'
import { decodeMjpeg, jpegSize } from './mjpeg.js'
import { openClip, unreadable } from './open.js'
import type { Frames } from './types.js'

export type { Frames } from './types.js'
export { writeClip, writePictures } from './write.js'

export interface ReadClipOptions {
  /** "mjpeg": AVI of JPEG frames, in this process. "ffmpeg": anything, through an executable. Default "auto": by content. */
  backend?: 'auto' | 'mjpeg' | 'ffmpeg'
  /** Reads no more frames than these, from the first. Default: all. */
  maxFrames?: number
  signal?: AbortSignal
}

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
  const file = await openClip(path, backend)
  if (!file.avi) {
    return decodeWithFfmpeg(path, options).catch((error) => {
      throw error.code === 'FFMPEG_NOT_FOUND' && !file.known ? unreadable(path, file.bytes, error) : error
    })
  }
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
