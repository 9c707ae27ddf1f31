import type { InfomotionError } from '../runtime/errors.js'
import { type Frames, MAX_CLIP_BYTES, type ReadOptions } from './types.js'

/**
 * When the frames of a clip are shown, in seconds, read line by line as ffmpeg's muxer framecrc writes it: "#tb 0: 1/90000",
 * then "stream, dts, pts, duration, size, checksum" for each frame (ffmpeg-formats(1)).
 */
export class FrameTimes {
  readonly seconds: number[] = []
  private rest = ''
  /** Seconds of a unit. */
  private unit = 0
  private ended = false
  private readonly kinds = new Set<'pts' | 'dts' | 'none'>()
  private waiting: (() => void) | undefined

  push(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() as string
    for (const line of lines) {
      const base = /^#tb 0: (\d+)\/(\d+)/.exec(line)
      if (base) this.unit = Number(base[1]) / Number(base[2])
      if (line.startsWith('#')) continue
      const [, dts, pts] = line.split(',').map(Number)
      // Packets of old containers have the time of decoding only, or none at all (the least number, AV_NOPTS_VALUE).
      const kind = isTime(pts) ? 'pts' : isTime(dts) ? 'dts' : 'none'
      this.kinds.add(kind)
      if (kind !== 'none') this.seconds.push((kind === 'pts' ? pts : dts) * this.unit)
    }
    this.waiting?.()
  }

  /** Every frame has a time of the same kind. */
  get areComplete(): boolean {
    return this.kinds.size === 1 && !this.kinds.has('none')
  }

  /** No more will come. */
  end(): void {
    this.ended = true
    this.waiting?.()
  }

  /** The time of frame i, as soon as it is known; undefined: it never will be. One at a time. */
  async at(i: number): Promise<number | undefined> {
    while (i >= this.seconds.length && !this.ended) {
      await new Promise<void>((heard) => {
        this.waiting = heard
      })
    }
    return this.seconds[i]
  }
}

const isTime = (units: number) => Math.abs(units) < 2 ** 62

/** At which constant rate a clip is taken. */
export interface Pace {
  fps: number
  /** Its frames come unevenly: each instant of that rate shows the frame of its time. */
  varies: boolean
  /** What is to be told of it: a sentence. */
  text?: string
}

/**
 * The rate of a clip whose frames come at these times, against the one that its header names (undefined: none). Where they
 * come at that, give or take what containers that count in milliseconds do to them (a tenth of the usual distance makes
 * no motion look faster or slower that one would see), it holds. Otherwise the usual distance decides, the median: where it is
 * that of the header's rate, frames are missing here and there and the rate holds; where it is another, the rate is the mean
 * over the distances near the median: a whole number, where it is within 0.02 % of one, else to a thousandth.
 */
export function paceOf(times: readonly number[], named: number | undefined): Pace {
  const steady = { fps: named ?? 30, varies: false }
  if (times.length < 3) return steady
  const distances = Float64Array.from({ length: times.length - 1 }, (_, i) => times[i + 1] - times[i]).sort()
  const [shortest, longest] = [distances[0], distances[distances.length - 1]]
  const mean = (times[times.length - 1] - times[0]) / distances.length
  const even = longest - shortest <= Math.max(0.0021, mean / 10)
  const fits = (distance: number) => named !== undefined && Math.abs(distance * named - 1) <= 0.05
  if (even && fits(mean)) return steady
  const positive = distances.filter((distance) => distance > 0)
  if (positive.length === 0) return steady
  const median = positive[positive.length >> 1]
  const usual = positive.filter((distance) => Math.abs(distance / median - 1) <= 0.25)
  const measured = usual.length / usual.reduce((sum, distance) => sum + distance, 0)
  const fps = fits(median) ? (named as number) : Math.min(1000, Math.max(0.001, rounded(measured)))
  const ms = (seconds: number) => Number((1000 * seconds).toFixed(1))
  const shown = (rate: number) => Number(rate.toFixed(2))
  if (even && named !== undefined)
    return {
      ...{ fps, varies: false },
      text: `The header names ${shown(named)} fps, but the frames come at ${shown(fps)} fps, which is taken.`,
    }
  const text =
    `The frame rate varies: frames lie ${ms(shortest)} to ${ms(longest)} ms apart (${shown(1 / mean)} fps in the mean). ` +
    `They are taken at ${shown(fps)} fps, each instant the frame of its time.`
  return even ? { fps, varies: false } : { fps, varies: true, text }
}

function rounded(fps: number): number {
  const whole = Math.round(fps)
  return Math.abs(fps - whole) <= 2e-4 * fps ? whole : Math.round(1000 * fps) / 1000
}

/** A longer pause than so many frames is a cut: nothing is shown for it. */
const PAUSE = 1000

/**
 * Takes frames that come unevenly at the instants i / fps after the first one: each instant shows the last frame that has
 * begun by then. So a frame is repeated where none came in time, and left out where another came before its instant. Over
 * a repeated frame flow is zero, and the pair behind it has the whole way: speeds stay right in the mean, which they would
 * not if frames of all distances counted as one apart; frames blended from two would show motion that nobody filmed.
 */
export class Resampler {
  /** Instants shown. */
  count = 0
  private first: number | undefined
  private now = 0

  constructor(private readonly fps: number) {}

  /** How often the frame before this one, which begins at `seconds`, is shown. */
  next(seconds: number): number {
    if (this.first === undefined) {
      this.first = seconds
      return 0
    }
    let begins = seconds - this.first
    if (!(begins > this.now)) begins = this.now // time does not go back
    if ((begins - this.now) * this.fps > PAUSE) {
      this.first += begins - this.now - 1 / this.fps
      begins = this.now + 1 / this.fps
    }
    this.now = begins
    // An instant belongs to a frame that begins within its container's rounding.
    const slack = Math.min(0.0011, 0.25 / this.fps)
    const shown = Math.max(0, Math.ceil((begins - slack) * this.fps) - this.count)
    this.count += shown
    return shown
  }

  /** How often the last frame is shown. */
  last(): number {
    if (this.first === undefined) return 0
    this.count++
    return 1
  }
}

/** The frame that each instant shows, of those that come at these times. */
function shownAt(times: readonly number[], count: number, fps: number, most = Number.POSITIVE_INFINITY): number[] {
  const resampler = new Resampler(fps)
  const shown: number[] = []
  for (let i = 0; i < count; i++)
    for (let n = resampler.next(times[i] ?? 0); n > 0 && shown.length < most; n--) shown.push(i - 1)
  if (shown.length < most && resampler.last()) shown.push(count - 1)
  return shown
}

/**
 * Frames that come unevenly at a constant rate.
 *
 * @param frames - `count` of `pixels` bytes each
 * @param most - of the frames that are shown, the first so many are given
 * @param tooLarge - thrown where that would be more than {@link MAX_CLIP_BYTES}
 */
export async function resample(
  { frames, count, pixels }: { frames: Uint8Array; count: number; pixels: number },
  times: readonly number[],
  fps: number,
  { maxFrames, reserve }: ReadOptions & { maxFrames?: number },
  tooLarge: (count: number) => InfomotionError,
): Promise<Pick<Frames, 'frames' | 'count'>> {
  const shown = shownAt(times, count, fps, maxFrames)
  const bytes = shown.length * pixels
  if (bytes > MAX_CLIP_BYTES) throw tooLarge(shown.length)
  await reserve?.(bytes)
  const even = new Uint8Array(bytes)
  shown.forEach((from, i) => {
    even.set(frames.subarray(from * pixels, (from + 1) * pixels), i * pixels)
  })
  return { frames: even, count: shown.length }
}
