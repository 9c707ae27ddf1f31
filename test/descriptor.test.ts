import type { Clip, DataSet } from 'infomotion'
import t, { type Test } from 'tap'
import { canHoldOut, HELD_OUT, holdOut, isClear, withHeldOut } from '#lib/distill/crossval.js'
import type { DescribedClips } from '#lib/distill/describe.js'
import { foldOf } from '#lib/distill/fold.js'
import { descriptorLayout } from '#lib/features/index.js'
import { METHOD } from '#lib/options/method.js'
import { defaultsOf } from '#lib/runtime/option.js'
import { Random } from '#lib/runtime/random.js'
import { temporary } from './support.js'

t.setTimeout(120_000)

/** Clips of two classes, three of each patient, of every fourth patient in TEST. */
function dataSetOf(count: number, groupOf = (i: number) => `patient ${Math.floor(i / 3)}`): DataSet {
  const clips = Array.from({ length: count }, (_, i): Clip => {
    const classIndex = Math.floor(i / 3) % 2
    const split = Math.floor(i / 3) % 4 === 3 ? 'test' : 'train'
    return { id: `${i}`, path: `${i}.avi`, label: `${classIndex}`, classIndex, split, group: groupOf(i) }
  })
  return { clips, classes: ['a', 'b'] } as unknown as DataSet
}

/** What was measured of their motion: a pattern of each class, so many times as large. */
function measured(
  { clips }: DataSet,
  { pattern, size }: { pattern: (classIndex: number) => number; size: (classIndex: number, random: Random) => number },
): DescribedClips {
  const { dim } = descriptorLayout()
  const random = new Random(4, 'motion')
  const base = Array.from({ length: 2 * dim }, () => 0.5 + random.uniform())
  const values = new Float32Array(clips.length * dim)
  for (const [i, { classIndex }] of clips.entries()) {
    const scale = size(classIndex, random)
    for (let k = 0; k < dim; k++)
      values[i * dim + k] = scale * base[pattern(classIndex) * dim + k] * (1 + 0.2 * random.gaussian())
  }
  return { clips: Uint32Array.from(clips.keys()), motion: { rows: clips.length, dim, values } } as DescribedClips
}

const howFar = {
  pattern: () => 0,
  size: (c: number, random: Random) => (c === 0 ? 1 : 1.6) * Math.exp(0.1 * random.gaussian()),
}
const methodOf = (t: Test) => ({ ...defaultsOf(METHOD), cache: temporary(t) })

t.test('auto: how far clips move where that tells the classes apart', async (t) => {
  const dataSet = dataSetOf(96)
  const method = methodOf(t)
  const seen: string[] = []
  const onProgress = ({ stage, done, total }: { stage: string; done: number; total: number }) =>
    seen.push(`${stage} ${done}/${total}`)
  const { descriptor, spaces } = await foldOf(dataSet, measured(dataSet, howFar), method, { onProgress })
  t.match(descriptor!.form, /^(absolute|both)/)
  t.match(descriptor!.note, /^The descriptor is .*, by cross-validation on TRAIN: \d+\.\d % .*; relative has \d/)
  const { scores, heldOut, repeats } = descriptor!.search!
  t.same([heldOut, repeats, scores.length], [0.2, 5, 6])
  const of = (form: string) => scores.find((score) => score.form === form)!.mean
  t.ok(of('absolute') > 0.85 && of('relative') < 0.75, `${of('absolute')} and ${of('relative')}`)
  t.ok(scores.every(({ mean }) => mean <= of(descriptor!.form)))
  t.equal(
    spaces[0].train.dim,
    { absolute: 400, both: 800, 'absolute+thirds': 928, 'both+thirds': 1856 }[descriptor!.form as 'both'],
  )
  t.equal(seen.at(-1), 'descriptor 6/6')

  // what TEST is like does not matter: its labels and rows are others
  const otherTest = {
    ...dataSet,
    clips: dataSet.clips.map((clip) => (clip.split === 'test' ? { ...clip, classIndex: 1 - clip.classIndex } : clip)),
  }
  const fresh = { ...method, cache: temporary(t) }
  t.same((await foldOf(otherTest, measured(dataSet, howFar), fresh, {})).descriptor, descriptor)
  t.same(
    (await foldOf(dataSet, measured(dataSet, howFar), method, {})).descriptor,
    descriptor,
    'again, out of the cache',
  )
})

