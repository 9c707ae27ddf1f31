import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { readDataSet } from '#lib/dataset/index.js'
import { phasesOf } from '#lib/phantom/cycle.js'
import { writePhantom } from '#lib/phantom/index.js'
import { Motion } from '#lib/phantom/motion.js'
import { drawPatient, SIZE } from '#lib/phantom/patient.js'
import { type Scan, scanOf, trueFlow } from '#lib/phantom/render.js'
import { traceScan } from '#lib/phantom/tracing.js'
import { Random } from '#lib/runtime/random.js'
import { readClip } from '#lib/video/index.js'
import { root, temporary } from './support.js'

t.setTimeout(180_000) // drawing hearts takes its time on a busy machine

const lines = (path: string) => readFileSync(path, 'utf8').trim().split('\n')
const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

t.test("EchoNet's layout, and volumes that agree with the tracings", async (t) => {
  const dir = join(temporary(t), 'phantom')
  t.same(await writePhantom(dir, { train: 10, val: 2, test: 5, seed: 3, flow: true }), {
    clips: 17,
    train: 10,
    val: 2,
    test: 5,
  })
  t.same(readdirSync(dir).sort(), [
    'FileList.csv',
    'Flow',
    'README.txt',
    'Videos',
    'VolumeTracings.csv',
    'phantom.json',
  ])
  t.match(readFileSync(join(dir, 'README.txt'), 'utf8'), /SYNTHETIC/)
  t.equal(lines(join(dir, 'FileList.csv'))[0], 'FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split')

  const set = await readDataSet(dir)
  t.same([set.layout, set.clips.length, set.synthetic, set.notice, set.warnings], ['echonet', 17, true, undefined, []])
  for (const [split, each] of [
    ['train', 2],
    ['test', 1],
  ] as const) {
    const counts = set.classes.map(
      (_, c) => set.clips.filter((clip) => clip.split === split && clip.classIndex === c).length,
    )
    t.same(counts, [each, each, each, each, each], `${split}: every class as often`)
  }

  const [header, ...traced] = lines(join(dir, 'VolumeTracings.csv'))
  t.equal(header, 'FileName,X1,Y1,X2,Y2,Frame')
  for (const row of set.source.rows) {
    const clip = await readClip(join(dir, 'Videos', `${row.FileName}.avi`))
    t.same([clip.count, clip.width, clip.height, clip.fps], [Number(row.NumberOfFrames), SIZE, SIZE, Number(row.FPS)])
    t.same([clip.damagedFrames, clip.warnings], [0, []])
    // Simpson's rule over again, from the file, in whatever unit: the ejection fraction has none.
    const frames = new Map<string, number[][]>()
    for (const line of traced.filter((line) => line.startsWith(`${row.FileName}.avi,`))) {
      const cells = line.split(',')
      frames.set(cells[5], [...(frames.get(cells[5]) ?? []), cells.slice(1, 5).map(Number)])
    }
    t.equal(frames.size, 2, 'two frames are traced')
    const [small, large] = [...frames.values()].map((trace) => {
      t.equal(trace.length, 21, 'the long axis and twenty chords')
      t.ok(trace.flat().every((at) => at > -5 && at < SIZE + 5))
      const [axis, ...chords] = trace.map(([x1, y1, x2, y2]) => Math.hypot(x2 - x1, y2 - y1))
      t.ok(axis > Math.max(...chords), 'the long axis is the longest')
      return ((Math.PI / 4) * axis * chords.reduce((sum, chord) => sum + chord ** 2, 0)) / 20
    })
    t.ok(Math.abs((100 * (large - small)) / large - Number(row.EF)) < 1, `EF ${row.EF}`)
    t.ok(Math.abs(large / small - Number(row.EDV) / Number(row.ESV)) < 0.02)
    t.ok(Number(row.EDV) > 15 && Number(row.EDV) < 350, `EDV ${row.EDV} ml`)
  }
  const spread = (name: string) => new Set(set.source.rows.map((row) => row[name])).size
  t.ok(spread('FPS') > 5 && spread('NumberOfFrames') > 5, 'rates and lengths differ')

  t.same(readdirSync(join(dir, 'Flow')), ['phantom-train-00000', 'phantom-train-00001'])
  const flows = readdirSync(join(dir, 'Flow', 'phantom-train-00000'))
  t.equal(flows.length, Number(set.source.rows[0].NumberOfFrames) - 1)
  const flo = readFileSync(join(dir, 'Flow', 'phantom-train-00000', flows[0]))
  t.same(
    [flo.readFloatLE(0), flo.readInt32LE(4), flo.readInt32LE(8), flo.length],
    [202021.25, SIZE, SIZE, 12 + 8 * SIZE * SIZE],
  )

  const before = set.clips.map((clip) => hash(clip.path))
  await writePhantom(dir, { train: 3, test: 1, seed: 3 })
  const again = await readDataSet(dir)
  t.same(again.clips.length, 4, 'a phantom data set is replaced')
  t.same(
    again.clips.map((clip) => hash(clip.path)),
    [...before.slice(0, 3), before[12]],
    'a clip depends on its seed alone',
  )
  await writePhantom(dir, { train: 1, test: 1, seed: 4 })
  t.not(hash((await readDataSet(dir)).clips[0].path), before[0], 'another seed, another clip')
})

