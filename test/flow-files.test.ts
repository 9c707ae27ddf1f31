import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode as encodePng } from 'fast-png'
import {
  colourFlow,
  decodeKitti,
  drawQuiver,
  encodeKitti,
  encodePicture,
  farneback,
  readFlow,
  UNKNOWN_FLOW,
  writeFlow,
  writePicture,
} from 'infomotion/flow'
import t from 'tap'
import { encodeNpy } from '#lib/run/npy.js'
import { readLuma } from '#lib/video/images.js'
import { readClip, writeClip } from '#lib/video/index.js'
import { fixture, infomotion, temporary } from './support.js'

const golden = (name: string) => fixture('farneback-golden', name)
const field = { flow: Float32Array.of(1, 2, -3, 4.25, 0, 0, 1e10, 1e10, 100, -500, 0.0078125, 7), width: 3, height: 2 }

t.test('flow files by their endings', async (t) => {
  const directory = temporary(t)
  for (const ending of ['.flo', '.npy']) {
    const path = join(directory, `a${ending}`)
    await writeFlow(path, field)
    t.same(await readFlow(path), { ...field, pairs: 1 }, ending)
  }
  const clip = { flow: Float32Array.from({ length: 2 * 6 * 2 }, (_, i) => i / 3), pairs: 2, width: 3, height: 2 }
  await writeFlow(join(directory, 'clip.npy'), clip)
  t.same(await readFlow(join(directory, 'clip.npy')), clip)
  const wrong = (call: Promise<unknown>, code: string, message: RegExp) =>
    t.rejects(call, { name: 'InfomotionError', code, message })
  await wrong(writeFlow(join(directory, 'clip.flo'), clip), 'INVALID_ARGUMENT', /one pair for a \.flo file/)
  await wrong(
    writeFlow(join(directory, 'a.txt'), field),
    'INVALID_ARGUMENT',
    /\.flo, \.png or \.npy file for path.*a\.txt/,
  )
  await wrong(writeFlow(join(directory, 'a.npy'), null as never), 'INVALID_ARGUMENT', /field/)
  await wrong(writeFlow(join(directory, 'a.npy'), { ...clip, pairs: 3 }), 'INVALID_ARGUMENT', /flow/)
  await wrong(
    writeFlow(join(directory, 'a.png'), { ...field, width: 2 }),
    'INVALID_ARGUMENT',
    /2 x 2 x 2 values for field\.flow/,
  )
  await wrong(readFlow(5 as never), 'INVALID_ARGUMENT', /path/)
  await wrong(readFlow(join(directory, 'none.flo')), 'ENOENT', /none/)
  writeFileSync(join(directory, 'x.npy'), encodeNpy(new Float32Array(6), [2, 3]))
  await wrong(readFlow(join(directory, 'x.npy')), 'NPY_UNREADABLE', /x\.npy.*shape \[2, 3\]/)
  writeFileSync(join(directory, 'y.npy'), encodeNpy(new Float64Array(12), [2, 3, 2]))
  await wrong(readFlow(join(directory, 'y.npy')), 'NPY_UNREADABLE', /Float64Array/)
  t.notOk(
    readdirSync(directory).some((name) => name.endsWith('.tmp')),
    'nothing half-written is left',
  )
})

t.test("KITTI's flow PNG", async (t) => {
  const read = decodeKitti(encodeKitti(field))
  t.same([read.width, read.height], [3, 2])
  t.same([...read.flow], [1, 2, -3, 4.25, 0, 0, UNKNOWN_FLOW, UNKNOWN_FLOW, 100, -500, 1 / 64, 7], 'steps of 1/64 px')
  const { flow } = await readFlow(golden('box112.flo'))
  const path = join(temporary(t), 'box.png')
  await writeFlow(path, { flow, width: 112, height: 112 })
  const back = (await readFlow(path)).flow
  t.ok(back.every((value, i) => Math.abs(value - flow[i]) <= 1 / 128 + 1e-7))
  // As the benchmark's development kit writes it: u, v, valid in red, green, blue.
  const units = Uint16Array.of(32768 + 64, 32768 - 32, 1, 5, 6, 0)
  const known = decodeKitti(encodePng({ width: 2, height: 1, data: units, channels: 3, depth: 16 }))
  t.same([...known.flow], [1, -0.5, UNKNOWN_FLOW, UNKNOWN_FLOW])

  t.throws(() => encodeKitti({ flow: Float32Array.of(600, 0), width: 1, height: 1 }), {
    code: 'INVALID_ARGUMENT',
    message: /less than 512 px.*600/,
  })
  const unreadable = (bytes: Uint8Array, message: RegExp) =>
    t.throws(() => decodeKitti(bytes, 'k.png'), { name: 'InfomotionError', code: 'KITTI_UNREADABLE', message })
  unreadable(Buffer.from('garbage'), /k\.png/)
  unreadable(encodeKitti(field).subarray(0, 60), /k\.png/)
  unreadable(encodePng({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3), channels: 3, depth: 8 }), /up to 255/)
  unreadable(encodePng({ width: 1, height: 1, data: Uint16Array.of(1), channels: 1, depth: 16 }), /1 channel of/)
})

