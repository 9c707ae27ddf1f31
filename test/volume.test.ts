import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Clip } from '#lib/dataset/types.js'
import { extractFeatures } from '#lib/features/extract.js'
import { describeClip } from '#lib/features/index.js'
import { decodeNpy } from '#lib/run/npy.js'
import { InfomotionError } from '#lib/runtime/errors.js'
import { VolumeStore } from '#lib/volume/store.js'
import { decodeSpeed, FLOW_RANGE, volumeOf } from '#lib/volume/volume.js'
import { temporary } from './support.js'

const shape = { width: 64, height: 48, fps: 32 }

/** A texture that moves by (dx, dy) px a frame. */
function moving(frames: number, dx: number, dy: number): Uint8Array {
  return Uint8Array.from({ length: frames * 64 * 48 }, (_, i) => {
    const t = Math.floor(i / (64 * 48))
    const [x, y] = [(i % 64) - t * dx, (Math.floor(i / 64) % 48) - t * dy]
    return (
      128 + 40 * Math.sin(0.5 * x + 0.15 * y) + 40 * Math.cos(0.45 * y - 0.2 * x) + 30 * Math.sin(0.3 * x - 0.4 * y)
    )
  })
}

t.test('a volume: shape, grey, and flow in frame widths and heights per second', async (t) => {
  const frames = moving(20, 0.5, -0.6)
  const { values, frames: count, side } = await volumeOf(frames, shape, { side: 16 })
  t.same([count, side, values.length], [20, 16, 20 * 3 * 256])
  let sum = 0 // of the 4 x 3 pixels of the cell in row 5, column 7 of frame 2
  for (let y = 15; y < 18; y++) for (let x = 28; x < 32; x++) sum += frames[(2 * 48 + y) * 64 + x]
  t.equal(values[2 * 3 * 256 + 5 * 16 + 7], Math.round(sum / 12))
  const inner = (frame: number, channel: number) => decodeSpeed(values[(frame * 3 + channel) * 256 + 7 * 16 + 8])
  for (const frame of [0, 9, 19]) {
    t.ok(Math.abs(inner(frame, 1) - (0.5 * 32) / 64) < 0.02, `u of frame ${frame}`)
    t.ok(Math.abs(inner(frame, 2) - (-0.6 * 32) / 48) < 0.03, `v of frame ${frame}`)
  }
  t.same([decodeSpeed(255), decodeSpeed(128), decodeSpeed(1)], [FLOW_RANGE, 0, -FLOW_RANGE])
})

t.test('long, short, one frame, other rates', async (t) => {
  const at = async (frames: number, fps: number, options = {}) =>
    (await volumeOf(moving(frames, 0.5, 0), { ...shape, fps }, { side: 8, ...options })).frames
  t.same(await Promise.all([at(100, 32), at(100, 50), at(99, 50), at(3, 50), at(1, 50)]), [64, 64, 63, 1, 1])
  t.equal(await at(10, 10, { rate: 20, frames: 12 }), 12)
  const one = await volumeOf(moving(1, 0, 0), shape, { side: 8 })
  t.ok(one.values.subarray(64).every((value) => value === 128))
})

t.test('with the descriptor, of one flow: the same descriptor and the same volume', async (t) => {
  const frames = moving(30, 0.4, 0.3)
  const both = await describeClip(frames, shape, { volume: { side: 12, frames: 10 } })
  t.same(both.volume, await volumeOf(frames, shape, { side: 12, frames: 10 }))
  const alone = await describeClip(frames, shape)
  t.same({ ...both, volume: undefined }, { ...alone, volume: undefined })
  t.notOk('volume' in alone)
  const opencv = await volumeOf(frames, shape, { side: 12, frames: 10, flow: { border: 'opencv', winsize: 9 } })
  t.notOk(Buffer.from(opencv.values).equals(both.volume!.values))
})

