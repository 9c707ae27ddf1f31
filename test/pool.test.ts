import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Options as ParseOptions, parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { compare, distill, readDataSet, readDistilled, select, writePhantom } from 'infomotion'
import t from 'tap'
import { readPool } from '#lib/dataset/pool.js'
import { Random } from '#lib/runtime/random.js'
import { temporary } from './support.js'

// Ordinary phantoms as the data set, others as a pool to choose from; both call their clips phantom-train-00000 and on.
const shared = join(tmpdir(), `infomotion-pool-${process.pid}`)
const data = join(shared, 'real')
const wide = join(shared, 'wide')
const cache = join(shared, 'cache')
const method = { cache, randomDraws: 2, trials: 2 }
t.setTimeout(300_000)
t.before(async () => {
  await writePhantom(data, { train: 20, test: 10, seed: 3 })
  await writePhantom(wide, { train: 20, test: 0, seed: 8, variety: 'wide' })
})
t.teardown(() => rmSync(shared, { recursive: true, force: true }))

type Row = Record<string, string>
const rowsOf = (path: string) => parse(readFileSync(path), { columns: true } as ParseOptions) as unknown as Row[]

/** A copy of a set with other rows, and the clips that they name out of the given folders. */
function edited(t: Parameters<typeof temporary>[0], from: string, edit: (row: Row, i: number) => Row | undefined) {
  const dir = join(temporary(t), 'pool')
  mkdirSync(join(dir, 'Videos'), { recursive: true })
  for (const name of readdirSync(join(from, 'Videos')))
    copyFileSync(join(from, 'Videos', name), join(dir, 'Videos', name))
  const rows = rowsOf(join(from, 'FileList.csv'))
    .map(edit)
    .filter((row) => row !== undefined)
  writeFileSync(join(dir, 'FileList.csv'), stringify(rows, { header: true }))
  return dir
}

t.test('plain and composed: chosen from the pool, in the layout of the data set, with its TEST', async (t) => {
  const real = new Map(rowsOf(join(data, 'FileList.csv')).map((row) => [row.FileName, row]))
  const pooled = new Map(rowsOf(join(wide, 'FileList.csv')).map((row) => [row.FileName, row]))
  const out = temporary(t)
  const notes: string[] = []
  const plain = { ...method, out, vpc: 2, synthesize: 'none' as const, refine: 'swap' as const }
  const result = await distill(data, { ...plain, pool: wide, onNote: (note) => notes.push(note) })
  t.same(result.pool, {
    ...{ name: 'wide', synthetic: true, clips: 20, candidates: 20 },
    ...{ left: { madeFromHeld: 0, copiesOfHeld: 0, copiesOfTrain: 0 }, copies: 0 },
  })
  t.ok(notes.some((note) => note === 'Clips are chosen from the pool wide: 20 of its 20.'))
  t.ok(notes.some((note) => /does not say what its clips were made from/.test(note)))
  const full = result.evaluation!.rows.find(({ selector }) => selector === 'full')!
  t.equal(full.clips, 20, 'all of TRAIN stands beside it')

  const again = await readDataSet(out)
  t.same([again.layout, again.clips.length, again.splits], ['echonet', 20, 'given'])
  const rows = rowsOf(join(out, 'FileList.csv'))
  for (const row of rows) {
    const own = real.get(row.FileName)
    if (row.Split === 'TEST') {
      t.same(row, own, 'TEST is the data set\u2019s')
      continue
    }
    const name = row.FileName.replace(/^pool-/, '')
    t.not(name, row.FileName, 'a name of its own')
    const source = pooled.get(name)!
    t.same(
      [row.EF, row.FPS, row.NumberOfFrames, row.FrameWidth, row.Split],
      [source.EF, source.FPS, source.NumberOfFrames, source.FrameWidth, 'TRAIN'],
    )
    t.same(
      readFileSync(join(out, 'Videos', `${row.FileName}.avi`)),
      readFileSync(join(wide, 'Videos', `${name}.avi`)),
      'the pool\u2019s clip, not the data set\u2019s of that name',
    )
  }
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  t.same([manifest.pool.name, manifest.options.pool], ['wide', 'wide'])
  for (const { path, pool, parents } of manifest.items) {
    t.match(path, /^wide\/phantom-train-\d+\.avi$/)
    t.same([pool, parents], ['wide', [path]])
  }
  t.notOk(JSON.stringify(manifest).includes(shared), 'no folders')
  t.match(readFileSync(join(out, 'report.html'), 'utf8'), /of the pool wide/)
  const { items } = await readDistilled(out)
  t.equal(items[0].parents[0].pool?.name, 'wide')

  const composed = temporary(t)
  const tiles = { synthesize: 'compose' as const, tiles: 2 as const, stretches: 1 as const }
  const twice = await distill(data, { ...method, ...tiles, out: composed, vpc: 1, pool: wide, refine: 'none' })
  const first = JSON.parse(readFileSync(join(composed, 'manifest.json'), 'utf8'))
  t.equal(twice.selected, 5)
  for (const { tiles } of first.items)
    for (const { parent, pool } of tiles) t.same([parent.startsWith('wide/'), pool], [true, 'wide'])
  const shape = commonest([...real.values()].filter(({ Split }) => Split === 'TRAIN').map(({ FPS }) => FPS))
  t.equal(String(first.items[0].fps), shape, 'of the data set\u2019s shape')
})

