import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { readClip } from 'infomotion'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'
import { NIFTI } from '#lib/video/nifti.js'
import { temporary, waves } from './support.js'

// NIfTI files, written here byte by byte (nifti1.h, nifti2.h). `npm run fuzz:nifti` compares with nibabel.

interface Made {
  dims?: number[]
  code?: number
  bits?: number
  data: Buffer
  big?: boolean
  two?: boolean
  slope?: number
  inter?: number
  units?: number
  step?: number
  offset?: number
  magic?: string
}

/** A NIfTI-1 or -2 file. */
function nifti({
  dims = [6, 4, 5],
  code = 2,
  bits = 8,
  data,
  big,
  two,
  slope = 0,
  inter = 0,
  units = 0,
  step = 1,
  offset,
  magic,
}: Made): Buffer {
  const header = Buffer.alloc(two ? 544 : 352)
  const i16 = (v: number, at: number) => (big ? header.writeInt16BE(v, at) : header.writeInt16LE(v, at))
  const i32 = (v: number, at: number) => (big ? header.writeInt32BE(v, at) : header.writeInt32LE(v, at))
  const i64 = (v: bigint, at: number) => (big ? header.writeBigInt64BE(v, at) : header.writeBigInt64LE(v, at))
  const f32 = (v: number, at: number) => (big ? header.writeFloatBE(v, at) : header.writeFloatLE(v, at))
  const f64 = (v: number, at: number) => (big ? header.writeDoubleBE(v, at) : header.writeDoubleLE(v, at))
  i32(two ? 540 : 348, 0)
  const sides = [dims.length, ...dims, ...Array(7).fill(1)].slice(0, 8)
  if (two) {
    header.write(magic ?? 'n+2\0\r\n\x1a\n', 4, 'latin1')
    i16(code, 12)
    i16(bits, 14)
    for (const [i, side] of sides.entries()) i64(BigInt(side), 16 + 8 * i)
    f64(step, 104 + 8 * 4)
    i64(BigInt(offset ?? 544), 168)
    f64(slope, 176)
    f64(inter, 184)
    i32(units, 500)
  } else {
    for (const [i, side] of sides.entries()) i16(side, 40 + 2 * i)
    i16(code, 70)
    i16(bits, 72)
    f32(step, 76 + 4 * 4)
    f32(offset ?? 352, 108)
    f32(slope, 112)
    f32(inter, 116)
    header[123] = units
    header.write(magic ?? 'n+1\0', 344, 'latin1')
  }
  return Buffer.concat([header, Buffer.alloc(Math.max((offset ?? 0) - header.length, 0)), data])
}

const folder = temporary(t)
let files = 0
const read = (bytes: Buffer, options: Parameters<typeof readClip>[1] = { fps: 30 }, ending = '.nii') => {
  const path = join(folder, `clip${files++}${ending}`)
  writeFileSync(path, bytes)
  return readClip(path, options)
}

/** Five frames of 6 x 4. */
const clip = waves(5, 6, 4, 1)
const data = Buffer.from(clip.frames)

t.test('bytes as they lie: x along rows, y down, t; packed or not, of both versions and byte orders', async (t) => {
  for (const two of [false, true]) {
    for (const big of [false, true]) {
      for (const dims of [
        [6, 4, 5],
        [6, 4, 1, 5],
        [6, 4, 1, 5, 1],
        [6, 4, 5, 1],
        [6, 4, 1, 1, 5],
      ]) {
        const file = nifti({ data, two, big, dims })
        for (const bytes of [file, gzipSync(file)]) {
          const found = await read(bytes)
          t.match(found, { count: 5, width: 6, height: 4, fps: 30, backend: 'nifti', warnings: [] })
          t.same(found.frames, clip.frames, `${two} ${big} ${dims}`)
        }
      }
    }
  }
  t.match(await read(nifti({ data, dims: [6, 20] })), { count: 1, width: 6, height: 20 }, 'a picture is one frame')
  t.same((await read(gzipSync(nifti({ data })), { maxFrames: 2, fps: 30 })).frames, clip.frames.subarray(0, 48))
  t.match(await read(nifti({ data, offset: 400 })), { count: 5 }, 'extensions are stepped over')
  t.match(await read(nifti({ data, offset: 0 })), { count: 5 }, 'an offset of 0 is none')
})

