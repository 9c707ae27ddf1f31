import { InfomotionError } from '../runtime/errors.js'
import { lumaOfSamples, SAMPLE_TYPES, type Samples } from './samples.js'
import {
  ASSUMED_FPS,
  type DecodeOptions,
  type FormatName,
  type Frames,
  MAX_CLIP_BYTES,
  MAX_SIDE,
  type Oddity,
} from './types.js'

/** A clip in a file of an array, as its header promises it. */
export interface ArrayClip extends Omit<Samples, 'bytes'> {
  backend: FormatName
  decoder: string
  /** Bytes of the array as promised. */
  length: number
  /** As the file says. */
  fps?: number
}

/** Refuses sizes that are no clip's, or more than a clip may have, before memory is taken. */
export function expectClipSize(
  path: string,
  { count, width, height, length }: Pick<ArrayClip, 'count' | 'width' | 'height' | 'length'>,
): void {
  if (count < 1 || width < 1 || height < 1)
    throw new InfomotionError(
      'VIDEO_EMPTY',
      `${path} has a header of ${count} frames of ${width} x ${height}: no pixel.`,
    )
  if (width > MAX_SIDE || height > MAX_SIDE)
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `${path} promises frames of ${width} x ${height}, where ${MAX_SIDE} is the most.`,
    )
  if (count * width * height > MAX_CLIP_BYTES || length > MAX_CLIP_BYTES)
    throw new InfomotionError(
      'VIDEO_TOO_LARGE',
      `${path} promises ${count} frames of ${width} x ${height} in ${length} bytes; up to ${MAX_CLIP_BYTES / 2 ** 30} GiB are read. ` +
        'Save it with fewer bytes a number, scale it down, or cut it.',
    )
}

/**
 * The frames that are there in full, of those that a header promises. Needs frames that lie one after the other, or all bytes.
 *
 * @param bytes - the array's, as many as the file has
 * @throws VIDEO_UNREADABLE (not one whole frame), ABORTED
 */
export async function framesOfArray(
  path: string,
  clip: ArrayClip,
  bytes: Uint8Array,
  options: DecodeOptions,
  odd: readonly Oddity[] = [],
): Promise<Frames> {
  const { width, height, length, steps } = clip
  const size = SAMPLE_TYPES[clip.type].BYTES_PER_ELEMENT
  const inOrder = steps.frame * size * clip.count === length
  const there = bytes.length >= length ? clip.count : inOrder ? Math.floor(bytes.length / (steps.frame * size)) : 0
  if (there === 0)
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `${path} is cut short: its header promises ${length} bytes of ${clip.count} frames, and it holds ${bytes.length}.`,
    )
  const count = Math.min(there, options.maxFrames ?? there)
  await options.reserve?.(count * width * height)
  const { frames, oddities: levels } = await lumaOfSamples({ ...clip, bytes, count }, options.signal)
  const short = there < clip.count
  const fps = clip.fps ?? options.fps
  const oddities: Oddity[] = [...levels, ...odd]
  if (short)
    oddities.unshift({ kind: 'damaged', text: `The header promises ${clip.count} frames, the file holds ${there}.` })
  if (fps === undefined)
    oddities.push({ kind: 'rate', text: `The file names no frame rate: ${ASSUMED_FPS} fps is assumed.` })
  return {
    ...{ frames, count, width, height, fps: fps ?? ASSUMED_FPS },
    ...{ backend: clip.backend, decoder: clip.decoder, damagedFrames: 0, promisedFrames: clip.count },
    oddities,
    warnings: oddities.map(({ text }) => text),
  }
}
