import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { decode as decodePng, encode as encodePng } from 'fast-png'
import { decodeFlo, encodeFlo, type FlowOptions, FlowSequence, farneback, readFlow, writeFlow } from 'infomotion/flow'
import t from 'tap'
import { decodeNpy, encodeNpy } from '#lib/run/npy.js'
import { readLuma } from '#lib/video/images.js'
import { readClip } from '#lib/video/index.js'
import { fixture, greyJpeg, infomotion, needs, reference, temporary } from './support.js'

const golden = (name: string) => fixture('farneback-golden', name)

interface Case {
  name: string
  width: number
  height: number
  options: FlowOptions
  hasInitial: boolean
}

const cases: Case[] = readFileSync(golden('cases.txt'), 'utf8')
  .trim()
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .map((line) => {
    const [name, ...fields] = line.split(' ')
    const [width, height, pyrScale, levels, winsize, iterations, polyN, polySigma, flags, init] = fields.map(Number)
    const options = { pyrScale, levels, winsize, iterations, polyN, polySigma, gaussian: (flags & 256) !== 0 }
    return { name, width, height, options, hasInitial: init === 1 }
  })

async function goldenFrames(name: string): Promise<Uint8Array> {
  const [a, b] = await Promise.all([readLuma(golden(`${name}.a.pgm`)), readLuma(golden(`${name}.b.pgm`))])
  return Uint8Array.from([...a.pixels, ...b.pixels])
}

function difference(a: Float32Array, b: Float32Array): { max: number; mean: number } {
  const each = a.map((value, i) => Math.abs(value - b[i]))
  return { max: each.reduce((x, y) => Math.max(x, y), 0), mean: each.reduce((x, y) => x + y, 0) / each.length }
}

/** Bit for bit; much faster than t.same on long arrays. */
const equal = (a: Float32Array, b: Float32Array) =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength))

/** A texture that drifts: grey levels of `frames` frames. */
function drifting(width: number, height: number, frames: number, step = 0.7): Uint8Array {
  return Uint8Array.from({ length: frames * height * width }, (_, i) => {
    const x = (i % width) - step * Math.floor(i / (width * height))
    const y = Math.floor(i / width) % height
    return 128 + 50 * Math.sin(0.5 * x + 0.2 * y) + 50 * Math.cos(0.45 * y - 0.1 * x)
  })
}

t.test("OpenCV's results, nine cases", async (t) => {
  t.equal(cases.length, 9)
  for (const { name, width, height, options, hasInitial } of cases) {
    const initialFlow = hasInitial ? (await readFlow(golden(`${name}.init.flo`))).flow : undefined
    const result = await farneback(await goldenFrames(name), { width, height }, { ...options, initialFlow })
    const { max, mean } = difference(result.flow, (await readFlow(golden(`${name}.flo`))).flow)
    t.ok(max <= 2e-3 && mean <= 1e-5, `${name}: max ${max} px, mean ${mean} px`)
    t.same([result.pairs, result.width, result.height], [1, width, height])
  }
})

t.test('a sequence is its pairs; floats are bytes; jobs side by side are jobs in turn: bit for bit', async (t) => {
  const shape = { width: 80, height: 64 }
  const frames = drifting(80, 64, 6)
  const pixels = 80 * 64
  const whole = await farneback(frames, { ...shape, frames: 6 })
  t.equal(whole.flow.length, 5 * pixels * 2)
  const pairs = Array.from({ length: 5 }, (_, i) => farneback(frames.subarray(i * pixels, (i + 2) * pixels), shape))
  for (const [i, { flow }] of (await Promise.all(pairs)).entries())
    t.ok(equal(flow, whole.flow.subarray(i * pixels * 2, (i + 1) * pixels * 2)), `pair ${i}`)
  t.ok(equal((await farneback(Float32Array.from(frames), shape)).flow, whole.flow))
  const again = await Promise.all(Array.from({ length: 8 }, () => farneback(frames, shape)))
  t.ok(again.every(({ flow }) => equal(flow, whole.flow)))
})