t.test('every type of numbers', async (t) => {
  const kinds: [number, number, (v: number, at: number, to: Buffer, big: boolean) => unknown][] = [
    [256, 1, (v, at, to) => to.writeInt8(v / 2, at)],
    [4, 2, (v, at, to, big) => (big ? to.writeInt16BE(v, at) : to.writeInt16LE(v, at))],
    [512, 2, (v, at, to, big) => (big ? to.writeUInt16BE(v, at) : to.writeUInt16LE(v, at))],
    [8, 4, (v, at, to, big) => (big ? to.writeInt32BE(v, at) : to.writeInt32LE(v, at))],
    [768, 4, (v, at, to, big) => (big ? to.writeUInt32BE(v, at) : to.writeUInt32LE(v, at))],
    [16, 4, (v, at, to, big) => (big ? to.writeFloatBE(v, at) : to.writeFloatLE(v, at))],
    [64, 8, (v, at, to, big) => (big ? to.writeDoubleBE(v, at) : to.writeDoubleLE(v, at))],
  ]
  for (const [code, size, write] of kinds) {
    for (const big of [false, true]) {
      const bytes = Buffer.alloc(size * data.length)
      for (const [i, value] of data.entries()) write(value, size * i, bytes, big)
      const found = await read(nifti({ data: bytes, code, bits: 8 * size, big }))
      const expected = code === 256 ? data.map((value) => Math.trunc(value / 2)) : data
      t.same([...found.frames], [...expected], `type ${code}`)
      t.same(found.warnings, [])
    }
  }
  const rgb = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])
  t.same([...(await read(nifti({ data: rgb, code: 128, bits: 24, dims: [2, 2, 1] }))).frames], [76, 150, 29, 255])
  const rgba = Buffer.from([255, 0, 0, 9, 0, 255, 0, 9])
  t.same([...(await read(nifti({ data: rgba, code: 2304, bits: 32, dims: [2, 1, 1] }))).frames], [76, 150])
  for (const code of [1, 32, 1024, 1536, 0, 9999])
    await t.rejects(read(nifti({ data, code })), {
      code: 'VIDEO_UNREADABLE',
      message: new RegExp(`NIfTI type ${code};`),
    })
})

t.test('numbers beyond 0..255 are scaled, which is told', async (t) => {
  const floats = (values: number[]) => Buffer.from(Float32Array.from(values).buffer)
  const shorts = (values: number[]) => Buffer.from(Int16Array.from(values).buffer)
  const of = async (bytes: Buffer, code: number, more: Partial<Made> = {}) => {
    const { frames, oddities } = await read(nifti({ data: bytes, code, dims: [4, 1, 1], ...more }))
    return [[...frames], ...oddities.map(({ kind, text }) => `${kind}: ${text}`)]
  }
  t.same(await of(floats([0, 0.5, 1, 0.25]), 16), [
    [0, 128, 255, 64],
    'levels: Numbers from 0 to 1: 1 is taken for white.',
  ])
  t.same(await of(floats([0, 0.5, 254.6, 2]), 16), [[0, 1, 255, 2]])
  t.same(await of(floats([-1, 0, 1, 3]), 16), [
    [0, 64, 128, 255],
    'levels: Numbers from -1 to 3: the least is taken for black, the largest for white.',
  ])
  t.same(await of(shorts([0, 1023, 512, 100]), 4), [
    [0, 255, 128, 25],
    'levels: Whole numbers from 0 to 1023: 1023 is taken for white.',
  ])
  t.same(await of(shorts([0, 1, 0, 1]), 4), [[0, 1, 0, 1]])
  t.same(await of(shorts([-100, 155, 0, 0]), 4), [
    [0, 255, 100, 100],
    'levels: Numbers from -100 to 155: the least is taken for black, the largest for white.',
  ])
  t.same(await of(shorts([7, 7, 7, 7]), 4, { slope: -1 }), [
    [0, 0, 0, 0],
    'levels: Numbers from -7 to -7: the least is taken for black, the largest for white.',
  ])
  t.same(await of(floats([Number.NaN, 0.5, Number.POSITIVE_INFINITY, 1]), 16), [
    [0, 128, 0, 255],
    'levels: Numbers from 0 to 1: 1 is taken for white.',
    'levels: 2 numbers are not finite (NaN, infinite): they are black.',
  ])
  t.same(await of(floats([Number.NaN, Number.NaN, Number.NaN, Number.NaN]), 16), [
    [0, 0, 0, 0],
    'levels: 4 numbers are not finite (NaN, infinite): they are black.',
  ])
  // scl_slope and scl_inter
  t.same(await of(Buffer.from([0, 1, 2, 3]), 2, { slope: 80, inter: 10 }), [[10, 90, 170, 250]])
  t.same(await of(Buffer.from([0, 1, 2, 3]), 2, { slope: 0, inter: 10 }), [[0, 1, 2, 3]], 'a slope of 0 is none')
  t.same(await of(Buffer.from([0, 1, 2, 3]), 2, { slope: Number.NaN, inter: Number.NaN }), [[0, 1, 2, 3]])
})

