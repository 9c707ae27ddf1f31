import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readClip } from 'infomotion'
import t from 'tap'
import { encodeNpy } from '#lib/run/npy.js'
import { temporary, waves } from './support.js'

// numpy arrays as clips.

const folder = temporary(t)
let files = 0
const read = (bytes: Uint8Array, options: Parameters<typeof readClip>[1] = { fps: 30 }, ending = '.npy') => {
  const path = join(folder, `clip${files++}${ending}`)
  writeFileSync(path, bytes)
  return readClip(path, options)
}

/** A file of any header. */
const npy = (descr: string, shape: string, data: Uint8Array, fortran = 'False') => {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`.padEnd(118)
  const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text}`, 'latin1')
  return Buffer.concat([head, data])
}

const clip = waves(5, 6, 4, 1)

t.test('(frames, height, width), and channels behind', async (t) => {
  const found = await read(encodeNpy(clip.frames, [5, 4, 6]))
  t.match(found, { count: 5, width: 6, height: 4, fps: 30, backend: 'npy', decoder: 'npy', warnings: [] })
  t.same(found.frames, clip.frames)
  t.same((await read(encodeNpy(clip.frames, [5, 4, 6, 1]))).frames, clip.frames)
  t.same((await read(encodeNpy(clip.frames, [5, 4, 6]), { maxFrames: 2, fps: 30 })).frames, clip.frames.subarray(0, 48))
  const grey = Uint8Array.from({ length: 3 * clip.frames.length }, (_, i) => clip.frames[Math.floor(i / 3)])
  t.same((await read(encodeNpy(grey, [5, 4, 6, 3]))).frames, clip.frames)
  const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255)
  t.same([...(await read(encodeNpy(rgb, [3, 1, 1, 3]))).frames], [76, 150, 29])
  t.same([...(await read(encodeNpy(Uint8Array.of(255, 0, 0, 9), [1, 1, 1, 4]))).frames], [76], 'alpha is left out')
})

t.test('Fortran order, the other byte order, bool', async (t) => {
  const fortran = new Uint8Array(clip.frames.length)
  for (let f = 0; f < 5; f++)
    for (let y = 0; y < 4; y++)
      for (let x = 0; x < 6; x++) fortran[f + 5 * (y + 4 * x)] = clip.frames[24 * f + 6 * y + x]
  const found = await read(npy('|u1', '5, 4, 6', fortran, 'True'))
  t.same(found.frames, clip.frames)
  t.same(
    (await read(npy('|u1', '5, 4, 6', fortran, 'True'), { maxFrames: 2, fps: 30 })).frames,
    clip.frames.subarray(0, 48),
  )
  const big = Buffer.alloc(240)
  for (const [i, value] of clip.frames.entries()) big.writeUInt16BE(value, 2 * i)
  t.same((await read(npy('>u2', '5, 4, 6', big))).frames, clip.frames)
  t.same([...(await read(npy('|b1', '1, 1, 2', Uint8Array.of(0, 1)))).frames], [0, 255])
})

t.test('floats from 0 to 1 or to 255, and whole numbers: the rule is told', async (t) => {
  const of = async (values: Float32Array | Float64Array | Uint16Array) => {
    const { frames, warnings } = await read(encodeNpy(values, [1, 1, values.length]))
    return [[...frames], ...warnings]
  }
  t.same(await of(Float32Array.of(0, 0.5, 1)), [[0, 128, 255], 'Numbers from 0 to 1: 1 is taken for white.'])
  t.same(await of(Float64Array.of(0, 0.5, 250)), [[0, 1, 250]])
  t.same(await of(Float64Array.of(-2, 0, 2)), [
    [0, 128, 255],
    'Numbers from -2 to 2: the least is taken for black, the largest for white.',
  ])
  t.same(await of(Uint16Array.of(0, 4095, 2048)), [
    [0, 255, 128],
    'Whole numbers from 0 to 4095: 4095 is taken for white.',
  ])
  t.same(await of(Uint16Array.of(0, 65535, 256)), [
    [0, 255, 1],
    'Whole numbers from 0 to 65535: 65535 is taken for white.',
  ])
})

