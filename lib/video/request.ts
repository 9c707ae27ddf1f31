import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, invalid } from '../runtime/expect.js'
import { type Resolved, resolveOptions } from '../runtime/option.js'
import { Deadline } from './deadline.js'
import type { Mask } from './mask.js'
import { DECODING } from './options.js'
import { expectSegment, type Part } from './segment.js'
import { type ClipSource, type Source, sourceOf } from './source.js'
import type { Backend, Crop, ReadOptions, Segment } from './types.js'

export interface ReadClipOptions extends ReadOptions {
  /**
   * "mjpeg": AVI of JPEG frames, in this process. "ffmpeg": anything, through an executable. "opencv": anything, through
   * opencv4nodejs where that is installed. Default "auto": by content; what cannot be read in this process through ffmpeg, or,
   * only where there is none, through opencv4nodejs.
   */
  backend?: Backend
  /**
   * Frames a second where the clip names no rate: a folder of pictures, an array, an AVI without one. Default: 30, which
   * `oddities` tells.
   */
  fps?: number
  /** "sector": what lies outside the ultrasound sector (text, ECG trace, borders) is set to 0. Default "none". */
  mask?: Mask
  /**
   * "region": of a DICOM, the region of the 2-D image that the file names (SequenceOfUltrasoundRegions), where it names one.
   * Default "none".
   */
  crop?: Crop
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

const OTHERS = ['maxFrames', 'segment', 'maxBytes', 'timeLimit', 'name', 'signal', 'reserve']

/** Options that were checked. */
export interface Request extends ReadOptions, Part, Resolved<typeof DECODING> {}

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
  const decoding = resolveOptions(DECODING, options, reader, OTHERS)
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
    return await work(source, { ...decoding, maxFrames, segment, signal, reserve }, deadline)
  } catch (error) {
    deadline.clear()
    throw deadline.told(error, called)
  }
}
