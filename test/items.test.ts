import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { type Clip, readClip, readDataSet, writePhantom } from 'infomotion'
import { decodeModel } from 'infomotion/onnx'
import t, { type Test } from 'tap'
import { writeDistilled } from '#lib/distill/deliver.js'
import { describeClips } from '#lib/distill/describe.js'
import { type Fold, foldOf } from '#lib/distill/fold.js'
import { ItemFeatures } from '#lib/distill/items.js'
import { RunLog } from '#lib/distill/log.js'
import { toReport } from '#lib/distill/outcome.js'
import { PredictionCache } from '#lib/distill/predictions.js'
import { evaluateSets, studentsOf } from '#lib/distill/students.js'
import { METHOD } from '#lib/options/method.js'
import { writeReport } from '#lib/report/index.js'
import { defaultsOf } from '#lib/runtime/option.js'
import { type DistilledItem, type DistilledSet, plainItems } from '#lib/synthesize/index.js'
import type { StudentName } from '#lib/train/names.js'
import type { MadeClip } from '#lib/video/types.js'
import { temporary } from './support.js'

// One small phantom set serves all tests of this file.
const shared = join(tmpdir(), `infomotion-items-${process.pid}`)
const settings = { ...defaultsOf(METHOD), folder: shared, cache: join(shared, 'cache'), steps: 2, components: 4 }
let fold: Fold
t.setTimeout(120_000)
t.before(async () => {
  await writePhantom(join(shared, 'phantom'), { train: 15, test: 5, seed: 3 })
  const dataSet = await readDataSet(join(shared, 'phantom'))
  fold = await foldOf(dataSet, await describeClips(dataSet.clips, settings, true, {}), settings, {})
})
t.teardown(() => rmSync(shared, { recursive: true, force: true }))

t.test('graphs and selection see standardised columns, as students do', async (t) => {
  const { dataSet, clips } = fold
  const whole = await foldOf(dataSet, clips, { ...settings, components: 1000 }, {})
  const { rows, dim, values } = fold.spaces[0].train
  const column = (k: number) => Array.from({ length: rows }, (_, i) => values[i * dim + k])
  const standardised = Array.from({ length: dim }, (_, k) => {
    const of = column(k)
    const mean = of.reduce((sum, value) => sum + value / rows, 0)
    const deviation = Math.sqrt(of.reduce((sum, value) => sum + (value - mean) ** 2 / rows, 0))
    return of.map((value) => (deviation > 1e-6 * Math.abs(mean) ? (value - mean) / deviation : 0))
  })
  const { points } = whole
  t.equal(points.dim, rows - 1, 'all components there are')
  for (let i = 1; i < rows; i++) {
    const between = standardised.reduce((sum, of) => sum + (of[i] - of[0]) ** 2 / dim, 0)
    let found = 0
    for (let k = 0; k < points.dim; k++) found += (points.values[i * points.dim + k] - points.values[k]) ** 2
    t.ok(Math.abs(found / between - 1) < 1e-3, `clips 0 and ${i} are as far apart as their standardised rows`)
  }
  // of two parts each counts by its weight, however many columns it has
  const embedding = { rows: clips.clips.length, dim: 3, values: new Float32Array(3 * clips.clips.length) }
  for (const i of embedding.values.keys()) embedding.values[i] = ((i * 7919) % 101) + 1
  const shareOf = async (embeddingWeight: number) => {
    const both = await foldOf(dataSet, { ...clips, embedding }, { ...settings, components: 1000, embeddingWeight }, {})
    const squares = both.points.values.reduce((sum, value) => sum + value ** 2, 0)
    return squares / rows
  }
  const alone = points.values.reduce((sum, value) => sum + value ** 2, 0) / rows
  t.ok(Math.abs((await shareOf(1)) - alone - 1) < 1e-3, 'as much variance again')
  t.ok(Math.abs((await shareOf(2)) - alone - 4) < 1e-3, 'twice the weight, four times the variance')
})

/** A made clip that shows what a clip of the source shows; from frame `from` on, the beginning last. */
async function madeOf(clip: Clip, name: string, from = 0): Promise<MadeClip> {
  const { frames, count, width, height, fps } = await readClip(clip.path)
  const at = from * width * height
  const turned = new Uint8Array(frames.length)
  turned.set(frames.subarray(at))
  turned.set(frames.subarray(0, at), frames.length - at)
  return { kind: 'made', name, frames: turned, count, width, height, fps }
}

