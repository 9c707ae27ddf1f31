import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildAvi } from '#lib/video/avi.js'
import { readClip, writeClip } from '#lib/video/index.js'
import { encodeJpegs } from '#lib/video/jpeg.js'
import { LumaStream } from '#lib/video/luma.js'
import { chunksIn, fixture, greyJpeg, hasFfmpeg, needs, reference, root, temporary, waves } from './support.js'

const ffmpeg = hasFfmpeg()

/** A good AVI file as bytes. */
async function avi(path: string, count = 20): Promise<Buffer> {
  await writeClip(path, waves(count, 48, 32), { fps: 25 })
  return readFileSync(path)
}

t.test('what is written is read back', async (t) => {
  const dir = temporary(t)
  const clip = waves(175, 112, 112)
  await writeClip(join(dir, 'a.avi'), clip, { fps: 29.97 })
  const back = await readClip(join(dir, 'a.avi'))
  t.same([back.count, back.width, back.height, back.backend, back.damagedFrames], [175, 112, 112, 'mjpeg', 0])
  t.ok(Math.abs(back.fps - 29.97) < 1e-9)
  t.same(back.warnings, [])
  let most = 0
  clip.frames.forEach((grey, i) => {
    most = Math.max(most, Math.abs(grey - back.frames[i]))
  })
  t.ok(most <= 8, `JPEG quality 90 is off by at most 8 of 255, here ${most}`)
  t.same(readdirSync(dir), ['a.avi'], 'no partial file is left')
  t.equal((await readClip(join(dir, 'a.avi'), { maxFrames: 3 })).count, 3)
})

t.test('other readers read what is written', needs(ffmpeg, 'ffmpeg'), async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(20, 48, 32), { fps: 25 })
  const ours = await readClip(path)
  const theirs = await readClip(path, { backend: 'ffmpeg' })
  t.same([theirs.count, theirs.width, theirs.height, theirs.fps, theirs.backend], [20, 48, 32, 25, 'ffmpeg'])
  t.ok(theirs.frames.every((grey, i) => Math.abs(grey - ours.frames[i]) <= 4))
})

t.test('broken files', async (t) => {
  const trunc = await readClip(fixture('video', 'trunc.avi'))
  t.equal(trunc.count, 14, 'the frames up to the cut')
  t.equal(trunc.damagedFrames, 1, 'the last is cut short')
  const size = 112 * 112
  t.ok(
    equal(trunc.frames.subarray(13 * size), trunc.frames.subarray(12 * size, 13 * size)),
    'the frame before stands in',
  )
  t.match(trunc.warnings.join(), /promises 175 frames, the file holds 14/)

  const corrupt = await readClip(fixture('video', 'corrupt.avi'))
  t.equal(corrupt.count, 175)
  t.ok(corrupt.damagedFrames > 0 && corrupt.damagedFrames < 60, `${corrupt.damagedFrames} damaged`)
  t.match(corrupt.warnings.join(), /frames are damaged/)

  await t.rejects(readClip(fixture('video', 'garbage.avi')), { code: 'VIDEO_UNREADABLE' })
  await t.rejects(readClip(fixture('video', 'garbage.avi'), { backend: 'mjpeg' }), { code: 'VIDEO_UNREADABLE' })
  await t.rejects(readClip(fixture('video', 'header.avi')), { code: 'VIDEO_EMPTY' })
  await t.rejects(readClip(fixture('video', 'empty.avi')), { code: 'VIDEO_EMPTY' })
  await t.rejects(readClip(fixture('video', 'none.avi')), { code: 'VIDEO_NOT_FOUND' })
  await t.rejects(readClip(fixture('video')), { code: 'VIDEO_NOT_FOUND' })
})

