import { stat } from 'node:fs/promises'
import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, invalid } from '../runtime/expect.js'
import { resolveOptions } from '../runtime/option.js'
import type { Avi } from './avi.js'
import { decodeWithFfmpeg, ffmpegDecoder } from './ffmpeg.js'
import { FORMATS } from './formats.js'
import { jpegSize } from './jpeg.js'
import { type Mask, withMask } from './mask.js'
import { decodeMjpeg, mjpegDecoder } from './mjpeg.js'
import { countOddity, damageOddity, regionOddity } from './oddities.js'
import { type OpenClip, openClip, unreadable } from './open.js'
import { decodeWithOpencv, findOpencv, opencvDecoder } from './opencv.js'
import { DECODING } from './options.js'
import { decodePictures, picturesDecoder } from './pictures.js'
import {
  ASSUMED_FPS,
  type Backend,
  type Crop,
  type Frames,
  type Oddity,
  type OddityKind,
  type ReadOptions,
} from './types.js'

export interface ReadClipOptions extends ReadOptions {
  /**
   * "mjpeg": AVI of JPEG frames, in this process. "ffmpeg": anything, through an executable. "opencv": anything, through
   * opencv4nodejs where that is installed. Default "auto": by content, the last only where there is no ffmpeg.
   */
  backend?: Backend
  /**
   * Frames a second where the clip names no rate: a folder of pictures, an array, an AVI without one. Default: 30, which
   * `oddities` tells.
   */
  fps?: number
  /** "sector": what lies outside the ultrasound sector (text, ECG trace, borders) is set to 0. Default "none". */
  mask?: Mask
  /** "region": of a DICOM, the region of the 2-D image that the file names (UltrasoundRegions), where it names one. Default "none". */
  crop?: Crop
  /** Reads no more frames than these, from the first. Default: all. */
  maxFrames?: number
}

/**
 * Decodes a clip to luma. Motion JPEG in AVI (EchoNet's format) is read in this process, in libuv's threads, and
 * survives damage: broken chunks are searched past, and each frame that does not decode in full is replaced by the good
 * frame before it and counted in `damagedFrames`. Everything else goes through an `ffmpeg` executable, or, where
 * there is none, through opencv4nodejs (an optional peer): films in one file, no playlist and no picture, and of no other
 * file than this one. A folder of JPEG, PNG or PGM pictures is a clip too, its frames in the natural order of their names,
 * and so are NIfTI files (`.nii`, `.nii.gz`: width, height, frames) and numpy arrays (`.npy`: frames, height, width).
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_EMPTY (no frames), VIDEO_UNREADABLE (no video that can be decoded), VIDEO_TOO_LARGE,
 *   FFMPEG_NOT_FOUND, OPENCV_NOT_FOUND, DECODER_DIED, ABORTED
 * @example
 * ```js
 * const clip = await readClip('Videos/0X1A.avi')
 * console.log(clip.count, clip.width, clip.height, clip.fps, clip.damagedFrames)
 * ```
 */
export async function readClip(path: string, options: ReadClipOptions = {}): Promise<Frames> {
  if (typeof path !== 'string' || path === '') throw invalid('the path of a clip', 'path', path)
  const { backend, mask, crop } = resolveOptions(DECODING, options, 'readClip', ['maxFrames', 'signal', 'reserve'])
  if (options.maxFrames !== undefined) expectInteger(options.maxFrames, 'maxFrames', 1)
  throwIfAborted(options.signal)
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false
  const decoded = await (isFolder ? readFolder : readFile)(path, backend, options)
  const clip = crop === 'region' && decoded.backend !== 'dicom' ? withOddities(decoded, [regionOddity]) : decoded
  return mask === 'none' ? clip : withMask(clip, options.signal)
}

function withOddities(clip: Frames, more: Oddity[]): Frames {
  const oddities = [...clip.oddities, ...more]
  return { ...clip, oddities, warnings: oddities.map(({ text }) => text) }
}

function readFolder(path: string, backend: Backend, options: ReadClipOptions): Promise<Frames> {
  if (backend === 'auto') return decodePictures(path, options)
  throw new InfomotionError(
    'VIDEO_UNREADABLE',
    `${path} is a folder: its pictures are read in this process, and not with the backend "${backend}". Leave that out.`,
  )
}

async function readFile(path: string, backend: Backend, options: ReadClipOptions): Promise<Frames> {
  const file = await openClip(path, backend, options)
  const clip = file.format
    ? await file.format.decode(file.bytes, path, options)
    : file.avi
      ? await decodeMjpeg(file.bytes, file.avi, path, options)
      : await decodeOutside(path, backend, file, options)
  const oddities = [...(file.avi ? odditiesOf(file.avi, clip, options.fps) : []), ...clip.oddities]
  // ffmpeg has no word for an AVI that ends early
  const { promised = 0 } = file
  if (promised > clip.count && options.maxFrames === undefined) {
    clip.promisedFrames = promised
    oddities.unshift(...countOddity(promised, clip.count))
  }
  if (file.bare && clip.backend === 'ffmpeg') {
    if (options.fps !== undefined) clip.fps = options.fps
    else
      oddities.unshift({
        kind: 'rate',
        text: `JPEGs without a container have no frame rate: ${clip.fps} fps is assumed.`,
      })
  }
  return withOddities({ ...clip, oddities: [] }, oddities)
}

/** Names of the decoders, with their versions, that {@link readClip} would read clips with here and now. */
export async function decodersOf(backend: Backend): Promise<string[]> {
  if (backend === 'mjpeg') return [mjpegDecoder()]
  const opencv = opencvDecoder()
  const own =
    backend === 'auto' ? [mjpegDecoder(), ...FORMATS.map((format) => format.decoder()), picturesDecoder()] : []
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
  return { jpegs, fps: avi!.fps ?? ASSUMED_FPS }
}

/** What a reader of the clip should know of its file. */
function odditiesOf(avi: Avi, clip: Frames, fps?: number): Oddity[] {
  const { promised, frames, resyncs } = avi
  const odd: [OddityKind, boolean, string][] = [
    [
      'rate',
      (avi.fps ?? fps) === undefined,
      'The header names no frame rate between 0 and 1000 fps: 30 fps is assumed.',
    ],
    ['chunks', resyncs > 0, `The chunks are damaged in ${resyncs} places; reading went on at the next frame.`],
  ]
  const [rate, chunks] = odd.map(([kind, found, text]) => (found ? [{ kind, text }] : []))
  return [...rate, ...countOddity(promised, frames.length), ...chunks, ...damageOddity(clip.damagedFrames, clip.count)]
}