/** One made clip a class, each of two TRAIN clips' parents; none of them is a clip of the source. */
async function madeSet(): Promise<DistilledSet> {
  const items = await Promise.all(
    fold.classes.map(async ({ rows }, classIndex): Promise<DistilledItem> => {
      const parents = [fold.trainClips[rows[0]], fold.trainClips[rows[1]]]
      const video = await madeOf(parents[0], `made-${classIndex}.avi`, 5)
      const soft = fold.classes.map((_, c) => (c === classIndex ? 0.75 : 0.0625))
      const { label } = parents[0]
      return {
        ...{ video, label, classIndex, parents, weight: 1, module: 0, visitRate: 0.5, rank: 0 },
        ...(classIndex % 2 === 0 && { soft: Float32Array.from(soft) }),
      }
    }),
  )
  return { selector: 'made', items, effectiveSampleSize: items.length }
}

/** With a cache of predictions of their own: what is compared is trained. */
function studentsIn(t: Test, name: StudentName, teacher = 0) {
  const features = new ItemFeatures(fold, settings, true)
  return studentsOf(name, { features, teacher, steps: settings.steps, predictions: new PredictionCache(temporary(t)) })
}

t.test('a made clip that shows what a clip of the source shows teaches the same', async (t) => {
  const plain = plainItems(fold.trainClips.slice(0, 6))
  const made = await Promise.all(
    plain.map(async (item, i) => ({ ...item, video: await madeOf(fold.trainClips[i], `m${i}.avi`) })),
  )
  const hot = made.map((item) => ({
    ...item,
    soft: Float32Array.from(fold.classes, (_, c) => Number(c === item.classIndex)),
  }))
  const mixed = plain.map((item, i) => (i % 2 ? made[i] : item))
  for (const [name, teacher] of [
    ['linear', 0],
    ['linear', 0.5],
    ['cnn', 0],
  ] as const) {
    const students = studentsIn(t, name, teacher)
    const predict = (items: readonly DistilledItem[]) => students.run({ space: students.spaces[0], items, seed: 1 })
    const expected = await predict(plain)
    t.equal(expected.length, fold.testRows.length * fold.classes.length)
    // the teacher predicts a few made clips in another batch than all TRAIN clips: the last bit may differ
    const same = (values: Float32Array, what: string) =>
      t.ok(
        values.every((p, i) => Math.abs(p - expected[i]) <= (teacher ? 1e-4 : 0)),
        `${name}, teacher ${teacher}: ${what}`,
      )
    same(await predict(made), 'made')
    same(await predict(hot), 'with the class as a distribution')
    same(await predict(mixed), 'beside clips of the source')
    const even = made.map((item) => ({ ...item, soft: new Float32Array(fold.classes.length).fill(0.2) }))
    t.notSame(await predict(even), expected, `${name}: another distribution teaches otherwise`)
    t.notSame(await predict(made.map((item, i) => ({ ...item, weight: i + 1 }))), expected, `${name}: so do weights`)
  }
})

t.test('features of made clips are kept by what they show', async (t) => {
  const cache = temporary(t)
  const own = { ...settings, cache }
  const [item] = plainItems([fold.trainClips[0]])
  const video = await madeOf(fold.trainClips[0], 'a.avi', 3)
  const seen = (videos: MadeClip[]) =>
    new ItemFeatures(fold, own, true).of(
      videos.map((video) => ({ ...item, video })),
      {},
    )
  const [first] = await seen([video])
  const files = () => readdirSync(cache, { recursive: true }).filter((name) => `${name}`.endsWith('.npy'))
  t.equal(files().length, 2, 'a shard and a volume')
  const [again, renamed] = await seen([video, { ...video, name: 'b.avi' }])
  t.same([again.key, renamed.key], [first.key, first.key])
  t.same(renamed.rows, first.rows)
  t.same(await renamed.volume({}), await first.volume({}))
  t.equal(files().length, 2, 'nothing is computed twice')
  const [faster] = await seen([{ ...video, fps: 2 * video.fps }])
  t.not(faster.key, first.key, 'the frame rate counts')
  t.equal(files().length, 4)
  const stranger = { ...item, video: { kind: 'source' as const, clip: { ...fold.trainClips[0] } } }
  await t.rejects(new ItemFeatures(fold, own, true).of([stranger], {}), { code: 'INVALID_ARGUMENT' })
})

