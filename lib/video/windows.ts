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
    const beyond = cut === undefined ? leadsTo(bytes, walked.chunks.at(-1) ?? headers.length) : undefined
    const skipped = from + (beyond ?? Number.POSITIVE_INFINITY) - headers.length
    if (skipped <= source.size) {
      yield { bytes, chunks: walked.chunks, layout, resyncs: 0 }
      from = skipped
      length = WINDOW_BYTES
      continue
    }
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

/**
 * Where the window ends: not before frame `least`, behind one frame at the least, and where one chunk follows the other, so that
 * damage is met in one window.
 */
function cutOf(bytes: Buffer, avi: Pick<Avi, 'chunks' | 'layout'>, least: number): number | undefined {
  const count = frameCount(avi)
  let cut = least
  while (cut < count && endOf(bytes, chunksOf(avi, cut, cut + 1)) + CHUNK <= bytes.length) cut++
  cut = Math.min(cut, count - 1)
  const startOf = (i: number) => chunksOf(avi, i, i + 1)[0]
  while (cut >= 1 && !(hasHeader(bytes, startOf(cut)) && isFollowed(bytes, chunksOf(avi, cut - 1, cut)))) cut--
  return cut < 1 ? undefined : startOf(cut) - CHUNK
}

/** A frame ends where its last chunk says, and a chunk follows. */
function isFollowed(bytes: Buffer, chunks: Float64Array): boolean {
  const end = chunks[chunks.length - 1]
  return endOf(bytes, chunks) === end && (isChunk(bytes, end) || isChunk(bytes, end + 1))
}

/** Where the window's last chunk leads to, if that is no frame: an index or padding may be longer than any window. */
function leadsTo(bytes: Buffer, from: number): number | undefined {
  for (let at = from + Number(isChunk(bytes, from + 1) && !isChunk(bytes, from)); isChunk(bytes, at); ) {
    const name = bytes.toString('latin1', at, at + 4)
    const length = bytes.readUInt32LE(at + 4)
    if (/^\d\d(d[bcx]|__|iv)$/.test(name)) return undefined
    at += name === 'RIFF' || name === 'LIST' ? 12 : CHUNK + length + (length & 1)
    if (at > bytes.length) return at
  }
  return undefined
}

/** Where a frame ends, or where its last chunk says so. */
function endOf(bytes: Buffer, chunks: Float64Array): number {
  const [start, end] = chunks.subarray(-2)
  return hasHeader(bytes, start) ? Math.max(end, start + bytes.readUInt32LE(start - 4)) : end
}

/** A frame is in a chunk, or was found where its chunk's header is gone. */
const hasHeader = (bytes: Buffer, start: number) => start >= CHUNK && isChunk(bytes, start - CHUNK)

/** A chunk's header stands here. */
const isChunk = (bytes: Buffer, at: number) =>
  at + CHUNK <= bytes.length && /^[A-Za-z0-9]{2}[A-Za-z0-9_ ]{2}$/.test(bytes.toString('latin1', at, at + 4))
