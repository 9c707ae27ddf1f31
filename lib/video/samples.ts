import { fromHalf } from '../run/npy.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import type { Oddity } from './types.js'

/** Types of numbers in files of arrays, least significant byte first. */
export const SAMPLE_TYPES = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
} as const
export type SampleType = keyof typeof SAMPLE_TYPES

/** A clip as an array of numbers, anyhow laid out. */
export interface Samples {
  bytes: Uint8Array
  type: SampleType
  bigEndian: boolean
  count: number
  width: number
  height: number
  /** 1: grey; 3: red, green, blue; 4: and alpha, which is left out. */
  channels: 1 | 3 | 4
  /** Numbers from one frame, row, column or channel to the next. */
  steps: { frame: number; row: number; column: number; channel: number }
  /** What the numbers stand for is `slope * number + intercept`. */
  slope?: number
  intercept?: number
}

/**
 * Luma of an array. Bytes are grey levels as they are, and so are other numbers where all of them lie within 0..255; floats
 * within 0..1 are multiplied by 255; whole numbers of at least 0 by what makes the smallest 2^n - 1 that holds them white;
 * anything else is stretched from its least to its largest number. Colours become luma as in {@link readLuma}.
 */
export async function lumaOfSamples(
  samples: Samples,
  signal?: AbortSignal,
): Promise<{ frames: Uint8Array; oddities: Oddity[] }> {
  const { count, width, height, channels, steps, slope = 1, intercept = 0 } = samples
  const numbers = numbersOf(samples)
  const plain = samples.type === 'u1' && slope === 1 && intercept === 0
  const frames = new Uint8Array(count * width * height)
  const packed = channels === 1 && steps.column === 1 && steps.row === width && steps.frame === width * height
  if (plain && packed) {
    frames.set(numbers.subarray(0, frames.length))
    return { frames, oddities: [] }
  }
  const colours = Math.min(channels, 3)
  /** Calls `take` with the place of each pixel's first number; yields between frames. */
  const eachPixel = async (take: (at: number, pixel: number) => void) => {
    for (let f = 0, pixel = 0; f < count; f++) {
      for (let y = 0; y < height; y++)
        for (let x = 0, at = f * steps.frame + y * steps.row; x < width; x++, at += steps.column) take(at, pixel++)
      await yieldToEventLoop(signal)
    }
  }
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let whole = true
  let lost = 0
  if (!plain)
    await eachPixel((at) => {
      for (let c = 0; c < colours; c++) {
        const value = slope * numbers[at + c * steps.channel] + intercept
        if (!Number.isFinite(value)) {
          lost++
          continue
        }
        if (value < low) low = value
        if (value > high) high = value
        if (whole && !Number.isInteger(value)) whole = false
      }
    })
  const scale = plain ? AS_IS : scaleOf(samples.type, low, high, whole)
  const level = (at: number) => {
    const value = slope * numbers[at] + intercept
    return Number.isFinite(value) ? (value - scale.black) * scale.gain : 0
  }
  const { channel } = steps
  await eachPixel((at, pixel) => {
    const grey =
      channels === 1 ? level(at) : 0.299 * level(at) + 0.587 * level(at + channel) + 0.114 * level(at + 2 * channel)
    frames[pixel] = Math.min(Math.max(Math.round(grey), 0), 255)
  })
  const told = [scale.told, lost > 0 ? `${lost} numbers are not finite (NaN, infinite): they are black.` : ''].filter(
    (text) => text !== '',
  )
  return { frames, oddities: told.map((text) => ({ kind: 'levels', text })) }
}

/** How numbers become grey levels: `(number - black) * gain`. `told`: a sentence where that is no matter of course. */
interface Scale {
  black: number
  gain: number
  told: string
}

const AS_IS: Scale = { black: 0, gain: 1, told: '' }

function scaleOf(type: SampleType, low: number, high: number, whole: boolean): Scale {
  const isFloat = type.startsWith('f')
  if (!(low <= high)) return AS_IS // not one finite number
  if (low >= 0 && high <= 1 && isFloat)
    return { black: 0, gain: 255, told: 'Numbers from 0 to 1: 1 is taken for white.' }
  if (low >= 0 && high <= 255) return AS_IS
  if (low >= 0 && whole && !isFloat && high < 2 ** 32) {
    const white = 2 ** Math.ceil(Math.log2(high + 1)) - 1
    return { black: 0, gain: 255 / white, told: `Whole numbers from ${low} to ${high}: ${white} is taken for white.` }
  }
  const black = low
  const gain = high > low ? 255 / (high - low) : 0
  const range = [low, high].map((value) => Number(value.toPrecision(6)))
  return {
    black,
    gain,
    told: `Numbers from ${range[0]} to ${range[1]}: the least is taken for black, the largest for white.`,
  }
}

/** Every number that a file may hold, but for whole ones above 2^53, which become the nearest double. */
function numbersOf(samples: Samples): Numbers {
  const stored = storedIn(samples)
  if (samples.type === 'f2') return fromHalf(stored as Uint16Array)
  return samples.type === 'i8' || samples.type === 'u8'
    ? Float64Array.from(stored as BigInt64Array, Number)
    : (stored as Numbers)
}

type Numbers = Uint8Array | Uint16Array | Int16Array | Float32Array | Float64Array

/** The array in this machine's byte order, at a multiple of its numbers' size. */
function storedIn({ bytes, type, bigEndian }: Samples): Numbers | BigInt64Array {
  const Type = SAMPLE_TYPES[type]
  const size = Type.BYTES_PER_ELEMENT
  const length = Math.floor(bytes.length / size)
  if (size === 1) return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, length) as Uint8Array
  const aligned = bytes.byteOffset % size === 0 && !bigEndian
  const own = aligned ? bytes : Buffer.from(bytes.subarray(0, length * size))
  if (bigEndian) {
    if (size === 2) (own as Buffer).swap16()
    else if (size === 4) (own as Buffer).swap32()
    else (own as Buffer).swap64()
  }
  if (own.byteOffset % size === 0) return new Type(own.buffer as ArrayBuffer, own.byteOffset, length) as Float64Array
  const copy = new Uint8Array(own) // small Buffers share their memory, at any place in it
  return new Type(copy.buffer, 0, length) as Float64Array
}
