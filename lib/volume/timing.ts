import { expectInteger, expectNumber, expectOptions, invalid } from '../runtime/expect.js'

/** What is known of a clip's time. */
export interface ClipTime {
  /** Its length. */
  seconds: number
  /** Its frames a second. */
  fps: number
  /** After how many seconds its movement comes again; absent where it does not (see {@link periodOf}). */
  period?: number
}

/** How networks sample clips in time. */
export interface Timing {
  /** Seconds from the first frame of a sample to the one behind its last. */
  span: number
  /** Frames a second of the volumes, and how many at most: `VolumeShape`. */
  rate: number
  frames: number
  /** Volume frames from one frame of a sample to the next: `SampleOptions.stride`. */
  stride: number
  /** Of a repetition, in seconds; absent where the clips do not repeat. */
  period?: number
}

/** Frames of a sample, and at most of a volume: four samples' at stride 1. */
export const SAMPLE_FRAMES = 16
const VOLUME_FRAMES = 64

/** A sample of what repeats holds a repetition, and a slower one than most. */
const REPETITIONS = 1.25
/** Where at least so many clips repeat, repetition is the rule; one in ten seems to by chance. */
const REPEATING = 1 / 3
/** So many clips are not longer than a sample of what does not repeat. */
const WHOLE = 0.9
/** Spans are told apart by factors of 2^(1/4), so that other draws of clips from the same source get the same volumes. */
const STEPS_AN_OCTAVE = 4

/**
 * How networks are to sample clips like these in time. A sample has 16 frames. Where the clips repeat (at least a third of
 * them do), it spans 1.25 times the median period; where not, nine of ten clips whole. The volumes have up to 64
 * frames at the highest rate at which nine of ten clips fit in whole, but not above the clips' own, and between 1 and 4
 * frames for one of a sample. So what is long and does not repeat is seen from end to end, and a heart beat in its detail.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 * @example
 * ```js
 * timingOf([{ seconds: 17, fps: 8 }]) // span 16, rate 4, stride 4: the whole of an action
 * timingOf([{ seconds: 2, fps: 50, period: 0.8 }]) // span 1, rate 32, stride 2: a beat
 * ```
 */
export function timingOf(clips: readonly ClipTime[]): Timing {
  if (!Array.isArray(clips) || clips.length === 0) throw invalid('at least one clip', 'clips', clips)
  for (const [i, clip] of clips.entries()) {
    expectOptions(clip, `clips[${i}]`, ['seconds', 'fps', 'period'])
    for (const name of ['seconds', 'fps', 'period'] as const)
      if (name !== 'period' || clip.period !== undefined)
        expectNumber(clip[name], `clips[${i}].${name}`, Number.MIN_VALUE)
  }
  const length = quantile(
    clips.map(({ seconds }) => seconds),
    WHOLE,
  )
  const periods = clips.flatMap(({ period }) => (period === undefined ? [] : [period]))
  const repeats = periods.length >= REPEATING * clips.length
  const period = repeats ? quantile(periods, 0.5) : undefined
  const span = rounded(Math.min(period ? REPETITIONS * period : length, length))
  const own = quantile(
    clips.map(({ fps }) => fps),
    0.5,
  )
  const [least, most] = [SAMPLE_FRAMES / span, VOLUME_FRAMES / span]
  const rate = Math.min(most, Math.max(least, Math.min(VOLUME_FRAMES / rounded(length), rounded(own))))
  const stride = (rate * span) / SAMPLE_FRAMES
  return { span, rate, frames: VOLUME_FRAMES, stride, ...(period !== undefined && { period }) }
}

/** How samples of so many seconds lie in volumes that are as they are (an encoder's): within their frames. */
export function strideFor(span: number, { rate, frames }: { rate: number; frames: number }): number {
  expectInteger(frames, 'frames', 1)
  return Math.min((span * rate) / SAMPLE_FRAMES, Math.max(1, frames / SAMPLE_FRAMES))
}

/** The smallest value that so large a share of them does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1]
}

function rounded(value: number): number {
  return 2 ** (Math.round(STEPS_AN_OCTAVE * Math.log2(value)) / STEPS_AN_OCTAVE)
}
