import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import {
  type Clip,
  type ClipShape,
  compare,
  describeClip,
  descriptorLayout,
  distill,
  exportDistilled,
  type MadeClip,
  readClip,
  readDataSet,
  readDistilled,
  type Selection,
  synthesize,
  writePhantom,
} from 'infomotion'
import t, { type Test } from 'tap'
import { baselineSets, uncut } from '#lib/distill/baselines.js'
import { classGraphs, classModules, selectBy } from '#lib/distill/communities.js'
import { composed } from '#lib/distill/composed.js'
import { describeClips } from '#lib/distill/describe.js'
import { type Fold, foldOf } from '#lib/distill/fold.js'
import { ItemFeatures } from '#lib/distill/items.js'
import { PredictionCache } from '#lib/distill/predictions.js'
import { evaluateSets, studentsOf } from '#lib/distill/students.js'
import { teacherOf } from '#lib/distill/teacher-choice.js'
import { compositionOf, darkWarnings } from '#lib/distill/tiling.js'
import { Trials } from '#lib/distill/trials.js'
import { METHOD } from '#lib/options/method.js'
import { defaultsOf } from '#lib/runtime/option.js'
import { Random } from '#lib/runtime/random.js'
import { commonLabel } from '#lib/synthesize/compose.js'
import { commonShape, fits, placesIn } from '#lib/synthesize/layout.js'
import { enlarge, shrink } from '#lib/synthesize/resample.js'
import { coded, expandItems } from '#lib/synthesize/tile.js'
import type { DistilledItem } from '#lib/synthesize/types.js'
import { framesOf } from '#lib/video/made.js'
import { clipOf, infomotion, temporary } from './support.js'

// One small phantom set, and one set composed of it, serve most tests.
const shared = join(tmpdir(), `infomotion-compose-${process.pid}`)
const data = join(shared, 'phantom')
const cache = join(shared, 'cache')
const composedSet = join(shared, 'composed')
const settings = { ...defaultsOf(METHOD), folder: shared, cache, steps: 2, components: 4, randomDraws: 2 }
let fold: Fold
t.setTimeout(300_000)
t.before(async () => {
  await writePhantom(data, { train: 30, test: 10, seed: 3 })
  const dataSet = await readDataSet(data)
  fold = await foldOf(dataSet, await describeClips(dataSet.clips, settings, false, {}), settings, {})
  await distill(data, {
    out: composedSet,
    teacher: 0.5,
    cache,
    vpc: 1,
    synthesize: 'compose',
    tiles: 2,
    stretches: 2,
    until: 'synthesize',
    components: 4,
  })
})
t.teardown(() => rmSync(shared, { recursive: true, force: true }))

