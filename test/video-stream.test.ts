import { execFile } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ClipStream, openClip, type ReadClipOptions, readClip, writeClip } from 'infomotion'
import { flowPairs } from 'infomotion/flow'
import t, { type Test } from 'tap'
import { buildAvi } from '#lib/video/avi.js'
import { findOpencv } from '#lib/video/opencv.js'
import { WINDOW_BYTES } from '#lib/video/windows.js'
import { asFfmpeg, chunksIn, equalBytes, film, fixture, hasFfmpeg, needs, root, temporary, waves } from './support.js'

// Clips frame by frame: the frames of readClip, a few of them in memory.

t.setTimeout(300_000)

const ffmpeg = needs(hasFfmpeg(), 'ffmpeg')

/** All that a stream gives. */
async function drain(clip: ClipStream & { warnings: string[] }) {
  const frames: Uint8Array[] = []
  for await (const frame of clip.frames) frames.push(frame)
  const { width, height, fps, backend, decoder, damagedFrames, oddities, warnings } = clip
  const facts = { count: frames.length, width, height, fps, backend, decoder, damagedFrames, oddities, warnings }
  return { facts, frames: Buffer.concat(frames) }
}

async function sameAsRead(t: Test, path: string, options: ReadClipOptions, what: string): Promise<void> {
  const { frames, promisedFrames: _, ...expected } = await readClip(path, options)
  const clip = await openClip(path, options)
  if (clip.count !== undefined) t.equal(clip.count, expected.count, what)
  const all = await drain(clip)
  t.same(all.facts, expected, what)
  t.ok(equalBytes(all.frames, frames), what)
  t.equal((await drain(clip)).facts.count, 0, 'to be gone through once')
}

t.test('the frames of readClip, by every decoder', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.avi')
  await writeClip(path, waves(200, 112, 112), { fps: 25 })
  const good = readFileSync(path)
  const frames = await chunksIn(good)
  const damaged = join(folder, 'damaged.avi')
  const bad = Buffer.from(good)
  for (const i of [0, 1, 63, 64, 65, 66, 128, 199]) bad.fill(0, frames[i].start, frames[i].start + 30)
  writeFileSync(damaged, bad)
  const jpegs = frames.map(({ start, end }) => good.subarray(start, end))
  const repeats = join(folder, 'repeats.avi')
  writeFileSync(
    repeats,
    buildAvi([...jpegs.slice(0, 70), ...Array(10).fill(Buffer.of()), ...jpegs.slice(70)], 112, 112, 25),
  )
  const cases: [string, ReadClipOptions][] = [
    [path, {}],
    [damaged, {}],
    [repeats, {}],
    [fixture('video', 'trunc.avi'), {}],
    [fixture('video', 'corrupt.avi'), {}],
    [path, { maxFrames: 70 }],
    [damaged, { maxFrames: 65 }],
    [path, { segment: { start: 1, end: 4.5, unit: 'seconds' } }],
    [damaged, { segment: { start: 64, end: 70, unit: 'frames' } }],
    [repeats, { segment: { start: 75, end: 90, unit: 'frames' }, maxFrames: 7 }],
  ]
  if (!ffmpeg.skip) {
    const mp4 = film(join(folder, 'a.mp4'))
    const vary = film(join(folder, 'vary.mkv'), VARYING, { frames: 60 })
    for (const options of [{}, { maxFrames: 11 }, { segment: { start: 0.5, end: 1, unit: 'seconds' } }] as const)
      for (const source of [mp4, vary, film(join(folder, 'a.avi4.avi'), '-c:v mpeg4')]) cases.push([source, options])
    cases.push([path, { backend: 'ffmpeg' }])
    if (findOpencv()) cases.push([path, { backend: 'opencv' }], [mp4, { backend: 'opencv', maxFrames: 5 }])
  }
  for (const [source, options] of cases) await sameAsRead(t, source, options, `${source} ${JSON.stringify(options)}`)
})

const VARYING = '-vf select=gt(n\\,30)+not(mod(n\\,2)) -fps_mode passthrough -c:v libx264 -pix_fmt yuv420p'

t.test('a segment is a cut of the whole, damaged or not', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(90), { fps: 25 })
  const bad = readFileSync(path)
  const frames = await chunksIn(bad)
  for (const i of [30, 31, 32, 50]) bad.fill(0, frames[i].start, frames[i].start + 30)
  writeFileSync(path, bad)
  const whole = await readClip(path)
  const pixels = whole.width * whole.height
  for (const [start, end, damaged] of [
    [0, 90, 4],
    [31, 40, 2],
    [30, 31, 1],
    [32, 33, 1],
    [33, 50, 0],
  ]) {
    const part = await readClip(path, { segment: { start, end, unit: 'frames' } })
    t.ok(equalBytes(part.frames, whole.frames.subarray(start * pixels, end * pixels)), `${start} to ${end}`)
    t.equal(part.damagedFrames, damaged)
  }
})