t.test('damage of every kind leaves the other frames', async (t) => {
  const dir = temporary(t)
  const good = await avi(join(dir, 'good.avi'))
  const frames = await chunksIn(good)
  const whole = await readClip(join(dir, 'good.avi'))
  const cases: [string, (file: Buffer) => Buffer, { count: number; damaged: number }][] = [
    ['a frame size too large', (f) => edit(f, frames[4].start - 4, 0x7fffffff), { count: 20, damaged: 0 }],
    ['a frame size too small', (f) => edit(f, frames[4].start - 4, 10), { count: 20, damaged: 0 }],
    ['a frame name', (f) => edit(f, frames[4].start - 8, 0xfefefefe), { count: 20, damaged: 0 }],
    ['a JPEG start', (f) => edit(f, frames[4].start, 0), { count: 20, damaged: 1 }],
    ['a list size', (f) => edit(f, f.indexOf('movi') - 4, 5), { count: 20, damaged: 0 }],
    ['no index', (f) => f.subarray(0, f.indexOf('idx1')), { count: 20, damaged: 0 }],
    ['no RIFF header', (f) => f.subarray(frames[0].start - 8), { count: 20, damaged: 0 }],
    [
      'nonsense between frames',
      (f) => insert(f, frames[4].start - 8, Buffer.alloc(333, 0xee)),
      { count: 20, damaged: 0 },
    ],
    [
      'the frame size in a JPEG',
      (f) => edit(f, f.indexOf(Buffer.from([0xff, 0xc0]), frames[4].start) + 5, 0xffffffff),
      { count: 20, damaged: 1 },
    ],
  ]
  for (const [what, damage, expected] of cases) {
    const path = join(dir, 'bad.avi')
    writeFileSync(path, damage(Buffer.from(good)))
    const clip = await readClip(path)
    t.same({ count: clip.count, damaged: clip.damagedFrames }, expected, what)
    const bytes = 48 * 32
    t.ok(
      equal(clip.frames.subarray(5 * bytes), whole.frames.subarray(5 * bytes)),
      `${what}: the frames behind are whole`,
    )
  }
  const first = edit(Buffer.from(good), frames[0].start, 0)
  writeFileSync(join(dir, 'bad.avi'), first)
  const clip = await readClip(join(dir, 'bad.avi'))
  t.ok(
    equal(clip.frames.subarray(0, 1536), clip.frames.subarray(1536, 3072)),
    'the first good frame stands in at the start',
  )
  const all = Buffer.from(good)
  for (const { start } of frames) edit(all, start, 0)
  writeFileSync(join(dir, 'bad.avi'), all)
  await t.rejects(readClip(join(dir, 'bad.avi'), { backend: 'mjpeg' }), { code: 'VIDEO_UNREADABLE' })
})

t.test('random damage never throws anything unnamed', async (t) => {
  const dir = temporary(t)
  const good = await avi(join(dir, 'good.avi'))
  let state = 12345
  const next = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 1
    return state % n
  }
  const codes = new Set<string>()
  for (let round = 0; round < 150; round++) {
    const file = Buffer.from(good.subarray(0, 100 + next(good.length - 100)))
    for (let flips = next(40); flips >= 0; flips--) file[next(file.length)] = next(256)
    const path = join(dir, 'bad.avi')
    writeFileSync(path, file)
    const clip = await readClip(path, { backend: 'mjpeg' }).catch((error) => error)
    if (clip instanceof Error) codes.add((clip as Error & { code: string }).code)
    else t.equal(clip.frames.length, clip.count * clip.width * clip.height)
  }
  t.ok(
    [...codes].every((code) => ['VIDEO_UNREADABLE', 'VIDEO_EMPTY', 'VIDEO_TOO_LARGE'].includes(code)),
    [...codes].join(),
  )
})

t.test('a lying frame size allocates nothing', async (t) => {
  const jpeg = await greyJpeg(new Uint8Array(64), 8, 8)
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  jpeg.writeUInt16BE(16000, at + 5)
  jpeg.writeUInt16BE(16000, at + 7)
  const path = join(temporary(t), 'lie.avi')
  writeFileSync(path, buildAvi([jpeg, jpeg], 16000, 16000, 25))
  await t.rejects(readClip(path, { backend: 'mjpeg' }), { code: 'VIDEO_UNREADABLE' })
})

t.test('an empty chunk repeats the frame before it', async (t) => {
  const dir = temporary(t)
  const good = await avi(join(dir, 'good.avi'), 4)
  const jpegs = (await chunksIn(good)).map(({ start, end }) => good.subarray(start, end))
  writeFileSync(join(dir, 'a.avi'), buildAvi([jpegs[0], Buffer.alloc(0), jpegs[2]], 48, 32, 25))
  const clip = await readClip(join(dir, 'a.avi'))
  t.same([clip.count, clip.damagedFrames], [3, 0])
  t.ok(equal(clip.frames.subarray(1536, 3072), clip.frames.subarray(0, 1536)))
})