const noise = (length: number) => {
  const random = new Random(7, 'noise', length)
  return Uint8Array.from({ length }, () => random.below(256))
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

t.test('each pixel of a smaller frame is the mean over its area, exactly', async (t) => {
  for (const [width, height, w, h] of [
    [12, 8, 6, 4],
    [7, 5, 3, 2],
    [13, 9, 13, 4],
    [5, 5, 1, 1],
    [3, 2, 7, 5], // enlarged too: a pixel may cover less than one
  ]) {
    const frames = noise(2 * width * height)
    const small = await shrink(frames, { width, height }, { width: w, height: h })
    // by hand: each source pixel is cut into w x h parts, each of which belongs to one pixel alone
    const expected = new Uint8Array(2 * w * h)
    for (let f = 0; f < 2; f++)
      for (let v = 0; v < h; v++)
        for (let u = 0; u < w; u++) {
          let sum = 0n
          for (let y = v * height; y < (v + 1) * height; y++)
            for (let x = u * width; x < (u + 1) * width; x++)
              sum += BigInt(frames[f * width * height + Math.floor(y / h) * width + Math.floor(x / w)])
          const parts = BigInt(width * height)
          expected[(f * h + v) * w + u] = Number((2n * sum + parts) / (2n * parts))
        }
    t.same(small, expected, `${width} x ${height} to ${w} x ${h}`)
  }
})

t.test('enlarged frames are bilinear between the centres of pixels', async (t) => {
  const line = await enlarge(Uint8Array.of(0, 100), { width: 2, height: 1 }, { width: 4, height: 1 })
  t.same(Array.from(line), [0, 25, 75, 100], 'as OpenCV has it: cv2.resize of [0, 100] to four')
  const [width, height, w, h] = [5, 3, 13, 8]
  const frames = noise(width * height)
  const large = await enlarge(frames, { width, height }, { width: w, height: h })
  const at = (i: number, n: number, m: number) => {
    const x = Math.min(Math.max(((i + 0.5) * n) / m - 0.5, 0), n - 1)
    const first = Math.min(Math.floor(x), n - 2)
    return { first, part: x - first }
  }
  for (let v = 0; v < h; v++)
    for (let u = 0; u < w; u++) {
      const [x, y] = [at(u, width, w), at(v, height, h)]
      const pixel = (i: number, j: number) => frames[(y.first + j) * width + x.first + i]
      const row = (j: number) => (1 - x.part) * pixel(0, j) + x.part * pixel(1, j)
      t.ok(Math.abs(large[v * w + u] - ((1 - y.part) * row(0) + y.part * row(1))) <= 0.5 + 1e-9)
    }
  t.same(await enlarge(Uint8Array.of(9), { width: 1, height: 1 }, { width: 2, height: 2 }), [9, 9, 9, 9])
})

t.test('tiles begin and end on JPEG blocks, inside the clip, and do not overlap', (t) => {
  const shapes: ClipShape[] = [
    { width: 112, height: 112, frames: 80, fps: 25 },
    { width: 128, height: 96, frames: 33, fps: 15 },
    { width: 33, height: 40, frames: 16, fps: 15 },
  ]
  for (const shape of shapes)
    for (const side of [1, 2, 3, 4])
      for (const stretches of [1, 2, 4]) {
        if (!fits(shape, { side, stretches })) {
          t.throws(() => placesIn(shape, { side, stretches }), { code: 'TILES_TOO_SMALL' })
          continue
        }
        const places = placesIn(shape, { side, stretches })
        t.equal(places.length, side * side * stretches)
        const taken = new Uint8Array(shape.width * shape.height * shape.frames)
        for (const { x, y, width, height, from, to } of places) {
          if (side > 1) for (const n of [x, y, width, height]) t.equal(n % 8, 0)
          t.ok(width >= 8 && height >= 8 && to - from >= 8)
          for (let f = from; f < to; f++)
            for (let v = y; v < y + height; v++)
              for (let u = x; u < x + width; u++) taken[(f * shape.height + v) * shape.width + u]++
        }
        t.ok(taken.every((times) => times <= 1))
        const covered = taken.reduce((sum, times) => sum + times, 0)
        t.equal(
          covered,
          places.reduce((sum, p) => sum + p.width * p.height * (p.to - p.from), 0),
          'inside',
        )
      }
  const mixed = [shapes[0], shapes[1], { ...shapes[1], frames: 11 }, { ...shapes[0], fps: 15 }]
  t.same(commonShape(mixed), { width: 112, height: 112, fps: 15, frames: 33 }, 'the commonest; the lower median')
  t.end()
})

t.test('the label of a composed clip: the weighted mean of numbers, which stays among them', (t) => {
  const of = (...tiles: [string, number][]) => commonLabel(tiles.map(([label, weight]) => ({ label, weight })))
  t.equal(of(['57.3', 1], ['60.3', 2]), '59.3')
  t.equal(of(['57,3', 1], ['60,3', 2]), '59,3', 'as the table writes numbers')
  t.equal(of(['covid', 1], ['covid', 3]), 'covid')
  t.equal(of(['29.999', 1], ['29.9999', 1]), '29.99945', 'not rounded over the edge of its class')
  t.equal(of(['40', 0], ['44', 0]), '42', 'without weights the mean')
  t.end()
})

/** Clips of a texture that moves to the right, `speed` px a frame. */
function moving(width: number, height: number, count: number, speed: number) {
  const frames = new Uint8Array(count * width * height)
  for (let f = 0, i = 0; f < count; f++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const u = x - speed * f
        frames[i++] =
          128 + 40 * Math.sin(u / 5) * Math.cos(y / 6) + 40 * Math.cos(u / 6.3 + y / 9) + 30 * Math.sin(u / 8 - y / 5)
      }
  return { frames, count, width, height }
}

const select = (count: number): Selection => ({
  selector: 'infomap',
  representatives: Array.from({ length: count }, (_, index) => {
    return { index, classIndex: 0, weight: 1 + (index % 3), module: index, flow: 0.25, rank: index }
  }),
  ...{ classes: [], warnings: [], effectiveSampleSize: count },
})

t.test('a tile moves as fast as its parent, whatever its size and rate', async (t) => {
  const shapes = [
    { width: 112, height: 112, frames: 24, fps: 25 },
    { width: 160, height: 120, frames: 30, fps: 50 },
    { width: 112, height: 112, frames: 24, fps: 25 },
  ]
  const clips = shapes.map((_, i) => clipOf(`${i}.avi`))
  const films = shapes.map(({ width, height, frames }, i) => moving(width, height, frames, 1 + 0.5 * i))
  const decode = async (path: string) => films[Number(path[0])]
  for (const side of [2, 3, 4] as const) {
    const { items } = await synthesize(clips, select(3), { tiling: { side, stretches: 1 }, shapes, decode })
    const [{ video, tiles }] = items
    t.match(video, { width: 112, height: 112, fps: 25, count: 24 })
    for (const [i, tile] of tiles!.entries()) {
      const frames = await framesOf(video as MadeClip)
      const cut = await coded(cutOut(frames, video as MadeClip, tile.place), tile.place)
      const whole = await enlarge(cut, tile.place, tile)
      const speed = async (frames: Uint8Array) => {
        const { motion } = await describeClip(frames, { width: tile.width, height: tile.height, fps: tile.fps })
        const { offset, length } = descriptorLayout().blocks.find(({ name }) => name === 'magnitude')!
        const means = motion.subarray(offset, offset + length / 2)
        return means.reduce((sum, value) => sum + value, 0) / means.length
      }
      const [own, parent] = [await speed(whole), await speed(films[i].frames)]
      // the finer the grid, the less is left of a fine texture that moves fast
      const near = { 2: 0.03, 3: 0.1, 4: 0.15 }[side]
      if (side < 4 || i !== 1)
        t.ok(Math.abs(own / parent - 1) < near, `${side} x ${side}, clip ${i}: ${own} px/s, parent ${parent}`)
      t.ok(Math.abs(parent / ((1 + 0.5 * i) * shapes[i].fps) - 1) < 0.08, `truth: ${parent}`)
    }
  }
})

function cutOut(
  frames: Uint8Array,
  { width, height }: MadeClip,
  place: NonNullable<DistilledItem['tiles']>[0]['place'],
) {
  const out: number[] = []
  for (let f = place.from; f < place.to; f++)
    for (let y = place.y; y < place.y + place.height; y++)
      for (let x = place.x; x < place.x + place.width; x++) out.push(frames[(f * height + y) * width + x])
  return Uint8Array.from(out)
}

t.test('composing: order, weights, middles, short clips, places that stay dark', async (t) => {
  const shape = { width: 32, height: 32, frames: 32, fps: 10 }
  const shapes = Array.from({ length: 6 }, (_, i) => ({ ...shape, frames: i === 1 ? 9 : i === 2 ? 40 : 32 }))
  const clips: Clip[] = shapes.map((_, i) => ({ ...clipOf(`${i}.avi`), label: String(30 + i) }))
  const decode = async (path: string) => {
    const { frames: count } = shapes[Number(path[0])]
    // a flat frame of its number, so that it is seen which are shown
    const frames = Uint8Array.from({ length: count * 1024 }, (_, i) => Math.floor(i / 1024) + 1)
    return { frames, count, width: 32, height: 32 }
  }
  const set = await synthesize(clips, select(6), { tiling: { side: 2, stretches: 1 }, shapes, decode })
  t.same(
    set.items.map(({ parents, rank, module, tiles }) => [parents.map(({ id }) => id), rank, module, tiles!.length]),
    [
      [['0.avi', '1.avi', '2.avi'], 0, -1, 3],
      [['3.avi', '4.avi', '5.avi'], 1, -1, 3],
    ],
  )
  t.same(
    set.items.map(({ weight }) => weight),
    [2, 2],
    'the mean of their tiles: as few videos as have places, evenly filled',
  )
  t.same(
    set.items.map(({ visitRate }) => visitRate),
    [0.75, 0.75],
  )
  t.same(
    set.items.map(({ label }) => label),
    ['31.33', '34.33'],
  )
  t.same(darkWarnings(set, { classes: ['a'] } as never, { side: 2, stretches: 1 }).length, 1)
  const [{ video, tiles }, { video: second }] = set.items
  t.same(
    tiles!.map(({ place }) => place.to),
    [32, 9, 32],
  )
  const frames = await framesOf(video as MadeClip)
  const at = (f: number, x: number, y: number) => frames[(f * 32 + y) * 32 + x]
  t.same([at(0, 0, 0), at(31, 0, 0)], [1, 32], 'as long as its place: all of it')
  t.same([at(8, 16, 0), at(31, 16, 0)], [9, 9], 'shorter: stands still at its end')
  t.same([at(0, 0, 16), at(31, 0, 16)], [5, 36], 'longer: its middle')
  const dark = await framesOf(second as MadeClip)
  t.ok(dark[31 * 1024 + 16 * 32] > 0 && dark[31 * 1024 + 16 * 32 + 16] === 0 && dark[0] === 1)

  const longer = await synthesize(clips, select(4), { tiling: { side: 1, stretches: 4 }, shapes, decode })
  t.same(
    longer.items[0].tiles!.map(({ place: { from, to, width } }) => [from, to, width]),
    [
      ...[
        [0, 8, 32],
        [8, 16, 32],
        [16, 24, 32],
        [24, 32, 32],
      ],
    ],
  )
  const many = { tiling: { side: 2, stretches: 1 }, shapes, decode, videos: 4 }
  const spread = await synthesize(clips, select(6), many)
  t.same(
    spread.items.map(({ tiles }) => tiles!.length),
    [2, 2, 1, 1],
    'as many videos as asked for',
  )
  t.equal((await synthesize(clips, select(6), { ...many, videos: 9 })).items.length, 6, 'none is empty')
  const plain = await synthesize(clips, select(6), { tiling: { side: 1, stretches: 1 }, shapes, decode })
  t.same(plain, await synthesize(clips, select(6)), 'one clip a video: as it is')

  const code = 'INVALID_ARGUMENT'
  for (const options of [
    { tiling: { side: 5, stretches: 1 }, shapes },
    { tiling: { side: 2, stretches: 3 }, shapes },
    { tiling: { side: 2, stretches: 1, rows: 1 } as never, shapes },
    { tiling: { side: 2, stretches: 1 } },
    { tiling: { side: 2, stretches: 1 }, shapes: shapes.slice(1) },
    { tiling: { side: 2, stretches: 1 }, shapes: shapes.map((s) => ({ ...s, fps: 0 })) },
  ])
    await t.rejects(synthesize(clips, select(6), options), { code })
  const tiny = shapes.map((s) => ({ ...s, width: 15 }))
  await t.rejects(synthesize(clips, select(6), { tiling: { side: 2, stretches: 1 }, shapes: tiny, decode }), {
    code: 'TILES_TOO_SMALL',
    message: /15 x 32 px.*--tiles/,
  })
})

t.test('what is evaluated is what is shipped: tiles of the written file are those that students see', async (t) => {
  const { items } = await readDistilled(composedSet, { tiles: true })
  const whole = await readDistilled(composedSet)
  t.equal(whole.items.length, 5, 'one video a class')
  t.ok(items.length > 20 && items.length === whole.items.reduce((sum, { tiles }) => sum + tiles!.length, 0))

  const graphs = await classGraphs(fold, settings, {})
  const modules = await classModules(fold, graphs, settings, {})
  const selection = await selectBy('infomap', fold, modules, { ...settings, vpc: 8, draw: 0 }, {})
  const set = await composed(fold, selection, { tiling: { side: 2, stretches: 2 }, videos: 1 }, {})
  const seen = new ItemFeatures(fold, settings, false).samples(set.items)
  t.equal(seen.length, items.length)
  for (const [i, item] of items.entries()) {
    const [read, shown] = [item.video as MadeClip, seen[i].video as MadeClip]
    t.match(read, { count: shown.count, width: shown.width, height: shown.height, fps: shown.fps })
    t.ok(same(await framesOf(read), await framesOf(shown)), `tile ${i}, byte by byte`)
    t.match(item, { label: seen[i].label, weight: seen[i].weight, classIndex: seen[i].classIndex, rank: seen[i].rank })
    t.equal(item.parents[0].id, seen[i].parents[0].id)
  }
  for (const [i, item] of uncut(set).items.entries())
    t.ok(same(await framesOf(item.video as MadeClip), await framesOf(whole.items[i].video as MadeClip)), 'uncut too')
})

t.test('a composed set in the layout of its source', async (t) => {
  const manifest = JSON.parse(readFileSync(join(composedSet, 'manifest.json'), 'utf8'))
  t.match(manifest.composition, { tiles: 2, stretches: 2, width: 112, height: 112 })
  t.match(manifest.size, { videos: 5, frames: 5 * manifest.composition.frames })
  t.equal(manifest.size.pixels, manifest.size.frames * 112 * 112)
  const back = await readDataSet(composedSet)
  t.match(back.warnings.join('\n'), /5 clips are composed .*infomotion export/, 'who takes them for clips is told')
  const train = back.clips.filter(({ split }) => split === 'train')
  t.same(
    train.map(({ classIndex }) => classIndex),
    [0, 1, 2, 3, 4],
    'each EF falls into the class of its tiles',
  )
  const text = readFileSync(join(composedSet, 'FileList.csv'), 'utf8')
  t.match(text.split('\n')[0], /,Tiles,p:EF <30,/)
  const table = parse(text, { columns: true }) as Record<string, string>[]
  t.same(new Set(table.map(({ Tiles, Split }) => `${Split} ${Tiles}`)), new Set(['TRAIN 2x2x2', 'TEST ']))
  t.notMatch(readFileSync(join(composedSet, 'VolumeTracings.csv'), 'utf8'), /composed/)
  t.match(readFileSync(join(composedSet, 'NOTICE.txt'), 'utf8'), /must cut them out[\s\S]*cv2\.resize/)
  t.match(manifest.notices.join(), /readDistilled/)
  let bytes = 0
  for (const [i, item] of manifest.items.entries()) {
    const file = readFileSync(join(composedSet, item.file))
    bytes += file.length
    t.equal(item.sha256, createHash('sha256').update(file).digest('hex'))
    const { count, width, height, fps } = await readClip(train[i].path)
    t.same([count, width, height, fps], [item.frames, item.width, item.height, manifest.composition.fps])
    const efs = item.tiles.map(({ label }: { label: string }) => Number(label))
    t.ok(Math.min(...efs) <= Number(item.label) && Number(item.label) <= Math.max(...efs))
    t.same(
      item.parents,
      item.tiles.map(({ parent }: { parent: string }) => parent),
    )
  }
  t.equal(manifest.size.bytes, bytes)
})

t.test("a teacher's half: where cross-validation on TRAIN likes it, by more than its standard error", async (t) => {
  const trials = (without: number[], half: number[]) => {
    const known = { possible: true, student: 'linear', repeats: without.length, scores: async () => [without, half] }
    return known as unknown as Trials
  }
  const tiling = { side: 1, stretches: 1 } as const
  const choose = (without: number[], half: number[]) => teacherOf(trials(without, half), tiling, { teacher: 'auto' })
  const clear = await choose([0.4, 0.5, 0.45, 0.5, 0.4], [0.5, 0.58, 0.55, 0.6, 0.51])
  t.equal(clear.share, 0.5)
  t.match(clear.note, /Half of the targets is a teacher's.*54\.8 %.*45\.0 % without/)
  t.match(await choose([0.4, 0.5, 0.45, 0.5, 0.4], [0.6, 0.4, 0.6, 0.4, 0.4]), { share: 0, note: /not clearly more/ })
  t.match(await choose([0.4, 0.5], [0.4, 0.5]), { share: 0, note: /^No teacher, by cross-validation/ })
  t.same(await teacherOf(trials([0], [1]), tiling, { teacher: 0.25 }), { share: 0.25 })

  // on parts of TRAIN, without a look at TEST; told where results are
  const given = { ...settings, vpc: 1, synthesize: 'none' as const, tiles: 'auto' as const, stretches: 'auto' as const }
  const asked = (own: Fold) => teacherOf(new Trials(own, 'infomap', 'linear', given, {}), tiling, { teacher: 'auto' })
  const found = await asked(fold)
  t.same([found.search!.repeats, found.search!.scores.map(({ share }) => share)], [5, [0, 0.5]])
  t.same(
    await asked({ ...fold, testLabels: new Uint32Array(fold.testLabels.length), testRows: new Uint32Array() }),
    found,
  )
  const alone = { ...fold, trainClips: fold.trainClips.map((clip) => ({ ...clip, group: 'one' })) }
  t.match(await asked(alone), { share: 0, note: /cannot be split/ })
  const out = temporary(t)
  const notes: string[] = []
  const run = { out, cache, vpc: 1, synthesize: 'none', randomDraws: 1, trials: 1, components: 4 } as const
  const result = await distill(data, { ...run, onNote: (note) => notes.push(note) })
  t.ok(notes.includes(result.teacher!.note!), 'the terminal tells')
  for (const name of ['manifest.json', 'report.json'])
    t.same(JSON.parse(readFileSync(join(out, name), 'utf8')).teacher, result.teacher, name)
  t.ok(readFileSync(join(out, 'report.html'), 'utf8').includes(result.teacher!.note!.slice(0, 10)))
})

t.test('soft targets are written out: of tiles in the manifest, of videos in the tables', async (t) => {
  const out = temporary(t)
  const options = { out, cache, vpc: 1, tiles: 2, stretches: 1, components: 4, until: 'train' } as const
  await distill(data, { ...options, teacher: 0.5 })
  const student = readFileSync(join(out, 'student.onnx'))
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  const columns = manifest.classes.map(({ name }: { name: string }) => `p:${name}`)
  const [weights, table] = ['weights.csv', 'FileList.csv'].map((name) => {
    return parse(readFileSync(join(out, name)), { columns: true }) as Record<string, string>[]
  })
  const train = table.filter(({ Split }) => Split === 'TRAIN')
  const softened: number[] = []
  for (const [i, { targets, tiles, class: name }] of manifest.items.entries()) {
    const own = columns.indexOf(`p:${name}`)
    const total = tiles.reduce((sum: number, { weight }: { weight: number }) => sum + weight, 0)
    for (const [c, column] of columns.entries()) {
      const mean = tiles.reduce((sum: number, tile: typeof manifest) => sum + tile.weight * tile.targets[c], 0) / total
      t.ok(Math.abs(mean - targets[c]) < 1e-6, 'the mean of its tiles')
      for (const row of [weights[i], train[i]]) t.ok(Math.abs(Number(row[column]) - targets[c]) < 1e-6, column)
    }
    for (const tile of tiles) {
      t.ok(Math.abs(tile.targets.reduce((sum: number, p: number) => sum + p, 0) - 1) < 1e-5)
      t.ok(tile.targets[own] >= 0.5, 'half is the label')
      softened.push(1 - tile.targets[own])
    }
  }
  t.ok(Math.max(...softened) > 0.01, 'half is the teacher, who is not sure of everything')
  t.same(new Set(table.filter(({ Split }) => Split !== 'TRAIN').map((row) => row[columns[0]])), new Set(['']))
  const { items } = await readDistilled(out, { tiles: true })
  t.same(
    items.map(({ soft }) => Array.from(soft!)),
    manifest.items.flatMap((item: typeof manifest) => item.tiles.map((tile: typeof manifest) => tile.targets)),
  )
  t.same(readFileSync(join(out, 'FileList.csv'), 'utf8').split('\n')[0].split(',').slice(-6), ['Tiles', ...columns])

  await distill(data, options)
  t.notSame(readFileSync(join(out, 'student.onnx')), student, 'the student learnt them')
  t.notMatch(readFileSync(join(out, 'weights.csv'), 'utf8'), /p:/)
})

t.test('students learn the tiles, each with its weight; random sets are composed alike', async (t) => {
  const graphs = await classGraphs(fold, settings, {})
  const modules = await classModules(fold, graphs, settings, {})
  const tiling = { side: 2, stretches: 1 }
  const selection = await selectBy('infomap', fold, modules, { ...settings, vpc: 4, draw: 0 }, {})
  const set = await composed(fold, selection, { tiling, videos: 1 }, {})
  const features = new ItemFeatures(fold, settings, false)
  const students = (t: Test) =>
    studentsOf('linear', { features, teacher: 0.5, predictions: new PredictionCache(temporary(t)) })
  const run = (items: readonly DistilledItem[]) => students(t).run({ space: 'motion', items, seed: 1 })
  const expected = await run(set.items)
  t.same(await run(features.samples(set.items)), expected, 'composed, or its tiles as items')
  const heavier = set.items.map((item) => ({
    ...item,
    tiles: item.tiles!.map((tile, i) => ({ ...tile, weight: 1 + i })),
  }))
  t.notSame(await run(heavier), expected, 'weights of tiles count')
  t.same(await run(set.items.map((item) => ({ ...item, weight: 9 }))), expected, 'those of videos do not')
  const stranger = expandItems(set.items, () => ({}) as MadeClip)[0].parents[0]
  const [first] = set.items
  const odd = { ...first, tiles: [{ ...first.tiles![0], parent: { ...stranger } }] }
  t.throws(() => features.samples([odd]), { code: 'INVALID_ARGUMENT' })

  const own = { ...settings, vpc: 1, selector: 'infomap', refine: 'none' as const }
  const sets = [set, ...(await baselineSets(fold, modules, set, tiling, own, {}))]
  const { rows } = await evaluateSets(features, students(t), sets, 0, {})
  const main = rows
    .filter((row) => row.features === 'motion')
    .map(({ selector, clips, samples }) => [selector, clips, samples])
  t.same(main, [
    ...[
      ['infomap', 5, 20],
      ['kmedoids', 5, 20],
      ['graph-coverage', 5, 20],
      ['random', 5, 20],
      ['infomap:plain', 5, undefined],
      ['infomap:uncut', 5, undefined],
    ],
    ['full', 30, undefined],
  ])
  t.equal(rows.find(({ selector }) => selector === 'random')!.runs.length, 2)
})

t.test(
  'auto: by cross-validation on TRAIN, the same for any number of threads, and TEST is not looked at',
  async (t) => {
    const given = { ...settings, vpc: 1, synthesize: 'compose' as const, tiles: 'auto' as const, stretches: 1 as const }
    const found = await compositionOf(fold, new Trials(fold, 'infomap', 'linear', given, {}), given)
    const scores = found.search!.scores
    t.same(
      scores.map(({ side }) => side),
      [1, 2, 3, 4],
    )
    const best = Math.max(...scores.map(({ mean }) => mean))
    t.equal(found.tiling.side, scores.find(({ mean }) => mean === best)!.side, 'the best; of equals the fewest tiles')
    const blind = { ...fold, testLabels: new Uint32Array(fold.testLabels.length), testRows: new Uint32Array() }
    t.same((await compositionOf(blind, new Trials(blind, 'infomap', 'linear', given, {}), given)).search, found.search)

    const small = join(temporary(t), 'phantom')
    await writePhantom(small, { train: 10, test: 2, seed: 4 })
    const files = await Promise.all(
      ['1', '3'].map(async (threads) => {
        const out = join(temporary(t), 'set')
        const args = [
          'distill',
          small,
          '--out',
          out,
          '--vpc',
          '1',
          '--until',
          'synthesize',
          '--synthesize',
          'compose',
          '--stretches',
          '1',
          '--json',
        ]
        const { status, err } = await infomotion(args, { INFOMOTION_THREADS: threads })
        t.equal(status, 0, err)
        return readFileSync(join(out, 'manifest.json'), 'utf8')
      }),
    )
    t.equal(files[0], files[1], 'manifests with the sums of the videos')
    const asked = JSON.parse(files[0])
    t.same(asked.composition.search.scores.length, 4)

    const few = { ...fold, trainClips: fold.trainClips.map((clip) => ({ ...clip, group: 'one' })) }
    const alone = await compositionOf(few, new Trials(few, 'infomap', 'linear', given, {}), given)
    t.same([alone.tiling, alone.warnings.length], [{ side: 1, stretches: 1 }, 1], 'one group cannot be split: told')
    const none = await compositionOf(fold, new Trials(fold, 'infomap', 'linear', given, {}), {
      ...given,
      synthesize: 'none',
    })
    t.same([none.tiling, none.search], [{ side: 1, stretches: 1 }, undefined])
    const out = temporary(t)
    await t.rejects(distill(data, { out, vpc: 1, synthesize: 'none', tiles: 2 }), { code: 'INVALID_ARGUMENT' })
  },
)

t.test('compare, and distill to its report, with composed clips', async (t) => {
  const out = temporary(t)
  const common = { cache, tiles: 2, stretches: 1, randomDraws: 2, components: 4 } as const
  const options = { ...common, vpc: [1], selectors: ['infomap'], seeds: 1, synthesize: 'compose' as const }
  const { budgets } = await compare(data, { ...options, out })
  t.same(budgets[0].tilings, ['2x2'])
  const rows = budgets[0].evaluation.rows.filter(({ features }) => features === 'motion')
  t.same(
    rows.map(({ selector, clips, samples, runs }) => [selector, clips, samples, runs.length]),
    [
      ['infomap', 5, 20, 1],
      ['random', 5, 20, 2],
      ['infomap:plain', 5, undefined, 1],
      ['random:plain', 5, undefined, 2],
      ['full', 30, undefined, 1],
    ],
  )
  const plain = await compare(data, { ...options, synthesize: 'none', tiles: 'auto', stretches: 'auto', out })
  t.same(plain.budgets[0].tilings, undefined)
  const same = (selector: string, from = plain) =>
    from.budgets[0].evaluation.rows.find((row) => row.selector === selector)!.balancedAccuracy
  t.same(rows[3].balancedAccuracy, same('random'), 'plain rows are those of a comparison without composed clips')

  const folder = temporary(t)
  const { composition, selected } = await distill(data, { ...common, out: folder, vpc: 1, synthesize: 'compose' })
  t.match(composition, { tiles: 2, stretches: 1, width: 112, height: 112 })
  t.equal(selected, 5)
  const page = readFileSync(join(folder, 'report.html'), 'utf8')
  t.match(
    page,
    /5 videos, which hold 20 clips, distilled from 30 .* train a student to [\d.]+.% balanced accuracy; as many plain clips/,
  )
  t.match(page, /by a loader that does not cut tiles/)
  t.match(page, /must cut them out[\s\S]*cv2\.resize/)
  t.equal(page.match(/data-frames=/g)?.length, 5)
  const { items, ...report } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))
  t.same([items.length, items[0].tiles.length, report.size.videos], [5, 4, 5])
})

