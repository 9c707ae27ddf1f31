import { frameCount } from './avi.js'
import { aviOddities, giveRate } from './avi-oddities.js'
import { cutOddities } from './cut.js'
import { decodeWithFfmpeg, ffmpegDecoder } from './ffmpeg.js'
import { FORMATS } from './formats.js'
import { hasJpeg } from './jpeg.js'
import { withMask } from './mask.js'
import { decodeMjpeg, mjpegDecoder } from './mjpeg.js'
import { countOddities, cropOddities } from './oddities.js'
import { decodeWithOpencv, opencvDecoder } from './opencv.js'
import { readHereOrOutside, readOutside } from './outside.js'
import { PICTURES } from './pictures.js'
import { type Recognised, recognise } from './recognise.js'
import { type ReadClipOptions, type Request, withSource } from './request.js'
import type { ClipSource, Source } from './source.js'
import { decodeFormat, gather } from './stream.js'
import { type Backend, type Frames, MAX_CLIP_BYTES } from './types.js'
import { WINDOW_BYTES } from './windows.js'

/**
 * Decodes a clip to luma. Motion JPEG in AVI (EchoNet's format) is read in this process, in the addon's threads, and
 * survives damage: broken chunks are searched past, and each frame that does not decode in full is replaced by the good
 * frame before it and counted in `damagedFrames`. Everything else, and an AVI that cannot be read here, goes through an
 * `ffmpeg` executable (4.1 or newer), or, where there is none, through opencv4nodejs (an optional peer): films in one file, no
 * playlist and no picture, and of no other file than this one. Rotation that a file asks for is followed; pixels that are not
 * square stay as they are. Frames that come unevenly are taken at a constant rate, which is told. A folder of JPEG, PNG or PGM
 * pictures is a clip too, its frames in the natural order of their names, and so are NIfTI files (`.nii`, `.nii.gz`: width,
 * height, frames), numpy arrays (`.npy`: frames, height, width) and multi-frame DICOM, which is known by its content.
 *
 * @param source - the path of a file, its bytes, or a stream of them (a web stream, or Node's). Bytes and streams are read in
 *   memory and by pipes. Bytes are copied at once, unless over a SharedArrayBuffer. A stream is released in any case. For a
 *   server that reads what strangers send: set `maxBytes` (64 MiB), `maxFrames` (2000) and `timeLimit` (30 s)
 * @throws VIDEO_NOT_FOUND, VIDEO_EMPTY (no frames), VIDEO_SEGMENT_EMPTY (none of them in the segment), VIDEO_UNREADABLE (no
 *   video that can be decoded), VIDEO_TOO_LARGE, VIDEO_TIME_LIMIT, VIDEO_STREAM_BROKEN, FFMPEG_NOT_FOUND, OPENCV_NOT_FOUND,
 *   DICOM_CODEC_NOT_FOUND, DECODER_DIED, ABORTED
 * @example
 * ```js
 * const clip = await readClip('Videos/0X1A.avi')
 * console.log(clip.count, clip.width, clip.height, clip.fps, clip.damagedFrames)
 *
 * const second = await readClip('Videos/0X1A.avi', { segment: { start: 0.2, end: 0.6, unit: 'seconds' } })
 * const bytes = await readFile('Videos/0X1A.avi')
 * const same = await readClip(bytes, { name: 'upload.avi', maxBytes: 2 ** 26, maxFrames: 2000, timeLimit: 30 })
 * ```
 */
export async function readClip(source: ClipSource, options: ReadClipOptions = {}): Promise<Frames> {
  return withSource(source, options, 'readClip', async (source, request, deadline) => {
    const decoded = await decode(source, request)
    const clip = request.mask === 'none' ? decoded : await withMask(decoded, request.signal)
    deadline.clear()
    const oddities = [...clip.oddities, ...(clip.backend === 'dicom' ? [] : cropOddities(request.crop))]
    return { ...clip, oddities, warnings: oddities.map(({ text }) => text) }
  })
}

async function decode(source: Source, request: Request): Promise<Frames> {
  const { backend, segment, maxFrames } = request
  const inParts = segment !== undefined || source.size > MAX_CLIP_BYTES
  const file = await recognise(source, backend, request, inParts ? WINDOW_BYTES : undefined)
  if (file.format) return decodeFormat(source, file, request)
  const isPart = segment !== undefined || (maxFrames !== undefined && !file.avi)
  if (isPart || (file.avi && file.bytes.length < source.size)) return gather(source, file, request)
  const outside = () => decodeOutside(source, file, request)
  if (!file.avi)
    return file.refused ? readHereOrOutside(backend, () => Promise.reject(file.refused), outside) : outside()
  const { avi, bytes } = file
  const here = async () => {
    const clip = await decodeMjpeg(bytes, avi, source.name, request)
    return {
      ...clip,
      oddities: [
        ...aviOddities(avi, { ...avi, found: frameCount(avi), complete: true }, clip, request.fps),
        ...clip.oddities,
      ],
    }
  }
  return readHereOrOutside(backend, here, outside)
}

/** By another program. */
async function decodeOutside(source: Source, file: Recognised, request: Request): Promise<Frames> {
  const options = { ...request, bare: file.bare }
  const clip = await readOutside(source, request.backend, file, {
    ffmpeg: () => decodeWithFfmpeg(source, options),
    opencv: () => decodeWithOpencv(source, options),
  })
  // ffmpeg has no word for an AVI that ends early
  const { promised = 0 } = file
  if (promised > clip.count) {
    clip.promisedFrames = promised
    clip.oddities.unshift(...countOddities(promised, clip.count))
  }
  clip.oddities.unshift(...(await cutOddities(source, file.bytes)))
  if (file.bare && clip.backend === 'ffmpeg') giveRate(clip, request.fps)
  return clip
}

/** Names of the decoders, with their versions, that {@link readClip} would read clips with here and now. */
export async function decodersOf(backend: Backend): Promise<string[]> {
  if (backend === 'mjpeg') return [mjpegDecoder()]
  const opencv = opencvDecoder()
  const here = [...FORMATS, PICTURES].map((format) => format.decoder())
  const own = backend === 'auto' ? [...(hasJpeg() ? [mjpegDecoder()] : []), ...here] : []
  if (backend === 'opencv') return opencv ? [opencv] : []
  const outside = await ffmpegDecoder().catch(() => (backend === 'auto' ? opencv : undefined))
  return outside ? [...own, outside] : own
}
