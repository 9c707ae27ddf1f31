import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import { Deadline } from './deadline.js'
import { expectSegment, type Part } from './segment.js'
import { type ClipSource, type Source, sourceOf } from './source.js'
import { BACKENDS, type Backend, type ReadOptions, type Segment } from './types.js'

export interface ReadClipOptions extends ReadOptions {
  /**
   * "mjpeg": AVI of JPEG frames, in this process. "ffmpeg": anything, through an executable. "opencv": anything, through
   * opencv4nodejs where that is installed. Default "auto": by content; what cannot be read in this process through ffmpeg, or,
   * only where there is none, through opencv4nodejs.
   */
  backend?: Backend
  /** Reads no more frames than these, from the first. Default: all. */
  maxFrames?: number
  /**
   * Reads only the frames t with start <= t < end, in seconds (frame i is shown at i / fps) or in frames, of which
   * `maxFrames` counts the first. Default: the whole clip.
   */
  segment?: Segment
  /** Refuses what has more bytes, compressed as it is. Default: 256 MiB of a stream, which may have no end; else none. */
  maxBytes?: number
  /** Ends reading after so many seconds (VIDEO_TIME_LIMIT), a stream's arrival included. Default: none. */
  timeLimit?: number
  /** What bytes or a stream are called in messages. Default: "the given bytes", "the given stream". */
  name?: string
}

const OPTIONS = ['backend', 'maxFrames', 'segment', 'maxBytes', 'timeLimit', 'name', 'signal', 'reserve'] as const

/** Options that were checked. */
export interface Request extends ReadOptions, Part {
  backend: Backend
}

/** Seconds that a timer can count (it has 31 bits of milliseconds). */
const LONGEST = 2 ** 31 / 1000 - 1

/**
 * Checks what a reader of clips is given, finds the source, and does something with it within the time limit. `work` gives
 * what is to be done at the end: at once, or later, by whoever it hands the deadline to.
 */
export async function withSource<T>(
  given: ClipSource,
  options: ReadClipOptions,
  reader: string,
  work: (source: Source, request: Request, deadline: Deadline) => Promise<T>,
): Promise<T> {
  expectOptions(options, reader, OPTIONS)
  const backend = expectOneOf(options.backend ?? 'auto', 'backend', BACKENDS)
  const { maxFrames, maxBytes, timeLimit, name, reserve } = options
  if (maxFrames !== undefined) expectInteger(maxFrames, 'maxFrames', 1)
  if (maxBytes !== undefined) expectInteger(maxBytes, 'maxBytes', 1)
  if (timeLimit !== undefined) expectNumber(timeLimit, 'timeLimit', 0.001, LONGEST)
  if (name !== undefined && (typeof name !== 'string' || name === '')) throw invalid('a text', 'name', name)
  const segment = options.segment && expectSegment(options.segment, 'segment')
  throwIfAborted(options.signal)
  const deadline = new Deadline(timeLimit, options.signal)
  const { signal } = deadline
  const called = typeof given === 'string' ? given : (name ?? 'The clip')
  try {
    const source = await sourceOf(given, { name, maxBytes, signal, reserve })
    return await work(source, { backend, maxFrames, segment, signal, reserve }, deadline)
  } catch (error) {
    deadline.clear()
    throw deadline.told(error, called)
  }
}
