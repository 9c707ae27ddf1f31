import { type Avi, chunksOf, frameCount, walkAvi } from './avi.js'
import type { Source } from './source.js'

/** Of an AVI that is read piece by piece, so much is in memory: many frames of any size that clips have. */
export const WINDOW_BYTES = 2 ** 23

/** To this a window grows for a frame, or for something between frames, that is larger. */
const LARGEST = 2 ** 26

/** A chunk's name and size. */
const CHUNK = 8

/** A part of an AVI. The places of its frames are within its bytes. */
export interface Window extends Pick<Avi, 'chunks' | 'layout'> {
  bytes: Buffer
  /** How often the chunks were lost in it. */
  resyncs: number
}

/**
 * The frames of an AVI, window by window, of which the first bytes were read and walked. Each window is walked as an AVI of
 * its own: the file's headers before a part of its chunks. It ends before its last frame, or before the first one that is not in
 * it in full, and the next one begins there.
 */
export async function* windowsOf(
  source: Source,
  first: Buffer,
  { chunks, layout, resyncs }: Avi,
  signal?: AbortSignal,
): AsyncGenerator<Window> {
  if (first.length >= source.size) {
    yield { bytes: first, chunks, layout, resyncs }
    return
  }
  const headers = first.subarray(0, Math.max(0, chunks[0] - CHUNK))
  const before = (await walkAvi(headers, signal)).resyncs
  let length = WINDOW_BYTES
  for (let from = headers.length; from < source.size; ) {
    const body = await source.read(from, from + length, signal)
    if (body.length === 0) return // the file became shorter
    const bytes = Buffer.concat([headers, body])
    const walked = { ...(await walkAvi(bytes, signal)), layout }
    if (body.length < length || from + length >= source.size) {
      yield { bytes, chunks: walked.chunks, layout, resyncs: walked.resyncs - before }
      return
    }
    const cut = cutOf(bytes, walked, 0)
    if (cut === undefined && length < LARGEST) {
      length *= 2
      continue
    }
    // One that never ends is damaged, and reaches as far as it was walked.
    const next = cut ?? cutOf(bytes, walked, 1)
    const part = next === undefined ? bytes : bytes.subarray(0, next)
    const window = next === undefined ? walked : await walkAvi(part, signal)
    yield { bytes: part, chunks: window.chunks, layout, resyncs: window.resyncs - before }
    from += part.length - headers.length
    length = WINDOW_BYTES
  }
}

/** Where the window ends: not before frame `least`, and behind one frame at the least. */
function cutOf(bytes: Buffer, avi: Pick<Avi, 'chunks' | 'layout'>, least: number): number | undefined {
  const count = frameCount(avi)
  let cut = least
  while (cut < count && endOf(bytes, chunksOf(avi, cut, cut + 1)) + CHUNK <= bytes.length) cut++
  cut = Math.min(cut, count - 1)
  if (cut < 1) return undefined
  const [start] = chunksOf(avi, cut, cut + 1)
  return hasHeader(bytes, start) ? start - CHUNK : start
}

/** Where a frame ends, or where its last chunk says so. */
function endOf(bytes: Buffer, chunks: Float64Array): number {
  const [start, end] = chunks.subarray(-2)
  return hasHeader(bytes, start) ? Math.max(end, start + bytes.readUInt32LE(start - 4)) : end
}

/** A frame is in a chunk, or was found where its chunk's header is gone. */
function hasHeader(bytes: Buffer, start: number): boolean {
  return start >= CHUNK && /^[A-Za-z0-9]{2}[A-Za-z0-9_ ]{2}$/.test(bytes.toString('latin1', start - 8, start - 4))
}
