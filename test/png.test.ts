import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'
import { readLuma } from '#lib/video/images.js'
import { readPng } from '#lib/video/png.js'
import { needs, reference, temporary } from './support.js'

// PNG files, made here byte by byte (PNG specification, 3rd edition), read as grey levels.

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
]

const chunk = (type: string, body: Uint8Array) => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body, Buffer.alloc(4)])
}

function header(width: number, height: number, depth: number, type: number, interlaced = false): Buffer {
  const body = Buffer.alloc(13)
  body.writeUInt32BE(width)
  body.writeUInt32BE(height, 4)
  body.set([depth, type, 0, 0, interlaced ? 1 : 0], 8)
  return chunk('IHDR', body)
}

/** A picture of one sample a pixel, each row filtered by "none" or "up" in turn. */
function png(samples: number[][], depth: number, type: number, interlaced: boolean, more: Buffer[] = []): Buffer {
  const [width, height] = [samples[0].length, samples.length]
  const rows: Buffer[] = []
  for (const [x, y, stepX, stepY] of interlaced ? PASSES : [[0, 0, 1, 1]]) {
    let before: Buffer | undefined
    for (let row = y; row < height; row += stepY) {
      let bits = ''
      for (let column = x; column < width; column += stepX)
        bits += samples[row][column].toString(2).padStart(depth, '0')
      if (bits === '') continue
      const packed = Buffer.from(
        (bits.match(/.{1,8}/g) as string[]).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)),
      )
      const up = before && Buffer.from(packed.map((byte, i) => (byte - (before as Buffer)[i]) & 255))
      rows.push(Buffer.from([up ? 2 : 0]), up ?? packed)
      before = packed
    }
  }
  const data = chunk('IDAT', deflateSync(Buffer.concat(rows)))
  return Buffer.concat([
    SIGNATURE,
    header(width, height, depth, type, interlaced),
    ...more,
    data,
    chunk('IEND', Buffer.alloc(0)),
  ])
}

t.test('grey of 1, 2, 4 and 8 bits is 0 to 255, at every width, interlaced or not', async (t) => {
  const path = join(temporary(t), 'a.png')
  for (const depth of [1, 2, 4, 8])
    for (const interlaced of [false, true])
      for (const [width, height] of [
        [1, 1],
        [3, 2],
        [5, 9],
        [8, 8],
        [17, 11],
        [33, 4],
      ]) {
        const random = new Random(5, 'png', depth, width)
        const white = 2 ** depth - 1
        const samples = Array.from({ length: height }, () =>
          Array.from({ length: width }, () => random.below(white + 1)),
        )
        const transparent = chunk('tRNS', Buffer.from([0, 1])) // a grey that is, in this form only
        writeFileSync(path, png(samples, depth, 0, interlaced, width % 2 ? [transparent] : []))
        const { pixels } = await readLuma(path)
        const expected = samples.flat().map((sample) => Math.round((sample * 255) / white))
        t.same([...pixels], expected, `${depth} bits, ${width} x ${height}${interlaced ? ', interlaced' : ''}`)
      }
})

t.test('palettes of 1, 2 and 4 bits, interlaced or not', async (t) => {
  const path = join(temporary(t), 'a.png')
  for (const depth of [1, 2, 4])
    for (const interlaced of [false, true]) {
      const colours = Array.from({ length: 2 ** depth }, (_, i) => [(i * 71) & 255, (i * 13 + 9) & 255, 255 - i * 16])
      const samples = Array.from({ length: 7 }, (_, y) =>
        Array.from({ length: 13 }, (_, x) => (x * 5 + y * 3) % 2 ** depth),
      )
      const palette = chunk('PLTE', Buffer.from(colours.flat()))
      writeFileSync(path, png(samples, depth, 3, interlaced, [palette, chunk('tRNS', Buffer.from([0]))]))
      const { pixels } = await readLuma(path)
      const luma = samples
        .flat()
        .map((i) => Math.round(0.299 * colours[i][0] + 0.587 * colours[i][1] + 0.114 * colours[i][2]))
      t.same([...pixels], luma, `${depth} bits${interlaced ? ', interlaced' : ''}`)
    }
})

t.test('what is no part of the picture is not unpacked', async (t) => {
  const path = join(temporary(t), 'a.png')
  const bomb = deflateSync(Buffer.alloc(2 ** 24))
  const profile = chunk('iCCP', Buffer.concat([Buffer.from('p\0\0', 'latin1'), bomb]))
  const text = chunk('zTXt', Buffer.concat([Buffer.from('t\0\0', 'latin1'), bomb]))
  const good = png(
    [
      [0, 128],
      [255, 7],
    ],
    8,
    0,
    false,
  )
  const ahead = SIGNATURE.length + header(2, 2, 8, 0).length
  // 3 GB in all, and profiles that do not unpack at all
  const broken = chunk('iCCP', Buffer.from('no profile'))
  writeFileSync(
    path,
    Buffer.concat([good.subarray(0, ahead), broken, ...Array(200).fill(profile), text, good.subarray(ahead)]),
  )
  const start = performance.now()
  t.same([...(await readLuma(path)).pixels], [0, 128, 255, 7])
  t.ok(performance.now() - start < 2000, 'at once')
})

t.test('a picture that is too large to unpack is refused with what to do', async (t) => {
  const path = join(temporary(t), 'a.png')
  const data = chunk('IDAT', deflateSync(Buffer.alloc(2 ** 18)))
  const huge = (type: number) =>
    Buffer.concat([SIGNATURE, header(16384, 16384, 16, type), ...Array(150).fill(data), chunk('IEND', Buffer.alloc(0))])
  writeFileSync(path, huge(6))
  await t.rejects(readLuma(path), {
    code: 'IMAGE_UNREADABLE',
    message: /16384 x 16384 pixels of 16-bit samples.*8 bits/,
  })
  t.throws(() => readPng(Buffer.concat([SIGNATURE, data])), { message: /whole header/ })
  const good = png([[1]], 1, 0, false)
  t.throws(() => readPng(good.subarray(0, -14)), { message: /cut short in its chunk IDAT/ })
  t.throws(() => readPng(Buffer.concat([good.subarray(0, 33), chunk('IDAT', deflateSync(Buffer.alloc(2 ** 20)))])), {
    message: /unpack to more/,
  })
})

const one = reference('cases', '25-png-of-few-bits', 'one-bit-a.png')
t.test('a picture of mode "1" as Pillow writes it', needs(one, 'the cases'), async (t) => {
  const { pixels, width, height } = await readLuma(one as string)
  t.equal(pixels.length, width * height)
  t.same([...new Set(pixels)].sort(), [0, 255])
})
