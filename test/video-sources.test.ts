import { execFileSync } from 'node:child_process'
import { createReadStream, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { openClip, readClip, writeClip } from 'infomotion'
import t from 'tap'
import { asFfmpeg, equalBytes, film, fixture, hasFfmpeg, needs, temporary, waves } from './support.js'

// Clips that come as bytes or as streams, from whom nobody knows, with limits.

const ffmpeg = needs(hasFfmpeg(), 'ffmpeg')

/** The same bytes in each way that they can be handed over. */
function waysOf(bytes: Buffer): Record<string, () => Parameters<typeof readClip>[0]> {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 7)).subarray(7)
  shared.set(bytes)
  const pooled = new Uint8Array(new ArrayBuffer(bytes.length + 100), 64, bytes.length)
  pooled.set(bytes)
  const pieces = () =>
    Array.from({ length: Math.ceil(bytes.length / 999) }, (_, i) => bytes.subarray(i * 999, i * 999 + 999))
  return {
    Buffer: () => bytes,
    'Uint8Array at an offset': () => pooled,
    Uint8ClampedArray: () => new Uint8ClampedArray(bytes),
    'Uint8Array over a SharedArrayBuffer': () => shared,
    'Node stream': () => Readable.from(pieces()),
    'web stream': () => Readable.toWeb(Readable.from(pieces())) as ReadableStream<Uint8Array>,
    'body of a request': () => new Request('http://a', { method: 'POST', body: new Uint8Array(bytes) }).body!,
    Blob: () => new Blob([new Uint8Array(bytes)]).stream(),
  }
}

t.test('Motion JPEG from memory is what it is in a file', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(20), { fps: 25 })
  const file = await readClip(path)
  for (const [what, source] of Object.entries(waysOf(readFileSync(path)))) {
    const { frames, ...facts } = await readClip(source())
    const { frames: expected, ...expectedFacts } = file
    t.same(facts, expectedFacts, what)
    t.ok(equalBytes(frames, expected), what)
    t.equal((await readClip(source(), { maxFrames: 3 })).count, 3)
  }
})

t.test('other formats reach ffmpeg by a pipe, also with an index at the end', ffmpeg, async (t) => {
  const folder = temporary(t)
  const caches = () => readdirSync(tmpdir()).filter((name) => name.startsWith('ffcache'))
  const before = caches()
  const large = { frames: 60, input: 'rate=25' }
  for (const [name, options] of [
    ['end.mp4', '-c:v libx264 -pix_fmt yuv420p -qp 0'],
    ['front.mp4', '-c:v libx264 -pix_fmt yuv420p -movflags faststart'],
    ['parts.mp4', '-c:v libx264 -pix_fmt yuv420p -movflags frag_keyframe+empty_moov'],
    ['a.mov', '-c:v libx264 -pix_fmt yuv420p -qp 0'],
    ['a.mkv', undefined],
    ['a.webm', '-c:v libvpx'],
    ['a.ts', '-c:v mpeg2video'],
    ['a.mpg', '-c:v mpeg2video'],
    ['a.avi', '-c:v mpeg4'],
    ['a.gif', '-loop 0'],
    ['a.y4m', '-pix_fmt yuv420p'],
    ['a.mxf', '-c:v mpeg2video'],
    ['a.h264', '-f h264'],
  ] as [string, string | undefined][]) {
    const path = film(join(folder, name), options, large)
    const file = await readClip(path)
    for (const source of [readFileSync(path), createReadStream(path)]) {
      const clip = await readClip(source)
      t.same([clip.count, clip.fps, clip.warnings, clip.backend], [file.count, file.fps, file.warnings, 'ffmpeg'], name)
      t.ok(equalBytes(clip.frames, file.frames), name)
    }
  }
  t.same(caches(), before, 'what ffmpeg keeps on disk is gone')
})

t.test('bytes are copied at once', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(20), { fps: 25 })
  const expected = await readClip(path)
  for (const spoil of [
    (bytes: Uint8Array) => bytes.fill(0),
    (bytes: Uint8Array) => structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] }),
  ]) {
    const bytes = Uint8Array.from(readFileSync(path))
    const reading = readClip(bytes)
    spoil(bytes)
    t.ok(equalBytes((await reading).frames, expected.frames))
  }
})