t.test('Motion JPEG without Huffman tables, in colour', async (t) => {
  const dir = temporary(t)
  const pixels = Uint8Array.from({ length: 3 * 48 * 32 }, (_, i) => i * 7)
  const [coloured] = await encodeJpegs({ pixels, width: 48, height: 32, channels: 3, quality: 90 })
  const jpeg = Buffer.from(coloured)
  writeFileSync(join(dir, 'with.avi'), buildAvi([jpeg], 48, 32, 25))
  const bare = withoutTables(jpeg)
  t.ok(bare.length < jpeg.length - 300)
  writeFileSync(join(dir, 'without.avi'), buildAvi([bare], 48, 32, 25))
  const expected = await readClip(join(dir, 'with.avi'))
  const clip = await readClip(join(dir, 'without.avi'))
  t.equal(clip.damagedFrames, 0)
  t.ok(equal(clip.frames, expected.frames))
})

t.test('wrong calls', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await t.rejects(readClip(''), { code: 'INVALID_ARGUMENT' })
  await t.rejects(readClip('a', { backend: 'vlc' as 'auto' }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(readClip('a', { frames: 3 } as object), { code: 'INVALID_ARGUMENT' })
  await t.rejects(readClip('a', { maxFrames: 0 }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(writeClip(path, { ...waves(2, 8, 8), count: 3 }, { fps: 25 }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(writeClip(path, waves(2, 8, 8), { fps: 0 }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(readClip(fixture('video', 'corrupt.avi'), { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  const late = new AbortController()
  const reading = readClip(fixture('video', 'corrupt.avi'), { signal: late.signal })
  setTimeout(() => late.abort(), 3)
  await t.rejects(reading, { code: 'ABORTED' })
})

t.test('YUV4MPEG2 from ffmpeg, in pieces of any size', async (t) => {
  const stream = Buffer.concat([
    Buffer.from('YUV4MPEG2 W3 H2 F30000:1001 Ip A1:1 Cmono\n'),
    ...[1, 2].map((grey) => Buffer.concat([Buffer.from('FRAME\n'), Buffer.alloc(6, grey)])),
    Buffer.from('FRAME\nxx'),
  ])
  const piecewise = async function* (bytes: Buffer, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  for (const size of [1, 2, 7, 50, 1000]) {
    const luma = new LumaStream(piecewise(stream, size))
    const head = await luma.head()
    t.match(head, { width: 3, height: 2 })
    t.ok(Math.abs(head!.fps! - 29.97) < 1e-3)
    t.same([...(await luma.next())!, ...(await luma.next())!], [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
    t.same([await luma.next(), luma.count, luma.cut], [undefined, 2, true])
    const whole = new LumaStream(piecewise(stream.subarray(0, -8), size))
    while (await whole.next());
    t.same([whole.count, whole.cut], [2, false])
  }
  for (const head of ['', 'YUV4MPEG2 W3', 'YUV4MPEG2 W99999 H2 F1:1\n', 'YUV4MPEG2 W0 H2 F1:1\n', 'x'.repeat(5000)])
    t.equal(await new LumaStream(piecewise(Buffer.from(`${head}FRAME\n`), 9)).head(), undefined)
})

t.test('without ffmpeg, other formats name the cure', async (t) => {
  const dir = temporary(t)
  writeFileSync(join(dir, 'a.mp4'), Buffer.concat([Buffer.from('\0\0\0\x20ftypisom'), Buffer.alloc(200)]))
  const script = `
    import { readClip } from '#lib/video/index.js'
    const code = (path, backend) => readClip(path, { backend }).catch((error) => error.code + ' ' + error.message)
    console.log(await code(${JSON.stringify(join(dir, 'a.mp4'))}))
    console.log(await code(${JSON.stringify(fixture('video', 'garbage.avi'))}))`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    env: { ...process.env, FFMPEG_PATH: join(dir, 'no-ffmpeg') },
    encoding: 'utf8',
  }).split('\n')
  t.match(said[0], /^FFMPEG_NOT_FOUND .*set FFMPEG_PATH/)
  t.match(said[1], /^VIDEO_UNREADABLE .*no format known/)
})

t.test('an executable that fails or never ends', async (t) => {
  const dir = temporary(t)
  const hang = join(dir, 'hang')
  writeFileSync(hang, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
  const before = process.env.FFMPEG_PATH
  process.env.FFMPEG_PATH = hang
  t.teardown(() => {
    if (before === undefined) delete process.env.FFMPEG_PATH
    else process.env.FFMPEG_PATH = before
  })
  const signal = AbortSignal.timeout(100)
  await t.rejects(readClip(fixture('video', 'garbage.avi'), { backend: 'ffmpeg', signal }), { code: 'ABORTED' })
})

const zoo = reference('decode-zoo')
t.test(
  'an AVI of another codec that ends early, where ffmpeg has no word for it',
  needs(ffmpeg, 'ffmpeg'),
  async (t) => {
    const path = join(temporary(t), 'a.avi')
    execFileSync('ffmpeg', [...'-v error -f lavfi -i testsrc2=s=64x48:r=25:d=2 -c:v ffv1'.split(' '), path])
    t.same((await readClip(path)).warnings, [])
    const file = readFileSync(path)
    writeFileSync(path, file.subarray(0, 0.45 * file.length))
    const { count, promisedFrames, warnings, oddities } = await readClip(path)
    t.ok(count < 50 && promisedFrames === 50)
    t.equal(warnings[0], `The header promises 50 frames, the file holds ${count}.`)
    t.equal(oddities[0].kind, 'damaged')
    t.same((await readClip(path, { maxFrames: 5 })).warnings, [], 'no more were asked for')
  },
)

t.test('formats that ffmpeg reads', needs(ffmpeg && zoo, 'ffmpeg and the decode zoo'), async (t) => {
  const same = await readClip(join(zoo!, 'phantomlike-175frames.avi'))
  t.same([same.count, same.damagedFrames, same.fps, same.warnings], [175, 0, 50, []])
  for (const name of ['h264.mp4', 'out_VP80.webm', 'out_mp4v.mp4']) {
    const clip = await readClip(join(zoo!, name))
    t.same([clip.count, clip.width, clip.height, clip.fps, clip.backend], [175, 112, 112, 50, 'ffmpeg'], name)
    const off = clip.frames.reduce((sum, grey, i) => sum + Math.abs(grey - same.frames[i]), 0) / clip.frames.length
    t.ok(off < 20, `${name}: the same film, off by ${off.toFixed(2)} grey levels on average`)
  }
  const mov = await readClip(join(zoo!, 'Cov_recommendations_likebutterfly_mov5.mov'), { maxFrames: 10 })
  t.same([mov.count, mov.width], [10, 370])
})

t.test('the command', async (t) => {
  const dir = temporary(t)
  mkdirSync(join(dir, 'x'))
  await avi(join(dir, 'x', 'a.avi'))
  const cli = join(root, 'dist', 'cli.js')
  const out = spawnSync(process.execPath, [cli, 'probe', join(dir, 'x', 'a.avi'), '--json'], { encoding: 'utf8' })
  t.equal(out.status, 0)
  t.same(JSON.parse(out.stdout), {
    ...{ frames: 20, width: 48, height: 32, fps: 25, seconds: 0.8 },
    ...{ backend: 'mjpeg', damagedFrames: 0, warnings: [] },
  })
  const bad = spawnSync(process.execPath, [cli, 'probe', join(dir, 'none'), '--json'], { encoding: 'utf8' })
  t.equal(bad.status, 1)
  t.equal(JSON.parse(bad.stdout).error.code, 'VIDEO_NOT_FOUND')
})

function edit(file: Buffer, at: number, word: number): Buffer {
  file.writeUInt32LE(word, at)
  return file
}

/** A comparison that does not print a thousand numbers. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function insert(file: Buffer, at: number, what: Buffer): Buffer {
  return Buffer.concat([file.subarray(0, at), what, file.subarray(at)])
}

/** The JPEG without its DHT segments. */
function withoutTables(jpeg: Buffer): Buffer {
  const parts = [jpeg.subarray(0, 2)]
  let at = 2
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2)
    if (jpeg[at + 1] !== 0xc4) parts.push(jpeg.subarray(at, end))
    at = end
  }
  return Buffer.concat([...parts, jpeg.subarray(at)])
}
