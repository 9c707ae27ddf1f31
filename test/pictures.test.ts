import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from 'fast-png'
import { decodersOf, readClip } from 'infomotion'
import t from 'tap'
import { listPictures, sha256OfClip } from '#lib/video/pictures.js'
import { greyJpeg, infomotion, lay, temporary, waves } from './support.js'

// A folder of pictures as a clip.

const SIZE = { width: 20, height: 14 }
const clip = waves(12, SIZE.width, SIZE.height, 2)
const frame = (i: number) => clip.frames.subarray(i * 280, (i + 1) * 280)
const png = (i: number) => Buffer.from(encode({ ...SIZE, data: frame(i), channels: 1, depth: 8 }))
const pgm = (i: number) => Buffer.concat([Buffer.from('P5 20 14 255\n'), frame(i)])

/** Folder "clip" with these files. */
const folderOf = (t: Tap, files: Record<string, string | Buffer>) => {
  const folder = join(temporary(t), 'clip')
  mkdirSync(folder)
  return lay(folder, files)
}
type Tap = Parameters<typeof temporary>[0]

t.test('frames come in the natural order of their names, of every format', async (t) => {
  const names = [
    'IMG_1.png',
    'IMG_2.png',
    'IMG_3.pgm',
    'IMG_4.png',
    ...[5, 6, 7, 8, 9, 10, 11, 12].map((n) => `IMG_${n}.png`),
  ]
  const files = Object.fromEntries(names.map((name, i) => [name, name.endsWith('pgm') ? pgm(i) : png(i)]))
  const folder = folderOf(t, files)
  t.same((await listPictures(folder)).names, names)
  const read = await readClip(folder, { fps: 24 })
  t.same(read.frames, clip.frames)
  t.match(read, { count: 12, ...SIZE, fps: 24, backend: 'pictures', damagedFrames: 0 })
  t.ok((await decodersOf('auto')).includes(read.decoder))
  t.same((await readClip(folder, { maxFrames: 3, fps: 24 })).frames, clip.frames.subarray(0, 3 * 280))
  t.same(read.oddities, [])
})

t.test('zeros before numbers, and names without numbers', async (t) => {
  const orders = [
    ['f1.png', 'f002.png', 'f03.png', 'f10.png', 'f0011.png'],
    ['a.png', 'b.png', 'c.png'],
    ['2024-01-09 10.59.59.png', '2024-01-09 11.00.00.png', '2024-01-10 09.00.00.png'],
    ['99999999999999999998.png', '99999999999999999999.png', '100000000000000000000.png'],
    ['v1_f2.png', 'v1_f10.png', 'v2_f1.png'],
  ]
  for (const names of orders) {
    const files = Object.fromEntries([...names].reverse().map((name, i) => [name, png(i)]))
    t.same((await listPictures(folderOf(t, files))).names, names)
  }
})

t.test('what lacks between the numbers is told, steps are none', async (t) => {
  const told = async (numbers: number[]) => {
    const files = Object.fromEntries(numbers.map((n) => [`f${String(n).padStart(4, '0')}.png`, png(n % 12)]))
    const { oddities, promisedFrames, count } = await readClip(folderOf(t, files), { fps: 30 })
    return `${count} of ${promisedFrames ?? count}: ${oddities.map(({ kind, text }) => `${kind} ${text}`).join(' ')}`
  }
  t.equal(await told([1, 2, 3, 4]), '4 of 4: ')
  t.equal(await told([0, 5, 10, 15, 20]), '5 of 5: ')
  t.equal(await told([33, 67, 100, 133, 167]), '5 of 5: ', 'milliseconds')
  t.equal(
    await told([1, 2, 4, 5, 6, 9, 10]),
    '7 of 10: damaged 3 of 10 frames are missing, by the numbers of their names: 3, 7 to 8.',
  )
  t.equal(await told([7]), '1 of 1: ')
})