t.test('a first guess for each pair', async (t) => {
  const shape = { width: 64, height: 64 }
  const frames = drifting(64, 64, 3, 9)
  const initialFlow = Float32Array.from({ length: 2 * 64 * 64 * 2 }, (_, i) => (i % 2 ? 0 : 8))
  const options = { levels: 0, polyN: 7, winsize: 21 }
  const middle = (32 * 64 + 32) * 2
  const blind = (await farneback(frames, shape, options)).flow
  const guided = (await farneback(frames, shape, { ...options, initialFlow })).flow
  t.ok(Math.abs(blind[middle] - 9) > 2, 'too fast to find without')
  t.ok(Math.abs(guided[middle] - 9) < 0.3 && Math.abs(guided[64 * 64 * 2 + middle] - 9) < 0.3, 'found with it')
})

t.test('the symmetric border: equal frames have no flow', async (t) => {
  const frame = drifting(50, 40, 1)
  const frames = Uint8Array.from([...frame, ...frame])
  const flowOf = async (border: 'opencv' | 'symmetric') =>
    (await farneback(frames, { width: 50, height: 40 }, { border })).flow
  t.ok((await flowOf('symmetric')).every((value) => value === 0))
  t.notOk((await flowOf('opencv')).every((value) => value === 0))
})

t.test('what is wrong with a call is said', async (t) => {
  const frames = new Uint8Array(2 * 12)
  const shape = { width: 4, height: 3 }
  const wrong = (call: Promise<unknown>, message: RegExp | string) =>
    t.rejects(call, { name: 'InfomotionError', code: 'INVALID_ARGUMENT', message })
  await wrong(
    farneback([1, 2] as never, shape),
    'Expected a Uint8Array, Uint8ClampedArray or Float32Array for frames but received an array of 2.',
  )
  await wrong(farneback(frames, { width: 5, height: 3 }), /2 whole frames of 5 x 3 = 15 values.*Uint8Array\(24\)/)
  await wrong(farneback(frames.subarray(12), shape), /at least 2 whole frames/)
  await wrong(farneback(frames, { width: 0, height: 3 }), /width/)
  await wrong(farneback(frames, { ...shape, frames: 3 }), /shape\.frames/)
  await wrong(farneback(frames, shape, { polyn: 5 } as never), /Unknown option "polyn".*Did you mean "polyN"/)
  await wrong(farneback(frames, shape, { pyrScale: 1 }), /between 0 and 1.*pyrScale but received 1/)
  await wrong(farneback(frames, shape, { polySigma: 0.01 }), /polySigma/)
  await wrong(farneback(frames, shape, { winsize: 0 }), /winsize/)
  await wrong(farneback(frames, shape, { levels: 1.5 }), /levels/)
  await wrong(farneback(frames, shape, { border: 'none' as never }), /one of opencv, symmetric/)
  await wrong(farneback(frames, shape, { gaussian: 1 as never }), /gaussian/)
  await wrong(farneback(frames, shape, { initialFlow: new Float32Array(5) }), /1 x 3 x 4 x 2 = 24 values/)
})

