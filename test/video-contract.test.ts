import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { Module } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { type ClipStream, type Frames, openClip, type ReadClipOptions, readClip } from 'infomotion'
import t, { type Test } from 'tap'
import { FORMATS } from '#lib/video/formats.js'
import type { Backend } from '#lib/video/index.js'
import { PICTURES } from '#lib/video/pictures.js'
import { COUNT, FPS, KNOWN_CLIPS, type KnownClip, LUMA, SIZE } from './known-clips.js'
import { hasFfmpeg, needs, root, temporary } from './support.js'

// What every decoder promises of every format: the same frames, the same words, the same end.

t.setTimeout(300_000)

const execute = promisify(execFile)
const PIXELS = SIZE.width * SIZE.height
const ffmpeg = hasFfmpeg()
const folder = temporary(t)

/** opencv4nodejs, where scripts/opencv4nodejs.sh has built it, as if it were installed beside the package. */
const version = /^version=(.*)$/m.exec(readFileSync(join(root, 'scripts', 'opencv4nodejs.sh'), 'utf8'))?.[1]
const cache = process.env.INFOMOTION_CACHE ?? join(homedir(), '.cache', 'infomotion')
const opencv = join(cache, `opencv4nodejs-${version}-node-${process.versions.modules}`)
const hasOpencv = existsSync(join(opencv, 'ready'))
if (hasOpencv) {
  process.env.NODE_PATH = join(opencv, 'node_modules')
  ;(Module as unknown as { _initPaths(): void })._initPaths() // Node has read the variable already
}

/** Those that can be read here. */
const clips = KNOWN_CLIPS.filter(({ needsFfmpeg }) => ffmpeg || !needsFfmpeg)
const pathOf = ({ name, ending }: KnownClip) => join(folder, `${name.replaceAll(/\W+/g, '-')}.${ending}`)
t.before(async () => {
  for (const clip of clips) await clip.write(pathOf(clip))
})

/** Most grey levels that a clip is off the truth, in its first frames. */
function apart({ frames }: Pick<Frames, 'frames'>, count: number): number {
  let most = 0
  for (let i = 0; i < count * PIXELS; i++) most = Math.max(most, Math.abs(frames[i] - LUMA[i]))
  return most
}

const digest = ({ frames }: Pick<Frames, 'frames'>) => createHash('sha256').update(frames).digest('hex')
/** Each file's frames, as the default has read them. */
const readBefore = new Map<string, Uint8Array>()
const outcome = (reading: Promise<Frames>) => reading.catch((error: Error & { code?: string }) => error)

/** Processes that this one has, and files, sockets and pipes that it holds open; undefined where there is no /proc. */
function held(): { processes: number; files: number } | undefined {
  if (!existsSync('/proc/self/fd')) return undefined
  const parent = (pid: string) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      return Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0])
    } catch {
      return 0 // it has ended
    }
  }
  const open = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) !== ''
    } catch {
      return false // the one that listed them
    }
  })
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parent(name) === process.pid)
  return { processes: processes.length, files: open.length }
}

/** Waits for no more to be held than before: what is aborted may end a moment later. */
async function isLetGo(before: ReturnType<typeof held>): Promise<boolean> {
  for (let left = 100; left > 0; left--) {
    const now = held()
    if (!now || !before || (now.processes <= before.processes && now.files <= before.files)) return true
    await new Promise((done) => setTimeout(done, 50))
  }
  return false
}

/** Of all that ffmpeg decodes, one is tried in every way: starting it again and again takes most of the time. */
const isRepresentative = ({ reader, ending }: KnownClip) => reader !== 'ffmpeg' || ending === 'mp4'

t.test('each format that is read in this process has a known clip', async (t) => {
  const readers = new Set<string>(KNOWN_CLIPS.map(({ reader }) => reader))
  t.same(
    [...FORMATS, PICTURES].map(({ name }) => name).filter((name) => !readers.has(name)),
    [],
  )
})

