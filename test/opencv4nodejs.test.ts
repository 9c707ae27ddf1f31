import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { farneback, fromMat, toMat } from 'infomotion/flow'
import t from 'tap'
import { readLuma } from '#lib/video/images.js'
import { readClip, writeClip } from '#lib/video/index.js'
import { fixture, infomotion, needs, reference, root, temporary } from './support.js'

/** Where scripts/opencv4nodejs.sh builds it. */
const script = readFileSync(join(root, 'scripts', 'opencv4nodejs.sh'), 'utf8')
const version = /^version=(.*)$/m.exec(script)?.[1]
const cache = process.env.INFOMOTION_CACHE ?? join(homedir(), '.cache', 'infomotion')
const folder = join(cache, `opencv4nodejs-${version}-node-${process.versions.modules}`)
const present = needs(existsSync(join(folder, 'ready')), 'opencv4nodejs (scripts/opencv4nodejs.sh builds it)')
/** As for a user who has it installed: Node looks there too. */
const env = { NODE_PATH: join(folder, 'node_modules') }

const golden = (name: string) => fixture('farneback-golden', name)

/** Runs code in a process that has `cv`; gives what it passes to `tell`. The library itself prints on stdout. */
async function withOpenCv<T>(directory: string, code: string): Promise<T> {
  const file = join(directory, 'told.json')
  const program = `
    process.env.OPENCV4NODEJS_DISABLE_EXTERNAL_MEM_TRACKING = '1'
    const cv = (await import('node:module')).createRequire(${JSON.stringify(join(folder, 'package.json'))})('opencv4nodejs')
    const { farnebackMats, FlowSequence, fromMat, toMat } = await import(${JSON.stringify(import.meta.resolve('infomotion/flow'))})
    const tell = (value) => process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(value))
    ${code}`
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  return JSON.parse(readFileSync(file, 'utf8'))
}

t.test('cv.Mat in, cv.Mat out', present, async (t) => {
  const directory = temporary(t)
  const [a, b] = [golden('box112.a.pgm'), golden('box112.b.pgm')]
  const told = await withOpenCv<Record<string, never>>(
    directory,
    `const [a, b] = ${JSON.stringify([a, b])}.map((path) => cv.imread(path, cv.IMREAD_GRAYSCALE))
     const [flow] = await farnebackMats([a, b], { winsize: 21 })
     const floats = await farnebackMats([a.convertTo(cv.CV_32FC1), b.convertTo(cv.CV_32FC1)], { winsize: 21 })
     const region = (mat) => mat.getRegion(new cv.Rect(10, 20, 50, 40))
     const [part] = await farnebackMats([region(a), region(b)])
     const sequence = new FlowSequence({ width: 112, height: 112 }, { winsize: 21 })
     await sequence.push(fromMat(a).pixels)
     const pushed = await sequence.push(fromMat(b).pixels)
     const codes = []
     for (const mats of [[a], [a, b.convertTo(cv.CV_32FC1)], [a, region(b)], [a.cvtColor(cv.COLOR_GRAY2BGR), b], [new cv.Mat(), b]])
       await farnebackMats(mats).catch((error) => codes.push(error.code))
     tell({
       mat: flow instanceof cv.Mat, type: flow.type === cv.CV_32FC2, size: [flow.rows, flow.cols], at: flow.at(30, 40),
       bytes: flow.getData().toString('base64'), floats: floats[0].getData().toString('base64'),
       part: part.getData().toString('base64'), codes,
       pushed: Buffer.from(toMat({ flow: pushed, width: 112, height: 112 }, cv.Mat).getData()).toString('base64'),
     })`,
  )
  const [first, second] = await Promise.all([readLuma(a), readLuma(b)])
  const frames = Uint8Array.from([...first.pixels, ...second.pixels])
  const { flow } = await farneback(frames, first, { winsize: 21 })
  const bytes = (values: Float32Array) => Buffer.from(values.buffer).toString('base64')
  t.match(told, { mat: true, type: true, size: [112, 112] })
  t.equal(told.bytes, bytes(flow), 'the numbers of the arrays, bit for bit')
  t.equal(told.floats, bytes(flow))
  t.equal(told.pushed, bytes(flow))
  t.same(told.at, { x: flow[2 * (30 * 112 + 40)], y: flow[2 * (30 * 112 + 40) + 1] }, 'u, v')
  const shape = { width: 50, height: 40, rowStride: 112, frameStride: 112 * 112 }
  t.equal(told.part, bytes((await farneback(frames.subarray(20 * 112 + 10), shape)).flow), 'a region of a Mat')
  t.same(told.codes, new Array(5).fill('INVALID_ARGUMENT'))
})

