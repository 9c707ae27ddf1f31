import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { decodeJpeg } from '../runtime/jpeg.js'
import type { Avi } from './avi.js'
import { type Frames, MAX_CLIP_BYTES, MAX_SIDE } from './types.js'

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
export async function decodeMjpeg(
  file: Buffer,
  avi: Avi,
  path: string,
  options: { maxFrames?: number; signal?: AbortSignal },
): Promise<Frames> {
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
    fps: avi.fps ?? 30,
    backend: 'mjpeg',
    damagedFrames,
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

/**
 * Width and height as the start-of-frame segment has them (ITU-T T.81, B.2.2); undefined if this is no JPEG, its head is
 * damaged, it has fewer bytes than such a frame needs (every block of 8x8 takes at least one bit), or more scans than
 * an encoder writes: each costs a pass over all blocks, however few its bytes.
 */
export function jpegSize(jpeg: Uint8Array): { width: number; height: number } | undefined {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return undefined
  let at = 2
  while (at + 9 <= jpeg.length) {
    if (jpeg[at] !== 0xff) return undefined
    const marker = jpeg[at + 1]
    const length = (jpeg[at + 2] << 8) | jpeg[at + 3]
    if (marker === 0xff) {
      at++ // fill byte
    } else if (marker >= 0xc0 && marker <= 0xc2) {
      const height = (jpeg[at + 5] << 8) | jpeg[at + 6]
      const width = (jpeg[at + 7] << 8) | jpeg[at + 8]
      const possible = width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE
      return possible && width * height <= 512 * jpeg.length && !hasManyScans(jpeg) ? { width, height } : undefined
    } else if (length < 2 || marker === 0xda) {
      return undefined
    } else {
      at += 2 + length
    }
  }
  return undefined
}

/** Encoders write one to four scans; progressive ones ten or so. */
const MAX_SCANS = 64
const START_OF_SCAN = Buffer.from([0xff, 0xda])

function hasManyScans(jpeg: Uint8Array): boolean {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength)
  let scans = 0
  for (let at = bytes.indexOf(START_OF_SCAN); at >= 0; at = bytes.indexOf(START_OF_SCAN, at + 2))
    if (++scans > MAX_SCANS) return true
  return false
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