t.test('flow as colour', async (t) => {
  const colour = (u: number, v: number, max = 1) => [
    ...colourFlow({ flow: Float32Array.of(u, v), width: 1, height: 1 }, { max }).pixels,
  ]
  t.same(colour(0, 0), [255, 255, 255], 'no motion is white')
  t.same(colour(1, 0), [255, 0, 0], 'to the right is red')
  t.same(colour(2, 0), [191, 0, 0], 'faster than the fastest is darkened by a quarter')
  t.same(colour(0.5, 0), [255, 127, 127], 'half of it half as strong')
  t.same(colour(0, 1), [255, 229, 0], 'down: 13.5 of the 15 steps from red to yellow')
  t.same(colour(-1, 0), [0, 209, 255], 'to the left: 2 of the 11 steps from cyan to blue')
  t.same(colour(0, -1), [88, 0, 255], 'up: 4.5 of the 13 steps from blue to magenta')
  t.same(colour(UNKNOWN_FLOW, 0), [0, 0, 0], 'unknown is black')
  t.same(colour(Number.NaN, 0), [0, 0, 0])
  const two = colourFlow({ flow: Float32Array.of(3, 0, 1.5, 0), width: 2, height: 1 })
  t.same([...two.pixels], [255, 0, 0, 255, 127, 127], 'the fastest sets the scale')
  t.same([...colourFlow({ flow: new Float32Array(2), width: 1, height: 1 }).pixels], [255, 255, 255])
  t.throws(() => colourFlow(field, { max: 0 }), { code: 'INVALID_ARGUMENT', message: /max/ })
  t.throws(() => colourFlow(field, { maximum: 1 } as never), { code: 'INVALID_ARGUMENT' })
  t.throws(() => colourFlow({ ...field, height: 3 }), { code: 'INVALID_ARGUMENT', message: /flow/ })
})

t.test('flow as arrows', async (t) => {
  const [width, height, step, zoom] = [24, 16, 8, 5]
  const flow = Float32Array.from({ length: 2 * width * height }, (_, i) => (i % 2 ? 0 : 2)) // to the right
  const frame = new Uint8Array(width * height).fill(60)
  const picture = drawQuiver({ flow, width, height }, { frame, step, zoom, max: 4 })
  t.same([picture.width, picture.height, picture.pixels.length], [120, 80, 120 * 80 * 3])
  const at = (x: number, y: number) => picture.pixels[3 * (y * 120 + x)] // its red
  t.equal(at(1, 1), 60, 'the frame behind')
  t.ok(at(20 + 2, 20) > 180, 'a shaft from the middle of a cell')
  t.ok(at(20 + 18, 20) > 180, '2 of 4 px: half a cell, 20 pixels')
  t.equal(at(20 + 24, 20), 60, 'and no longer')
  t.equal(at(20 - 4, 20), 60, 'not backwards')
  const half = Float32Array.from(flow, (value, i) => (Math.floor(i / 2) % width < 8 ? UNKNOWN_FLOW : value))
  const fewer = drawQuiver({ flow: half, width, height }, { frame, step, zoom, max: 4 })
  const drawn = (pixels: Uint8Array, x: number) => pixels[3 * (20 * 120 + x)] !== 60
  t.same(
    [22, 62, 102].map((x) => drawn(picture.pixels, x)),
    [true, true, true],
  )
  t.same(
    [22, 62, 102].map((x) => drawn(fewer.pixels, x)),
    [false, true, true],
    'no arrow where nothing is known',
  )
  t.equal(drawQuiver({ flow, width, height }).width, 24 * 28, 'large enough to see, by default')
  t.throws(() => drawQuiver({ flow, width, height }, { frame: new Uint8Array(3) }), { message: /24 x 16 = 384 grey/ })
  t.throws(() => drawQuiver({ flow, width, height }, { step: 0 }), { code: 'INVALID_ARGUMENT' })
  t.throws(() => drawQuiver({ flow, width, height }, { zoom: 1000 }), { code: 'INVALID_ARGUMENT' })

  const path = join(temporary(t), 'a.png')
  await writePicture(path, fewer)
  t.same(await readFile(path), Buffer.from(encodePicture(fewer)))
  t.equal((await readLuma(path)).width, 120)
})

