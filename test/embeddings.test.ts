import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Clip,
  compare,
  type DataSet,
  distill,
  readDataSet,
  readEmbeddings,
  writeNpy,
  writePhantom,
} from 'infomotion'
import t from 'tap'
import { describeClips } from '#lib/distill/describe.js'
import { noEmbedding } from '#lib/distill/embeddings.js'
import { matchEmbeddings } from '#lib/embeddings/index.js'
import { METHOD } from '#lib/options/method.js'
import { defaultsOf } from '#lib/runtime/option.js'
import { Random } from '#lib/runtime/random.js'
import { clipOf, fixture, infomotion, root, temporary } from './support.js'

t.setTimeout(300_000)

t.test('.npy: any kind of numbers, ids from elsewhere', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'e.npy')
  const expected = Float32Array.of(1, 2, 3, 4, 5, 6)
  for (const data of [
    expected,
    Float64Array.from(expected),
    Int16Array.from(expected),
    BigInt64Array.from([1n, 2n, 3n, 4n, 5n, 6n]),
  ]) {
    await writeNpy(path, data, { shape: [3, 2] })
    t.same(await readEmbeddings(path), {
      ...{ features: { rows: 3, dim: 2, values: expected }, ids: undefined, leftOut: [] },
      source: { name: 'e.npy', format: 'npy' },
    })
  }
  writeFileSync(path, readFileSync(path).toString('latin1').replace('False', 'True '), 'latin1')
  t.same((await readEmbeddings(path)).features.values, Float32Array.of(1, 4, 2, 5, 3, 6), 'Fortran order')

  await writeNpy(path, expected, { shape: [3, 2] })
  const ids = async (given: string | readonly string[]) => (await readEmbeddings(path, { ids: given })).ids
  t.same(await ids(['a', 'b', 'c']), ['a', 'b', 'c'])
  const texts = ['a.avi\nb, 2.avi\nc\n', 'a.avi\r\nb, 2.avi\r\nc', '\ufeffa.avi\n b, 2.avi \nc\n']
  for (const text of texts) {
    writeFileSync(join(folder, 'ids.txt'), text)
    t.same(await ids(join(folder, 'ids.txt')), ['a.avi', 'b, 2.avi', 'c'], JSON.stringify(text))
  }
  writeFileSync(join(folder, 'ids.csv'), 'label,FileName,EF\n0,"a,1.avi",50\n1,b,60\n2,c,70\n')
  t.same(await ids(join(folder, 'ids.csv')), ['a,1.avi', 'b', 'c'])
  await t.rejects(ids(['a']), { code: 'EMBEDDINGS_UNREADABLE', message: /1 for the 3 rows of e\.npy/ })
  await t.rejects(ids([1, 2, 3] as never), { code: 'INVALID_ARGUMENT' })
  await t.rejects(ids(join(folder, 'none.txt')), { code: 'ENOENT' })

  await writeNpy(path, Float64Array.of(1, 2, 3, NaN), { shape: [2, 2] })
  await t.rejects(readEmbeddings(path), { code: 'EMBEDDING_NOT_FINITE', message: /row 1, column 1 \(from 0\) is NaN/ })
  await writeNpy(path, Float64Array.of(1, 1e300, 3, 4), { shape: [2, 2] })
  await t.rejects(readEmbeddings(path), {
    code: 'EMBEDDING_NOT_FINITE',
    message: /row 0, column 1.*1e\+300.*beyond single/,
  })
  for (const shape of [[4], [1, 2, 2], [4, 1, 1], []]) {
    await writeNpy(path, new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape })
    await t.rejects(readEmbeddings(path), { code: 'EMBEDDINGS_UNREADABLE', message: /its shape is \(/ }, `[${shape}]`)
  }
  await writeNpy(path, new Float32Array(0), { shape: [0, 5] })
  await t.rejects(readEmbeddings(path), { code: 'EMBEDDINGS_UNREADABLE' })
})