t.test('what is wrong is named, and streams are let go', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(20), { fps: 25 })
  const bytes = readFileSync(path)
  const half = bytes.subarray(0, bytes.length >> 1)

  await t.rejects(readClip(new Uint8Array(0)), { code: 'VIDEO_EMPTY', message: /the given bytes is empty/ })
  await t.rejects(readClip(Readable.from([]), { name: 'upload 7' }), { code: 'VIDEO_EMPTY', message: /upload 7/ })
  await t.rejects(readClip(readFileSync(fixture('video', 'garbage.avi')), { backend: 'mjpeg', name: 'x.avi' }), {
    code: 'VIDEO_UNREADABLE',
    message: /x\.avi/,
  })

  const failing = Readable.from(
    (function* () {
      yield half
      throw new Error('the line is dead')
    })(),
  )
  await t.rejects(readClip(failing), {
    code: 'VIDEO_STREAM_BROKEN',
    message: `the given stream broke off after ${half.length} bytes: the line is dead. Send it again.`,
  })
  await t.rejects(readClip(createReadStream('/nonexistent')), { code: 'VIDEO_STREAM_BROKEN', message: /ENOENT/ })
  const destroyed = new PassThrough()
  destroyed.write(half)
  setTimeout(() => destroyed.destroy(), 20)
  await t.rejects(readClip(destroyed), { code: 'VIDEO_STREAM_BROKEN' })
  const gone = new PassThrough()
  gone.destroy()
  await t.rejects(readClip(gone), { code: 'VIDEO_STREAM_BROKEN' })
  await t.rejects(
    readClip(new ReadableStream({ pull: (controller) => controller.error(new Error('the line is dead')) })),
    { code: 'VIDEO_STREAM_BROKEN', message: /the line is dead/ },
  )

  const locked = new Blob(['x']).stream()
  locked.getReader()
  for (const source of [locked, 7, null, undefined, {}, [], '', new Float32Array(4), new ArrayBuffer(9), [bytes]])
    await t.rejects(readClip(source as Uint8Array), { code: 'INVALID_ARGUMENT' })
  await t.rejects(readClip(Readable.from(['text'])), { code: 'INVALID_ARGUMENT', message: /a stream of bytes/ })
  for (const options of [
    { maxBytes: 0 },
    { maxBytes: 1.5 },
    { timeLimit: 0 },
    { timeLimit: 1e9 },
    { name: '' },
    { name: 7 },
  ])
    await t.rejects(readClip(bytes, options as object), { code: 'INVALID_ARGUMENT' })
})

t.test('limits: bytes, time, an abort', async (t) => {
  const path = join(temporary(t), 'a.avi')
  await writeClip(path, waves(20), { fps: 25 })
  const bytes = readFileSync(path)
  t.equal((await readClip(path, { maxBytes: bytes.length })).count, 20)
  const maxBytes = bytes.length - 1
  const files = () => [path, bytes, createReadStream(path), new Blob([new Uint8Array(bytes)]).stream()]
  for (const source of files()) await t.rejects(readClip(source, { maxBytes }), { code: 'VIDEO_TOO_LARGE' })
  for (const source of files()) await t.rejects(openClip(source, { maxBytes }), { code: 'VIDEO_TOO_LARGE' })

  let cancelled: unknown
  let sent = 0
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 2 ** 20
        controller.enqueue(new Uint8Array(2 ** 20))
      },
      cancel(reason) {
        cancelled = reason
      },
    })
  await t.rejects(readClip(endless(), { maxBytes: 2 ** 23 }), {
    code: 'VIDEO_TOO_LARGE',
    message: /more than the 8388608 bytes/,
  })
  t.ok(sent < 2 ** 24 && (cancelled as { code: string }).code === 'VIDEO_TOO_LARGE', 'the sender is told')
  sent = 0
  await t.rejects(readClip(endless()), { code: 'VIDEO_TOO_LARGE' }, 'also where no limit is given')
  t.ok(sent <= 2 ** 28 + 2 ** 22)

  const stalled = new PassThrough()
  stalled.write(bytes.subarray(0, 100))
  const begin = performance.now()
  await t.rejects(readClip(stalled, { timeLimit: 0.2 }), {
    code: 'VIDEO_TIME_LIMIT',
    message: /^The clip could not be read within 0\.2 seconds/,
  })
  t.ok(stalled.destroyed && performance.now() - begin < 5000)
  const silent = new ReadableStream<Uint8Array>({
    cancel: (reason) => {
      cancelled = reason
    },
  })
  await t.rejects(openClip(silent, { timeLimit: 0.05, name: 'slow.avi' }), {
    code: 'VIDEO_TIME_LIMIT',
    message: /^slow\.avi/,
  })
  t.match(cancelled, { code: 'ABORTED' })
  const waiting = new PassThrough()
  await t.rejects(readClip(waiting, { signal: AbortSignal.timeout(30), timeLimit: 60 }), { code: 'ABORTED' })
  t.ok(waiting.destroyed)
  t.equal((await readClip(path, { timeLimit: 60 })).count, 20, 'no timer is left')
})

t.test('a decoder that hangs ends with the time', ffmpeg, async (t) => {
  const folder = temporary(t)
  const mark = join(folder, 'pid')
  asFfmpeg(t, `echo $$ > ${mark}; exec sleep 60`)
  const path = join(folder, 'a.mkv')
  writeFileSync(path, '\x1aE\xdf\xa3 no film', 'latin1')
  for (const source of [path, readFileSync(path)])
    for (const open of [readClip, openClip]) {
      await t.rejects(async () => void (await open(source, { timeLimit: 0.5 })), { code: 'VIDEO_TIME_LIMIT' })
      const pid = readFileSync(mark, 'utf8').trim()
      await gone(pid)
      t.notOk(isAlive(pid), 'its process is gone')
    }
})

/** Waits a little for a process to end. */
async function gone(pid: string): Promise<void> {
  for (let i = 0; i < 100 && isAlive(pid); i++) await new Promise((resolve) => setTimeout(resolve, 50))
}

function isAlive(pid: string): boolean {
  if (!existsSync('/proc/self'))
    return execFileSync('ps', ['-o', 'pid=', '-p', pid], { encoding: 'utf8' }).trim() !== ''
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}
