import { yieldToEventLoop } from '../runtime/yield.js'
import { expectClip } from './volume.js'

/** Side of the frames that are compared, in px, and how many of a clip at most: 256 frames are 33,000 pairs. */
const SIDE = 16
const MOST_FRAMES = 256
/** What repeats returns to less than half of the difference that it grew to. */
const RETURNS = 0.5
/** What does not grow to half of the difference of frames far apart has not gone anywhere yet. */
const LEAVES = 0.5
/** Repetitions that a clip must hold: one of them could be chance. */
const LEAST_TIMES = 1.5

/**
 * How long a clip's movement takes until it comes again, in seconds; undefined where it does not. Frames are
 * compared at every lag by their structure function d(lag) = mean over t of |x(t) - x(t + lag)|^2, x being a frame of
 * 16 x 16 px (Kolmogorov 1941; for a periodic x, d falls to nearly 0 at each period). The period is the first lag at
 * which d, having grown to half of its largest value, has fallen again below half of what it grew to.
 *
 * @param frames - [frames, height, width] grey levels
 * @param clip - width and height in px, frame rate in frames/s
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`
 * @example
 * ```js
 * const clip = await readClip('Videos/0X1A.avi')
 * const beat = await periodOf(clip.frames, clip) // 0.82
 * ```
 */
export async function periodOf(
  frames: Uint8Array | Uint8ClampedArray,
  clip: { width: number; height: number; fps: number },
  signal?: AbortSignal,
): Promise<number | undefined> {
  const bytes = expectClip(frames, clip)
  const { width, height, fps } = clip
  await yieldToEventLoop(signal)
  const count = bytes.length / (width * height)
  const step = Math.max(1, Math.ceil(count / MOST_FRAMES))
  const shown = Math.ceil(count / step)
  const small = new Float64Array(shown * SIDE * SIDE)
  for (let t = 0; t < shown; t++)
    shrinkTo(bytes.subarray(t * step * width * height), { width, height }, small.subarray(t * SIDE * SIDE))
  const lag = returnOf(structureOf(small, shown))
  return lag === undefined ? undefined : (lag * step) / fps
}

/** The mean over each cell, of at most 4 x 4 pixels of it. */
function shrinkTo(frame: Uint8Array, { width, height }: { width: number; height: number }, out: Float64Array): void {
  const places = (length: number) =>
    Array.from({ length: 4 * SIDE }, (_, i) => Math.min(length - 1, Math.floor(((i + 0.5) * length) / (4 * SIDE))))
  const [xs, ys] = [places(width), places(height)]
  for (const [j, y] of ys.entries())
    for (const [i, x] of xs.entries()) out[(j >> 2) * SIDE + (i >> 2)] += frame[y * width + x] / 16
}

/** d at the lags from 0 to two thirds of the clip. */
function structureOf(frames: Float64Array, count: number): Float64Array {
  const cells = SIDE * SIDE
  const d = new Float64Array(Math.floor(count / LEAST_TIMES) + 1)
  for (let lag = 1; lag < d.length; lag++) {
    let sum = 0
    for (let i = 0; i < (count - lag) * cells; i++) sum += (frames[i] - frames[i + lag * cells]) ** 2
    d[lag] = sum / (count - lag)
  }
  return d
}

function returnOf(d: Float64Array): number | undefined {
  const largest = d.reduce((most, value) => Math.max(most, value), 0)
  let top = 0
  for (let lag = 1; lag < d.length; lag++) {
    top = Math.max(top, d[lag])
    if (top === 0 || top < LEAVES * largest || d[lag] > RETURNS * top) continue
    while (lag + 1 < d.length && d[lag + 1] <= d[lag]) lag++
    return lag
  }
  return undefined
}
