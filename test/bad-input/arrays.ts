import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { encode as encodePng } from 'fast-png'
import { readFlow } from 'infomotion/flow'
import { encodeFlo } from '#lib/flow/flo.js'
import { decodeNpy, encodeNpy, npyHeader } from '#lib/run/npy.js'
import { readLuma } from '#lib/video/images.js'
import { greyJpeg } from '../support.js'
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

/** A PNG of zeros that says it has this size, and holds so many bytes. */
function zeros(width: number, height: number, bytes: number): Buffer {
  const chunk = (name: string, body: Buffer) => {
    const out = Buffer.alloc(12 + body.length)
    out.writeUInt32BE(body.length)
    out.write(name, 4, 'latin1')
    body.copy(out, 8)
    out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length)
    return out
  }
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0])
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  const body = deflateSync(Buffer.alloc(bytes))
  return Buffer.concat([png.subarray(0, 8), chunk('IHDR', header), chunk('IDAT', body), chunk('IEND', Buffer.alloc(0))])
}

/** CRC-32 as PNG has it (PNG specification, annex D). */
function crc32(bytes: Buffer): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 && 0xedb88320)
  }
  return ~crc >>> 0
}

/** A file whose bytes are all zeros and take no room on the disk, a pipe, or a device. */
function special(what: string, make: (path: string) => void, name: string, expected: string): Case {
  const read = async (folder: string) => {
    const path = join(folder, name)
    make(path)
    return name === 'image' ? `${(await readLuma(path)).width} px` : `${(await readFlow(path)).width} px`
  }
  return { what: `${name}: ${what}`, read, expected }
}
const sparse = (path: string) => {
  writeFileSync(path, '')
  truncateSync(path, 3 * 2 ** 30)
}
const pipe = (path: string) => execFileSync('mkfifo', [path])
const device = (path: string) => symlinkSync('/dev/zero', path)
const directory = (path: string) => mkdirSync(path)

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
const jpeg = await greyJpeg(new Uint8Array(64), 8, 8)
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
  npy('the other order of bytes', header("'<f4'", "'>f4'"), '6 values of [2,3]'),
  npy('Fortran order', header('False', 'True'), '6 values of [2,3]'),
  ...[
    ["'<f4'", "'|O'"],
    ["'<f4'", "'<U1'"],
    ["'<f4'", "'|S4'"],
    ["'<f4'", "'<M8[s]'"],
    ["'<f4'", "'<f2'"],
    ["'<f4'", "'<f16'"],
    ["'<f4'", "'<b4'"],
    ["'<f4'", "'f'"],
    ["'<f4'", "''"],
    ["'<f4'", "'<c8'"],
    ["'<f4'", "'toString'"],
    ["'<f4'", "'constructor'"],
    ["'<f4'", "'__proto__'"],
    ["'<f4'", "[('x', '<f4')]"],
    ["'descr'", "'decsr'"],
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
  image('PNG of zeros', zeros(16, 16, 16 * 17), '16 x 16'),
  image('PNG of 16 x 16 with 200 MB in it', zeros(16, 16, 2e8)),
  image('PNG of 40000 x 40000', zeros(40000, 40000, 2e8)),
  ...['image', 'a.flo', 'a.png', 'a.npy'].flatMap((name) => {
    const unreadable = { image: '', '.flo': 'FLO', '.png': 'KITTI', '.npy': 'NPY' }[extname(name) || name]
    const refused = unreadable ? `${unreadable}_UNREADABLE` : 'IMAGE_NOT_FOUND'
    return [
      special('3 GiB', sparse, name, unreadable ? refused : 'IMAGE_UNREADABLE'),
      special('a pipe that nobody writes to', pipe, name, refused),
      special('a device without end', device, name, refused),
      special('a folder', directory, name, refused),
    ]
  }),
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
