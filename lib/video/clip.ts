import { type InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import type { Avi } from './avi.js'
import { decodeWithFfmpeg, ffmpegDecoder } from './ffmpeg.js'
import { FORMATS } from './formats.js'
import { jpegSize } from './jpeg.js'
import { decodeMjpeg, mjpegDecoder } from './mjpeg.js'
import { type OpenClip, openClip, unreadable } from './open.js'
import { decodeWithOpencv, findOpencv, opencvDecoder } from './opencv.js'
import { cutTo, expectSegment, outsideClip, rangeOf } from './segment.js'
import {
  BACKENDS,
  type Backend,
  type Frames,
  type Oddity,
  type OddityKind,
  type ReadOptions,
  type Segment,
} from './types.js'

export interface ReadClipOptions extends ReadOptions {
  /**
   * "mjpeg": AVI of JPEG frames, in this process. "ffmpeg": anything, through an executable. "opencv": anything, through
   * opencv4nodejs where that is installed. Default "auto": by content, the last only where there is no ffmpeg.
   */
  backend?: Backend
  /** Reads no more frames than these, from the first. Default: all. */
  maxFrames?: number
  /**
   * Reads only the frames t with start <= t < end, in seconds (frame i is shown at i / fps) or in frames, of which
   * `maxFrames` counts the first. Default: the whole clip.
   */
  segment?: Segment
}

/**
 * Decodes a clip to luma. Motion JPEG in AVI (EchoNet's format) is read in this process, in libuv's threads, and
 * survives damage: broken chunks are searched past, and each frame that does not decode in full is replaced by the good
 * frame before it and counted in `damagedFrames`. Everything else goes through an `ffmpeg` executable, or, where
 * there is none, through opencv4nodejs (an optional peer): films in one file, no playlist and no picture, and of no other
 * file than this one.
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_EMPTY (no frames), VIDEO_SEGMENT_EMPTY (none of them in the segment), VIDEO_UNREADABLE (no video that can be decoded), VIDEO_TOO_LARGE,
 *   FFMPEG_NOT_FOUND, OPENCV_NOT_FOUND, DECODER_DIED, ABORTED
 * @example
 * ```js
 * const clip = await readClip('Videos/0X1A.avi')
 * console.log(clip.count, clip.width, clip.height, clip.fps, clip.damagedFrames)
 * ```
 */
export async function readClip(path: string, given: ReadClipOptions = {}): Promise<Frames> {
  const options = given.segment ? { ...given, maxFrames: undefined } : given
  if (typeof path !== 'string' || path === '') throw invalid('the path of a clip', 'path', path)
  expectOptions(options, 'readClip', ['backend', 'maxFrames', 'segment', 'signal', 'reserve'])
  const backend = expectOneOf(options.backend ?? 'auto', 'backend', BACKENDS)
  if (options.maxFrames !== undefined) expectInteger(options.maxFrames, 'maxFrames', 1)
  const segment = options.segment && expectSegment(options.segment, 'segment')
  throwIfAborted(options.signal)
  const file = await openClip(path, backend, options)
  const decoded = file.format
    ? await file.format.decode(file.bytes, path, options)
    : file.avi
      ? await decodeMjpeg(file.bytes, file.avi, path, options)
      : await decodeOutside(path, backend, file, options)
  const clip = segment ? cutTo(decoded, rangeOf(given, decoded.fps)) : decoded
  if (segment && clip.count === 0) throw outsideClip(path, segment, decoded.count, decoded.fps)
  const oddities = [...(file.avi ? odditiesOf(file.avi, clip) : []), ...clip.oddities]
  // ffmpeg has no word for an AVI that ends early
  const { promised = 0 } = file
  if (promised > decoded.count && options.maxFrames === undefined) {
    clip.promisedFrames = promised
    oddities.unshift({ kind: 'damaged', text: promise(promised, decoded.count) })
  }
  if (file.bare && clip.backend === 'ffmpeg')
    oddities.unshift({
      kind: 'rate',
      text: `JPEGs without a container have no frame rate: ${clip.fps} fps is assumed.`,
    })
  return { ...clip, oddities, warnings: oddities.map(({ text }) => text) }
}

/** Names of the decoders, with their versions, that {@link readClip} would read clips with here and now. */
export async function decodersOf(backend: Backend): Promise<string[]> {
  if (backend === 'mjpeg') return [mjpegDecoder()]
  const opencv = opencvDecoder()
  const own = backend === 'auto' ? [mjpegDecoder(), ...FORMATS.map((format) => format.decoder())] : []
  if (backend === 'opencv') return opencv ? [opencv] : []
  const outside = await ffmpegDecoder().catch(() => (backend === 'auto' ? opencv : undefined))
  return outside ? [...own, outside] : own
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
    return await decodeWithFfmpeg(path, { ...options, bare: file.bare })
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

const promise = (promised: number, found: number) => `The header promises ${promised} frames, the file holds ${found}.`

/** What a reader of the clip should know of its file. */
function odditiesOf(avi: Avi, clip: Frames): Oddity[] {
  const { promised, frames, resyncs } = avi
  const odd: [OddityKind, boolean, string][] = [
    ['rate', avi.fps === undefined, 'The header names no frame rate between 0 and 1000 fps: 30 fps is assumed.'],
    [
      promised > frames.length ? 'damaged' : 'surplus',
      promised > 0 && promised !== frames.length,
      promise(promised, frames.length),
    ],
    ['chunks', resyncs > 0, `The chunks are damaged in ${resyncs} places; reading went on at the next frame.`],
    [
      'damaged',
      clip.damagedFrames > 0,
      `${clip.damagedFrames} of ${clip.count} frames are damaged; the good frame before each stands in for it.`,
    ],
  ]
  return odd.filter(([, found]) => found).map(([kind, , text]) => ({ kind, text }))
}