t.test('the rate is the one given, or one that is told to be assumed', async (t) => {
  const folder = folderOf(t, { '1.png': png(0), '2.png': png(1) })
  t.match(await readClip(folder), { fps: 30, warnings: ['Pictures have no frame rate: 30 fps is assumed.'] })
  t.match(await readClip(folder, { fps: 12.5 }), { fps: 12.5, warnings: [] })
  for (const fps of [0, -1, Number.NaN, 1001, '30']) {
    await t.rejects(readClip(folder, { fps: fps as number }), { code: 'INVALID_ARGUMENT' })
  }
})

t.test('pictures that are damaged, or of another size, are damaged frames', async (t) => {
  const cut = png(3).subarray(0, 60)
  const other = Buffer.concat([Buffer.from('P5 10 14 255\n'), Buffer.alloc(140)])
  const folder = folderOf(t, {
    '0.png': '',
    '1.png': png(1),
    '2.png': png(2),
    '3.png': cut,
    '4.pgm': other,
    '5.png': png(5),
  })
  const read = await readClip(folder, { fps: 30 })
  t.same(read.frames, Uint8Array.from([1, 1, 2, 2, 2, 5].flatMap((i) => [...frame(i)])))
  t.equal(read.damagedFrames, 3)
  t.match(read.warnings, [/^3 of 6 frames are damaged \(0\.png: it is empty\); the good frame before each stands in/])

  const first = folderOf(t, { '0.pgm': other, '1.png': png(1), '2.png': png(2) })
  const most = await readClip(first, { fps: 30 })
  t.match(most, { ...SIZE, count: 3, damagedFrames: 1 }, 'the size is what most have, whatever the first has')
  t.same(most.frames.subarray(0, 280), frame(1))
})