t.test('64-bit integers and half floats', async (t) => {
  const of = async (type: string, numbers: ArrayBufferView) => {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
    const { frames, warnings } = await read(npy(type, '1, 1, 3', bytes), { fps: 30 })
    return [[...frames], ...warnings]
  }
  t.same(await of('<i8', BigInt64Array.of(0n, 7n, 255n)), [[0, 7, 255]])
  t.same(await of('<u8', BigUint64Array.of(0n, 1000n, 1023n)), [
    [0, 249, 255],
    'Whole numbers from 0 to 1023: 1023 is taken for white.',
  ])
  t.same(await of('>i8', Buffer.from('000000000000000000000000000000c800000000000000ff', 'hex')), [[0, 200, 255]])
  t.same(await of('<i8', BigInt64Array.of(-1n, 0n, 1n)), [
    [0, 128, 255],
    'Numbers from -1 to 1: the least is taken for black, the largest for white.',
  ])
  const halves = Uint16Array.of(0x0000, 0x3800, 0x3c00) // 0, 0.5, 1
  t.same(await of('<f2', halves), [[0, 128, 255], 'Numbers from 0 to 1: 1 is taken for white.'])
  t.same(await of('>f2', Buffer.from('00005640' + '5bf8', 'hex')), [[0, 100, 255]]) // 0, 100, 255
})

t.test('the rate is the one given, or one that is told to be assumed', async (t) => {
  t.match(await read(encodeNpy(clip.frames, [5, 4, 6]), {}), {
    fps: 30,
    warnings: ['The file names no frame rate: 30 fps is assumed.'],
  })
  t.equal((await read(encodeNpy(clip.frames, [5, 4, 6]), { fps: 55.5 })).fps, 55.5)
})

t.test('VIDEO_UNREADABLE, VIDEO_EMPTY, VIDEO_TOO_LARGE: other arrays, and headers that lie', async (t) => {
  const rejects = (bytes: Uint8Array, code: string, message: RegExp, ending?: string) =>
    t.rejects(read(bytes, {}, ending), { code, message }, `${message}`)
  await rejects(
    encodeNpy(clip.frames, [20, 6]),
    'VIDEO_UNREADABLE',
    /shape \(20, 6\); expected \(frames, height, width\)/,
  )
  await rejects(encodeNpy(clip.frames, [5, 2, 6, 2]), 'VIDEO_UNREADABLE', /shape \(5, 2, 6, 2\)/)
  await rejects(encodeNpy(clip.frames, [1, 5, 2, 2, 6]), 'VIDEO_UNREADABLE', /shape/)
  await rejects(npy('<c8', '1, 1, 1', new Uint8Array(8)), 'VIDEO_UNREADABLE', /type "<c8"/)
  await rejects(npy('|O', '1, 1, 1', new Uint8Array(8)), 'VIDEO_UNREADABLE', /type "\|O"/)
  await rejects(npy('|u1', '0, 4, 6', new Uint8Array(0)), 'VIDEO_EMPTY', /0 frames of 6 x 4/)
  await rejects(npy('|u1', '1000000000, 1000, 1000', new Uint8Array(9)), 'VIDEO_TOO_LARGE', /1000000000 frames/)
  await rejects(npy('<f8', '1000, 1000, 1000', new Uint8Array(9)), 'VIDEO_TOO_LARGE', /in 8000000000 bytes/)
  await rejects(npy('|u1', '1, 1, 99999', new Uint8Array(9)), 'VIDEO_UNREADABLE', /99999 x 1, where 16384/)
  await rejects(npy('|u1', '9007199254740993, 1, 1', new Uint8Array(9)), 'VIDEO_UNREADABLE', /shape .* is none/)
  await rejects(
    npy('|u1', '10, 4, 6', new Uint8Array(23)),
    'VIDEO_UNREADABLE',
    /promises 240 bytes of 10 frames, and it holds 23/,
  )
  await rejects(npy('|u1', '10, 4, 6', new Uint8Array(239), 'True'), 'VIDEO_UNREADABLE', /cut short/)
  await rejects(Buffer.from('\x93NUMPY\x01\x00\xff\xff{ and no end', 'latin1'), 'VIDEO_UNREADABLE', /header/)
  await rejects(Buffer.from('PK\x03\x04....'), 'VIDEO_UNREADABLE', /numpy archive \(\.npz\).*as \.npy/, '.npz')
  await rejects(Buffer.from('RIFF\x10\0\0\0WEBPVP8 ....', 'latin1'), 'VIDEO_UNREADABLE', /found .* WebP/, '.webp')
  const cut = await read(npy('|u1', '5, 4, 6', clip.frames.subarray(0, 100)))
  t.match(cut, { count: 4, promisedFrames: 5, warnings: ['The header promises 5 frames, the file holds 4.'] })
  t.same(cut.frames, clip.frames.subarray(0, 96))
})