t.test('auto: relative where nothing is clearly better, or nothing can be held out', async (t) => {
  const dataSet = dataSetOf(96)
  // the pattern tells the classes apart; how far clips move is chance
  const how = { pattern: (c: number) => c, size: (_: number, random: Random) => Math.exp(2 * random.gaussian()) }
  const { descriptor } = await foldOf(dataSet, measured(dataSet, how), methodOf(t), {})
  t.equal(descriptor!.form, 'relative')
  t.ok(descriptor!.search)
  const oneGroup = dataSetOf(96, (i) => (Math.floor(i / 3) % 4 === 3 ? 'test' : 'one'))
  const alone = await foldOf(oneGroup, measured(oneGroup, howFar), methodOf(t), {})
  t.match(alone.descriptor, { form: 'relative', search: undefined, note: /cannot be split by group/ })
})

t.test('what is asked for is taken; what is not seen is not chosen', async (t) => {
  const dataSet = dataSetOf(24)
  const clips = measured(dataSet, howFar)
  const { descriptor, spaces } = await foldOf(dataSet, clips, { ...methodOf(t), descriptor: 'both+thirds' }, {})
  t.same(descriptor, { form: 'both+thirds' })
  t.equal(spaces[0].train.dim, 1856)
  const embedding = { rows: 24, dim: 2, values: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i) + 2) }
  const own = await foldOf(dataSet, { ...clips, embedding }, { ...methodOf(t), descriptorWeight: 0 }, {})
  t.equal(own.descriptor, undefined, 'an embedding alone')
  t.same(
    own.spaces.map(({ name }) => name),
    ['embedding'],
  )
})

t.test('cross-validation: whole groups, another draw for each choice and repeat; TEST is no part', async (t) => {
  const dataSet = dataSetOf(96)
  const trainClips = dataSet.clips.filter(({ split }) => split === 'train')
  const part = {
    trainClips,
    trainLabels: Uint32Array.from(trainClips, ({ classIndex }) => classIndex),
    classes: dataSet.classes,
  }
  const draws = [0, 1, 2].map((repeat) => holdOut(part, 'descriptor', 7, repeat))
  for (const held of [...draws, holdOut(part, 'tiling', 7)]) {
    const share = held.filter((split) => split === 'test').length / held.length
    t.ok(Math.abs(share - HELD_OUT) < 0.05)
    const splitOf = new Map(trainClips.map(({ group }, i) => [group, held[i]]))
    t.ok(trainClips.every(({ group }, i) => splitOf.get(group) === held[i]))
  }
  t.equal(new Set([...draws, holdOut(part, 'tiling', 7)].map((held) => held.join())).size, 4)
  t.same(holdOut(part, 'descriptor', 7, 1), draws[1])
  t.equal(canHoldOut(part, 'descriptor', 7), true)
  t.equal(canHoldOut({ ...part, trainLabels: part.trainLabels.fill(0) }, 'descriptor', 7), false, 'one class')
  const inner = withHeldOut(dataSet, trainClips, draws[0])
  for (const [i, clip] of inner.clips.entries()) {
    const at = trainClips.indexOf(dataSet.clips[i])
    t.equal(clip.split, at === -1 ? 'val' : draws[0][at])
  }
  t.ok(isClear([0.1, 0.1, 0.11, 0.09, 0.1]))
  t.notOk(isClear([0.2, -0.1, 0.1, -0.2, 0.1]))
})