function commonest(values: string[]): string {
  const count = (value: string) => values.filter((other) => other === value).length
  return values.reduce((most, value) => (count(value) > count(most) ? value : most))
}

t.test('what was made from VAL and TEST leaves; copies are counted, dropped, refused', async (t) => {
  const real = rowsOf(join(data, 'FileList.csv'))
  const train = real.filter(({ Split }) => Split === 'TRAIN').map(({ FileName }) => FileName)
  const test = real.filter(({ Split }) => Split === 'TEST').map(({ FileName }) => FileName)
  // three of TEST, one of TRAIN, one of nobody, the others unnamed
  const source = [test[0], `${test[1]}.avi`, `${train[2]};${test[2]}`, train[1], 'somebody']
  const pool = edited(t, wide, (row, i) => ({ ...row, Source: source[i] ?? '' }))
  // two clips of the data set in the place of the pool's last ones: one of TRAIN, one of TEST
  const own = rowsOf(join(pool, 'FileList.csv')).map(({ FileName }) => FileName)
  for (const [at, name] of [
    [18, train[5]],
    [19, test[5]],
  ] as const)
    copyFileSync(join(data, 'Videos', `${name}.avi`), join(pool, 'Videos', `${own[at]}.avi`))
  const options = { ...method, vpc: 1, until: 'graph' as const, pool, poolParentColumn: 'Source' }
  const warnings: string[] = []
  const found = await distill(data, { ...options, out: temporary(t), onWarning: (text) => warnings.push(text) })
  t.match(found.pool, {
    ...{ clips: 20, candidates: 16, copies: 1 },
    left: { madeFromHeld: 3, copiesOfHeld: 1, copiesOfTrain: 0 },
  })
  t.ok(warnings.some((text) => /^1 clips of the pool name parents that are no clip of the data set/.test(text)))
  const dropped = await distill(data, { ...options, poolCopies: 'drop', out: temporary(t) })
  t.match(dropped.pool, { candidates: 15, copies: 0, left: { copiesOfTrain: 1 } })
  await t.rejects(distill(data, { ...options, poolCopies: 'refuse', out: temporary(t) }), {
    code: 'POOL_COPIES',
    message: /2 of 20 clips .* of phantom-t/,
  })
})

t.test('classes by name, or by the same bounds', async (t) => {
  const folders = (names: string[]) => {
    const dir = join(temporary(t), 'set')
    const clips = readdirSync(join(data, 'Videos'))
    for (const [i, name] of names.entries()) {
      mkdirSync(join(dir, name), { recursive: true })
      for (const c of [0, 1, 2]) copyFileSync(join(data, 'Videos', clips[3 * i + c]), join(dir, name, `${c}.avi`))
    }
    return dir
  }
  const dataSet = await readDataSet(folders(['mild', 'severe']))
  const pool = await readPool(folders(['Severe', 'mild ', 'odd']), dataSet)
  t.same(
    pool.clips.map(({ classIndex, label }) => [classIndex, label]),
    [...Array(3).fill([1, 'severe']), ...Array(3).fill([0, 'mild'])],
  )
  t.match(pool.warnings, [/3 clips of the pool have labels that are no class of the data set.*"odd"/])
  t.match((await readPool(folders(['mild', 'odd']), dataSet)).warnings, [/odd/, /The pool has no clip of "severe"/])
  await t.rejects(readPool(folders(['odd', 'even']), dataSet), { code: 'POOL_UNUSABLE', message: /"even", "odd"/ })

  const thirds = await readDataSet(data, { classes: 'quantile:3' })
  const inThirds = await readPool(wide, thirds)
  const bound = (c: number) =>
    thirds.clips.filter(({ classIndex }) => classIndex === c).map(({ label }) => Number(label))
  for (const { label, classIndex } of inThirds.clips) {
    if (classIndex > 0) t.ok(Number(label) > Math.max(...bound(classIndex - 1).filter((v) => v < Number(label)), 0))
    t.ok(classIndex === 2 || Number(label) < Math.min(...bound(classIndex + 1)), `${label} in ${classIndex}`)
  }
})