t.test('what is wrong with a call is said', async (t) => {
  const wrong = (call: Promise<unknown>, message: RegExp) => t.rejects(call, { code: 'INVALID_ARGUMENT', message })
  const frames = moving(2, 1, 0)
  await wrong(volumeOf(frames, shape, { side: 0 }), /side/)
  await wrong(volumeOf(frames, shape, { frames: 1.5 }), /frames/)
  await wrong(volumeOf(frames, shape, { rate: 0 }), /rate/)
  await wrong(volumeOf(frames, shape, { Rate: 9 } as never), /Did you mean "rate"/)
  await wrong(volumeOf(frames, { ...shape, width: 60 }), /whole frame/)
  await wrong(volumeOf([] as never, shape), /Uint8Array/)
  await wrong(describeClip(frames, shape, { volume: { flow: {} } as never }), /Unknown option "flow"/)
  await t.rejects(volumeOf(frames, shape, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

/** Three clips, as files of one number: how they move. */
function dataSet(folder: string): Clip[] {
  return [0.2, 0.5, 0.8].map((speed, i) => {
    const path = join(folder, `${i}.txt`)
    writeFileSync(path, String(speed))
    return { id: String(i), path, split: 'TRAIN', label: 'a', classIndex: 0 } as unknown as Clip
  })
}

t.test('extractFeatures keeps volumes, reads them lazily, and makes again what is lost', async (t) => {
  const folder = temporary(t)
  const clips = dataSet(folder)
  const cache = join(folder, 'cache')
  let decoded = 0
  const decode = async (path: string) => {
    decoded++
    const frames = moving(12, Number(readFileSync(path, 'utf8')), 0)
    return { frames, count: 12, ...shape, backend: 'test', damagedFrames: 0, warnings: [] }
  }
  const volumes = { side: 8, frames: 6 }
  const without = await extractFeatures(clips, { cache, decode })
  t.equal(decoded, 3)
  await t.rejects(without.volume(0), { code: 'INVALID_ARGUMENT', message: /volumes/ })

  const first = await extractFeatures(clips, { cache, decode, volumes })
  t.equal(decoded, 6, 'descriptors were there, volumes not')
  t.same(first.motion, without.motion)
  const expected = await volumeOf((await decode(clips[2].path)).frames, shape, volumes)
  t.same(await first.volume(2), expected)
  await t.rejects(first.volume(3), { code: 'INVALID_ARGUMENT', message: /row/ })

  const [store] = readdirSync(cache).filter((name) => name.startsWith('volumes-'))
  const file = (i: number) => join(cache, store, `${first.keys[i]}.npy`)
  t.same(
    readdirSync(join(cache, store)).sort(),
    first.keys.map((key) => `${key}.npy`).sort(),
    'one file a clip, named after its bytes',
  )
  t.equal(first.keys[1], createHash('sha256').update('0.5').digest('hex'))
  t.same(decodeNpy(readFileSync(file(1))).shape, [6, 3, 8, 8])

  decoded = 0
  const again = await extractFeatures(clips, { cache, decode, volumes })
  t.same([decoded, again.warnings], [0, []])
  truncateSync(file(0), 200)
  writeFileSync(file(1), 'something else')
  writeFileSync(`${file(2)}.0badf00d.tmp`, 'of a run that was killed')
  utimesSync(`${file(2)}.0badf00d.tmp`, 1, 1)
  const mended = await extractFeatures(clips, { cache, decode, volumes })
  t.equal(decoded, 2)
  t.equal(mended.warnings.length, 2)
  t.match(mended.warnings[0], /computed again/)
  t.equal(readdirSync(join(cache, store)).length, 3)
  t.same(await mended.volume(0), await first.volume(0))
  truncateSync(file(2), 300)
  t.same(await mended.volume(2), expected, 'damaged while in use')
  t.equal(decoded, 3)
  const bytes = readFileSync(file(2))
  bytes[bytes.length - 1] ^= 1
  writeFileSync(file(2), bytes)
  t.same(await mended.volume(2), expected, 'a flipped bit')
  t.equal(decoded, 4)

  const broken = async (path: string) => {
    if (path === clips[1].path) throw new InfomotionError('VIDEO_UNREADABLE', 'no frame')
    return decode(path)
  }
  const partly = await extractFeatures(clips, { cache, decode: broken, volumes: { side: 9 } })
  t.same([Array.from(partly.clips), partly.skipped.map(({ id }) => id)], [[0, 2], ['1']])

  decoded = 3
  const fresh = await extractFeatures(clips, { cache: join(folder, 'other'), decode, volumes })
  t.equal(decoded, 6, 'once for descriptor and volume')
  t.same([fresh.motion, await fresh.volume(1)], [first.motion, await first.volume(1)])
  await extractFeatures(clips, { cache, decode, volumes: { side: 10 } })
  t.equal(decoded, 9, 'another shape is another store')
})

t.test('a store of another shape, or with more frames than it may have, has nothing', async (t) => {
  const folder = join(temporary(t), 'store')
  const store = await VolumeStore.open(folder, { side: 4, rate: 32, frames: 2 })
  await store.write('a', { values: new Uint8Array(2 * 48).fill(7), frames: 2, side: 4 })
  t.same(await store.read('a'), { values: new Uint8Array(2 * 48).fill(7), frames: 2, side: 4 })
  t.equal(await store.read('b'), undefined)
  t.same(store.warnings, [])
  for (const other of [
    { side: 2, rate: 32, frames: 8 },
    { side: 4, rate: 32, frames: 1 },
  ]) {
    const foreign = await VolumeStore.open(folder, other)
    t.equal(await foreign.read('a'), undefined)
    t.equal(foreign.warnings.length, 1)
  }
  mkdirSync(join(folder, 'c.npy'))
  await t.rejects(store.has('c'), { code: 'EINVAL' }, 'a fault that is not the file’s own is not hidden')
})
