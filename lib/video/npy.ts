import { type NpyHead, npyHead } from '../run/npy.js'
import { InfomotionError } from '../runtime/errors.js'
import { expectClipSize, framesOfArray } from './arrays.js'
import type { Format } from './format.js'
import { SAMPLE_TYPES, type SampleType } from './samples.js'

const DECODER = 'npy'

/** Clips as numpy saves them: (frames, height, width), or with 1, 3 or 4 channels behind. */
export const NPY: Format = {
  name: 'npy',
  recognises: (head) => head.toString('latin1', 0, 6) === '\x93NUMPY',
  decoder: () => DECODER,
  decode: async (bytes, path, options) => {
    const head = headOf(bytes, path)
    const { shape, fortran, start } = head
    const [, order, kind] = /^([<>|=]?)([iuf][1248]|b1)$/.exec(head.type) ?? []
    const type = (kind === 'b1' ? 'u1' : kind) as SampleType
    if (!Object.hasOwn(SAMPLE_TYPES, type ?? ''))
      throw unreadable(
        path,
        `numbers of the type "${head.type}"; save it as uint8, uint16, float32 or another plain type`,
      )
    const channels = shape[3] ?? 1
    if (shape.length < 3 || shape.length > 4 || (channels !== 1 && channels !== 3 && channels !== 4))
      throw unreadable(
        path,
        `an array of the shape (${shape.join(', ')}); expected (frames, height, width), or (frames, height, width, 3) for colours`,
      )
    const [count, height, width] = shape
    const size = SAMPLE_TYPES[type].BYTES_PER_ELEMENT
    const length = shape.reduce((product, side) => product * side, size)
    expectClipSize(path, { count, width, height, length })
    const steps = fortran
      ? { frame: 1, row: count, column: count * height, channel: count * height * width }
      : { frame: height * width * channels, row: width * channels, column: channels, channel: 1 }
    const slope = kind === 'b1' ? 255 : 1 // true is white
    const array = { type, bigEndian: order === '>', slope, count, width, height, channels, steps, length } as const
    return framesOfArray(path, { ...array, backend: 'npy', decoder: DECODER }, bytes.subarray(start), options)
  },
}

function headOf(bytes: Buffer, path: string): NpyHead {
  try {
    return npyHead(bytes)
  } catch (cause) {
    throw new InfomotionError('VIDEO_UNREADABLE', `${path}: ${(cause as Error).message}`, { cause })
  }
}

function unreadable(path: string, found: string): InfomotionError {
  return new InfomotionError('VIDEO_UNREADABLE', `Expected a clip in ${path}, but found ${found}.`)
}
