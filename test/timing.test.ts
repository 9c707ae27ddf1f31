import t from 'tap'
import type { Clip } from '#lib/dataset/types.js'
import { timingIn, timingNote, timingOfClips, timingWarnings } from '#lib/distill/sampling.js'
import type { ClipFacts } from '#lib/features/extract.js'
import { InfomotionError } from '#lib/runtime/errors.js'
import { Random } from '#lib/runtime/random.js'
import { periodOf } from '#lib/volume/rhythm.js'
import { type ClipTime, strideFor, timingOf } from '#lib/volume/timing.js'

const SIZE = { width: 40, height: 30 }

/** Noise on a disk whose place is told frame by frame. */
function disk(places: number[], noise = 10): Uint8Array {
  const random = new Random(1, 'noise')
  const { width, height } = SIZE
  return Uint8Array.from({ length: places.length * width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width) % height]
    const inside = Math.hypot(x - 20 - places[Math.floor(i / (width * height))], y - 15) < 8
    return (inside ? 180 : 40) + random.below(noise)
  })
}
const times = (count: number, place: (t: number) => number) => disk(Array.from({ length: count }, (_, t) => place(t)))

t.test('a movement that comes again has its period, another has none', async (t) => {
  for (const [count, fps, seconds] of [
    [100, 50, 0.8],
    [64, 20, 1.2],
    [700, 100, 2.5], // more frames than are compared
  ]) {
    const swings = times(count, (t) => 9 * Math.sin((2 * Math.PI * t) / (fps * seconds)))
    const period = (await periodOf(swings, { ...SIZE, fps }))!
    t.ok(Math.abs(period - seconds) <= 0.1 * seconds, `${period} for ${seconds} s`)
  }
  const none: Record<string, Uint8Array> = {
    'across once': times(60, (t) => t / 3 - 10),
    'there and back once': times(60, (t) => 10 * Math.sin((Math.PI * t) / 60)),
    'at rest': times(40, () => 0),
    'one frame': times(1, () => 0),
    'two frames': times(2, (t) => t),
    black: new Uint8Array(20 * SIZE.width * SIZE.height),
  }
  for (const [what, frames] of Object.entries(none))
    t.equal(await periodOf(frames, { ...SIZE, fps: 20 }), undefined, what)
  await t.rejects(periodOf(none.black, { ...SIZE, fps: 20 }, AbortSignal.abort()), { code: 'ABORTED' })
})

const many = (count: number, clip: ClipTime) => Array.from({ length: count }, () => clip)

t.test('what does not repeat is seen whole, what repeats a beat or more at a time', (t) => {
  t.match(timingOf([{ seconds: 17, fps: 8 }]), { span: 16, rate: 4, frames: 64, stride: 4 })
  const heart = timingOf([{ seconds: 2, fps: 50, period: 0.8 }])
  t.match(heart, { span: 1, rate: 32, stride: 2, period: 0.8 })
  for (const [length, period] of [
    [3.5, 0.6],
    [2, 1.2],
    [1.5, 0.9],
    [30, 4],
  ]) {
    const { span, rate, stride } = timingOf(many(10, { seconds: length, fps: 50, period }))
    t.ok(span >= Math.min(period, 0.9 * length) && span < 1.6 * period, `${span} s for ${period} s`)
    t.ok(stride >= 1 && stride <= 4)
    t.ok(Math.abs(stride - (span * rate) / 16) < 1e-9, 'stride and rate fit the span')
  }
  // one in ten that is long is no reason to see little of the others; one in ten that repeats is no rule
  const actions = many(9, { seconds: 4, fps: 15 })
  t.match(timingOf([...actions, { seconds: 60, fps: 15 }]), { span: 4, rate: 16 })
  t.equal(timingOf([...actions, { seconds: 4, fps: 15, period: 1 }]).period, undefined)
  t.same(
    timingOf([{ seconds: 4.1, fps: 15.1 }]),
    timingOf([{ seconds: 3.9, fps: 14.8 }]),
    'alike enough to share volumes',
  )
  t.ok(timingOf([{ seconds: 2, fps: 4 }]).rate >= 8, 'a sample has 16 frames, of slow clips too')
  t.ok(timingOf([{ seconds: 1e-3, fps: 1e5 }]).rate > 0)
  t.throws(() => timingOf([]), { code: 'INVALID_ARGUMENT' })
  t.throws(() => timingOf([{ seconds: 0, fps: 15 }]), { code: 'INVALID_ARGUMENT', message: /seconds/ })
  t.throws(() => timingOf([{ seconds: 1, fps: 15, periode: 1 } as never]), { message: /period/ })
  t.end()
})

t.test('in the volumes of an encoder, a sample stays within them', (t) => {
  t.equal(strideFor(1, { rate: 32, frames: 64 }), 2)
  t.equal(strideFor(17, { rate: 32, frames: 64 }), 4)
  t.equal(strideFor(17, { rate: 32, frames: 8 }), 1)
  t.match(timingIn(timingOf([{ seconds: 17, fps: 8 }]), { rate: 32, frames: 64 }), { span: 16, rate: 32, stride: 4 })
  t.equal(timingIn(undefined, { rate: 32, frames: 64 }), undefined)
  t.end()
})

t.test('of a data set: TRAIN clips tell, and no other; what cannot be read is passed over', async (t) => {
  const clips = Array.from({ length: 100 }, (_, i) => ({ path: String(i), split: i % 2 ? 'test' : 'train' })) as Clip[]
  const asked: number[] = []
  const decode = async (path: string) => {
    asked.push(Number(path))
    if (Number(path) % 10 === 0) throw new InfomotionError('VIDEO_UNREADABLE', 'no frame')
    const frames = Number(path) % 2 ? 10 : 80
    return { frames: times(frames, (t) => t / 10), count: frames, ...SIZE, fps: 20 }
  }
  t.match(await timingOfClips(clips, decode, undefined), { span: 4 })
  t.equal(asked.length, 32)
  t.ok(asked.every((i) => i % 2 === 0))
  const broken = async () => Promise.reject(new InfomotionError('VIDEO_UNREADABLE', 'no frame'))
  t.equal(await timingOfClips(clips, broken, undefined), undefined)
  const full = async () => Promise.reject(new InfomotionError('OUT_OF_MEMORY', 'full'))
  await t.rejects(timingOfClips(clips, full, undefined), { code: 'OUT_OF_MEMORY' })
})

t.test('what is said of it', (t) => {
  const beat = timingOf([{ seconds: 2, fps: 50, period: 0.8 }])
  t.match(timingNote(beat), /1\.00 s .* again about every 0\.80 s.* 32\.0 frames\/s/)
  t.match(timingNote(timingOf([{ seconds: 17, fps: 8 }])), /16\.00 s .* does not come again/)
  const facts = (frames: number, fps: number) => ({ frames, fps }) as ClipFacts
  const nameOf = (row: number) => `clip-${row}`
  t.same(timingWarnings(beat, [facts(50, 50), facts(100, 50)], nameOf), [])
  const odd = timingWarnings(beat, [facts(50, 50), facts(20, 50), facts(20, 5)], nameOf)
  t.equal(odd.length, 2)
  t.match(odd[0], /1 of 3 clips \(the first: clip-1\).*1\.00 s/)
  t.match(odd[1], /1 of 3 clips \(the first: clip-2\).*16\.0 frames\/s/)
  t.end()
})