t.test('pools that are none', async (t) => {
  const out = temporary(t)
  const options = { ...method, out, vpc: 1 }
  const code = 'INVALID_ARGUMENT'
  await t.rejects(distill(data, { ...options, pool: data }), { code, message: /other than the data set/ })
  await t.rejects(distill(data, { ...options, pool: join(data, 'FileList.csv') }), { code })
  await t.rejects(distill(data, { ...options, pool: join(shared, 'nowhere') }), { code: 'DATASET_NOT_FOUND' })
  await t.rejects(distill(data, { ...options, pool: wide, out: wide }), { code, message: /outside/ })
  await t.rejects(distill(data, { ...options, pool: wide, out: shared }), { code, message: /outside/ })
  await t.rejects(distill(data, { ...options, pool: wide, poolParentColumn: 'Nope' }), {
    code: 'DATASET_NOT_FOUND',
    message: /Nope/,
  })
  await t.rejects(distill(data, { ...options, pool: wide, embeddings: 'some.npy' }), { code, message: /pool/ })
  const few = edited(t, wide, (row) => (Number(row.EF) < 30 ? row : undefined))
  await t.rejects(distill(data, { ...options, pool: few }), { code: 'POOL_UNUSABLE', message: /one class/ })
  const none = edited(t, wide, (row) => ({ ...row, Split: 'TEST' }))
  await t.rejects(distill(data, { ...options, pool: none }), { code: 'POOL_UNUSABLE' })
})

t.test('compare: every selector from the pool', async (t) => {
  const comparison = await compare(data, {
    ...{ ...method, out: temporary(t), pool: wide, vpc: [1], seeds: 1, synthesize: 'none' },
    selectors: ['infomap+swap', 'graph-coverage'],
  })
  t.match(comparison.pool, { name: 'wide', candidates: 20 })
  const [{ evaluation }] = comparison.budgets
  const { clips } = evaluation.rows.find(({ selector }) => selector === 'full')!
  t.equal(clips, 20)
})

t.test('swaps are judged by the clips given for it, and choose none of them', async (t) => {
  const random = new Random(5, 'judges')
  // along the first axis the candidates' classes lie apart, along the second those of the judges
  const cloud = (axis: number, rows: number) =>
    Float32Array.from({ length: rows * 2 }, (_, i) => {
      const label = Math.floor(i / 2) % 2
      return (i % 2 === axis ? (label === 0 ? -1 : 1) : 0) + 0.8 * random.gaussian()
    })
  const labels = Uint32Array.from({ length: 200 }, (_, i) => i % 2)
  const features = { rows: 60, dim: 2, values: cloud(0, 60) }
  const classes = [0, 1].map((c) => ({
    name: `${c}`,
    rows: Uint32Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 2 === c),
  }))
  const judges = { features: { rows: 200, dim: 2, values: cloud(1, 200) }, labels }
  for (const swapLoss of ['squared', 'cross-entropy'] as const) {
    const choose = async (input: Parameters<typeof select>[1]) => {
      const { representatives, refinement } = await select('random+swap', input, { perClass: 3, swapLoss })
      t.ok(representatives.every(({ index, classIndex }) => index < 60 && index % 2 === classIndex))
      return { representatives, refinement: refinement! }
    }
    const own = await choose({ features, classes })
    const all = { features, labels: Uint32Array.from({ length: 60 }, (_, i) => i % 2) }
    t.same((await choose({ features, classes, judges: all })).representatives, own.representatives, 'by themselves')
    const theirs = await choose({ features, classes, judges })
    t.not(theirs.representatives, own.representatives)
    t.ok(
      theirs.refinement.after < 0.6 && theirs.refinement.before > theirs.refinement.after,
      'what they would learn helps',
    )
    const turned = { ...judges, labels: labels.map((label) => 1 - label) }
    t.notSame((await choose({ features, classes, judges: turned })).representatives, theirs.representatives)
  }
  await t.rejects(
    select('random+swap', { features, classes, judges: { ...judges, labels: labels.slice(1) } }, { perClass: 1 }),
    {
      code: 'INVALID_ARGUMENT',
    },
  )
})