t.test('export: tiles as plain clips with an ordinary table', async (t) => {
  const out = join(temporary(t), 'plain')
  const { status, out: said, err } = await infomotion(['export', composedSet, '--tiles', '--out', out, '--json'])
  t.equal(status, 0, err)
  const { items } = await readDistilled(composedSet, { tiles: true })
  t.same(JSON.parse(said), { clips: items.length, out })
  const back = await readDataSet(out)
  const train = back.clips.filter(({ split }) => split === 'train')
  t.same(
    train.map(({ label, classIndex }) => [label, classIndex]),
    items.map(({ label, classIndex }) => [label, classIndex]),
  )
  t.equal(back.clips.length - train.length, 10, 'TEST stays')
  for (const [i, { path }] of train.entries()) {
    const clip = await readClip(path)
    const video = items[i].video as MadeClip
    t.match(clip, { count: video.count, width: video.width, height: video.height })
    t.ok(Math.abs(clip.fps - video.fps) < 1e-3)
    const frames = await framesOf(video)
    t.ok(
      frames.every((value, j) => Math.abs(value - clip.frames[j]) < 24),
      'compressed once more',
    )
  }
  const weights = parse(readFileSync(join(out, 'weights.csv')), { columns: true }) as Record<string, string>[]
  t.same(
    weights.map(({ weight }) => Number(weight)),
    items.map(({ weight }) => weight),
  )
  await t.rejects(exportDistilled(composedSet, { out: join(out, 'x') }), { code: 'INVALID_ARGUMENT', message: /tiles/ })

  const plain = join(temporary(t), 'set')
  await distill(data, { out: plain, cache, vpc: 1, synthesize: 'none', until: 'synthesize', components: 4 })
  const { clips } = await exportDistilled(plain, { out: join(plain, '..', 'again') })
  t.equal(clips, 5)
  t.same(
    (await readDistilled(plain, { tiles: true })).items.map(({ video }) => video.kind),
    new Array(5).fill('source'),
  )
})