t.test('what is no Mat is said, without the library', async (t) => {
  const mat = { rows: 1, cols: 2, type: 0, getData: () => Buffer.of(1, 2), copy: () => mat }
  t.same(fromMat(mat), { pixels: Uint8Array.of(1, 2), width: 2, height: 1 })
  for (const wrong of [undefined, null, {}, { ...mat, type: 16 }, { ...mat, cols: 0 }])
    t.throws(() => fromMat(wrong as never), { code: 'INVALID_ARGUMENT', message: /Mat/ })
  t.throws(() => toMat({ flow: new Float32Array(1), width: 1, height: 1 }, Object as never), {
    code: 'INVALID_ARGUMENT',
  })
})

t.test('clips through opencv4nodejs', present, async (t) => {
  const directory = temporary(t)
  const path = join(directory, 'clip.avi')
  const [width, height, count] = [64, 48, 12]
  const frames = Uint8Array.from({ length: count * height * width }, (_, i) => {
    const [x, y, time] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))]
    return 128 + 60 * Math.sin((x - time) / 5) * Math.cos(y / 6)
  })
  await writeClip(path, { frames, count, width, height }, { fps: 25 })
  const out = join(directory, 'frames.json')
  const program = `
    const { readClip } = await import(${JSON.stringify(import.meta.resolve('infomotion'))})
    const clip = await readClip(process.argv[1], { backend: 'opencv' })
    const few = await readClip(process.argv[1], { backend: 'opencv', maxFrames: 3 })
    const codes = []
    for (const [path, signal] of [[process.argv[2]], [process.argv[1], AbortSignal.timeout(50)]])
      await readClip(path, { backend: 'opencv', signal }).catch((error) => codes.push(error.code))
    const { frames, ...facts } = clip
    process.getBuiltinModule('node:fs').writeFileSync(process.argv[3],
      JSON.stringify({ ...facts, frames: Buffer.from(frames).toString('base64'), few: few.count, codes }))`
  const args = ['--input-type=module', '--eval', program, path, fixture('video', 'garbage.avi'), out]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } })
  t.equal(stdout, '', "what the library prints does not reach the caller's stdout")
  const clip = JSON.parse(readFileSync(out, 'utf8'))
  t.match(clip, { count, width, height, fps: 25, backend: 'opencv', few: 3, damagedFrames: 0 })
  t.same(clip.codes, ['VIDEO_UNREADABLE', 'ABORTED'])
  const theirs = Buffer.from(clip.frames, 'base64')
  const ours = (await readClip(path)).frames
  t.ok(theirs.length === ours.length && theirs.every((grey, i) => Math.abs(grey - ours[i]) <= 3), 'the same pixels')

  const none = { ...env, FFMPEG_PATH: join(directory, 'none') }
  const mp4 = reference('decode-zoo')
  const other = mp4 ? join(mp4, 'h264.mp4') : join(directory, 'other.mkv')
  if (!mp4) writeFileSync(other, '\x1aE\xdf\xa3 garbage')
  const probed = await infomotion(['probe', other, '--json'], none)
  if (mp4) t.match(JSON.parse(probed.out), { frames: 175, width: 112, backend: 'opencv' }, 'where there is no ffmpeg')
  else t.match(JSON.parse(probed.out), { error: { code: 'VIDEO_UNREADABLE' } })
})

t.test('without opencv4nodejs its backend names the cure', async (t) => {
  const options = { backend: 'opencv' } as const
  await t.rejects(readClip(fixture('video', 'garbage.avi'), options), {
    name: 'InfomotionError',
    code: 'OPENCV_NOT_FOUND',
    message: /npm install opencv4nodejs@npm/,
  })
})