for (const clip of KNOWN_CLIPS)
  t.test(clip.name, needs(ffmpeg || !clip.needsFfmpeg, 'ffmpeg'), async (t) => {
    for (const backend of clip.backends)
      await t.test(backend, needs(backend !== 'opencv' || hasOpencv, 'opencv4nodejs'), (t) => whole(t, clip, backend))
    await t.test('in parts', (t) => inParts(t, clip))
    if (clip.folder) return
    await t.test('from memory', (t) => fromMemory(t, clip))
    await t.test('cut', (t) => cut(t, clip))
    await t.test('damaged', (t) => damaged(t, clip))
  })

async function whole(t: Test, clip: KnownClip, backend: Backend): Promise<void> {
  const path = pathOf(clip)
  const read = (options: ReadClipOptions = {}) => readClip(path, { backend, ...clip.options, ...options })
  const found = await read()
  if (backend === 'auto') readBefore.set(path, found.frames)
  t.match(found, { count: COUNT, ...SIZE, backend: backend === 'auto' ? clip.reader : backend, damagedFrames: 0 })
  t.ok(Math.abs(found.fps - FPS) < 1e-3, `${found.fps} fps`)
  t.same(found.warnings, [], 'nothing is odd')
  t.equal(found.frames.length, COUNT * PIXELS)
  const levels = apart(found, COUNT)
  t.ok(levels <= (clip.levels ?? 2), `the luma that it was made of, but for ${levels} levels`)

  const some = await read({ maxFrames: 5 })
  t.equal(some.count, 5)
  t.equal(
    Buffer.compare(some.frames, found.frames.subarray(0, 5 * PIXELS)),
    0,
    'the first frames, where few are asked for',
  )

  const before = held()
  await t.rejects(read({ signal: AbortSignal.abort() }), { code: 'ABORTED' })
  const begun = new AbortController()
  const reading = read({ signal: begun.signal })
  begun.abort()
  await t.rejects(reading, { code: 'ABORTED' }, 'as soon as it is called')
  const late = await outcome(read({ signal: AbortSignal.timeout(15) }))
  if (late instanceof Error) t.match(late, { code: 'ABORTED' })
  else t.equal(digest(late), digest(found), 'or it was done already')
  t.ok(await isLetGo(before), 'neither a process nor an open file stays')
}

/** Frame after frame, and those of a segment. */
async function inParts(t: Test, clip: KnownClip): Promise<void> {
  const path = pathOf(clip)
  const { options } = clip
  const frames = readBefore.get(path) as Uint8Array
  const part = await readClip(path, { ...options, segment: { start: 7, end: 12, unit: 'frames' } })
  t.same([part.count, part.warnings], [5, []])
  t.ok(Buffer.compare(part.frames, frames.subarray(7 * PIXELS, 12 * PIXELS)) === 0, 'the frames of a segment')

  const before = held()
  const stream = await openClip(path, options)
  t.match(stream, { ...SIZE, fps: FPS, backend: clip.reader })
  t.ok(Buffer.compare(await all(stream), frames) === 0, 'one after the other, the same frames')
  t.same([stream.damagedFrames, stream.oddities], [0, []])
  if (isRepresentative(clip)) {
    for await (const frame of (await openClip(path, options)).frames) {
      t.ok(Buffer.compare(frame, frames.subarray(0, PIXELS)) === 0, 'the first frame, and no more')
      break
    }
    ;(await openClip(path, options)).close()
  }
  t.ok(await isLetGo(before), 'neither a process nor an open file stays')
}

async function all({ frames }: ClipStream): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const frame of frames) parts.push(Uint8Array.from(frame))
  return Buffer.concat(parts)
}

/** Bytes and streams of them. */
async function fromMemory(t: Test, clip: KnownClip): Promise<void> {
  const path = pathOf(clip)
  const { options } = clip
  const frames = readBefore.get(path) as Uint8Array
  const bytes = readFileSync(path)
  const before = held()
  const sources = {
    bytes: new Uint8Array(bytes),
    ...(isRepresentative(clip) && {
      "a stream of Node's": createReadStream(path, { highWaterMark: 777 }),
      'a web stream': Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
    }),
  }
  for (const [what, source] of Object.entries(sources)) {
    const found = await readClip(source, options)
    t.match(found, { count: COUNT, ...SIZE, fps: FPS, backend: clip.reader, warnings: [] }, what)
    t.equal(digest(found), digest({ frames }), `${what}: the same frames`)
  }
  const begun = new AbortController()
  const reading = readClip(createReadStream(path), { ...options, signal: begun.signal })
  begun.abort()
  await t.rejects(reading, { code: 'ABORTED' })
  await t.rejects(readClip(bytes, { ...options, maxBytes: bytes.length - 1 }), { code: 'VIDEO_TOO_LARGE' })
  await t.rejects(readClip(path, { ...options, maxBytes: bytes.length - 1 }), { code: 'VIDEO_TOO_LARGE' })
  t.ok(await isLetGo(before), 'neither a process nor an open file stays')
}