t.test('the rate is the distance of frames, in the unit of time', async (t) => {
  const fps = async (more: Partial<Made>, given?: number) => {
    const found = await read(nifti({ data, dims: [6, 4, 1, 5], ...more }), { fps: given })
    return `${Number(found.fps.toFixed(3))} ${found.oddities.map(({ kind }) => kind)}`
  }
  for (const two of [false, true]) {
    t.equal(await fps({ units: 2 + 8, step: 0.02, two }), '50 ')
    t.equal(await fps({ units: 2 + 16, step: 25, two }), '40 ')
    t.equal(await fps({ units: 24, step: 18182, two }), '54.999 ')
  }
  t.equal(await fps({ units: 8, step: 0.02 }, 10), '50 ', 'what the file says comes first')
  t.equal(await fps({ units: 2, step: 0.02 }), '30 rate', 'no unit of time')
  t.equal(await fps({ units: 2, step: 0.02 }, 10), '10 ')
  t.equal(await fps({ units: 32, step: 50 }), '30 rate', 'hertz: of a spectrum')
  for (const step of [0, -1, Number.NaN, 1e-9]) t.equal(await fps({ units: 8, step }), '30 rate')
  t.equal(await fps({ units: 8, step: 0.02, dims: [6, 4, 5] }), '30 rate', 'the third index has no unit of time')
})

