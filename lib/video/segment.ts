import { InfomotionError } from '../runtime/errors.js'
import { expectNumber, expectObject, expectOneOf, invalid } from '../runtime/expect.js'
import type { Frames, Segment } from './types.js'

/** Indices of the frames from `first` on and before `end`. */
export interface Range {
  first: number
  end: number
}

export function expectSegment(value: Segment, name: string): Segment {
  expectObject(value, name, ['start', 'end', 'unit'])
  const start = expectNumber(value.start, `${name}.start`, 0)
  const unit = expectOneOf(value.unit, `${name}.unit`, ['seconds', 'frames'] as const)
  if (value.end === undefined) return { start, unit }
  const end = expectNumber(value.end, `${name}.end`, 0)
  if (end <= start) throw invalid(`a number above the segment's start, ${start},`, `${name}.end`, end)
  return { start, end, unit }
}

/** What of a clip is wanted. */
export interface Part {
  segment?: Segment
  maxFrames?: number
}

/**
 * The frames of a clip that are asked for, at its rate: those i with start <= i / fps < end, the first `maxFrames` of them.
 *
 * @throws VIDEO_SEGMENT_EMPTY where no frame can be among them
 */
export function rangeOf({ segment, maxFrames = Number.POSITIVE_INFINITY }: Part, fps: number, name: string): Range {
  if (!segment) return { first: 0, end: maxFrames }
  const at = (bound: number) => (segment.unit === 'frames' ? Math.ceil(bound) : firstFrom(bound, fps))
  const first = at(segment.start)
  const end = segment.end === undefined ? Number.POSITIVE_INFINITY : at(segment.end)
  if (end <= first) throw outsideClip(name, segment, fps)
  return { first, end: Math.min(end, first + maxFrames) }
}

/** The first frame that is shown at `seconds` or later: the least i with i / fps >= seconds, whatever the rounding of a product. */
function firstFrom(seconds: number, fps: number): number {
  let i = Math.max(0, Math.floor(seconds * fps) - 1)
  while (i / fps < seconds) i++
  return i
}

/** The frames of a range, in memory of their own, so that the others need not be kept. */
export function cutTo<T extends Pick<Frames, 'frames' | 'count' | 'width' | 'height'>>(clip: T, range: Range): T {
  const first = Math.min(range.first, clip.count)
  const end = Math.min(range.end, clip.count)
  if (first === 0 && end === clip.count) return clip
  const pixels = clip.width * clip.height
  return { ...clip, count: Math.max(0, end - first), frames: clip.frames.slice(first * pixels, end * pixels) }
}

/** The error for a segment that holds no frame of its clip, of which `count` are known. */
export function outsideClip(name: string, segment: Segment, fps: number, count?: number): InfomotionError {
  const { start, end = 'the end', unit } = segment
  const rounded = (value: number) => Number(value.toFixed(3))
  const has =
    count === undefined
      ? `none is shown then, at ${rounded(fps)} fps`
      : `it has ${count} frames, ${rounded(count / fps)} seconds at ${rounded(fps)} fps`
  return new InfomotionError(
    'VIDEO_SEGMENT_EMPTY',
    `Expected frames of ${name} from ${start} to ${end} (${unit}), but ${has}. Ask for a part that lies inside the clip.`,
  )
}
