import { gzipSync } from 'node:zlib'
import { encodeNpy } from '#lib/run/npy.js'
import { FORMATS } from '#lib/video/formats.js'
import type { FormatName } from '#lib/video/types.js'
import type { Target } from './targets.js'

// Clips in formats of this process that are no AVI: the same bytes as a file would bring them.

const words = (...texts: string[]) => texts.map((text) => Buffer.from(text, 'latin1'))

function clips(name: FormatName, target: Omit<Target, 'read'>): Target {
  const format = FORMATS.find((format) => format.name === name)!
  const read = async (input: Buffer) => {
    if (!format.recognises(input.subarray(0, 2 ** 16), `fuzz.${name}`)) return
    const { frames, count, width, height, fps } = await format.decode(input, `fuzz.${name}`, { maxFrames: 50 })
    if (frames.length !== count * width * height || count < 1)
      throw new Error(`${frames.length} bytes of ${count} frames`)
    if (!(fps > 0 && fps <= 1000)) throw new Error(`${fps} fps`)
  }
  return { ...target, read }
}

function niftiOf(type: number, bits: number, data: Buffer): Buffer {
  const header = Buffer.alloc(352)
  header.writeInt32LE(348, 0)
  for (const [i, side] of [4, 5, 4, 1, 3, 1, 1, 1].entries()) header.writeInt16LE(side, 40 + 2 * i)
  header.writeInt16LE(type, 70)
  header.writeInt16LE(bits, 72)
  for (const i of [0, 1, 2, 3, 4]) header.writeFloatLE(i === 4 ? 0.02 : 1, 76 + 4 * i)
  header.writeFloatLE(352, 108)
  header.writeFloatLE(1, 112)
  header.writeUInt8(10, 123)
  header.write('n+1', 344, 'latin1')
  return Buffer.concat([header, data])
}

const grey = Buffer.from(Array.from({ length: 60 }, (_, i) => (i * 37) & 255))
const files = [
  niftiOf(2, 8, grey),
  niftiOf(16, 32, Buffer.from(Float32Array.from(grey, Math.sqrt).buffer)),
  niftiOf(4, 16, Buffer.from(Int16Array.from(grey, (x) => x - 99).buffer)),
]

export const nifti = clips('nifti', {
  corpus: [...files, ...files.map((file) => gzipSync(file))],
  words: words(
    'n+1',
    'ni1',
    'n+2\0\r\n\x1a\n',
    '\x5c\x01\0\0',
    '\0\0\x01\x5c',
    '\0\0\xc0\x7f',
    '\xff\x7f',
    '\x1f\x8b\x08',
  ),
  share: 0.04,
})

export const volume = clips('npy', {
  corpus: [
    encodeNpy(new Uint8Array(grey), [3, 4, 5]),
    encodeNpy(Float32Array.from(grey), [1, 4, 5, 3]),
    encodeNpy(
      Float64Array.from(grey, (x) => x / 7),
      [3, 5, 4],
    ),
  ],
  words: words(
    "'shape': (",
    "'descr': '<f8'",
    '<u2',
    '|b1',
    '>f4',
    'True',
    '99999999999',
    ',',
    ')',
    'NaN',
    '\0\0\xc0\x7f',
  ),
  share: 0.04,
})