t.test('cut short, damaged, and lying files', async (t) => {
  const promised = await read(nifti({ data }).subarray(0, 352 + 60))
  t.match(promised, { count: 2, promisedFrames: 5, warnings: ['The header promises 5 frames, the file holds 2.'] })
  t.same(promised.frames, clip.frames.subarray(0, 48))
  const noise = Buffer.from(Uint8Array.from({ length: 6 * 4 * 500 }, (_, i) => (i * 2654435761) >>> 24))
  const packed = gzipSync(nifti({ data: noise, dims: [6, 4, 500] }))
  const cut = await read(packed.subarray(0, packed.length / 2))
  t.ok(cut.count > 50 && cut.count < 400, `${cut.count} frames`)
  t.same(Buffer.from(cut.frames), noise.subarray(0, cut.frames.length))
  t.match(cut.warnings, [/^The header promises 500 frames/, /packed is damaged: unexpected end of file/])
  const flipped = Buffer.from(packed)
  flipped[packed.length - 6] ^= 1
  const summed = await read(flipped)
  t.ok(summed.count > 300, 'all but the last piece')
  t.match(summed.warnings, [/^The header promises/, /packed is damaged: incorrect data check/])

  const rejects = (made: Partial<Made>, code: string, message: RegExp) =>
    t.rejects(read(nifti({ data, ...made })), { code, message }, `${message}`)
  await rejects({ dims: [32767, 32767, 32767] }, 'VIDEO_UNREADABLE', /32767 x 32767, where 16384/)
  await rejects({ dims: [16000, 16000, 32767] }, 'VIDEO_TOO_LARGE', /32767 frames of 16000 x 16000/)
  await rejects({ dims: [6, 4, 1e9], two: true }, 'VIDEO_TOO_LARGE', /1000000000 frames/)
  await rejects({ dims: [6, 4, 2 ** 52], two: true }, 'VIDEO_TOO_LARGE', /frames of 6 x 4/)
  await rejects({ dims: [6, 4, 0] }, 'VIDEO_EMPTY', /0 frames of 6 x 4/)
  await rejects({ dims: [6, -4, 5] }, 'VIDEO_UNREADABLE', /shape \(6, -4, 5\)/)
  await rejects({ dims: [6, 4, 5, 2] }, 'VIDEO_UNREADABLE', /shape \(6, 4, 5, 2\); expected \(width, height, frames\)/)
  await rejects({ dims: [120] }, 'VIDEO_UNREADABLE', /shape \(120\)/)
  for (const offset of [2 ** 31, 100, -1, 352.5, Number.NaN]) {
    const file = nifti({ data })
    file.writeFloatLE(offset, 108)
    if (Number.isNaN(offset)) t.match(await read(file), { count: 5 })
    else await t.rejects(read(file), { code: 'VIDEO_UNREADABLE', message: /frames begin at byte/ })
  }
  await rejects(
    { dims: [6, 4, 1], data: Buffer.alloc(10) },
    'VIDEO_UNREADABLE',
    /promises 24 bytes of 1 frames, and it holds 10/,
  )
  const pair = {
    code: 'VIDEO_UNREADABLE',
    message: /header of a pair of files \(\.hdr and \.img\)\. Save both as one file/,
  }
  await t.rejects(read(nifti({ data, magic: 'ni1\0' }), {}, '.hdr'), pair)
  await t.rejects(read(Buffer.alloc(1000, 7), {}, '.img'), {
    code: 'VIDEO_UNREADABLE',
    message: /pixels of a pair of NIfTI files/,
  })
  await t.rejects(read(Buffer.from('ObjectType = Image\nNDims = 3\n'), {}, '.mhd'), {
    code: 'VIDEO_UNREADABLE',
    message: /MetaImage.*SimpleITK/,
  })
})

t.test('what unpacks to more than the header promises costs no more', async (t) => {
  const bomb = gzipSync(Buffer.concat([nifti({ data }), Buffer.alloc(2 ** 27)]), { level: 1 })
  const before = process.memoryUsage.rss()
  t.match(await read(bomb), { count: 5, warnings: [] })
  t.ok(process.memoryUsage.rss() - before < 2 ** 26, 'not unpacked')
  const lie = gzipSync(nifti({ data, dims: [16384, 16384, 8] }))
  t.ok(lie.length < 1000)
  await t.rejects(read(lie), { code: 'VIDEO_UNREADABLE', message: /promises 2147483648 bytes/ })
  await t.rejects(read(gzipSync(Buffer.alloc(2 ** 20))), { code: /VIDEO_UNREADABLE|FFMPEG_NOT_FOUND/ })
})

t.test('files that are damaged anyhow are read, or refused by name', async (t) => {
  const good = [nifti({ data }), gzipSync(nifti({ data })), nifti({ data, two: true })]
  const random = new Random(5, 'nifti')
  const seen = new Map<string, number>()
  for (let run = 0; run < 600; run++) {
    const bytes = Buffer.from(good[run % 3])
    const within = run % 2 ? Math.min(bytes.length, 352) : bytes.length
    for (let n = 1 + random.below(6); n > 0; n--) bytes[random.below(within)] = random.below(256)
    const file = bytes.subarray(0, run % 5 ? undefined : random.below(bytes.length + 1))
    if (!NIFTI.recognises(file, 'clip')) continue
    const outcome = await NIFTI.decode(file, 'clip', {}).then(
      ({ frames, count, width, height }) => (frames.length === count * width * height ? 'read' : 'WRONG'),
      (error) => error.code,
    )
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
  }
  const named = ['read', 'VIDEO_UNREADABLE', 'VIDEO_EMPTY', 'VIDEO_TOO_LARGE']
  t.same(
    [...seen.keys()].filter((outcome) => !named.includes(outcome)),
    [],
  )
  t.ok((seen.get('read') ?? 0) > 100)
})