t.test('aborting stops a long job, and a job that never began', async (t) => {
  const controller = new AbortController()
  const frames = drifting(640, 480, 2)
  const many = new Uint8Array(frames.length * 10)
  for (let i = 0; i < 10; i++) many.set(frames, i * frames.length)
  const before = process.cpuUsage()
  const job = farneback(many, { width: 640, height: 480 }, { iterations: 200, signal: controller.signal })
  setTimeout(() => controller.abort(), 20)
  await t.rejects(job, { code: 'ABORTED' })
  const { user } = process.cpuUsage(before)
  t.ok(
    user < 1e6,
    `stopped after ${user / 1e6} s of CPU time; nineteen pairs of 200 iterations take several times that`,
  )
  await t.rejects(farneback(frames, { width: 640, height: 480 }, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

t.test('any number of threads gives the same bytes, over pairs and inside one', async (t) => {
  const shape = { width: 96, height: 200 }
  for (const count of [2, 6]) {
    const frames = drifting(96, 200, count)
    const { flow } = await farneback(frames, shape)
    for (const threads of [0, 2, 3, 8]) t.ok(equal((await farneback(frames, shape, { threads })).flow, flow))
    const sequence = new FlowSequence(shape, { threads: 2 })
    for (let i = 0; i < count; i++) {
      const pair = await sequence.push(frames.subarray(i * 96 * 200, (i + 1) * 96 * 200))
      if (pair) t.ok(equal(pair, flow.subarray((i - 1) * 96 * 200 * 2, i * 96 * 200 * 2)))
    }
    sequence.close()
  }
  await t.rejects(farneback(drifting(96, 200, 2), shape, { threads: -1 }), {
    code: 'INVALID_ARGUMENT',
    message: /threads/,
  })
})

t.test('an ordinary array may be taken away in mid-job; a shared one is read where it lies', async (t) => {
  const shape = { width: 64, height: 64 }
  const frames = drifting(64, 64, 4)
  const expected = (await farneback(frames, shape)).flow
  const mine = frames.slice()
  const job = farneback(mine, shape)
  structuredClone(mine.buffer, { transfer: [mine.buffer] })
  t.ok(equal((await job).flow, expected))
  const shared = new Uint8Array(new SharedArrayBuffer(frames.length))
  shared.set(frames)
  t.ok(equal((await farneback(shared, shape)).flow, expected))
})

t.test('in worker threads', async (t) => {
  const frames = drifting(64, 64, 3)
  const expected = (await farneback(frames, { width: 64, height: 64 })).flow
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(${JSON.stringify(import.meta.resolve('infomotion/flow'))}).then(async ({ farneback }) => {
      const { flow } = await farneback(workerData, { width: 64, height: 64 })
      parentPort.postMessage(flow)
    })`
  const results = Array.from(
    { length: 3 },
    () =>
      new Promise<Float32Array>((resolve, reject) => {
        new Worker(code, { eval: true, workerData: frames }).on('message', resolve).on('error', reject)
      }),
  )
  for (const flow of await Promise.all(results)) t.ok(equal(flow, expected))
})

t.test('true flow: as far from it as OpenCV is', needs(reference('flow-gt'), 'reference/flow-gt'), async (t) => {
  // OpenCV 4.6's average endpoint error in px: box window, Gaussian window, and the defaults of its class (5 levels,
  // window 13, 10 iterations, sigma 1.1).
  const table = {
    Dimetrodon: [0.9368, 1.0385, 0.8588],
    Grove2: [0.583, 0.6898, 0.4922],
    Grove3: [1.3329, 1.4138, 1.2649],
    RubberWhale: [0.3615, 0.3575, 0.3275],
    Urban2: [1.4256, 2.2052, 1.5118],
    Chairs0: [3.0603, 3.291, 3.0843],
  }
  const parameters = [{}, { gaussian: true }, { levels: 5, winsize: 13, iterations: 10, polySigma: 1.1 }]
  for (const [name, errors] of Object.entries(table)) {
    const chairs = name === 'Chairs0'
    const file = (part: string) =>
      chairs ? reference('flow-gt', 'flyingchairs', '0', part)! : reference('flow-gt', 'middlebury', name, part)!
    const [a, b] = chairs
      ? [opencvPpm(file('img0.ppm')), opencvPpm(file('img1.ppm'))]
      : [opencvPng(file('frame10.png')), opencvPng(file('frame11.png'))]
    const truth = await readFlow(file(chairs ? 'flow.flo' : 'flow10.flo'))
    for (const [i, options] of parameters.entries()) {
      const { flow } = await farneback(Uint8Array.from([...a.pixels, ...b.pixels]), a, options)
      let sum = 0
      let known = 0
      for (let p = 0; p < flow.length; p += 2) {
        if (!(Math.abs(truth.flow[p]) < 1e9 && Math.abs(truth.flow[p + 1]) < 1e9)) continue
        sum += Math.hypot(flow[p] - truth.flow[p], flow[p + 1] - truth.flow[p + 1])
        known++
      }
      t.ok(Math.abs(sum / known - errors[i]) < 0.0005, `${name}, ${JSON.stringify(options)}: ${sum / known} px`)
    }
  }
})

/** Grey levels of a colour image as OpenCV's reader has them: weights in fixed point, rounding included. */
function toGrey(
  width: number,
  height: number,
  rgb: ArrayLike<number>,
  grey: (r: number, g: number, b: number) => number,
) {
  const pixels = Uint8Array.from({ length: width * height }, (_, i) => grey(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]))
  return { width, height, pixels }
}

/** PNG: libpng's png_set_rgb_to_gray. */
function opencvPng(path: string) {
  const { width, height, data } = decodePng(readFileSync(path))
  return toGrey(width, height, data, (r, g, b) => (r === g && r === b ? r : (9797 * r + 19234 * g + 3737 * b) >> 15))
}

/** PPM: OpenCV's own conversion. */
function opencvPpm(path: string) {
  const file = readFileSync(path)
  const [header, width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(file.toString('latin1', 0, 64))!
  const rgb = file.subarray(header.length)
  return toGrey(Number(width), Number(height), rgb, (r, g, b) => (4899 * r + 9617 * g + 1868 * b + 8192) >> 14)
}

t.test('.flo files', async (t) => {
  const directory = temporary(t)
  const path = join(directory, 'a.flo')
  const field = { flow: Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), width: 3, height: 2 }
  await writeFlow(path, field)
  t.same(await readFlow(path), { ...field, pairs: 1 })
  const bytes = await readFile(golden('box112.flo'))
  t.same(encodeFlo(decodeFlo(bytes)), bytes)
  t.throws(() => decodeFlo(bytes.subarray(0, 100), 'x.flo'), { code: 'FLO_UNREADABLE', message: /x\.flo.*112 x 112/ })
  t.throws(() => decodeFlo(Buffer.from('P5 1 1 255 .')), { code: 'FLO_UNREADABLE', message: /PIEH/ })
  t.throws(() => encodeFlo({ ...field, width: 4 }), { code: 'INVALID_ARGUMENT' })
})

t.test('images as grey levels', async (t) => {
  const directory = temporary(t)
  const file = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(directory, name), bytes)
    return join(directory, name)
  }
  const grey = drifting(24, 16, 1)
  const png = (data: Uint8Array | Uint16Array, channels: number, depth: 8 | 16 = 8) =>
    encodePng({ width: 24, height: 16, data, channels, depth })
  t.same((await readLuma(file('grey.png', png(grey, 1)))).pixels, grey)
  t.same(
    (
      await readLuma(
        file(
          'deep.png',
          png(
            Uint16Array.from(grey, (g) => g * 257),
            1,
            16,
          ),
        ),
      )
    ).pixels,
    grey,
  )
  const rgba = Uint8Array.from({ length: grey.length * 4 }, (_, i) => [255, 0, 100, 7][i % 4])
  const luma = await readLuma(file('colour.png', png(rgba, 4)))
  t.same([luma.pixels[0], luma.width, luma.height], [Math.round(0.299 * 255 + 0.114 * 100), 24, 16])
  const jpeg = await greyJpeg(Uint8Array.from(grey), 24, 16, 100)
  t.ok((await readLuma(file('grey.jpg', jpeg))).pixels.every((g, i) => Math.abs(g - grey[i]) <= 2))
  const ppm = Buffer.concat([Buffer.from('P6\n# a comment\n2 1\n255\n'), Buffer.from([255, 255, 255, 0, 0, 255])])
  t.same([...(await readLuma(file('two.ppm', ppm))).pixels], [255, 29])
  const pgm16 = Buffer.concat([Buffer.from('P5 2 1 65535 '), Buffer.from([255, 255, 0x80, 0x80])])
  t.same([...(await readLuma(file('deep.pgm', pgm16))).pixels], [255, 128])
  await t.rejects(readLuma(join(directory, 'none.png')), { code: 'IMAGE_NOT_FOUND', message: /none\.png/ })
  for (const [name, bytes] of Object.entries({
    'a.txt': 'hello',
    'b.pgm': 'P5 9 9 255 x',
    'c.png': '\x89PNG',
    'd.jpg': '',
  }))
    await t.rejects(readLuma(file(name, bytes)), { code: 'IMAGE_UNREADABLE', message: new RegExp(name) })
})

t.test('the command line', async (t) => {
  const directory = temporary(t)
  const out = join(directory, 'out.flo')
  const run = async (...args: string[]) => {
    const { status, out: said } = await infomotion(['flow', ...args, '--json'])
    return { ...JSON.parse(said), code: status }
  }
  const pair = (name: string) => [golden(`${name}.a.pgm`), golden(`${name}.b.pgm`)]

  const plain = await run(...pair('box112'), '-o', out)
  t.match(plain, { code: 0, out, width: 112, height: 112, pairs: 1, seconds: Number })
  t.ok(difference((await readFlow(out)).flow, (await readFlow(golden('box112.flo'))).flow).max <= 2e-3)

  const every = '--pyr-scale 0.5 --levels 2 --winsize 14 --iterations 2 --poly-n 7 --poly-sigma 1.5 --border opencv'
  await run(...pair('n7win14'), '-o', out, ...every.split(' '))
  t.ok(difference((await readFlow(out)).flow, (await readFlow(golden('n7win14.flo'))).flow).max <= 2e-3)
  await run(...pair('init112'), '-o', out, '--levels', '1', '--init', golden('init112.init.flo'))
  t.ok(difference((await readFlow(out)).flow, (await readFlow(golden('init112.flo'))).flow).max <= 2e-3)
  await run(...pair('gauss112'), '-o', out, '--gaussian')
  t.ok(difference((await readFlow(out)).flow, (await readFlow(golden('gauss112.flo'))).flow).max <= 2e-3)

  t.match(await run(...pair('box112'), '-o', join(directory, 'a.txt')), { code: 2, error: { message: /\.flo/ } })
  t.match(await run(...pair('box112'), '-o', out, '--winsize', 'x'), { code: 2, error: { code: 'INVALID_ARGUMENT' } })
  t.match(await run(golden('box112.a.pgm'), golden('big256.b.pgm'), '-o', out), {
    code: 2,
    error: { message: /one size/ },
  })
  t.match(await run('none.png', 'none.png', '-o', out), { code: 1, error: { code: 'IMAGE_NOT_FOUND' } })
})

t.test('the command line reads a clip as other commands do', async (t) => {
  const directory = temporary(t)
  const out = join(directory, 'flow.npy')
  // a sector of speckle beside letters that blink
  const [width, height, count] = [120, 96, 12]
  const isInside = (x: number, y: number) => x >= 20 && x < 100 && y >= 10 && y < 80
  const frames = Uint8Array.from({ length: count * width * height }, (_, i) => {
    const [x, y, f] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)]
    if (isInside(x, y)) return 60 + ((x * 7919 + y * 104729 + f * 15485863) % 61)
    return y >= 88 && y < 92 && x > 40 && x < 60 ? (f % 2) * 200 : 0
  })
  const path = join(directory, 'clip.npy')
  writeFileSync(path, encodeNpy(frames, [count, height, width]))
  const run = async (...more: string[]) => {
    const { status, out: said } = await infomotion(['flow', path, '-o', out, '--json', ...more])
    return {
      status,
      ...JSON.parse(said),
      flow: status === 0 ? (decodeNpy(await readFile(out)).data as Float32Array) : [],
    }
  }
  const plain = await run()
  t.match(plain, { status: 0, pairs: count - 1, warnings: [/names no frame rate/] })
  t.match(await run('--fps', '25'), { status: 0, warnings: [] })
  const masked = await run('--mask', 'sector', '--fps', '25')
  const clip = await readClip(path, { mask: 'sector', fps: 25 })
  const { flow } = await farneback(clip.frames, { width, height })
  t.equal(difference(masked.flow as Float32Array, flow).max, 0, 'the flow of the masked clip')
  t.ok(difference(masked.flow as Float32Array, plain.flow as Float32Array).max > 0.1)
  const pair = [golden('box112.a.pgm'), golden('box112.b.pgm')]
  t.match(
    JSON.parse((await infomotion(['flow', ...pair, '-o', join(directory, 'a.flo'), '--mask', 'sector', '--json'])).out),
    {
      error: { code: 'INVALID_ARGUMENT', message: /two images are read as they are/ },
    },
  )
})

t.test('the command line, on a clip', needs(reference('lung-ultrasound'), 'reference/lung-ultrasound'), async (t) => {
  const out = join(temporary(t), 'flow.npy')
  const clip = reference('lung-ultrasound', 'Videos', 'Cov-Atlas-pleural.avi')!
  const { width, height, pairs } = JSON.parse((await infomotion(['flow', clip, '-o', out, '--json'])).out)
  const { data, shape } = decodeNpy(await readFile(out))
  t.same(shape, [pairs, height, width, 2])
  t.ok((data as Float32Array).every(Number.isFinite) && (data as Float32Array).some((value) => value !== 0))
})