t.test('AVIs longer than what is read at once', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.avi')
  const noise = Uint8Array.from({ length: 256 * 256 }, (_, i) => (i * i * 7919) >> 5)
  const clip = { frames: new Uint8Array(12 * noise.length), count: 12, width: 256, height: 256 }
  for (let f = 0; f < 12; f++)
    clip.frames.set(
      noise.map((grey) => grey + 20 * f),
      f * noise.length,
    )
  await writeClip(path, clip, { fps: 25, quality: 100 })
  const one = readFileSync(path)
  const jpegs = (await chunksIn(one)).map(({ start, end }) => one.subarray(start, end))
  const many = Array.from({ length: Math.ceil((3 * WINDOW_BYTES) / jpegs[0].length) }, (_, i) => jpegs[i % 12])
  const file = buildAvi(many, 256, 256, 25)
  const frames = await chunksIn(file)
  const over = frames.findIndex(({ end }) => end > WINDOW_BYTES)
  const variants: Record<string, Buffer> = {
    whole: file,
    'damaged at the border': Buffer.from(file).fill(0, frames[over].start + 2, frames[over].start + 40),
    'a size that lies': edit(file, frames[over].start - 4, 0x70000000),
    'a name that is lost': edit(file, frames[over].start - 8, 0xfefefefe),
    'nonsense between': Buffer.concat([
      file.subarray(0, frames[over].start - 8),
      Buffer.alloc(3333, 0xee),
      file.subarray(frames[over].start - 8),
    ]),
    'sound between': Buffer.concat([
      file.subarray(0, frames[over].start - 8),
      chunk('01wb', WINDOW_BYTES + 11),
      file.subarray(frames[over].start - 8),
    ]),
    'cut short': file.subarray(0, frames[over + 40].start + 50),
  }
  for (const [what, bytes] of Object.entries(variants)) {
    writeFileSync(path, bytes)
    await sameAsRead(t, path, {}, what)
    await sameAsRead(t, path, { segment: { start: over - 3, end: over + 9, unit: 'frames' } }, `${what}, a part`)
  }
})

function edit(file: Buffer, at: number, word: number): Buffer {
  const copy = Buffer.from(file)
  copy.writeUInt32LE(word, at)
  return copy
}

function chunk(name: string, length: number): Buffer {
  const bytes = Buffer.alloc(8 + length + (length & 1))
  bytes.write(name, 'latin1')
  bytes.writeUInt32LE(length, 4)
  return bytes
}

t.test('an OpenDML AVI of more than 2 GiB', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(5), { fps: 25 })
  const first = readFileSync(path)
  const whole = await readClip(path)
  const frames = await chunksIn(first)
  const second = Buffer.from('RIFF....AVIXLIST....movi', 'latin1')
  const more = frames.map(({ start, end }) => first.subarray(start - 8, end + ((end - start) & 1)))
  const padding = 2 ** 31 + 2 ** 20
  const head = chunk('JUNK', 0)
  head.writeUInt32LE(padding, 4)
  const file = openSync(path, 'w')
  writeSync(file, first)
  writeSync(file, head)
  writeSync(file, Buffer.concat([second, ...more]), 0, null, first.length + 8 + padding)
  closeSync(file)
  t.ok(statSync(path).size > 2 ** 31)
  const all = await drain(await openClip(path))
  t.match(all.facts, { count: 10, width: 48, height: 32, fps: 25, backend: 'mjpeg', damagedFrames: 0 })
  t.same(all.facts.warnings, ['The header promises 5 frames, the file holds 10.'])
  t.ok(equalBytes(all.frames, Buffer.concat([whole.frames, whole.frames])))
  const { frames: read, count } = await readClip(path)
  t.same([count, equalBytes(read, all.frames)], [10, true])
  const part = await readClip(path, { segment: { start: 4, end: 6, unit: 'frames' } })
  t.equal(part.count, 2)
})

