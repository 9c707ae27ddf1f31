import type { DataSet } from 'dicom-parser'
import { bytesOf, uint16Of } from './attributes.js'

/** Colours of numbers (PS3.3, C.7.6.3.1.5): number `first` has the first one, smaller ones too; larger ones have the last. */
export interface Palette {
  first: number
  /** Luma of each, 0 to 255. */
  luma: Uint8Array
}

/** The palette; undefined: there is none that can be read. */
export function paletteOf(data: DataSet): Palette | undefined {
  const [red, green, blue] = [1, 2, 3].map((colour) => valuesOf(data, colour))
  if (!red || !green || !blue) return undefined
  const size = Math.min(red.length, green.length, blue.length)
  if (size === 0) return undefined
  // some write values of 8 bits where the descriptor says 16
  const isWide = [red, green, blue].some((values) => values.some((value) => value > 255))
  const scale = isWide ? 255 / 65535 : 1
  const luma = Uint8Array.from({ length: size }, (_, i) => lumaOf(red[i], green[i], blue[i], scale))
  const first = uint16Of(data, 'x00281101', 1) as number
  const signed = uint16Of(data, 'x00280103') === 1 && first > 32767
  return { first: signed ? first - 65536 : first, luma }
}

/** Luma of a colour (ITU-R BT.601), rounded. */
function lumaOf(red: number, green: number, blue: number, scale = 1): number {
  return Math.round((0.299 * red + 0.587 * green + 0.114 * blue) * scale)
}

/** The values of one colour (1: red, 2: green, 3: blue). */
function valuesOf(data: DataSet, colour: number): number[] | undefined {
  const entries = uint16Of(data, `x0028110${colour}`)
  if (entries === undefined) return undefined
  const count = entries || 65536
  const bits = uint16Of(data, `x0028110${colour}`, 2) ?? 16
  const plain = `x0028120${colour}`
  const bytes = bytesOf(data, plain)
  if (bytes) return bytes.length >= 2 * count ? words(data, plain, count) : [...bytes.subarray(0, count)]
  const segmented = `x0028122${colour}`
  const packed = bytesOf(data, segmented)
  return packed && expanded(bits === 8 ? [...packed] : words(data, segmented, packed.length >> 1), count)
}

function words(data: DataSet, tag: string, count: number): number[] {
  return Array.from({ length: count }, (_, i) => data.uint16(tag, i) as number)
}

/**
 * A segmented palette (PS3.3, C.7.9.2): runs of values as they are (0), and lines from the value before to another (1).
 * Undefined where it repeats earlier segments (2), which nobody writes.
 */
function expanded(packed: number[], count: number): number[] | undefined {
  const values: number[] = []
  for (let at = 0; at + 1 < packed.length && values.length < count; ) {
    const [kind, length] = [packed[at], packed[at + 1]]
    at += 2
    if (kind === 0) {
      for (let i = 0; i < length && at < packed.length; i++) values.push(packed[at++])
    } else if (kind === 1 && values.length > 0 && at < packed.length) {
      const [from, to] = [values[values.length - 1], packed[at++]]
      for (let i = 1; i <= length; i++) values.push(Math.round(from + ((to - from) * i) / length))
    } else return undefined
  }
  return values.slice(0, count)
}