t.test('a folder that holds more than a phantom data set is not emptied', async (t) => {
  for (const [name, what] of [
    ['weights.csv', 'a distilled set, which has phantom.json too'],
    ['notes.txt', 'notes beside it'],
    [join('Videos', 'mine.avi'), 'a clip among its clips'],
    [join('Flow', 'mine.flo'), 'a field among its fields'],
  ]) {
    const dir = temporary(t)
    await writePhantom(dir, { train: 1, test: 1, seed: 1 })
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), 'mine')
    const before = readdirSync(dir, { recursive: true })
    const message = new RegExp(`holds ${name.replace('.', '\\.')}, which is no part`)
    await t.rejects(writePhantom(dir, { train: 1, test: 1, seed: 2 }), { code: 'PHANTOM_FOLDER_IN_USE', message }, what)
    t.same(readdirSync(dir, { recursive: true }), before)
  }
  const elsewhere = temporary(t)
  writeFileSync(join(elsewhere, 'phantom-train-00000.avi'), 'mine')
  const linked = temporary(t)
  writeFileSync(join(linked, 'phantom.json'), '{}')
  symlinkSync(elsewhere, join(linked, 'Videos'))
  await t.rejects(writePhantom(linked, { train: 1, test: 1, seed: 1 }), { code: 'PHANTOM_FOLDER_IN_USE' })
  t.same(readFileSync(join(elsewhere, 'phantom-train-00000.avi'), 'utf8'), 'mine')
})

