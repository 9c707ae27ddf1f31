import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { decodeJpeg } from '../runtime/jpeg.js'
import { require } from '../runtime/package.js'
import type { Avi } from './avi.js'
import { jpegSize } from './jpeg.js'
import { ASSUMED_FPS, type DecodeOptions, type Frames, MAX_CLIP_BYTES } from './types.js'

/** Names this decoder with the version of what decodes the JPEGs. */
export function mjpegDecoder(): string {
  return `mjpeg (jpeg-turbo ${require('@julusian/jpeg-turbo/package.json').version})`
}

/** JPEGs under way at the same time, in libuv's threads: enough to keep them busy, few enough to stop soon. */
const IN_FLIGHT = 16

/** Does `work` for 0..count-1, some at a time. Rejects with ABORTED, when none is under way any more. */
export async function forEachInFlight(
  count: number,
  signal: AbortSignal | undefined,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const some = async () => {
    while (next < count && !signal?.aborted) await work(next++)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, some))
  throwIfAborted(signal)
}

/**
 * Decodes the JPEG frames of an AVI to luma with libjpeg-turbo (which also supplies the standard Huffman tables where
 * Motion JPEG leaves them out). A frame is damaged if libjpeg-turbo complains of it at all, or if its size differs from
 * the other frames': half a frame of grey would look like motion, so the good frame before it stands in for it (the
 * first good one for damaged frames at the start).
 *
 * @param path for messages only
 */
export async function decodeMjpeg(file: Buffer, avi: Avi, path: string, options: DecodeOptions): Promise<Frames> {
  const ranges = avi.frames.slice(0, options.maxFrames)
  const sizes = ranges.map(({ start, end }) => jpegSize(file.subarray(start, end)))
  const size = mostCommon(sizes)
  if (!size) {
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `Expected JPEG frames in ${path}, but none of its ${ranges.length} frames has a readable JPEG header.`,
    )
  }
  const { width, height } = size
  const count = ranges.length
  const bytes = width * height
  if (count * bytes > MAX_CLIP_BYTES) throw tooLarge(path, count, width, height)

  await options.reserve?.(count * bytes)
  const frames = Buffer.alloc(count * bytes)
  const good = new Uint8Array(count)
  const empty = ranges.map(({ start, end }) => start === end)
  await forEachInFlight(count, options.signal, async (i) => {
    if (sizes[i]?.width !== width || sizes[i]?.height !== height) return
    const jpeg = file.subarray(ranges[i].start, ranges[i].end)
    good[i] = await decodeGray(jpeg, frames.subarray(i * bytes, (i + 1) * bytes))
  })

  const first = good.indexOf(1)
  if (first < 0) {
    throw new InfomotionError('VIDEO_UNREADABLE', `All ${count} frames of ${path} are damaged: none decodes in full.`)
  }
  let damagedFrames = 0
  for (let i = 0; i < count; i++) {
    if (good[i]) continue
    const stand = i < first ? first : i - 1
    frames.copyWithin(i * bytes, stand * bytes, (stand + 1) * bytes)
    if (!empty[i]) damagedFrames++
  }
  return {
    frames: new Uint8Array(frames.buffer, frames.byteOffset, frames.length),
    count,
    width,
    height,
    fps: avi.fps ?? options.fps ?? ASSUMED_FPS,
    backend: 'mjpeg',
    decoder: mjpegDecoder(),
    damagedFrames,
    promisedFrames: avi.promised || undefined,
    oddities: [],
    warnings: [],
  }
}

/** 1 if the JPEG decoded without complaint. */
async function decodeGray(jpeg: Buffer, out: Buffer): Promise<number> {
  const image = await decodeJpeg(jpeg).catch((error) => {
    if (error instanceof InfomotionError) throw error // no fault of the JPEG
    return undefined
  })
  if (image?.pixels.length !== out.length) return 0
  out.set(image.pixels)
  return 1
}

function mostCommon(sizes: ({ width: number; height: number } | undefined)[]) {
  const votes = new Map<number, number>()
  let best: { width: number; height: number } | undefined
  let most = 0
  for (const size of sizes) {
    if (!size) continue
    const key = size.width * 65536 + size.height
    const count = (votes.get(key) ?? 0) + 1
    votes.set(key, count)
    if (count > most) {
      most = count
      best = size
    }
  }
  return best
}

function tooLarge(path: string, count: number, width: number, height: number): InfomotionError {
  return new InfomotionError(
    'VIDEO_TOO_LARGE',
    `${path} would decode to ${count} frames of ${width} x ${height}, more than ${MAX_CLIP_BYTES / 2 ** 30} GiB of luma. ` +
      'Cut or scale it down, or read its beginning only with the option maxFrames.',
  )
}