/** A file that ends early: refused by name, or the frames that are there, and a word of the others. */
async function cut(t: Test, clip: KnownClip): Promise<void> {
  const bytes = readFileSync(pathOf(clip))
  const parts = isRepresentative(clip) ? [0.3, 0.55, 0.9] : [0.55]
  const found = await Promise.all(
    parts.map((part) => readBytes(clip, `cut-${part}`, bytes.subarray(0, part * bytes.length))),
  )
  for (const [i, clipOrError] of found.entries()) {
    if (!isSound(t, clipOrError, `${parts[i]} of it`)) continue
    const { count, warnings } = clipOrError
    t.ok(count <= COUNT, `${count} frames`)
    const levels = apart(clipOrError, Math.min(count - 1, COUNT))
    t.ok(levels <= (clip.levels ?? 2), `what comes before the last frame is right, but for ${levels} levels`)
    if (count < COUNT && !clip.endless) t.ok(warnings.length > 0, `${count} of ${COUNT} frames, which is said`)
  }
  const empty = await readBytes(clip, 'empty', Buffer.alloc(0))
  t.match(empty, { code: 'VIDEO_EMPTY' })
}

/** What is no clip, or one with holes: a named error, or whole frames. */
async function damaged(t: Test, clip: KnownClip): Promise<void> {
  const bytes = readFileSync(pathOf(clip))
  const noise = createHash('sha256').update(clip.name)
  const random = Buffer.concat(Array.from({ length: 300 }, (_, i) => noise.copy().update(`${i}`).digest()))
  const flipped = Buffer.from(bytes)
  for (let i = 0; i < 40; i++) flipped[200 + (random.readUInt32LE(4 * i) % (bytes.length - 200))] ^= 1 << (i & 7)
  const files = {
    ...(clip === KNOWN_CLIPS[0] && { noise: random, zeros: Buffer.alloc(10_000) }),
    'its first bytes, then noise': Buffer.concat([bytes.subarray(0, 64), random]),
    'bits that flipped': flipped,
  }
  const entries = Object.entries(files)
  const found = await Promise.all(entries.map(([, file], i) => readBytes(clip, `bad-${i}`, file)))
  for (const [i, [what]] of entries.entries()) isSound(t, found[i], what)
}

function readBytes(clip: KnownClip, name: string, bytes: Buffer): Promise<Frames | (Error & { code?: string })> {
  const path = join(folder, `${name}-${pathOf(clip).split('/').pop()}`)
  writeFileSync(path, bytes)
  return outcome(readClip(path, clip.options))
}

/** A clip of whole frames; else tests that it is an error of the clip. */
function isSound(t: Test, found: Frames | (Error & { code?: string }), what: string): found is Frames {
  if (found instanceof Error) {
    t.match(found.code, /^VIDEO_(EMPTY|UNREADABLE|TOO_LARGE)$/, `${what}: ${found.message.slice(0, 150)}`)
    return false
  }
  t.equal(found.frames.length, found.count * found.width * found.height, `${what}: whole frames`)
  return true
}

t.test('the same frames on one thread', async (t) => {
  const program = `
    import { createHash } from 'node:crypto'
    import { readClip } from 'infomotion'
    const digests = {}
    for (const path of ${JSON.stringify(clips.map(pathOf))})
      digests[path] = createHash('sha256').update((await readClip(path)).frames).digest('hex')
    console.log(JSON.stringify(digests))`
  const env = { ...process.env, INFOMOTION_THREADS: '1', UV_THREADPOOL_SIZE: '1' }
  const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', program], { cwd: root, env })
  t.same(JSON.parse(stdout), Object.fromEntries([...readBefore].map(([path, frames]) => [path, digest({ frames })])))
  t.equal(readBefore.size, clips.length)
})