t.test('a set of which no item is a TRAIN clip: trained on, evaluated, written, read, shown', async (t) => {
  const out = temporary(t)
  const distilled = await madeSet()
  const written = { ...settings, folder: out, materialize: 'copy' as const }
  const classes = fold.dataSet.classes.map((name) => ({
    ...{ name, clips: 3, modules: 1, merged: 1, selected: 1, codelength: 1, isolated: 0 },
  }))

  const rows = []
  for (const name of ['linear', 'cnn'] as const) {
    const students = studentsIn(t, name)
    const checkpoint = join(out, 'cache', 'checkpoint')
    const model = await students.trainOn(distilled.items, 1, { checkpoint })
    t.ok(decodeModel(model).outputs.has('probabilities'), `${name}: student.onnx`)
    const random = { ...distilled, selector: 'random', items: plainItems(fold.trainClips.slice(0, 5)) }
    const features = new ItemFeatures(fold, settings, true)
    const evaluation = await evaluateSets(features, students, [distilled, random], 0, {})
    const [made] = evaluation.rows
    t.same([made.selector, made.features, made.clips], ['made', students.spaces[0], 5])
    t.ok(made.differenceToRandom && made.balancedAccuracy.mean > 0, `${made.balancedAccuracy.mean}`)
    rows.push(evaluation)
  }

  const set = await writeDistilled(fold, distilled, classes, { ...written, strict: false }, new RunLog(0, () => {}), {})
  const back = await readDataSet(out)
  const train = back.clips.filter(({ split }) => split === 'train')
  t.same(
    train.map(({ id, label, classIndex }) => [id, label, classIndex]),
    distilled.items.map(({ label, classIndex }, i) => [`made-${i}.avi`, label, classIndex]),
  )
  t.equal(back.clips.length - train.length, 5, 'TEST stays')
  for (const [i, { path }] of train.entries()) {
    const { count, fps, width, height } = await readClip(path)
    t.match(distilled.items[i].video, { count, fps, width, height })
  }
  const table = parse(readFileSync(join(out, 'FileList.csv')), { columns: true }) as Record<string, string>[]
  const [video] = [distilled.items[0].video as MadeClip]
  t.match(
    table.find(({ FileName }) => FileName === 'made-0'),
    {
      EF: distilled.items[0].label,
      FPS: `${video.fps}`,
      NumberOfFrames: `${video.count}`,
      ...{ FrameWidth: '112', FrameHeight: '112', Split: 'TRAIN' },
    },
  )
  const tracings = readFileSync(join(out, 'VolumeTracings.csv'), 'utf8')
  t.notMatch(tracings, /made/)
  const [test] = back.clips.filter(({ split }) => split === 'test')
  t.ok(tracings.includes(test.id), 'those of TEST stay')
  t.match(
    readFileSync(join(out, 'weights.csv'), 'utf8'),
    /^path,weight,p:EF <30,.*\nVideos\/made-0\.avi,1,0\.75,0\.0625,.*\nVideos\/made-1\.avi,1,,,,,\n/,
  )

  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  for (const [i, item] of manifest.items.entries()) {
    const { parents, soft } = distilled.items[i]
    t.match(item, {
      path: `made-${i}.avi`,
      kind: 'made',
      parents: parents.map(({ id }) => id),
      flow: 0.5,
      visitRate: 0.5,
    })
    t.same(item.targets, soft && Array.from(soft))
    const file = readFileSync(join(out, 'Videos', item.path))
    t.equal(item.sha256, createHash('sha256').update(file).digest('hex'), 'of the file that was written')
  }

  const log = new RunLog(performance.now(), () => {})
  const paths = await writeReport(out, toReport(fold, written, log, set, { evaluation: rows[0], maps: [] }))
  const page = readFileSync(paths.html, 'utf8')
  t.equal(page.match(/data-frames=/g)?.length, 5, 'all five can be played')
  t.match(page, /5 clips, 5 of them made, distilled from 15/)
})