t.test('CSV: the columns of ids and of features as people have them', async (t) => {
  const path = join(temporary(t), 'e.csv')
  const read = async (text: string | Buffer) => {
    writeFileSync(path, text)
    const { ids, features, leftOut } = await readEmbeddings(path)
    return [ids, features.dim, [...features.values], leftOut]
  }
  const both = [['a.avi', 'b.avi'], 2, [1, 2.5, -3, 0.25], []]
  const forms = {
    'a header': 'path,e0,e1\na.avi,1,2.5\nb.avi,-3,.25\n',
    'a header of numbers': 'FileName,0,1\na.avi,1,2.5\nb.avi,-3,0.25',
    'an unknown name': 'clip key,0,1\na.avi,1,2.5\nb.avi,-3,0.25',
    'an index of texts': ',0,1\na.avi,1,2.5\nb.avi,-3,0.25\n',
    'no header': 'a.avi,1,2.5\nb.avi,-3,0.25\n',
    'row numbers, the path last': ',0,1,path\n0,1,2.5,a.avi\n1,-3,0.25,b.avi\n',
    semicolons: 'id;e0;e1\r\na.avi;1;2.5\r\nb.avi;-3;0.25\r\n',
    tabs: 'id\te0\te1\na.avi\t1\t2.5\nb.avi\t-3\t0.25\n',
    'quotes, space, exponents': '"id","e0","e1"\n"a.avi" , 1e0,2.5E+0\n"b.avi",-30e-1,0.25\n',
    'a list a row': 'id,embedding\na.avi,"[1, 2.5]"\nb.avi,"[-3,0.25]"\n',
    'a list as numpy prints it': 'id,embedding\na.avi,[1.  2.5]\nb.avi,[-3.    0.25]\n',
    'UTF-8 with its mark': '\ufeffid,e0,e1\na.avi,1,2.5\nb.avi,-3,0.25\n',
    'UTF-16': Buffer.from('\ufeffid,e0,e1\na.avi,1,2.5\nb.avi,-3,0.25\n', 'utf16le'),
  }
  for (const [name, text] of Object.entries(forms)) t.same(await read(text), both, name)
  t.same(
    await read('id,path,EF,split,patient,notes,e0,e1\n7,a.avi,50,TRAIN,p1,fine,1,2.5\n8,b.avi,60,TEST,2,,-3,0.25\n'),
    [...both.slice(0, 3), ['id', 'EF', 'split', 'patient', 'notes']],
    'what a table says besides is no feature',
  )
  t.same(await read('0,1\n1,2.5\n-3,0.25\n'), [undefined, ...both.slice(1)], 'numbers alone')
  t.same(await read('1,2.5\n-3,0.25\n'), [undefined, ...both.slice(1)], 'numbers alone, without a header')
  t.same(await read(',0,1\n0,1,2.5\n1,-3,0.25\n'), [undefined, ...both.slice(1)], 'row numbers are no ids')
  t.same(await read('id,e0\n17,1\n18,2\n'), [['17', '18'], 1, [1, 2], []], 'ids may be numbers')
  writeFileSync(path, 'id,e0,score\na,1,2\n')
  t.same((await readEmbeddings(path, { omit: ['Score'] })).leftOut, ['score'], 'and what the caller knows')

  const wrong = async (text: string | Buffer, code: string, message: RegExp) => {
    await t.rejects(read(text), { code, message }, `${message}`)
  }
  await wrong('path,e0,e1\na.avi,1,2\nb.avi,3\n', 'EMBEDDINGS_UNREADABLE', /line 3 has 2 values, and the first has 3/)
  await wrong(
    'path,e0\na.avi,1\nb.avi,one\n',
    'EMBEDDINGS_UNREADABLE',
    /line 3 \(row 1, "b\.avi"\), column "e0" is "one"/,
  )
  await wrong('path,e0\na.avi,1\nb.avi,\n', 'EMBEDDING_NOT_FINITE', /line 3 .*column "e0" is NaN/)
  await wrong('path,e0\na.avi,1\nb.avi,-inf\n', 'EMBEDDING_NOT_FINITE', /is -Infinity/)
  await wrong('path,e0\na.avi,0x10\n', 'EMBEDDINGS_UNREADABLE', /none of its columns/)
  await wrong('path,label\na.avi,1\n', 'EMBEDDINGS_UNREADABLE', /none of its columns holds features: "path"/)
  await wrong('path,e0\n', 'EMBEDDINGS_UNREADABLE', /no row/)
  await wrong('', 'EMBEDDINGS_UNREADABLE', /empty/)
  await wrong(
    'id,embedding\na,"[1, 2]"\nb,"[1]"\n',
    'EMBEDDINGS_UNREADABLE',
    /has 1 numbers, and the rows before have 2/,
  )
  await wrong('id,embedding\na,"[1 2 ... 9]"\n', 'EMBEDDINGS_UNREADABLE', /numpy cuts long arrays/)
  await wrong('id,e0\na,"1\n', 'EMBEDDINGS_UNREADABLE', /[Qq]uot/)
  await wrong(`id,e0\n"${'x'.repeat(5_000_000)}`, 'EMBEDDINGS_UNREADABLE', /tolerated/)
  await wrong(Buffer.from([0x69, 0x64, 0xff, 0xfe, 0xc0, 10, 65]), 'EMBEDDINGS_UNREADABLE', /UTF-8/)
  await wrong('PK\u0003\u0004 and more', 'EMBEDDINGS_UNREADABLE', /ZIP archive.*np\.save/)
  await wrong(Buffer.from('\x80\x04\x95 pickled', 'latin1'), 'EMBEDDINGS_UNREADABLE', /pickle/)
  await wrong(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'EMBEDDINGS_UNREADABLE', /HDF5/)
  await wrong(Buffer.from('\x1f\x8b\x08', 'latin1'), 'EMBEDDINGS_UNREADABLE', /gzip/)
  await t.rejects(readEmbeddings(temporary(t)), { code: 'EINVAL', message: /a folder/ })
  await t.rejects(readEmbeddings(join(temporary(t), 'none.csv')), { code: 'ENOENT' })
  await t.rejects(readEmbeddings(path, { id: 'x' } as never), { code: 'INVALID_ARGUMENT' })
  await t.rejects(readEmbeddings(path, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

const parquet = (name: string) => fixture('embeddings', `${name}.parquet`)

t.test('Parquet: what pyarrow and pandas write', async (t) => {
  // scripts/fixtures/parquet.py: row r, column c is r - 2 c + 0.25
  const values = Float32Array.from({ length: 60 }, (_, i) => Math.floor(i / 5) - 2 * (i % 5) + 0.25)
  const ids = Array.from({ length: 12 }, (_, r) => `Videos/c${r}.avi`)
  const features = { rows: 12, dim: 5, values }
  const source = (name: string) => ({ name: `${name}.parquet`, format: 'parquet' })
  for (const name of ['list', 'list-groups', 'fixed-v2', 'half', 'split'])
    t.same(await readEmbeddings(parquet(name)), {
      features,
      ids,
      source: source(name),
      leftOut: name === 'list-groups' ? ['text'] : [],
    })
  t.same(await readEmbeddings(parquet('no-ids')), { features, ids: undefined, source: source('no-ids'), leftOut: [] })
  const whole = { ...features, values: values.map((value) => value - 0.25) }
  t.same(await readEmbeddings(parquet('frame')), {
    features: whole,
    ids,
    source: source('frame'),
    leftOut: ['EF', 'split'],
  })
  const wrong = (name: string, code: string, message: RegExp) =>
    t.rejects(readEmbeddings(parquet(name)), { code, message }, name)
  await wrong('lz4', 'HYPARQUET_MISSING', /LZ4_RAW.*npm install hyparquet-compressors/)
  await wrong(
    'ragged',
    'EMBEDDINGS_UNREADABLE',
    /row 7 \("Videos\/c7\.avi"\) has 4 numbers, and the rows before have 5/,
  )
  await wrong('missing', 'EMBEDDING_NOT_FINITE', /row 7 .*number 1 of "embedding" is NaN/)
  await wrong('several', 'EMBEDDINGS_UNREADABLE', /"left", "right" all hold lists/)
  const controller = new AbortController()
  const reading = readEmbeddings(parquet('list'), { signal: controller.signal })
  setTimeout(() => controller.abort(), 30)
  await t.rejects(reading, { code: 'ABORTED' })
})

t.test('damaged Parquet is refused by name, and takes nobody with it', async (t) => {
  const folder = temporary(t)
  const whole = readFileSync(parquet('list'))
  const random = new Random(1, 'parquet')
  const damaged = [8, 100, 600, whole.length - 9, whole.length - 1].map((end) => whole.subarray(0, end))
  damaged.push(Buffer.from('PAR1'), Buffer.from('PAR1PAR1'), Buffer.concat([whole, whole.subarray(-8)]))
  for (let n = 0; n < 16; n++) {
    const copy = Buffer.from(whole)
    for (let i = 0; i < 6; i++) copy[random.below(copy.length)] = random.below(256)
    copy.write('PAR1')
    damaged.push(copy)
  }
  let refused = 0
  for (const [n, bytes] of damaged.entries()) {
    const path = join(folder, `${n}.parquet`)
    writeFileSync(path, bytes)
    try {
      const { features } = await readEmbeddings(path)
      t.equal(features.values.length, features.rows * features.dim)
    } catch (error) {
      refused++
      t.match(error, {
        code: /^(EMBEDDINGS_UNREADABLE|EMBEDDING_NOT_FINITE|HYPARQUET_MISSING|EMBEDDINGS_TOO_LARGE)$/,
        message: /\.parquet/,
      })
    }
  }
  t.ok(refused >= 8, `${refused} of ${damaged.length}`)
})

t.test('without hyparquet the error names the cure', async (t) => {
  const folder = temporary(t)
  const home = join(folder, 'node_modules', 'infomotion')
  for (const part of ['dist', 'package.json']) cpSync(join(root, part), join(home, part), { recursive: true })
  for (const name of ['csv-parse', 'csv-stringify']) // what dist/vendor/ leads to until it is packed
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  writeFileSync(
    join(folder, 'use.mjs'),
    `import { readEmbeddings } from './node_modules/infomotion/dist/embeddings/read.js'
     await readEmbeddings(${JSON.stringify(parquet('list'))}).catch(({ code, message }) => console.log(code, message))`,
  )
  const said = execFileSync(process.execPath, ['use.mjs'], { encoding: 'utf8', cwd: folder })
  t.match(said, /^HYPARQUET_MISSING .*npm install hyparquet"/)
})

t.test('more than half of the memory is refused before it is taken', async (t) => {
  const path = join(temporary(t), 'e.npy')
  const head = (await import('#lib/run/npy.js')).npyHeader('|i1', [2 ** 30, 4096])
  writeFileSync(path, head)
  execFileSync('truncate', ['-s', String(head.length + 2 ** 42), path]) // a hole, which takes no room on the disk
  await t.rejects(readEmbeddings(path), { code: 'EMBEDDINGS_TOO_LARGE', message: /1073741824 x 4096 numbers/ })
})

/** Embeddings of one number each: that of the row. */
function rowsOf(ids: string[] | undefined, rows = ids?.length ?? 0) {
  const values = Float32Array.from({ length: rows }, (_, i) => i)
  return { ids, features: { rows, dim: 1, values }, source: { name: 'e.csv', format: 'csv' as const }, leftOut: [] }
}

t.test('rows are matched by id, path, file name or row', async (t) => {
  const clips = ['covid/a.avi', 'covid/b.v2.avi', 'regular/c.nii.gz'].map((id): Clip => clipOf(`/data/lung/${id}`, id))
  const match = (ids: string[] | undefined, of = clips, rows?: number) => {
    const { features, by, withoutEnding, unused } = matchEmbeddings(of, rowsOf(ids, rows))
    return [[...features.values], by + (withoutEnding ? ' without ending' : ''), unused]
  }
  t.same(match(['covid/a.avi', 'covid/b.v2.avi', 'regular/c.nii.gz']), [[0, 1, 2], 'id', 0])
  t.same(
    match(['regular/c.nii.gz', 'x', 'covid/b.v2.avi', './covid\\a.avi', 'y']),
    [[3, 2, 0], 'id', 2],
    'others are left',
  )
  t.same(match(['/else/covid/a.avi', '/else/covid/b.v2.avi', 'D:\\x\\regular\\c.nii.gz']), [[0, 1, 2], 'path', 0])
  t.same(match(['lung/covid/a.avi', 'covid/b.v2.avi', 'c.nii.gz']), [[0, 1, 2], 'path', 0])
  t.same(match(['/x/a.avi', '/x/b.v2.avi', '/y/c.nii.gz']), [[0, 1, 2], 'file name', 0])
  t.same(match(['covid/a', 'covid/b.v2', 'regular/c']), [[0, 1, 2], 'id without ending', 0])
  t.same(match(['covid/a.npy', 'covid/b.v2.npy', 'regular/c.npy']), [[0, 1, 2], 'id without ending', 0])
  t.same(match(['/n/covid/a.pt', '/n/covid/b.v2.pt', '/n/regular/c.pt']), [[0, 1, 2], 'path without ending', 0])
  t.same(match(['c', 'b.v2', 'a']), [[2, 1, 0], 'path without ending', 0])
  t.same(match(['/o/c.pt', '/o/b.v2.pt', '/o/a.pt']), [[2, 1, 0], 'file name without ending', 0])
  t.same(match(['a.avi', '/x/covid/a.avi', '/x/b.v2.avi', 'b.v2.avi', 'c.nii.gz', 'regular/c.nii.gz']), [
    [1, 3, 5],
    'path',
    3,
  ])
  t.same(match(undefined, clips, 3), [[0, 1, 2], 'row', 0])
  const same = matchEmbeddings(clips, rowsOf(['covid/a.avi', 'covid/b.v2.avi', 'regular/c.nii.gz']))
  t.equal(same.features.rows, 3)

  const twins = ['covid/a.avi', 'regular/a.avi'].map((id): Clip => clipOf(`/data/${id}`, id))
  t.same(match(['regular/a', 'covid/a'], twins), [[1, 0], 'id without ending', 0], 'one name in two folders')
  t.same(match(['/x/regular/a.avi', '/x/covid/a.avi'], twins), [[1, 0], 'path', 0])
  const parts = ['v.avi#0', 'v.avi#1'].map((id): Clip => ({ ...clipOf('/data/v.avi', id) }))
  t.same(match(['v.avi#1', 'v.avi#0'], parts), [[1, 0], 'id', 0], 'parts of one video')

  const wrong = (ids: string[] | undefined, message: RegExp, of = clips, rows?: number) =>
    t.throws(() => match(ids, of, rows), { code: 'EMBEDDINGS_UNMATCHED', message }, `${message}`)
  wrong(['covid/a.avi', 'covid/b.v2.avi'], /1 of 3 clips have no row: regular\/c\.nii\.gz.*look like "covid\/a\.avi"/)
  wrong(['a', 'a', 'b.v2', 'c'], /1 clips share a row.*covid\/a\.avi/)
  wrong(['a.avi'], /2 clips share a row/, twins)
  wrong(['v.avi'], /2 clips share/, parts)
  wrong(['p', 'q', 'r'], /3 of 3 clips have no row: covid\/a\.avi, covid\/b\.v2\.avi, regular/)
  wrong(undefined, /4 rows without ids, and the data set 3 clips.*--embedding-ids/, clips, 4)
  const many = Array.from(
    { length: 3000 },
    (_, i): Clip => clipOf(`/d/${i}/${'x/'.repeat(i % 20)}c.avi`, `${i}/${'x/'.repeat(i % 20)}c.avi`),
  )
  t.equal(
    match(
      many.map(({ id }) => `/e/${id}`),
      many,
    )[1],
    'path',
    'long and many',
  )
})

// One phantom set serves the runs below, and what a perfect and a useless encoder would make of it.
const shared = join(tmpdir(), `infomotion-embeddings-${process.pid}`)
const data = join(shared, 'phantom')
const cache = join(shared, 'cache')
const file = (name: string) => join(shared, name)
let dataSet: DataSet
t.before(async () => {
  await writePhantom(data, { train: 60, test: 30, seed: 4 })
  dataSet = await readDataSet(data)
  const random = new Random(1, 'embeddings')
  const { clips } = dataSet
  // of the parameter that the class is made of: how near it is to each of some values
  const values = [10, 25, 40, 55, 70, 85]
  const near = (ef: number, value: number) => Math.exp(-((ef - value) ** 2) / 200) + 0.05 * random.gaussian()
  const truth = clips.flatMap(({ label }) => values.map((value) => near(Number(label), value)))
  await writeNpy(file('truth.npy'), Float32Array.from(truth), { shape: [clips.length, 6] })
  const noise = Float32Array.from({ length: 16 * clips.length }, () => random.gaussian())
  await writeNpy(file('noise.npy'), noise, { shape: [clips.length, 16] })
  const rows = clips.map(({ id }, i) => `/elsewhere/${id},${truth.slice(6 * i, 6 * i + 6).join()}`)
  writeFileSync(file('truth.csv'), `path,a,b,c,d,e,f\n${rows.reverse().join('\n')}\nanother.avi,1,2,3,4,5,6\n`)
  writeFileSync(file('ids.txt'), clips.map(({ id }) => `${id}\n`).join(''))
})
t.teardown(() => rmSync(shared, { recursive: true, force: true }))

const alone = { descriptorWeight: 0, cache, vpc: 2, device: 'cpu', randomDraws: 3 } as const

t.test('what the embeddings know decides what a selection is worth', async (t) => {
  const worth = async (embeddings: string) => {
    const { evaluation } = await distill(data, {
      ...alone,
      out: join(temporary(t), 'out'),
      embeddings,
      until: 'evaluate',
    })
    const rows = evaluation!.rows.filter(({ features }) => features === 'embedding')
    t.same(
      [...new Set(rows.map(({ selector }) => selector))],
      ['infomap', 'kmedoids', 'graph-coverage', 'random', 'full'],
    )
    return rows[0].balancedAccuracy.mean
  }
  const [truth, noise] = [await worth(file('truth.npy')), await worth(file('noise.npy'))]
  t.ok(truth > 0.9, `the true parameters: ${truth}`)
  t.ok(noise < 0.4, `noise: ${noise}, where guessing has 0.2`)
})

t.test('embeddings alone open no clip until students are evaluated, and choose the same', async (t) => {
  const folder = temporary(t)
  const unread = join(folder, 'phantom')
  cpSync(data, unread, { recursive: true })
  for (const name of readdirSync(join(unread, 'Videos'))) writeFileSync(join(unread, 'Videos', name), 'no video')
  const run = (set: string, more: object) =>
    distill(set, { ...alone, out: join(folder, 'out'), embeddings: file('truth.csv'), until: 'synthesize', ...more })
  const items = () => JSON.parse(readFileSync(join(folder, 'out', 'manifest.json'), 'utf8'))
  const first = await run(unread, { cache: join(folder, 'cache') })
  const chosen = items()
  t.equal(first.selected, 10)
  t.match(first.warnings.join(), /1 rows of truth\.csv belong to no clip.*not opened/)
  t.same([first.embeddings?.matchedBy, first.embeddings?.unused, first.embeddings?.dim], ['path', 1, 6])
  t.notOk(existsSync(join(folder, 'cache', 'predictions')))
  t.same(
    readdirSync(folder).filter((name) => name === 'cache'),
    [],
    'nothing was computed of clips',
  )

  rmSync(join(folder, 'out'), { recursive: true })
  await run(data, { until: 'report' })
  const opened = items()
  const paths = ({ items }: { items: { path: string; weight: number }[] }) =>
    items.map(({ path, weight }) => [path, weight])
  t.same(paths(opened), paths(chosen), 'the same clips and weights where all were opened')
  t.same(opened.embeddings, { ...first.embeddings, file: 'truth.csv' })
  t.equal(opened.options.embeddings, 'truth.csv')
  const report = readFileSync(join(folder, 'out', 'report.html'), 'utf8')
  t.match(report, /out of the file truth\.csv/)
  for (const name of ['manifest.json', 'report.json', 'report.html'])
    t.notMatch(
      readFileSync(join(folder, 'out', name), 'utf8'),
      new RegExp(`${shared}|/elsewhere/`),
      `${name}: no absolute path`,
    )

  rmSync(join(folder, 'out'), { recursive: true })
  await run(data, { until: 'synthesize', embeddings: file('truth.npy'), embeddingIds: file('ids.txt') })
  t.same(paths(items()), paths(chosen), 'the same rows, the other way round in another format')
  t.equal(items().embeddings.sha256, opened.embeddings.sha256, 'named by their values')
  await t.rejects(run(unread, { until: 'select', strict: true }), { code: 'NO_READABLE_CLIP' }, 'strict demands a look')
})

t.test('beside the descriptor, in both commands', async (t) => {
  const folder = temporary(t)
  const args = ['--cache', cache, '--device', 'cpu', '--random-draws', '2', '--json']
  const run = async (...more: string[]) => {
    const { status, out, err } = await infomotion([...more, ...args])
    return { status, err, json: JSON.parse(out) }
  }
  const one = await run(
    'distill',
    data,
    '-o',
    join(folder, 'one'),
    '-n',
    '1',
    '--until',
    'evaluate',
    '--embeddings',
    file('truth.npy'),
  )
  t.equal(one.status, 0, one.err)
  const seen = (rows: { features: string }[]) =>
    [...new Set(rows.map(({ features }) => features))].filter((name) => name !== '-')
  t.match(seen(one.json.evaluation.rows).slice(0, 5), [
    'motion+embedding',
    'motion',
    'embedding',
    'mean-frame',
    'deviation',
  ])
  t.match(one.err, /taken in the order of the data set, the first for phantom-train-00000\.avi/)
  const many = await run(
    'compare',
    data,
    '-o',
    join(folder, 'many'),
    '-n',
    '1',
    '--seeds',
    '1',
    '--selectors',
    'infomap',
    '--embeddings',
    file('truth.csv'),
  )
  t.equal(many.status, 0, many.err)
  t.equal(many.json.embeddings.matchedBy, 'path')
  t.ok(seen(many.json.budgets[0].evaluation.rows).includes('motion+embedding'))
  const wrong = async (message: RegExp, ...more: string[]) => {
    const { status, json } = await run('distill', data, '-o', join(folder, 'wrong'), '-n', '1', ...more)
    t.equal(status, json.error.code === 'INVALID_ARGUMENT' ? 2 : 1)
    t.match(json.error.message, message)
  }
  await wrong(/--encoder/, '--embeddings', file('truth.npy'), '--encoder', 'motion-cnn')
  await wrong(/--embeddings/, '--embedding-ids', file('ids.txt'))
  await wrong(/embeddings in .*none\.npy/, '--embeddings', file('none.npy'))
  await wrong(
    /--descriptor-weight/,
    '--embeddings',
    file('truth.npy'),
    '--descriptor-weight',
    '0',
    '--embedding-weight',
    '0',
  )
})

t.test('a table of clips that holds their embeddings too', async (t) => {
  const folder = temporary(t)
  cpSync(join(data, 'Videos'), join(folder, 'Videos'), { recursive: true })
  const lines = dataSet.clips.map(({ id, split, label }, i) => `${id},c${i % 2},${split},${label},${i % 2},${i / 7}`)
  writeFileSync(join(folder, 'clips.csv'), `path,kind,split,EF,e0,e1\n${lines.join('\n')}\n`)
  const columns = { label: 'kind' }
  const options = { ...alone, out: join(folder, 'out'), columns, until: 'select' as const }
  const { embeddings, warnings, selected } = await distill(folder, {
    ...options,
    embeddings: join(folder, 'clips.csv'),
  })
  t.match(embeddings, { dim: 2, matchedBy: 'id', unused: 0 })
  t.match(warnings.join(), /3 columns of clips\.csv are no features and were left out: kind, split, EF\./)
  t.equal(selected, 4)
  cpSync(join(folder, 'clips.csv'), join(folder, 'copy.txt'))
  const copy = distill(folder, { ...options, embeddings: join(folder, 'copy.txt') })
  await t.rejects(copy, { code: 'EMBEDDINGS_UNREADABLE', message: /none of its columns holds features/ })
})

t.test('compare: embeddings alone', async (t) => {
  const settings = { ...alone, vpc: [1], seeds: 1, selectors: ['infomap' as const], out: join(temporary(t), 'out') }
  const { budgets, warnings } = await compare(data, { ...settings, embeddings: file('truth.npy') })
  t.equal(budgets[0].evaluation.rows[0].features, 'embedding')
  t.match(warnings.join(), /truth\.npy/)
})

t.test('a made clip has no row in anybody’s file', async (t) => {
  const made = {
    kind: 'made' as const,
    name: 'm.avi',
    frames: new Uint8Array(2 * 64),
    count: 2,
    width: 8,
    height: 8,
    fps: 30,
  }
  const settings = { ...defaultsOf(METHOD), embeddings: file('truth.npy'), cache: temporary(t) }
  await t.rejects(describeClips([made], settings, false, {}), noEmbedding(settings, 'm.avi'))
})