t.test('manifests that were edited: named errors', async (t) => {
  const good = JSON.parse(readFileSync(join(composedSet, 'manifest.json'), 'utf8'))
  const folder = join(temporary(t), 'set')
  cpSync(composedSet, folder, { recursive: true, verbatimSymlinks: true })
  // biome-ignore lint/suspicious/noExplicitAny: what is edited is no manifest any more
  const edits: [string, (manifest: any) => void][] = [
    ['a tile outside its clip', (m) => (m.items[0].tiles[0].place.x = 112)],
    ['a tile wider than its clip', (m) => (m.items[0].tiles[1].place.width = 64)],
    ['a tile after its end', (m) => (m.items[0].tiles[0].place.to = 100_000)],
    ['a tile that ends before it begins', (m) => (m.items[0].tiles[0].place.to = 0)],
    ['half a pixel', (m) => (m.items[0].tiles[0].place.y = 0.5)],
    [
      'a tile of more memory than there is',
      (m) => Object.assign(m.items[0].tiles[0], { width: 16_384, height: 16_384 }),
    ],
    ['an unknown key of a tile', (m) => (m.items[0].tiles[0].scale = 2)],
    ['an unknown key of a place', (m) => (m.items[0].tiles[0].place.z = 2)],
    ['an unknown key', (m) => (m.extra = 1)],
    ['another size', (m) => Object.assign(m.items[0], { width: 224, height: 224 })],
    ['another length', (m) => (m.items[0].frames += 1)],
    ['no tiles', (m) => (m.items[0].tiles = [])],
    ['a class that is none', (m) => (m.items[0].class = 'other')],
    ['a weight below zero', (m) => (m.items[0].tiles[0].weight = -1)],
    ['targets of another sum', (m) => (m.items[0].tiles[0].targets = [1, 1, 0, 0, 0])],
    ['a file elsewhere', (m) => (m.items[0].file = '../phantom/FileList.csv')],
    ['another file', (m) => (m.items[0].file = m.items[1].file)],
    ['a file that is not there', (m) => (m.items[0].file = 'Videos/none.avi')],
    ['no file', (m) => delete m.items[0].file],
    ['items that are none', (m) => (m.items = { length: 3 })],
    ['an item that is none', (m) => (m.items[0] = null)],
    ['a place that is none', (m) => (m.items[0].tiles[0].place = null)],
    ['another schema', (m) => (m.schema = 2)],
  ]
  for (const [what, edit] of edits) {
    const manifest = structuredClone(good)
    edit(manifest)
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
    await t.rejects(
      readDistilled(folder, { tiles: true }),
      { code: 'DISTILLED_INVALID', message: /manifest\.json/ },
      what,
    )
  }
  for (const text of ['', '[]', 'null', '{"schema":1', '7']) {
    writeFileSync(join(folder, 'manifest.json'), text)
    await t.rejects(readDistilled(folder), { code: 'DISTILLED_INVALID' }, text)
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(good))
  await readDistilled(folder)
  const outside = join(temporary(t), 'outside.avi')
  cpSync(join(folder, good.items[0].file), outside)
  rmSync(join(folder, good.items[0].file))
  symlinkSync(outside, join(folder, good.items[0].file))
  await t.rejects(readDistilled(folder), { code: 'DISTILLED_INVALID', message: /leads out/ })
  await t.rejects(readDistilled(join(folder, 'none')), { code: 'DISTILLED_NOT_FOUND' })
  mkdirSync(join(folder, 'odd', 'manifest.json'), { recursive: true })
  await t.rejects(readDistilled(join(folder, 'odd')), { code: 'DISTILLED_NOT_FOUND' })
  await t.rejects(readDistilled(folder, { tile: true } as object), { code: 'INVALID_ARGUMENT' })
})