t.test('what it refuses', async (t) => {
  const dir = temporary(t)
  writeFileSync(join(dir, 'thesis.tex'), '')
  await t.rejects(writePhantom(dir, { train: 1, test: 1 }), { code: 'PHANTOM_FOLDER_IN_USE', message: /thesis.tex/ })
  await t.rejects(writePhantom(dir, { train: 0, test: 1 }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(writePhantom(dir, { train: 1, test: 1, seeds: 2 } as never), { code: 'INVALID_ARGUMENT' })
  const stop = new AbortController()
  const out = join(dir, 'out')
  const made = writePhantom(out, { train: 50, test: 1, signal: stop.signal, onProgress: () => stop.abort() })
  await t.rejects(made, { code: 'ABORTED' })
  t.notOk(existsSync(join(out, 'FileList.csv')), 'an unfinished set has no table')
  t.same(
    await writePhantom(out, { train: 1, test: 0 }),
    { clips: 1, train: 1, val: 0, test: 0 },
    'and can be made again',
  )
})

t.test('a wide variety of scans of the same hearts', async (t) => {
  const dir = join(temporary(t), 'p')
  const made = async (variety?: 'usual' | 'wide') => {
    await writePhantom(dir, { train: 2, test: 0, seed: 5, variety })
    const set = await readDataSet(dir)
    return { efs: set.source.rows.map((row) => row.EF), hashes: set.clips.map((clip) => hash(clip.path)) }
  }
  const usual = await made()
  const wide = await made('wide')
  t.same(await made('usual'), usual)
  t.same(wide.efs, usual.efs, 'the volumes are those of the hearts')
  t.ok(wide.hashes.every((hash, i) => hash !== usual.hashes[i]))
  t.same(await made('wide'), wide)

  const spread = (variety: 'usual' | 'wide', value: (patient: ReturnType<typeof drawPatient>) => number) => {
    const values = Array.from({ length: 200 }, (_, i) => value(drawPatient(1, 'TRAIN', i, variety)))
    return Math.max(...values) - Math.min(...values)
  }
  for (const value of [
    (patient: ReturnType<typeof drawPatient>) => patient.scan.heartRate,
    (patient: ReturnType<typeof drawPatient>) => patient.sector.halfAngle,
    (patient: ReturnType<typeof drawPatient>) => patient.image.noise,
    (patient: ReturnType<typeof drawPatient>) => patient.pose.tilt,
  ])
    t.ok(spread('wide', value) > 1.5 * spread('usual', value), String(value))
  await t.rejects(writePhantom(dir, { train: 1, test: 0, variety: 'wild' as never }), { code: 'INVALID_ARGUMENT' })
})

t.test('the command', (t) => {
  const dir = join(temporary(t), 'p')
  const arguments_ = [
    join(root, 'dist', 'cli.js'),
    'phantom',
    dir,
    '--train',
    '2',
    '--test',
    '1',
    '--seed',
    '7',
    '--json',
  ]
  const { status, stdout } = spawnSync(process.execPath, arguments_, { encoding: 'utf8' })
  t.equal(status, 0)
  const { seconds, ...said } = JSON.parse(stdout)
  t.same(said, { clips: 3, train: 2, val: 0, test: 1, out: dir })
  t.type(seconds, 'number')
  t.end()
})

t.test('the heart beats', (t) => {
  for (let i = 0; i < 80; i++) {
    const patient = drawPatient(1, 'TRAIN', i, i < 40 ? 'usual' : 'wide')
    const phases = phasesOf(patient)
    const contractions = phases.map(({ contraction }) => contraction)
    t.same([Math.min(...contractions), Math.max(...contractions)], [0, 1], 'a frame at each end of the beat')
    t.ok(phases.every(({ contraction, valve }) => contraction >= 0 && contraction <= 1 && valve >= 0 && valve <= 1))
    const jump = Math.max(...contractions.slice(1).map((g, f) => Math.abs(g - contractions[f])))
    t.ok(jump < 0.5, `moves smoothly, at most ${jump.toFixed(2)} of the way in a frame`)
  }
  t.end()
})

t.test('tissue and its true flow', (t) => {
  const point = new Float64Array(2)
  for (let i = 0; i < 5; i++) {
    const patient = drawPatient(2, 'TRAIN', i)
    for (const contraction of [0, 0.4, 1]) {
      const motion = new Motion(patient, { contraction, valve: 0 }, 0.3)
      for (let along = -20; along < 100; along += 7) {
        for (let across = -60; across < 50; across += 7) {
          motion.backward(along, across, point)
          motion.forward(point[0], point[1], point)
          const off = Math.hypot(point[0] - along, point[1] - across)
          if (off > 1e-9) t.fail(`forward(backward) is off by ${off} px at ${along}, ${across}`)
        }
      }
    }
    // End systole, fetched back along the flow, looks like end diastole: speckle moves with the tissue.
    const scan = scanOf(patient, 2, 'TRAIN', i)
    const { systole, diastole } = traceScan(scan)
    const still = difference(scan, diastole.frame, systole.frame, false)
    const followed = difference(scan, diastole.frame, systole.frame, true)
    t.ok(
      followed < 0.75 * still,
      `grey levels differ by ${followed.toFixed(1)} along the flow, ${still.toFixed(1)} in place`,
    )
  }
  t.end()
})

/** Mean difference in grey of two frames where tissue moves by a pixel or more, in place or along the true flow. */
function difference(scan: Scan, from: number, to: number, follow: boolean): number {
  const a = new Uint8Array(SIZE * SIZE)
  const b = new Uint8Array(SIZE * SIZE)
  scan.draw(from, a)
  scan.draw(to, b)
  const flow = trueFlow(scan, from, to)
  const back = trueFlow(scan, to, from)
  let sum = 0
  let count = 0
  for (let i = 0; i < SIZE * SIZE; i++) {
    const [u, v] = [flow[2 * i], flow[2 * i + 1]]
    if (u > 1e9 || Math.hypot(u, v) < 1) continue
    const x = (i % SIZE) + u
    const y = Math.floor(i / SIZE) + v
    const at = Math.floor(y) * SIZE + Math.floor(x)
    if (x < 0 || y < 0 || x >= SIZE - 1 || y >= SIZE - 1 || back[2 * at] > 1e9) continue
    const [fx, fy] = [x - Math.floor(x), y - Math.floor(y)]
    const top = b[at] * (1 - fx) + b[at + 1] * fx
    const bottom = b[at + SIZE] * (1 - fx) + b[at + SIZE + 1] * fx
    sum += Math.abs(a[i] - (follow ? top * (1 - fy) + bottom * fy : b[i]))
    count++
  }
  return sum / count
}

t.test('only motion tells the ejection fraction', (t) => {
  const train = looks(11, 'TRAIN', 200)
  const test = looks(11, 'TEST', 150)
  const score = (view: (look: Look) => Float64Array) => {
    const scores = [1, 10].map((ridge) => balancedAccuracy(train, test, view, ridge))
    return [Math.max(...scores), scores.map((score) => score.toFixed(3)).join(', ')] as const
  }
  // Five classes: chance is 0.20, with a standard deviation of 0.033 for 150 clips.
  const [diastole, said1] = score(({ diastole }) => diastole)
  t.ok(diastole <= 0.27, `on the end-diastolic frame at chance: ${said1}`)
  const [any, said2] = score(({ any }) => any)
  t.ok(any <= 0.3, `on a random frame at most 0.30: ${said2}`)
  const [change, said3] = score(({ diastole, systole }) => diastole.map((grey, i) => systole[i] - grey))
  t.ok(change >= 0.35, `on what changes from end diastole to end systole at least 0.35: ${said3}`)
  t.end()
})

/** Three frames of a patient, 28 x 28 cells each. */
interface Look {
  diastole: Float64Array
  systole: Float64Array
  any: Float64Array
  classIndex: number
}

function looks(seed: number, split: string, count: number): Look[] {
  const frame = new Uint8Array(SIZE * SIZE)
  return Array.from({ length: count }, (_, i) => {
    const patient = drawPatient(seed, split, i)
    const scan = scanOf(patient, seed, split, i)
    const { systole, diastole } = traceScan(scan)
    const any = new Random(seed, 'any', split, i).below(scan.phases.length)
    const look = (number: number) => {
      scan.draw(number, frame)
      const cells = new Float64Array(28 * 28)
      frame.forEach((grey, i) => {
        cells[28 * Math.floor(i / SIZE / 4) + Math.floor((i % SIZE) / 4)] += grey / 16
      })
      return cells
    }
    const classIndex = [30, 40, 50, 70].filter((edge) => 100 * patient.ef >= edge).length
    return { diastole: look(diastole.frame), systole: look(systole.frame), any: look(any), classIndex }
  })
}

/** Balanced accuracy of ridge regression on one-hot classes over standardised cells (dual form). */
function balancedAccuracy(train: Look[], test: Look[], view: (look: Look) => Float64Array, ridge: number): number {
  const rows = train.map(view)
  const dim = rows[0].length
  const mean = new Float64Array(dim)
  const scale = new Float64Array(dim)
  for (const row of rows)
    row.forEach((x, j) => {
      mean[j] += x / rows.length
    })
  for (const row of rows)
    row.forEach((x, j) => {
      scale[j] += (x - mean[j]) ** 2 / rows.length
    })
  const standard = (row: Float64Array) => row.map((x, j) => (x - mean[j]) / (Math.sqrt(scale[j]) + 5))
  const a = rows.map(standard)
  const dot = (x: Float64Array, y: Float64Array) => {
    let sum = 0
    for (let j = 0; j < dim; j++) sum += x[j] * y[j]
    return sum / dim
  }
  const gram = a.map((x, i) => Float64Array.from(a, (y, j) => dot(x, y) + (i === j ? ridge : 0)))
  const targets = train.map(({ classIndex }) =>
    Float64Array.from({ length: 5 }, (_, c) => (c === classIndex ? 0.8 : -0.2)),
  )
  const weights = solve(gram, targets)
  const right = new Array<number>(5).fill(0)
  const all = new Array<number>(5).fill(0)
  for (const look of test) {
    const row = standard(view(look))
    const kernel = a.map((x) => dot(x, row))
    const scores = [0, 1, 2, 3, 4].map((c) => kernel.reduce((sum, k, i) => sum + k * weights[i][c], 0))
    all[look.classIndex]++
    if (scores.indexOf(Math.max(...scores)) === look.classIndex) right[look.classIndex]++
  }
  return right.reduce((sum, count, c) => sum + count / all[c] / 5, 0)
}

/** Solves G X = Y for a symmetric positive definite G by Gaussian elimination; G and Y are used up. */
function solve(g: Float64Array[], y: Float64Array[]): Float64Array[] {
  const n = g.length
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++) {
      const factor = g[i][k] / g[k][k]
      for (let j = k; j < n; j++) g[i][j] -= factor * g[k][j]
      for (let c = 0; c < y[i].length; c++) y[i][c] -= factor * y[k][c]
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let c = 0; c < y[k].length; c++) {
      for (let j = k + 1; j < n; j++) y[k][c] -= g[k][j] * y[j][c]
      y[k][c] /= g[k][k]
    }
  }
  return y
}