t.test('VIDEO_UNREADABLE, VIDEO_NOT_FOUND: folders that are no clip', async (t) => {
  const sizes = (n: number) => Buffer.concat([Buffer.from(`P5 ${n} 2 255\n`), Buffer.alloc(2 * n)])
  const cases: [string, Record<string, string | Buffer>, RegExp][] = [
    ['VIDEO_NOT_FOUND', {}, /it is a folder, not a file, and holds nothing/],
    ['VIDEO_NOT_FOUND', { 'notes.txt': 'x' }, /not a file, and holds notes\.txt, but no pictures/],
    ['VIDEO_UNREADABLE', { 'a.tif': 'II*\0', 'b.tif': 'II*\0' }, /as JPEG, PNG or PGM, but found a\.tif/],
    ['VIDEO_UNREADABLE', { 'a.bmp': 'BM' }, /but found a\.bmp/],
    [
      'VIDEO_UNREADABLE',
      { 'a.png': 'no', 'b.jpg': 'no' },
      /none of 2 pictures could be read \(a\.png: .*none of these formats/,
    ],
    ['VIDEO_UNREADABLE', { 'a.pgm': sizes(1), 'b.pgm': sizes(2), 'c.pgm': sizes(3) }, /have 3 sizes, e\.g\. 1 x 2/],
    [
      'VIDEO_UNREADABLE',
      Object.fromEntries(
        [1, 2, 3].flatMap((n) => [
          [`left_${n}.png`, png(n)],
          [`right_${n}.png`, png(n)],
        ]),
      ),
      /2 series of pictures with the same numbers: left_\*\.png \(3\), right_\*\.png \(3\)/,
    ],
  ]
  for (const [code, files, message] of cases) await t.rejects(readClip(folderOf(t, files)), { code, message })
  const folder = folderOf(t, { '1.png': png(1) })
  await t.rejects(readClip(folder, { backend: 'ffmpeg' }), {
    code: 'VIDEO_UNREADABLE',
    message: /is a folder.*"ffmpeg"/,
  })
  await t.rejects(readClip(folder, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  await t.rejects(readClip(join(folder, 'none')), { code: 'VIDEO_NOT_FOUND' })
  await t.rejects(readClip(join(folder, '1.png')), {
    code: 'VIDEO_UNREADABLE',
    message: /found a picture, in PNG.*give the folder/,
  })
})

t.test('flow that is kept beside the frames is left out, and other files are told', async (t) => {
  const series = ['img', 'flow_x', 'flow_y'].flatMap((name) => [1, 2, 3].map((n) => [`${name}_0000${n}.jpg`, png(n)]))
  const folder = folderOf(t, { ...Object.fromEntries(series), 'notes.txt': 'x', '.hidden.png': 'x', 'Thumbs.db': 'x' })
  const read = await readClip(folder, { fps: 30 })
  t.same(read.frames, clip.frames.subarray(280, 4 * 280))
  t.match(read.oddities, [
    {
      kind: 'unread',
      text: '7 files beside the frames are not read: flow_x_00001.jpg, flow_x_00002.jpg, flow_x_00003.jpg, flow_y_00001.jpg, flow_y_00002.jpg, ....',
    },
  ])
})

t.test('no pipe is read, no device, and no link to anything but a picture', async (t) => {
  const outside = temporary(t)
  writeFileSync(join(outside, 'secret'), 'secret')
  writeFileSync(join(outside, 'picture'), png(4))
  const folder = folderOf(t, { '1.png': png(1), '2.png': png(2) })
  execFileSync('mkfifo', [join(folder, '3.png')])
  symlinkSync('/dev/zero', join(folder, '4.png'))
  symlinkSync(join(outside, 'secret'), join(folder, '5.png'))
  symlinkSync(join(outside, 'picture'), join(folder, '6.png'))
  symlinkSync(outside, join(folder, '7.png'))
  symlinkSync('8.png', join(folder, '8.png'))
  mkdirSync(join(folder, '9.png'))
  t.same((await listPictures(folder)).names, ['1.png', '2.png', '6.png'])
  t.same((await listPictures(folder)).unread, ['3.png', '4.png', '5.png', '7.png', '8.png', '9.png'])
  t.equal((await readClip(folder)).count, 3)
})

t.test('the hash is of names and bytes', async (t) => {
  const files = { '1.png': png(1), '2.png': png(2) }
  const hash = await sha256OfClip(folderOf(t, files))
  t.equal(await sha256OfClip(folderOf(t, { ...files, 'notes.txt': 'x' })), hash)
  t.not(await sha256OfClip(folderOf(t, { '1.png': png(1), '3.png': png(2) })), hash)
  t.not(await sha256OfClip(folderOf(t, { '1.png': png(2), '2.png': png(1) })), hash)
})

t.test('JPEG frames are as near as JPEG is, and colours become luma', async (t) => {
  const jpegs: Record<string, Buffer> = {}
  for (let i = 0; i < 12; i++) jpegs[`${i}.JPG`] = await greyJpeg(frame(i), SIZE.width, SIZE.height, 95)
  const read = await readClip(folderOf(t, jpegs), { fps: 30 })
  const worst = read.frames.reduce((most, value, i) => Math.max(most, Math.abs(value - clip.frames[i])), 0)
  t.ok(worst <= 12, `${worst} levels`)
  const rgb = Buffer.from(
    encode({ width: 3, height: 1, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255), channels: 3, depth: 8 }),
  )
  t.same([...(await readClip(folderOf(t, { 'a.png': rgb }))).frames], [76, 150, 29])
})

t.test('pictures are turned as their Exif orientation asks for', async (t) => {
  // stored: white in the first corner, grey in the second of the first row
  const [width, height] = [48, 32]
  const pixels = new Uint8Array(width * height)
  for (let y = 0; y < 16; y++) pixels.fill(255, y * width, y * width + 16).fill(128, y * width + 32, (y + 1) * width)
  const jpeg = await greyJpeg(pixels, width, height)
  const exif = (orientation: number, little: boolean) => {
    const body = Buffer.alloc(6 + 8 + 2 + 24 + 4)
    body.write(little ? 'Exif\0\0II' : 'Exif\0\0MM', 'latin1')
    const short = (at: number, value: number) =>
      little ? body.writeUInt16LE(value, at) : body.writeUInt16BE(value, at)
    const long = (at: number, value: number) => (little ? body.writeUInt32LE(value, at) : body.writeUInt32BE(value, at))
    short(8, 42)
    long(10, 8)
    short(14, 2)
    for (const [i, tag, value] of [
      [0, 0x0100, width],
      [1, 0x0112, orientation],
    ]) {
      short(16 + 12 * i, tag)
      short(18 + 12 * i, 3)
      long(20 + 12 * i, 1)
      short(24 + 12 * i, value)
    }
    const head = Buffer.from([0xff, 0xe1, 0, body.length + 2])
    return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)])
  }
  // where they are seen (Exif 2.32, 4.6.5): top left, top right, bottom left, bottom right
  const seen = ['', 'tl tr', 'tr tl', 'br bl', 'bl br', 'tl bl', 'tr br', 'br tr', 'bl tl']
  for (let orientation = 1; orientation <= 8; orientation++) {
    const root = temporary(t)
    for (const [i, little] of [true, false].entries()) writeFileSync(join(root, `${i}.jpg`), exif(orientation, little))
    const clip = await readClip(root, { fps: 25 })
    const sideways = orientation > 4
    t.match(clip, { count: 2, width: sideways ? 32 : 48, height: sideways ? 48 : 32, damagedFrames: 0, warnings: [] })
    const corner = (grey: number) => {
      const place = (row: string, column: string) => {
        const y = row === 't' ? 4 : clip.height - 4
        const x = column === 'l' ? 4 : clip.width - 4
        return [0, 1].every((i) => Math.abs(clip.frames[(i * clip.height + y) * clip.width + x] - grey) < 9)
      }
      return ['tl', 'tr', 'bl', 'br'].filter(([row, column]) => place(row, column)).join()
    }
    t.equal(`${corner(255)} ${corner(128)}`, seen[orientation], `orientation ${orientation}`)
  }
  for (const broken of [exif(9, true), exif(1, true).subarray(0, 30), Buffer.concat([exif(6, true).subarray(0, 24)])]) {
    const root = lay(temporary(t), { '0.jpg': jpeg, '1.jpg': broken })
    t.same(
      (await readClip(root, { fps: 25 })).frames.subarray(0, 48 * 32),
      (await readClip(lay(temporary(t), { 'a.jpg': jpeg }), { fps: 25 })).frames,
    )
  }
})

t.test('more than 2 GiB of luma is refused before memory is taken', async (t) => {
  // 16384 x 16384 white pixels: nine of them are more than 2 GiB
  const large = Buffer.from(
    encode({ width: 16384, height: 64, data: new Uint8Array(16384 * 64), channels: 1, depth: 8 }),
  )
  const files = Object.fromEntries(Array.from({ length: 2100 }, (_, i) => [`${i}.png`, i === 0 ? large : '']))
  await t.rejects(readClip(folderOf(t, files)), { code: 'VIDEO_TOO_LARGE', message: /2100 pictures of 16384 x 64/ })
})

t.test('probe FOLDER', async (t) => {
  const folder = folderOf(t, { '1.png': png(1), '2.png': png(2) })
  const { status, out } = await infomotion(['probe', folder, '--fps', '20', '--json'])
  t.equal(status, 0)
  t.match(JSON.parse(out), {
    frames: 2,
    ...SIZE,
    fps: 20,
    seconds: 0.1,
    backend: 'pictures',
    damagedFrames: 0,
    warnings: [],
  })
  t.equal(readdirSync(folder).length, 2)
  t.same(readFileSync(join(folder, '1.png')), png(1))
})
