import { yieldToEventLoop } from '../runtime/yield.js'

/** Size of frames in px. */
export interface Size {
  width: number
  height: number
}

/** Source pixels of one pixel of a line, and their weights: pixel `first + k` counts `weights[k]`. */
interface Taps {
  first: number
  weights: number[]
}

/**
 * Frames made smaller: each pixel is the mean over the area that it covers, rounded to the nearest (halves up). All
 * weights are integers, so the mean is exact: along a line of n pixels that becomes m, pixel i covers [i n, (i + 1) n) in
 * units of 1/m source pixel, and source pixel k covers [k m, (k + 1) m).
 */
export function shrink(frames: Uint8Array, from: Size, to: Size, signal?: AbortSignal): Promise<Uint8Array> {
  const area = (n: number, m: number): Taps[] =>
    Array.from({ length: m }, (_, i) => {
      const first = Math.floor((i * n) / m)
      const last = Math.ceil(((i + 1) * n) / m)
      const overlap = (k: number) => Math.min((k + 1) * m, (i + 1) * n) - Math.max(k * m, i * n)
      return { first, weights: Array.from({ length: last - first }, (_, k) => overlap(first + k)) }
    })
  const axes = { x: area(from.width, to.width), y: area(from.height, to.height) }
  return resample(frames, from, to, axes, from.width * from.height, signal)
}

/**
 * Frames made larger: bilinear between the centres of the pixels, as OpenCV's `resize` has it by default; pixels at the
 * rim go on outwards. Weights are integers of 1 / (2 m) along each axis, so that the result is exact here too.
 */
export function enlarge(frames: Uint8Array, from: Size, to: Size, signal?: AbortSignal): Promise<Uint8Array> {
  const linear = (n: number, m: number): Taps[] =>
    Array.from({ length: m }, (_, i) => {
      const at = Math.min(Math.max((2 * i + 1) * n - m, 0), 2 * m * (n - 1)) // of the centre, in units of 1 / (2 m)
      const first = Math.min(Math.floor(at / (2 * m)), Math.max(n - 2, 0))
      const part = at - 2 * m * first
      return { first, weights: n === 1 ? [2 * m] : [2 * m - part, part] }
    })
  const axes = { x: linear(from.width, to.width), y: linear(from.height, to.height) }
  return resample(frames, from, to, axes, 4 * to.width * to.height, signal)
}

/** Both axes in turn; `total` is the sum of a pixel's weights. */
async function resample(
  frames: Uint8Array,
  from: Size,
  to: Size,
  { x, y }: { x: readonly Taps[]; y: readonly Taps[] },
  total: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const count = frames.length / (from.width * from.height)
  const out = new Uint8Array(count * to.width * to.height)
  const rows = new Float64Array(from.height * to.width)
  for (let t = 0, o = 0; t < count; t++) {
    if (t % 64 === 63) await yieldToEventLoop(signal)
    const frame = t * from.width * from.height
    for (let v = 0, r = 0; v < from.height; v++)
      for (let u = 0; u < to.width; u++, r++) rows[r] = weigh(frames, frame + v * from.width, 1, x[u])
    for (let v = 0; v < to.height; v++)
      for (let u = 0; u < to.width; u++)
        out[o++] = Math.floor((2 * weigh(rows, u, to.width, y[v]) + total) / (2 * total))
  }
  return out
}

/** The weighted sum of some values, `step` apart. */
function weigh(values: ArrayLike<number>, origin: number, step: number, { first, weights }: Taps): number {
  let sum = 0
  for (let k = 0, at = origin + first * step; k < weights.length; k++, at += step) sum += weights[k] * values[at]
  return sum
}