t.test('the command line writes every format and picture', async (t) => {
  const directory = temporary(t)
  const images = [golden('box112.a.pgm'), golden('box112.b.pgm')]
  const run = async (...args: string[]) => {
    const { status, out } = await infomotion(['flow', ...args, '--json'])
    return { status, ...JSON.parse(out) }
  }
  const [a, b] = await Promise.all(images.map(readLuma))
  const { flow } = await farneback(Uint8Array.from([...a.pixels, ...b.pixels]), a)
  const path = (name: string) => join(directory, name)

  t.match(await run(...images, '-o', path('a.png')), { status: 0, pairs: 1 })
  t.ok(
    (await readFlow(path('a.png'))).flow.every((value, i) => Math.abs(value - flow[i]) <= 0.0079),
    'KITTI',
  )
  await run(...images, '-o', path('a.npy'))
  t.same((await readFlow(path('a.npy'))).flow, flow)
  t.match(await run(...images, '-o', path('c.png'), '--colour', '--max-flow', '3'), { status: 0, maxFlow: 3 })
  t.same(await readFile(path('c.png')), Buffer.from(encodePicture(colourFlow({ ...a, flow }, { max: 3 }))))
  await run(...images, '-o', path('q.png'), '--quiver', '--max-flow', '3')
  const quiver = drawQuiver({ ...a, flow }, { frame: a.pixels, max: 3 })
  t.same(await readFile(path('q.png')), Buffer.from(encodePicture(quiver)))
  const { maxFlow } = await run(...images, '-o', path('d.png'), '--colour')
  const slower = flow.reduce((n, u, i) => n + (i % 2 === 0 && Math.hypot(u, flow[i + 1]) <= maxFlow ? 1 : 0), 0)
  t.ok(Math.abs(slower / (112 * 112) - 0.99) < 0.001, 'by default 99 % of the pixels are slower')

  const clip = path('source.avi')
  await writeClip(
    clip,
    { frames: Uint8Array.from([...a.pixels, ...b.pixels, ...a.pixels]), count: 3, width: 112, height: 112 },
    { fps: 25 },
  )
  const { pairs, width, height } = await run(clip, '-o', path('clip.npy'))
  const numbers = await readFlow(path('clip.npy'))
  t.same([numbers.pairs, numbers.width, numbers.height], [pairs, width, height])
  const { frames } = await readClip(clip)
  t.same((await farneback(frames, { width, height })).flow, numbers.flow, 'the flow of a clip is that of its frames')
  for (const [look, zoom] of [
    ['--colour', 1],
    ['--quiver', Math.ceil(448 / Math.min(width, height))],
  ] as const) {
    t.match(await run(clip, '-o', path('clip.avi'), look), { status: 0, pairs, maxFlow: Number })
    const shown = await readClip(path('clip.avi'))
    t.same([shown.count, shown.width, shown.height], [pairs, zoom * width, zoom * height], look)
  }

  const wrong = async (message: RegExp, ...args: string[]) =>
    t.match(await run(...args), { status: 2, error: { code: 'INVALID_ARGUMENT', message } })
  await wrong(/\.png for a picture/, ...images, '-o', path('a.flo'), '--colour')
  await wrong(/\.avi for pictures/, clip, '-o', path('a.npy'), '--quiver')
  await wrong(/--max-flow/, ...images, '-o', path('a.flo'), '--max-flow', '2')
  await wrong(/--max-flow/, ...images, '-o', path('a.png'), '--colour', '--max-flow', '-1')
  await wrong(/Expected --colour or --quiver, not both/, ...images, '-o', path('a.png'), '--colour', '--quiver')
  await wrong(/first guess/, clip, '-o', path('b.npy'), '--init', golden('init112.init.flo'))
  t.notOk(existsSync(path('b.npy')))
})
