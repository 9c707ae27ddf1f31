import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import jpegTurbo from '@julusian/jpeg-turbo'
import { encode as encodePng } from 'fast-png'
import { readFlow } from 'infomotion/flow'
import { encodeFlo } from '#lib/flow/flo.js'
import { readLuma } from '#lib/flow/images.js'
import { decodeNpy, encodeNpy, npyHeader } from '#lib/run/npy.js'
import type { Case } from './case.js'

function npy(what: string, bytes: Buffer, expected = 'NPY_UNREADABLE'): Case {
  const read = () => {
    const { data, shape } = decodeNpy(bytes)
    return `${data.length} values of [${shape}]`
  }
  return { what: `.npy: ${what}`, read, expected }
}

function flo(what: string, bytes: Buffer, expected = 'FLO_UNREADABLE'): Case {
  const read = async (folder: string) => {
    writeFileSync(join(folder, 'a.flo'), bytes)
    const { width, height } = await readFlow(join(folder, 'a.flo'))
    return `${width} x ${height}`
  }
  return { what: `.flo: ${what}`, read, expected }
}

function image(what: string, bytes: Buffer | string | undefined, expected = 'IMAGE_UNREADABLE'): Case {
  const read = async (folder: string) => {
    if (bytes !== undefined)
      writeFileSync(join(folder, 'a'), typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    const { width, height, pixels } = await readLuma(join(folder, 'a'))
    if (pixels.length !== width * height) throw new Error(`${pixels.length} pixels of ${width} x ${height}`)
    return `${width} x ${height}`
  }
  return { what: `image: ${what}`, read, expected }
}

const array = encodeNpy(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])
/** The good array with words of its header changed; its length stays. */
const header = (from: string, to: string) => {
  const text = array.toString('latin1', 10, 128).replace(from, to).trimEnd().padEnd(117)
  return Buffer.concat([array.subarray(0, 10), Buffer.from(`${text}\n`, 'latin1'), array.subarray(128)])
}
const field = encodeFlo({ flow: new Float32Array(24), width: 4, height: 3 })
const withWords = (bytes: Buffer, at: number, ...words: number[]) => {
  const copy = Buffer.from(bytes)
  words.forEach((word, i) => {
    copy.writeUInt32LE(word >>> 0, at + 4 * i)
  })
  return copy
}
const png = Buffer.from(encodePng({ width: 3, height: 2, data: new Uint8Array(6), channels: 1, depth: 8 }))
const jpeg = jpegTurbo.compressSync(Buffer.alloc(64), {
  format: jpegTurbo.FORMAT_GRAY,
  subsampling: jpegTurbo.SAMP_GRAY,
  width: 8,
  height: 8,
})
const sof = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
const big = (bytes: Buffer, at: number, value: number, size: 2 | 4) => {
  const copy = Buffer.from(bytes)
  for (let i = 0; i < 2; i++) copy.writeUIntBE(value, at + size * i, size)
  return copy
}

export const arrayCases: Case[] = [
  npy('whole', array, '6 values of [2,3]'),
  npy('a number alone', Buffer.concat([npyHeader('|u1', []), Buffer.alloc(1)]), '1 values of []'),
  npy('nothing in it', encodeNpy(new Uint8Array(0)), '0 values of [0]'),
  ...[0, 1, 6, 8, 10, 11, 60, 127, 128, array.length - 1].map((end) => npy(`cut at ${end}`, array.subarray(0, end))),
  npy('a byte too many', Buffer.concat([array, Buffer.alloc(1)])),
  npy('a header of 65535 bytes', Buffer.from(array).fill(0xff, 8, 10)),
  npy('a header of 4 GiB', Buffer.from(array).fill(2, 6, 7).fill(0xff, 8, 12)),
  npy('a header of no bytes', Buffer.from(array).fill(0, 8, 10)),
  ...[
    ["'<f4'", "'>f4'"],
    ["'<f4'", "'|O'"],
    ["'<f4'", "'<c8'"],
    ["'<f4'", "'toString'"],
    ["'<f4'", "'constructor'"],
    ["'<f4'", "'__proto__'"],
    ["'<f4'", "[('x', '<f4')]"],
    ["'descr'", "'decsr'"],
    ['False', 'True'],
    ["'shape'", "'shame'"],
    ['(2, 3)', '(-2, -3)'],
    ['(2, 3)', '(2, 3, 0)'],
    ['(2, 3)', '(2 3)'],
    ['(2, 3)', '(2.0, 3)'],
    ['(2, 3)', '(0, 99999999999999999999)'],
    ['(2, 3)', '(9999999999, 9999999999)'],
    ['(2, 3)', '()'],
    ['(2, 3)', '2, 3'],
  ].map(([from, to]) => npy(`${to} for ${from}`, header(from, to))),

  flo('whole', field, '4 x 3'),
  ...[0, 3, 4, 8, 11, 12, field.length - 1].map((end) => flo(`cut at ${end}`, field.subarray(0, end))),
  flo('a byte too many', Buffer.concat([field, Buffer.alloc(1)])),
  flo('another magic', withWords(field, 0, 0)),
  ...[
    [0, 3],
    [4, 0],
    [-4, -3],
    [5, 3],
    [0x7fffffff, 0x7fffffff],
    [0x80000000, 0x80000000],
    [65536, 65536],
    [12, 2],
  ].map(([w, h]) => flo(`${w} x ${h} of 4 x 3`, withWords(field, 4, w, h))),

  image('none there', undefined, 'IMAGE_NOT_FOUND'),
  image('nothing in it', ''),
  image('text', 'hello'),
  image('PNG', png, '3 x 2'),
  ...[4, 8, 12, 24, 33, 45, png.length - 13].map((end) => image(`PNG cut at ${end}`, png.subarray(0, end))),
  image('PNG of 0 x 0', big(png, 16, 0, 4)),
  image('PNG of 65535 x 65535', big(png, 16, 65535, 4)),
  image('PNG of 4294967295 x 4294967295', big(png, 16, 0xffffffff, 4)),
  image('PNG with a flipped bit', Buffer.from(png.map((byte, i) => (i === 45 ? byte ^ 4 : byte)))),
  image('JPEG', jpeg, '8 x 8'),
  ...[2, 3, 20, sof + 4, jpeg.length - 20].map((end) => image(`JPEG cut at ${end}`, jpeg.subarray(0, end))),
  image('JPEG of 0 x 0', big(jpeg, sof + 5, 0, 2)),
  image('JPEG of 65535 x 65535', big(jpeg, sof + 5, 65535, 2)),
  image('PGM', 'P5 2 1 255\nab', '2 x 1'),
  image('PGM with comments', 'P5 # a\n2 # b\n1\n#c\n255\nab', '2 x 1'),
  image('PGM of 1000 blanks', `P5${' '.repeat(1000)}x`),
  image('PGM of 300 comments', `P5${'#\n'.repeat(300)}x`),
  ...[
    'P5',
    'P5 2 1',
    'P5 2 1 255',
    'P5 2 1 255\na',
    'P5 0 0 255\n',
    'P5 2 1 0\nab',
    'P5 2 1 65536\nabcd',
    'P5 -2 1 255\nab',
    'P5 99999999 99999999 255\nab',
    'P6 2 1 255\nabc',
    'P2 2 1 255\n1 2',
    'P5 2.5 1 255\nab',
  ].map((text) => image(`"${text.replaceAll('\n', '\\n')}"`, text)),
]
