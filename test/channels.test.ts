import t from 'tap'
import type { Clip, DataSet } from '#lib/dataset/index.js'
import { channelsOf } from '#lib/distill/channels.js'
import type { DescribedClips } from '#lib/distill/describe.js'
import { foldOf } from '#lib/distill/fold.js'
import { randomDrawsOf } from '#lib/distill/students.js'
import { METHOD } from '#lib/options/method.js'
import { defaultsOf } from '#lib/runtime/option.js'
import { Random } from '#lib/runtime/random.js'
import type { Volume } from '#lib/volume/index.js'
import { temporary } from './support.js'

t.setTimeout(300_000)

const SIDE = 16
const FRAMES = 16

/** Clips of two classes that tell them apart by what is bright, by what moves, or by nothing. */
function clipsOf(count: number, told: 'grey' | 'flow' | 'nothing', groups = count): DataSet {
  const clips = Array.from({ length: count }, (_, i) => ({
    ...{ id: `${told}-${i}`, path: `${told}-${i}`, split: 'train', label: String(i % 2), classIndex: i % 2 },
    group: String(i % groups),
  }))
  return { classes: ['0', '1'], clips: clips as Clip[] } as DataSet
}

function volume(told: string, i: number): Volume {
  const random = new Random(i, told)
  const cells = SIDE * SIDE
  const sees = (what: string) => (told === what ? i % 2 : random.below(2))
  const [bright, fast] = [sees('grey') ? 150 : 60, sees('flow') ? 40 : -40]
  const values = Uint8Array.from({ length: FRAMES * 3 * cells }, (_, at) => {
    const channel = Math.floor(at / cells) % 3
    return channel === 0 ? bright + random.below(60) : 128 + fast + random.below(20)
  })
  return { values, frames: FRAMES, side: SIDE }
}

async function choose(told: 'grey' | 'flow' | 'nothing', count: number, options = {}, groups = count) {
  const dataSet = clipsOf(count, told, groups)
  const random = new Random(1)
  const motion = { rows: count, dim: 4, values: Float32Array.from({ length: 4 * count }, () => random.gaussian()) }
  const clips = {
    ...{ clips: Uint32Array.from(dataSet.clips.keys()), skipped: [], clipWarnings: [], warnings: [], volumeKey: told },
    keys: dataSet.clips.map(({ id }) => id),
    embedding: motion,
    volume: async (row: number) => volume(told, row),
  } as unknown as DescribedClips
  const settings = { ...defaultsOf(METHOD), cache: temporary(t), descriptorWeight: 0, steps: 30, ...options }
  return channelsOf(await foldOf(dataSet, clips, settings, {}), 'cnn', settings, {})
}

t.test('flow alone, unless TRAIN shows that grey levels help', async (t) => {
  t.match(await choose('grey', 200), { channels: 'both', note: /grey levels and flow: of 40 TRAIN clips.*right/ })
  t.match(await choose('flow', 200), { channels: 'flow', note: /flow alone: of 40/ })
  t.match(await choose('nothing', 200), { channels: 'flow' }, 'chance is no reason')
  t.match(await choose('grey', 199), { channels: 'flow', note: /fewer than 200/ }, 'too few to tell')
  t.match(await choose('grey', 200, {}, 1), { channels: 'flow', note: /split by group/ })
  t.same(await choose('grey', 200, { channels: 'grey' }), { channels: 'grey' }, 'as asked for')
})

t.test('fewer random draws for students that take long', (t) => {
  t.same([randomDrawsOf('linear', undefined), randomDrawsOf('cnn', undefined), randomDrawsOf('cnn', 7)], [10, 3, 7])
  t.end()
})
