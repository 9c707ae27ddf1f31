import { writeWhole } from '../run/store.js'
import { expectBytes } from '../runtime/arrays.js'
import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOptions, invalid } from '../runtime/expect.js'
import { buildAvi } from './avi.js'
import { encodeJpegs } from './jpeg.js'
import { CLIP_KEYS, MAX_SIDE } from './types.js'

/** Quality of the JPEGs, where no other is asked for. */
export const JPEG_QUALITY = 90

/**
 * Writes luma frames as a grey Motion JPEG AVI, the format of EchoNet's clips. The file appears under its name only
 * when it is complete.
 *
 * @param options `fps`; `quality` of the JPEGs, 1..100, default 90
 */
export async function writeClip(
  path: string,
  clip: { frames: Uint8Array | Uint8ClampedArray; count: number; width: number; height: number },
  options: { fps: number; quality?: number; signal?: AbortSignal },
): Promise<void> {
  expectOptions(options, 'writeClip', ['fps', 'quality', 'signal'])
  const fps = expectNumber(options.fps, 'fps', 0.001, 1000)
  const quality = expectInteger(options.quality ?? JPEG_QUALITY, 'quality', 1, 100)
  if (typeof clip !== 'object' || clip === null)
    throw invalid('an object { frames, count, width, height }', 'clip', clip)
  expectOptions(clip, 'clip', CLIP_KEYS)
  const frames = expectBytes(clip.frames, 'clip.frames')
  const count = expectInteger(clip.count, 'count', 1)
  const width = expectInteger(clip.width, 'width', 1, MAX_SIDE)
  const height = expectInteger(clip.height, 'height', 1, MAX_SIDE)
  const bytes = width * height
  if (frames.length !== count * bytes)
    throw invalid(`${count} x ${height} x ${width} = ${count * bytes} bytes`, 'clip.frames', frames)
  const jpegs = await encodeJpegs({ pixels: frames, width, height, channels: 1, quality }, options.signal)
  await saveAvi(path, jpegs, { width, height, fps }, options.signal)
}

/** A picture in colour: [height, width, 3] bytes, red, green, blue. */
interface Rgb {
  pixels: Uint8Array
  width: number
  height: number
}

/**
 * Writes pictures in colour, all of one size, as a Motion JPEG AVI. They are taken one by one and kept compressed. The
 * file appears under its name only when it is complete.
 *
 * @param options `fps`; `quality` of the JPEGs, 1..100, default 90
 */
export async function writePictures(
  path: string,
  pictures: AsyncIterable<Rgb>,
  options: { fps: number; quality?: number; signal?: AbortSignal },
): Promise<void> {
  const fps = expectNumber(options.fps, 'fps', 0.001, 1000)
  const quality = expectInteger(options.quality ?? JPEG_QUALITY, 'quality', 1, 100)
  const jpegs: Uint8Array[] = []
  let first: Rgb | undefined
  for await (const picture of pictures) {
    throwIfAborted(options.signal)
    const { width, height, pixels } = picture
    first ??= picture
    if (width !== first.width || height !== first.height)
      throw invalid(`pictures of one size, ${first.width} x ${first.height},`, 'pictures', `${width} x ${height}`)
    jpegs.push(...(await encodeJpegs({ pixels, width, height, channels: 3, quality }, options.signal)))
  }
  if (!first) throw invalid('at least one picture', 'pictures', 0)
  await saveAvi(path, jpegs, { width: first.width, height: first.height, fps }, options.signal)
}

async function saveAvi(
  path: string,
  jpegs: Uint8Array[],
  { width, height, fps }: { width: number; height: number; fps: number },
  signal?: AbortSignal,
): Promise<void> {
  throwIfAborted(signal)
  await writeWhole(path, buildAvi(jpegs, width, height, fps))
}
