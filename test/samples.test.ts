import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'
import { type Augmentation, loadSamples, loadViews, type SampleOptions } from '#lib/volume/samples.js'
import { decodeSpeed, type Volume } from '#lib/volume/volume.js'
import { root } from './support.js'

/** Bytes that tell where they are from. */
const volume = (frames: number, side: number, salt: number): Volume => ({
  values: Uint8Array.from({ length: frames * 3 * side * side }, (_, i) => 1 + ((i * 7 + salt * 31) % 255)),
  frames,
  side,
})

const volumes = [volume(10, 8, 0), volume(5, 8, 1), volume(1, 8, 2)]
const plain: SampleOptions = { frames: 4, stride: 2, channels: 'both' }
const all: Augmentation = { flip: true, rotation: 15, scale: 0.1, gain: 0.2, noise: 0.05, tempo: 0.2 }

/** What a network sees of the volume's frames, by the formulas. */
function seen({ values, side }: Volume, times: number[]): number[] {
  const cells = side * side
  return [0, 1, 2].flatMap((channel) =>
    times.flatMap((time) =>
      Array.from(values.subarray((time * 3 + channel) * cells, (time * 3 + channel + 1) * cells), (byte) =>
        channel === 0 ? (byte / 255 - 0.25) / 0.25 : 5 * decodeSpeed(byte),
      ),
    ),
  )
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length && Array.from(a).every((value, i) => Math.abs(value - b[i]) < 1e-5)

/** The bytes of samples, for comparisons (tap's own take seconds). */
const bytes = (samples: Float32Array) => createHash('sha256').update(samples).digest('hex')

t.test('without augmentation: the volumes from a start drawn for each sample, around and around', async (t) => {
  const rows = Int32Array.of(0, 1, 0, 2)
  const samples = await loadSamples(volumes, rows, { ...plain, seed: 4, first: 100 })
  t.equal(samples.length, 4 * 3 * 4 * 64)
  const expected = Array.from(rows).flatMap((row, i) => {
    const { frames } = volumes[row]
    const start = Math.floor(new Random(4, 'augment', 100 + i).uniform() * frames)
    return seen(
      volumes[row],
      [0, 2, 4, 6].map((t) => (start + t) % frames),
    )
  })
  t.ok(close(samples, expected))
})

t.test('views: evenly spaced, in order', async (t) => {
  const views = await loadViews(volumes, { ...plain, views: 3 })
  const starts = [
    [0, 3, 6],
    [0, 1, 3],
    [0, 0, 0],
  ]
  const expected = volumes.flatMap((volume, row) =>
    starts[row].flatMap((start) =>
      seen(
        volume,
        [0, 2, 4, 6].map((t) => (start + t) % volume.frames),
      ),
    ),
  )
  t.ok(close(views, expected))
  const cells = 4 * 64
  const grey = await loadViews(volumes.slice(0, 1), { ...plain, channels: 'grey', views: 1 })
  const flow = await loadViews(volumes.slice(0, 1), { ...plain, channels: 'flow', views: 1 })
  t.same([grey, flow].map(bytes), [views.subarray(0, cells), views.subarray(cells, 3 * cells)].map(bytes))
})

t.test('a sample is the same in any batch, of copies and of shared memory', async (t) => {
  const load = (rows: number[], first: number, { seed = 9, from = volumes } = {}) =>
    loadSamples(from, Int32Array.from(rows), { ...plain, augmentation: all, seed, first })
  const whole = await load([0, 1, 2, 1], 7)
  const sample = (i: number) => bytes(whole.subarray((i * whole.length) / 4, ((i + 1) * whole.length) / 4))
  t.equal(bytes(await load([2], 9)), sample(2))
  t.not(sample(1), sample(3), 'the same volume looks different each time')
  const shared = volumes.map((volume) => {
    const values = new Uint8Array(new SharedArrayBuffer(volume.values.length))
    values.set(volume.values)
    return { ...volume, values }
  })
  t.equal(bytes(await load([0, 1, 2, 1], 7, { from: shared })), bytes(whole))
  t.not(bytes(await load([0, 1, 2, 1], 7, { seed: 10 })), bytes(whole))
})

t.test('the same bytes for any number of threads', (t) => {
  const script = `
    import { createHash } from 'node:crypto'
    import { loadSamples } from '#lib/volume/samples.js'
    const values = Uint8Array.from({ length: 20 * 3 * 256 }, (_, i) => 1 + (i * i) % 255)
    const augmentation = ${JSON.stringify(all)}
    const options = { frames: 8, stride: 2, channels: 'both', augmentation, seed: 1, first: 0 }
    const samples = await loadSamples([{ values, frames: 20, side: 16 }], new Int32Array(40), options)
    console.log(createHash('sha256').update(samples).digest('hex'))`
  const hash = (threads: number) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, INFOMOTION_THREADS: String(threads) },
    })
  const one = hash(1)
  t.match(one, /^[0-9a-f]{64}\n$/)
  t.same([hash(2), hash(5)], [one, one])
  t.end()
})

t.test('what is wrong with a call is said, and a signal stops it', async (t) => {
  const call = (options: object, rows = Int32Array.of(0), from: Volume[] = volumes) =>
    loadSamples(from, rows, { ...plain, seed: 1, first: 0, ...options })
  const wrong = (call: Promise<unknown>, message: RegExp) => t.rejects(call, { code: 'INVALID_ARGUMENT', message })
  await wrong(call({}, Int32Array.of(3)), /rows between 0 and 2/)
  await wrong(call({}, Int32Array.of(-1)), /rows between 0 and 2/)
  await wrong(call({}, Int32Array.of(0), []), /at least one volume/)
  await wrong(call({}, Int32Array.of(0), [volumes[0], volume(1, 7, 0)]), /volumes\[1\].side/)
  await wrong(call({}, Int32Array.of(0), [{ ...volumes[0], frames: 9 }]), /volumes\[0\].values/)
  await wrong(call({ channels: 'colour' }), /channels/)
  await wrong(call({ stride: 0 }), /stride/)
  await wrong(call({ seed: -1 }), /seed/)
  await wrong(call({ augmentation: { ...all, tempo: 1 } }), /augmentation.tempo/)
  await wrong(call({ augmentation: { ...all, flip: 1 } }), /augmentation.flip/)
  await wrong(call({ augmentation: { ...all, turn: 1 } }), /Unknown option "turn"/)
  await wrong(call({ views: 2 }), /Unknown option "views"/)
  await wrong(loadViews(volumes, { ...plain, views: 0 }), /views/)
  await wrong(loadViews(volumes, { ...plain, views: 1, augmentation: all }), /no augmentation/)
  t.same(await call({}, new Int32Array(0)), new Float32Array(0))
  const large = [volume(64, 56, 0)]
  await t.rejects(call({ frames: 16, augmentation: all, signal: AbortSignal.timeout(5) }, new Int32Array(200), large), {
    code: 'ABORTED',
  })
})
