import { type Avi, walkAvi } from './avi.js'
import type { Source } from './source.js'

/** Of an AVI that is read piece by piece, so much is in memory: many frames of any size that clips have. */
export const WINDOW_BYTES = 2 ** 23

/** To this a window grows for a frame, or for something between frames, that is larger. */
const LARGEST = 2 ** 26

/** A chunk's name and size. */
const CHUNK = 8

/** A part of an AVI. The places of its frames are within its bytes. */
export interface Window {
  bytes: Buffer
  frames: Avi['frames']
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
  { frames, resyncs }: Avi,
  signal?: AbortSignal,
): AsyncGenerator<Window> {
  if (first.length >= source.size) {
    yield { bytes: first, frames, resyncs }
    return
  }
  const headers = first.subarray(0, Math.max(0, frames[0].start - CHUNK))
  const before = walkAvi(headers).resyncs
  let length = WINDOW_BYTES
  for (let from = headers.length; from < source.size; ) {
    const body = await source.read(from, from + length, signal)
    if (body.length === 0) return // the file became shorter
    const bytes = Buffer.concat([headers, body])
    const walked = walkAvi(bytes)
    if (body.length < length || from + length >= source.size) {
      yield { bytes, frames: walked.frames, resyncs: walked.resyncs - before }
      return
    }
    const cut = cutOf(bytes, walked.frames, 0)
    const beyond = cut === undefined ? leadsTo(bytes, walked.frames.at(-1)?.end ?? headers.length) : undefined
    const skipped = from + (beyond ?? Number.POSITIVE_INFINITY) - headers.length
    if (skipped <= source.size) {
      yield { bytes, frames: walked.frames, resyncs: 0 }
      from = skipped
      length = WINDOW_BYTES
      continue
    }
    if (cut === undefined && length < LARGEST) {
      length *= 2
      continue
    }
    // One that never ends is damaged, and reaches as far as it was walked.
    const next = cut ?? cutOf(bytes, walked.frames, 1)
    const part = next === undefined ? bytes : bytes.subarray(0, next)
    const window = next === undefined ? walked : walkAvi(part)
    yield { bytes: part, frames: window.frames, resyncs: window.resyncs - before }
    from += part.length - headers.length
    length = WINDOW_BYTES
  }
}

/**
 * Where the window ends: not before frame `least`, behind one frame at the least, and where one chunk follows the other, so that
 * damage is met in one window.
 */
function cutOf(bytes: Buffer, frames: Avi['frames'], least: number): number | undefined {
  const incomplete = frames.findIndex((frame, i) => i >= least && endOf(bytes, frame) + CHUNK > bytes.length)
  let cut = incomplete < 0 ? frames.length - 1 : incomplete
  while (cut >= 1 && !(hasHeader(bytes, frames[cut].start) && isFollowed(bytes, frames[cut - 1]))) cut--
  return cut < 1 ? undefined : frames[cut].start - CHUNK
}

/** A frame ends where its chunk says, and a chunk follows. */
function isFollowed(bytes: Buffer, frame: Avi['frames'][number]): boolean {
  return endOf(bytes, frame) === frame.end && (isChunk(bytes, frame.end) || isChunk(bytes, frame.end + 1))
}

/** Where the window's last chunk leads to, if that is no frame: an index or padding may be longer than any window. */
function leadsTo(bytes: Buffer, from: number): number | undefined {
  for (let at = from + Number(isChunk(bytes, from + 1) && !isChunk(bytes, from)); isChunk(bytes, at); ) {
    const name = bytes.toString('latin1', at, at + 4)
    const length = bytes.readUInt32LE(at + 4)
    if (/^\d\dd[bc]$/.test(name)) return undefined
    at += name === 'RIFF' || name === 'LIST' ? 12 : CHUNK + length + (length & 1)
    if (at > bytes.length) return at
  }
  return undefined
}

/** Where a frame ends, or where its chunk says so. */
function endOf(bytes: Buffer, { start, end }: Avi['frames'][number]): number {
  return hasHeader(bytes, start) ? Math.max(end, start + bytes.readUInt32LE(start - 4)) : end
}

/** A frame is in a chunk, or was found where its chunk's header is gone. */
const hasHeader = (bytes: Buffer, start: number) => start >= CHUNK && isChunk(bytes, start - CHUNK)

/** A chunk's header stands here. */
const isChunk = (bytes: Buffer, at: number) =>
  at + CHUNK <= bytes.length && /^[A-Za-z0-9]{2}[A-Za-z0-9_ ]{2}$/.test(bytes.toString('latin1', at, at + 4))
