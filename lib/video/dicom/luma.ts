import type { Image, Window } from './image.js'

/** Samples of a frame: where those of the first pixel lie, and how far those of the next are from them. */
export interface Samples {
  values: Uint8Array | Uint16Array
  /** Of each sample of the first pixel. */
  at: number[]
  step: number
}

/** Which bits of a number are the sample, as in {@link Image}. */
export interface Bits {
  allocated: number
  stored: number
  high: number
  signed: boolean
}

/** Smallest and largest sample. */
export type Extremes = [least: number, most: number]

/** The sample in a number. */
function sampleOf(number: number, { stored, high, signed }: Bits): number {
  const sample = (number >> (high + 1 - stored)) & (2 ** stored - 1)
  return signed && sample >= 2 ** (stored - 1) ? sample - 2 ** stored : sample
}

/** The smallest and the largest number that there may be. */
function rangeOf({ stored, signed }: Bits): Extremes {
  return signed ? [-(2 ** (stored - 1)), 2 ** (stored - 1) - 1] : [0, 2 ** stored - 1]
}

/** The extremes of a frame of grey, and of those before. */
export function extremesOf(
  { values }: Samples,
  bits: Bits,
  [least, most]: Extremes = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
): Extremes {
  for (const number of values) {
    const sample = sampleOf(number, bits)
    if (sample < least) least = sample
    if (sample > most) most = sample
  }
  return [least, most]
}

/**
 * A level for each number. Up to 8 bits, the range of numbers becomes 0 to 255, so that 8 bits stay as they are. Grey of more
 * bits is seen through the file's window, or, where it has none, from its smallest to its largest sample (`extremes`).
 */
export function levelsOf(image: Image, bits: Bits, extremes?: Extremes): Uint8Array {
  const { photometric, palette, window, slope, intercept } = image
  const level = (sample: number): number => {
    if (photometric === 'PALETTE COLOR' && palette)
      return palette.luma[Math.min(Math.max(sample - palette.first, 0), palette.luma.length - 1)]
    if (isGrey(photometric) && bits.stored > 8 && window) return 255 * through(window, sample * slope + intercept)
    const [least, most] = extremes ?? rangeOf(bits)
    const share = (sample - least) / Math.max(most - least, 1)
    return 255 * (extremes && slope < 0 ? 1 - share : share)
  }
  const levels = Uint8Array.from({ length: 2 ** bits.allocated }, (_, number) =>
    Math.round(Math.min(Math.max(level(sampleOf(number, bits)), 0), 255)),
  )
  if (photometric === 'MONOCHROME1') return levels.map((value) => 255 - value)
  // of 8 bits, 16 is black and 235 white
  if (photometric.startsWith('YBR_PARTIAL'))
    return levels.map((value) => Math.round(Math.min(Math.max(((value - 16) * 255) / 219, 0), 255)))
  return levels
}

export const isGrey = (photometric: string) => photometric.startsWith('MONOCHROME')

/** Share of white (PS3.3, C.11.2.1). */
function through({ center, width, shape }: Window, value: number): number {
  if (shape === 'SIGMOID') return 1 / (1 + Math.exp((-4 * (value - center)) / width))
  if (shape === 'LINEAR_EXACT') return (value - center) / width + 0.5
  return width <= 1 ? Number(value > center - 0.5) : (value - (center - 0.5)) / (width - 1) + 0.5
}

/** Whether levels are those that 8 bits stand for. */
export const isAsIs = (levels: Uint8Array) => levels.length === 256 && levels.every((level, i) => level === i)

/** The luma of a frame, whose samples are grey, luma and two differences of colour, or red, green and blue (ITU-R BT.601). */
export function writeLuma(
  { values, at, step }: Samples,
  levels: Uint8Array,
  rgb: boolean,
  out: Uint8Array,
  asIs = isAsIs(levels),
): void {
  const [red, green, blue] = at
  if (!rgb) {
    if (asIs && step === 1 && values instanceof Uint8Array) {
      out.set(values.subarray(red, red + out.length))
      return
    }
    for (let i = 0, p = red; i < out.length; i++, p += step) out[i] = levels[values[p]]
    return
  }
  for (let i = 0, p = 0; i < out.length; i++, p += step)
    out[i] =
      0.299 * levels[values[red + p]] + 0.587 * levels[values[green + p]] + 0.114 * levels[values[blue + p]] + 0.5
}
