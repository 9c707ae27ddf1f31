import { InfomotionError } from '../runtime/errors.js'
import { runJob } from '../runtime/job.js'
import type { NativeClip } from '../runtime/native.js'
import { type Avi, chunksOf, frameCount } from './avi.js'
import { jpegAddon } from './jpeg.js'
import { ASSUMED_FPS, type DecodeOptions, type Frames, MAX_CLIP_BYTES } from './types.js'

/** Names this decoder with the version of what decodes the JPEGs. */
export function mjpegDecoder(): string {
  return `mjpeg (libjpeg-turbo ${jpegAddon().jpegLibrary})`
}

/** What the addon says of a frame. */
const DAMAGED = 0
export const GOOD = 1

/**
 * Decodes the JPEG frames of an AVI to luma, in the addon's threads (`native/core/video/clip.h`): as libjpeg does with its
 * accurate DCT, whatever the JPEGs lack that is not of the image. A frame is damaged if a part of it is missing or wrong, or if
 * its size differs from most: half a frame of grey would look like motion, so the good frame before it stands in for it (the
 * first good one for damaged frames at the start).
 *
 * @param file nobody may change it meanwhile
 * @param name for messages only
 * @throws VIDEO_UNREADABLE, VIDEO_TOO_LARGE, OUT_OF_MEMORY, ABORTED
 */
export async function decodeMjpeg(file: Uint8Array, avi: Avi, name: string, options: DecodeOptions): Promise<Frames> {
  const { width, height } = avi.layout
  const count = Math.min(frameCount(avi), options.maxFrames ?? Number.POSITIVE_INFINITY)
  expectJpegs(avi, name)
  const bytes = count * width * height
  if (bytes > MAX_CLIP_BYTES) throw tooLarge(name, count, width, height)
  await options.reserve?.(bytes)
  const { frames, states } = await decodeFrames(file, avi, 0, count, options.signal)
  if (!states.includes(GOOD)) throw allDamaged(name, count)
  return {
    ...{ frames, count, width, height },
    fps: avi.fps ?? options.fps ?? ASSUMED_FPS,
    backend: 'mjpeg',
    decoder: mjpegDecoder(),
    damagedFrames: damagedIn(states),
    promisedFrames: avi.promised || undefined,
    oddities: [],
    warnings: [],
  }
}

/** The frames from `first` on and before `end`; a damaged one is stood in for within these, where there is a good one. */
export function decodeFrames(
  file: Uint8Array,
  avi: Pick<Avi, 'chunks' | 'layout'>,
  first: number,
  end: number,
  signal?: AbortSignal,
): Promise<NativeClip> {
  return runJob(() => jpegAddon().decodeClip(file, chunksOf(avi, first, end), avi.layout), signal)
}

/** @throws VIDEO_UNREADABLE */
export function expectJpegs(avi: Avi, name: string): void {
  const { width, height, chunks } = avi.layout
  if (width > 0 && frameCount(avi) === 0)
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `Expected ${chunks} fields a frame in ${name}, but found ${avi.chunks.length / 2}: its JPEGs have half the height that ` +
        `the header names (${width} x ${height}), so each is one field of an interlaced picture, and the other is missing.`,
    )
  if (width > 0) return
  throw new InfomotionError(
    'VIDEO_UNREADABLE',
    `Expected JPEG frames in ${name}, but none of its ${frameCount(avi)} frames has a readable JPEG header.`,
  )
}

export function allDamaged(name: string, count: number): InfomotionError {
  return new InfomotionError('VIDEO_UNREADABLE', `All ${count} frames of ${name} are damaged: none decodes in full.`)
}

export function damagedIn(states: Uint8Array): number {
  return states.reduce((sum, state) => sum + (state === DAMAGED ? 1 : 0), 0)
}

function tooLarge(name: string, count: number, width: number, height: number): InfomotionError {
  return new InfomotionError(
    'VIDEO_TOO_LARGE',
    `${name} would decode to ${count} frames of ${width} x ${height}, more than ${MAX_CLIP_BYTES / 2 ** 30} GiB of luma. ` +
      'Cut or scale it down, or read its beginning only with the option maxFrames.',
  )
}