t.test('leaving the loop, closing or an abort ends the decoder', ffmpeg, async (t) => {
  const folder = temporary(t)
  const path = film(join(folder, 'a.mp4'), undefined, { frames: 500 })
  const mark = join(folder, 'pid')
  asFfmpeg(t, `case "$*" in *yuv4mpegpipe*) echo $$ > ${mark};; esac; exec "$real" "$@"`)
  const isAlive = () => {
    const pid = readFileSync(mark, 'utf8').trim()
    return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  }
  const ended = async () => {
    for (let i = 0; i < 100 && isAlive(); i++) await new Promise((resolve) => setTimeout(resolve, 50))
    return !isAlive()
  }
  const onLinux = existsSync('/proc/self')
  const left = await openClip(path)
  for await (const _ of left.frames) break
  if (onLinux) t.ok(await ended(), 'left')
  const closed = await openClip(path)
  closed.close()
  closed.close()
  t.equal((await drain(closed)).facts.count, 0, 'no frame after closing')
  if (onLinux) t.ok(await ended(), 'closed')
  const middle = await openClip(path)
  let count = 0
  for await (const _ of middle.frames) if (++count === 3) middle.close()
  t.equal(count, 3)
  const controller = new AbortController()
  const aborted = await openClip(path, { signal: controller.signal })
  await t.rejects(
    (async () => {
      for await (const _ of aborted.frames) controller.abort()
    })(),
    { code: 'ABORTED' },
  )
  if (onLinux) t.ok(await ended(), 'aborted')
  const late = await openClip(path, { timeLimit: 1 })
  await t.rejects(
    (async () => {
      for await (const _ of late.frames) await new Promise((resolve) => setTimeout(resolve, 100))
    })(),
    { code: 'VIDEO_TIME_LIMIT' },
  )
  if (onLinux) t.ok(await ended(), 'out of time')
})

t.test('a decoder that dies or gives up in mid-clip is told in the loop', ffmpeg, async (t) => {
  const path = film(join(temporary(t), 'a.mp4'))
  for (const [script, code] of [
    ['case "$*" in *gray*) "$real" "$@" | head -c 100000; kill -KILL $$;; esac; exec "$real" "$@"', 'DECODER_DIED'],
    ['case "$*" in *gray*) "$real" "$@"; exit 69;; esac; exec "$real" "$@"', 'VIDEO_UNREADABLE'],
  ])
    await t.test(code, async (t) => {
      asFfmpeg(t, script)
      let count = 0
      const reading = async () => {
        for await (const _ of (await openClip(path)).frames) count++
      }
      await t.rejects(reading(), { code })
      t.ok(count > 10, `${count} frames came before`)
    })
})

t.test('abort and errors where Motion JPEG is read', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(300), { fps: 25 })
  const controller = new AbortController()
  const clip = await openClip(path, { signal: controller.signal })
  let count = 0
  await t.rejects(
    (async () => {
      for await (const _ of clip.frames) if (++count === 100) controller.abort()
    })(),
    { code: 'ABORTED' },
  )
  t.ok(count < 300)
  await t.rejects(openClip(path, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  await t.rejects(openClip(fixture('video', 'none.avi')), { code: 'VIDEO_NOT_FOUND' })
  await t.rejects(openClip(fixture('video', 'empty.avi')), { code: 'VIDEO_EMPTY' })
  await t.rejects(openClip(fixture('video', 'garbage.avi')), { code: 'VIDEO_UNREADABLE' })
  await t.rejects(openClip(path, { frames: 3 } as object), { code: 'INVALID_ARGUMENT' })
  await t.rejects(openClip(path, { segment: { start: 300, unit: 'frames' } }), { code: 'VIDEO_SEGMENT_EMPTY' })
  const flows = await openClip(path, { maxFrames: 4 })
  let pairs = 0
  for await (const { flow } of flowPairs(flows.frames, flows)) pairs += Number(flow.length === 2 * 48 * 32)
  t.equal(pairs, 3)
})

t.test('memory does not grow with the clip', needs(process.platform === 'linux', 'Linux'), async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.avi')
  const [width, height] = [640, 480]
  await writeClip(path, waves(10, width, height), { fps: 25, quality: 95 })
  const one = readFileSync(path)
  const jpegs = (await chunksIn(one)).map(({ start, end }) => one.subarray(start, end))
  writeFileSync(
    path,
    buildAvi(
      Array.from({ length: 2500 }, (_, i) => jpegs[i % 10]),
      width,
      height,
      25,
    ),
  ) // 732 MiB of luma
  const sources = [path]
  if (!ffmpeg.skip)
    sources.push(
      film(join(folder, 'a.mp4'), '-c:v libx264 -preset ultrafast -pix_fmt yuv420p -s 640x480', { frames: 2500 }),
    )
  for (const source of sources) {
    const program = `
      import { openClip } from 'infomotion'
      const clip = await openClip(${JSON.stringify(source)})
      let count = 0
      for await (const frame of clip.frames) count += Number(frame.length === 640 * 480)
      const { readFileSync } = process.getBuiltinModule('node:fs')
      console.log(count, Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: root,
    })
    const [count, memory] = stdout.split(' ').map(Number)
    t.equal(count, 2500, source)
    t.ok(memory > 30 && memory < 300, `${Math.round(memory)} MiB at most`)
  }
})
