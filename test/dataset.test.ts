import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { assignClasses } from '#lib/dataset/classes.js'
import { type Clip, ECHONET_NOTICE, readDataSet, type Split, writeDataSet } from '#lib/dataset/index.js'
import { drawSplits } from '#lib/dataset/split.js'
import { type DistilledItem, plainItems } from '#lib/synthesize/index.js'
import { readClip } from '#lib/video/index.js'
import { lay, needs, reference, temporary } from './support.js'

const HEADER = 'FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split'
const echoRow = (name: string, ef: number | string, split: string | number) =>
  `${name},${ef},0,0,112,112,50,100,${split}`

/** An EchoNet-like set; the files of the clips hold their names. */
function echonet(root: string, rows: [name: string, ef: number | string, split: string | number][], ending = '') {
  const files: Record<string, string> = {}
  for (const [name] of rows) files[`Videos/${name}.avi`] = name
  const table = rows.map(([name, ef, split]) => echoRow(name + ending, ef, split))
  return lay(root, { ...files, 'FileList.csv': [HEADER, ...table, ''].join('\n') })
}

const SIX: [string, number, string][] = [
  ['0XA', 20, 'TRAIN'],
  ['0XB', 35, 'TRAIN'],
  ['0XC', 45, 'TRAIN'],
  ['0XD', 60, 'TRAIN'],
  ['0XE', 75, 'VAL'],
  ['0XF', 30, 'TEST'],
]

t.test("EchoNet's layout", async (t) => {
  const root = echonet(temporary(t), SIX)
  const set = await readDataSet(root)
  t.same([set.layout, set.root, set.scheme, set.synthetic], ['echonet', root, 'ef5', false])
  t.same(set.classes, ['EF <30', 'EF 30-40', 'EF 40-50', 'EF 50-70', 'EF >70'])
  t.same(
    set.clips.map((clip) => clip.classIndex),
    [0, 1, 2, 3, 4, 1],
  )
  t.same(
    set.clips.map((clip) => clip.split),
    ['train', 'train', 'train', 'train', 'val', 'test'],
  )
  t.same(set.clips[0], {
    ...{ id: '0XA.avi', path: join(root, 'Videos', '0XA.avi'), label: '20' },
    ...{ classIndex: 0, split: 'train', group: '0XA.avi' },
  })
  t.equal(set.notice, ECHONET_NOTICE)
  t.same(set.source.rows[1].FileName, '0XB')
  t.same(set.warnings, ['No TRAIN clip belongs to "EF >70".'])
  t.same((await readDataSet(join(root, 'FileList.csv'))).clips, set.clips, 'the table itself can be given')

  const suffixed = await readDataSet(echonet(temporary(t), SIX, '.avi'))
  t.same(
    suffixed.clips.map((clip) => clip.id),
    set.clips.map((clip) => clip.id),
    'names with .avi are the same clips',
  )

  const folds: [string, number, number][] = SIX.map(([name, ef], i) => [name, ef, [0, 3, 5, 7, 8, 9][i]])
  const pediatric = await readDataSet(echonet(temporary(t), folds, '.avi'))
  t.same(
    pediatric.clips.map((clip) => clip.split),
    set.clips.map((clip) => clip.split),
    'folds 0-7, 8, 9',
  )

  const words: [string, number, string][] = SIX.map(([name, ef], i) => [
    name,
    ef,
    ['train', 'Train', 'training', 'TRAIN', 'Validation', 'test'][i],
  ])
  const worded = await readDataSet(echonet(temporary(t), words))
  t.same(
    worded.clips.map((clip) => clip.split),
    set.clips.map((clip) => clip.split),
    'words in any case',
  )
})

t.test('the table as people write it', async (t) => {
  const root = lay(temporary(t), {
    'clips.csv':
      '\ufeffPath,"Label",Split,note\r\n"a, b.avi",yes,train,"x ""y"""\r\nsub/c,no,test,\r\n\r\nD.AVI,no,train,z\r\n',
    'Videos/a, b.avi': '',
    'Videos/sub/c.mp4': '',
    'Videos/d.avi': '',
  })
  const set = await readDataSet(root)
  t.same(set.layout, 'csv')
  t.same(set.classes, ['no', 'yes'])
  t.same(
    set.clips.map(({ id, label, split }) => [id, label, split]),
    [
      ['a, b.avi', 'yes', 'train'],
      ['sub/c.mp4', 'no', 'test'],
      ['d.avi', 'no', 'train'],
    ],
  )
  t.same(set.source.columns, ['Path', 'Label', 'Split', 'note'])
  t.equal(set.source.rows[0].note, 'x "y"')

  const beside = lay(temporary(t), { 'x.csv': 'file,severity,who\na.avi,1,p\nb.avi,3,q\n', 'a.avi': '', 'b.avi': '' })
  const columns = { path: 'file', label: 'severity', group: 'who' }
  const graded = await readDataSet(beside, { columns, classes: 'edges:1,2.5' })
  t.same(graded.classes, ['severity <1', 'severity 1-2.5', 'severity >=2.5'])
  t.same(
    graded.clips.map((clip) => [clip.classIndex, clip.group]),
    [
      [1, 'p'],
      [2, 'q'],
    ],
  )
  await t.rejects(readDataSet(beside), {
    code: 'DATASET_NOT_FOUND',
    message: /x.csv has the columns file, severity, who/,
  })
  await t.rejects(readDataSet(join(beside, 'x.csv')), { code: 'DATASET_COLUMN_MISSING' })

  const elsewhere = lay(temporary(t), {
    'x.csv': `path,label\n${join(beside, 'a.avi')},u\n${join(beside, 'b.avi')},v\n`,
  })
  t.same(
    (await readDataSet(elsewhere)).clips.map((clip) => clip.path),
    [join(beside, 'a.avi'), join(beside, 'b.avi')],
  )
  await t.rejects(readDataSet(lay(temporary(t), { 'x.csv': 'path,path\na,b\n' })), { code: 'DATASET_TABLE_INVALID' })
  await t.rejects(readDataSet(lay(temporary(t), { 'x.csv': 'path,label\na,b,c\n' })), { code: 'DATASET_TABLE_INVALID' })
})

t.test('a folder for each class', async (t) => {
  const plain = lay(temporary(t), { 'b/1.avi': '', 'b/2.mp4': '', 'a/1.avi': '', 'a/notes.txt': '', '.git/x.avi': '' })
  const set = await readDataSet(plain)
  t.same(
    [set.layout, set.classes, set.clips.map((clip) => clip.id)],
    ['folder', ['a', 'b'], ['a/1.avi', 'b/1.avi', 'b/2.mp4']],
  )
  const split = lay(temporary(t), { 'train/a/1.avi': '', 'train/b/1.avi': '', 'test/a/2.avi': '', 'test/b/2.avi': '' })
  const given = await readDataSet(split)
  t.same(
    given.clips.map(({ id, label, split }) => [id, label, split]),
    [
      ['test/a/2.avi', 'a', 'test'],
      ['test/b/2.avi', 'b', 'test'],
      ['train/a/1.avi', 'a', 'train'],
      ['train/b/1.avi', 'b', 'train'],
    ],
  )
  await t.rejects(readDataSet(lay(temporary(t), { 'Videos/1.avi': '', 'Videos/2.avi': '' })), {
    code: 'DATASET_NOT_FOUND',
    message: /found Videos\/\. Expected a table/,
  })
})

t.test('classes of the ejection fraction at their edges', (t) => {
  const labels = ['0', '29.99', '30', '40', '49.9', '50', '70', '70.01', '100', '', 'x', 'NaN', '-1', '101']
  const classesOf = (scheme: Parameters<typeof assignClasses>[1]) => [
    ...assignClasses(labels, scheme, undefined, 'EF').classIndex,
  ]
  t.same(classesOf('ef5'), [0, 0, 1, 2, 2, 3, 3, 4, 4, -1, -1, -1, -1, -1])
  t.same(classesOf('ef3'), [0, 0, 0, 1, 1, 2, 2, 2, 2, -1, -1, -1, -1, -1])
  t.same(classesOf('ef2'), [0, 0, 0, 0, 0, 1, 1, 1, 1, -1, -1, -1, -1, -1])
  t.same(classesOf('edges:0,50'), [1, 1, 1, 1, 1, 2, 2, 2, 2, -1, -1, -1, 0, 2])
  const tens = Array.from({ length: 10 }, (_, i) => String(i))
  t.same([...assignClasses(tens, 'quantile:5', undefined, 'x').classIndex], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
  const train: Split[] = tens.map((_, i) => (i < 4 ? 'train' : 'test'))
  t.same(assignClasses(tens, 'quantile:2', train, 'x').classes, ['x <2', 'x >=2'], 'bounds come from TRAIN alone')
  for (const wrong of ['ef4', 'quantile:1', 'quantile:x', 'edges:', 'edges:2,1', 'edges:1,,2'])
    t.throws(() => assignClasses(tens, wrong as 'ef5', undefined, 'x'), { code: 'INVALID_ARGUMENT' }, wrong)
  t.same(assignClasses(['10', '9', '10'], 'labels', undefined, 'x').classes, ['9', '10'], 'numbers in their order')
  const many = Array.from({ length: 30 }, (_, i) => String(i / 7))
  t.throws(() => assignClasses(many, 'labels', undefined, 'x'), { code: 'DATASET_LABELS_NUMERIC', message: /edges/ })
  t.end()
})

t.test('trouble has a name', async (t) => {
  const missing = echonet(temporary(t), SIX)
  const more = Array.from({ length: 30 }, (_, i) => echoRow(`gone${i}`, 50, 'TRAIN')).join('\n')
  writeFileSync(join(missing, 'FileList.csv'), `${readFileSync(join(missing, 'FileList.csv'), 'utf8')}${more}\n`)
  await t.rejects(readDataSet(missing), {
    code: 'DATASET_FILES_MISSING',
    message: /30 of the 36 videos .*Videos or .*gone0, gone1, .*gone19, \.\.\./,
  })
  const without = await readDataSet(missing, { allowMissing: true })
  t.equal(without.clips.length, 6)
  t.match(without.warnings[0], /30 of the 36 videos/)

  const bad: typeof SIX = [...SIX, ['0XG', 120, 'TRAIN']]
  const lenient = await readDataSet(echonet(temporary(t), [...bad, ['0XH', 'n/a', 'TRAIN'] as never]))
  t.equal(lenient.clips.length, 6)
  t.equal(lenient.source.rows.length, 6)
  t.match(lenient.warnings[0], /2 of 8 clips have no label that "ef5" can use: 0XG.avi \("120"\), 0XH.avi \("n\/a"\)/)
  const strict = echonet(temporary(t), [
    ['a', 'x', 'TRAIN'],
    ['b', 'y', 'TRAIN'],
    ['c', 50, 'TRAIN'],
  ])
  await t.rejects(readDataSet(strict), { code: 'DATASET_LABELS_UNUSABLE' })

  const wrongVolumes = lay(echonet(temporary(t), SIX), {
    'FileList.csv': `${HEADER}\n0XA,55,40,100,112,112,50,9,TRAIN\n0XB,60.5,40,100,112,112,50,9,TEST\n`,
  })
  t.match((await readDataSet(wrongVolumes)).warnings[0], /The EF of 1 clips differs .* 0XA.avi/)

  const twice = echonet(temporary(t), [...SIX, SIX[0]])
  await t.rejects(readDataSet(twice), { code: 'DATASET_DUPLICATE', message: /0XA.avi/ })
  const words = echonet(temporary(t), [
    ['a', 50, 'TRAIN'],
    ['b', 50, 'holdout'],
    ['c', 50, ''],
  ])
  await t.rejects(readDataSet(words), { code: 'DATASET_SPLIT_UNKNOWN', message: /"holdout" \(1 rows\), "" \(1 rows\)/ })
  await t.rejects(readDataSet(echonet(temporary(t), [['a', 50, 'TEST']])), { code: 'DATASET_NO_TRAIN' })
  const straddling = lay(temporary(t), {
    'c.csv': 'path,label,split,patient\na.avi,x,train,7\nb.avi,y,test,7\nc.avi,y,train,8\n',
    ...{ 'a.avi': '', 'b.avi': '', 'c.avi': '' },
  })
  await t.rejects(readDataSet(straddling), { code: 'DATASET_GROUP_STRADDLES', message: /"7" \(train, test\)/ })
  const two = lay(temporary(t), { 'a.csv': 'path,label\nx.avi,1\n', 'b.csv': 'path,label\nx.avi,1\n', 'x.avi': '' })
  await t.rejects(readDataSet(two), { code: 'DATASET_AMBIGUOUS', message: /a.csv, b.csv/ })
  await t.rejects(readDataSet(join(two, 'none')), { code: 'DATASET_NOT_FOUND' })
  await t.rejects(readDataSet(lay(temporary(t), { x: '' })), {
    code: 'DATASET_NOT_FOUND',
    message: /found x\. Expected/,
  })
  await t.rejects(readDataSet(two, { class: 'ef5' } as object), { code: 'INVALID_ARGUMENT' })
})

t.test('a class without any clip is told once; FileName alone makes no EchoNet', async (t) => {
  const one = echonet(temporary(t), [
    ['a', 50, 'TRAIN'],
    ['b', 50, 'TEST'],
  ])
  const { warnings } = await readDataSet(one)
  t.match(warnings, [/^No clip belongs to "EF /, /^All TRAIN clips belong to one class/])
  t.equal(warnings.length, 2)
  const root = lay(temporary(t), { 'FileList.csv': 'FileName,label,split\na.avi,x,train\n', 'Videos/a.avi': 'a' })
  const set = await readDataSet(root)
  t.same([set.layout, set.classes, set.notice], ['csv', ['x'], undefined])
})

t.test('names that are in Videos/ and beside the table: those in Videos/ are meant', async (t) => {
  const root = lay(temporary(t), {
    'c.csv': 'path,label,split\na.avi,x,train\nb.avi,y,train\n',
    ...{ 'Videos/a.avi': 'in', 'Videos/b.avi': 'in', 'a.avi': 'beside', 'b.avi': 'beside' },
  })
  const { clips } = await readDataSet(root)
  for (const { path } of clips) t.equal(readFileSync(path, 'utf8'), 'in')
  rmSync(join(root, 'Videos', 'b.avi'))
  const more = await readDataSet(root)
  for (const { path } of more.clips) t.equal(readFileSync(path, 'utf8'), 'beside', 'unless more are beside it')
})

t.test('splits are drawn by group, by class, by seed', (t) => {
  const groups = Array.from({ length: 100 }, (_, i) => `p${Math.floor(i / 2)}`)
  const classIndex = groups.map((_, i) => (i < 60 ? 0 : i < 90 ? 1 : 2))
  const splits = drawSplits(groups, classIndex, 3, 0.2, 1)
  const tested = [0, 1, 2].map((c) => splits.filter((split, i) => split === 'test' && classIndex[i] === c).length)
  t.same(tested, [12, 6, 2])
  groups.forEach((group, i) => {
    if (splits[i] !== splits[groups.indexOf(group)]) t.fail(`${group} straddles`)
  })
  t.same(drawSplits(groups, classIndex, 3, 0.2, 1), splits)
  t.notSame(drawSplits(groups, classIndex, 3, 0.2, 2), splits)
  t.same(
    drawSplits(['a', 'a', 'b'], [0, 0, 1], 2, 0.2, 1),
    ['train', 'train', 'train'],
    'one group a class: none to spare',
  )
  const big = drawSplits(['a', 'a', 'a', 'b', 'b', 'b'], [0, 0, 0, 0, 0, 0], 1, 0.2, 1)
  t.equal(big.filter((split) => split === 'test').length, 3, 'a class of two large groups has one tested')
  // 3 of 10 clips are meant for TEST: a first pair fills 2, a second would fill as much as it overfills, 1 and 1.
  for (const seed of [1, 2, 3]) {
    const pairs = drawSplits(groups.slice(0, 10), Array(10).fill(0), 1, 0.3, seed)
    t.equal(
      pairs.filter((split) => split === 'test').length,
      2,
      'a group stays in TRAIN that fills no more than it overfills',
    )
  }
  t.end()
})

const lung = reference('lung-ultrasound')
t.test('real clips', needs(lung, 'the lung-ultrasound clips'), async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const set = await readDataSet(lung!, { seed })
    t.equal(set.clips.length, 131)
    t.same([set.layout, set.classes, set.warnings], ['csv', ['covid', 'pneumonia', 'regular', 'viral'], []])
    const splitOf = new Map(set.clips.map((clip) => [clip.group, clip.split]))
    t.ok(
      set.clips.every((clip) => splitOf.get(clip.group) === clip.split),
      'no patient straddles',
    )
    const tested = set.classes.map(
      (_, c) => set.clips.filter((clip) => clip.classIndex === c && clip.split === 'test').length,
    )
    const wanted = [6, 7, 12, 1]
    t.ok(
      tested.every((count, c) => Math.abs(count - wanted[c]) <= 2),
      `a fifth of each class: ${tested}`,
    )
  }
})

t.test("written in the source's layout: EchoNet", async (t) => {
  const root = echonet(temporary(t), SIX)
  lay(root, {
    'VolumeTracings.csv': `FileName,X1,Y1,X2,Y2,Frame\n${SIX.map(([name]) => `${name}.avi,1,2,3,4,5\n`).join('')}`,
  })
  const set = await readDataSet(root)
  const out = join(temporary(t), 'tiny')
  const chosen = (...indices: number[]) => plainItems(indices.map((index) => set.clips[index]))
  const [c, a] = chosen(2, 0)
  const paths = await writeDataSet(out, set, [
    { ...c, weight: 1.5 },
    { ...a, weight: 0.5 },
  ])
  t.same(paths, [join(out, 'Videos', '0XC.avi'), join(out, 'Videos', '0XA.avi')], 'where each item is')
  const table = readFileSync(join(out, 'FileList.csv'), 'utf8')
  const kept = [SIX[0], SIX[2], SIX[4], SIX[5]]
  t.equal(table, [HEADER, ...kept.map((row) => echoRow(...row)), ''].join('\n'), 'rows and columns unchanged')
  const traced = kept.map(([name]) => `${name}.avi,1,2,3,4,5\n`).join('')
  t.equal(readFileSync(join(out, 'VolumeTracings.csv'), 'utf8'), `FileName,X1,Y1,X2,Y2,Frame\n${traced}`)
  t.equal(readFileSync(join(out, 'weights.csv'), 'utf8'), 'path,weight\nVideos/0XA.avi,0.5\nVideos/0XC.avi,1.5\n')
  t.match(readFileSync(join(out, 'NOTICE.txt'), 'utf8'), /Research Use Agreement/)
  t.notOk(lstatSync(join(out, 'Videos', '0XA.avi')).isSymbolicLink(), 'selected clips are copied')
  t.ok(lstatSync(join(out, 'Videos', '0XF.avi')).isSymbolicLink(), 'test clips are linked')
  const back = await readDataSet(out)
  t.same(
    back.clips.map(({ id, split }) => [id, split]),
    [
      ['0XA.avi', 'train'],
      ['0XC.avi', 'train'],
      ['0XE.avi', 'val'],
      ['0XF.avi', 'test'],
    ],
  )
  t.equal(readFileSync(back.clips[3].path, 'utf8'), '0XF')

  await writeDataSet(out, set, chosen(1), { materialize: 'link' })
  t.same(
    (await readDataSet(out)).clips.map(({ id }) => id),
    ['0XB.avi', '0XE.avi', '0XF.avi'],
    'writing again replaces',
  )
  t.notOk(existsSync(join(out, 'Videos', '0XA.avi')))
  t.ok(lstatSync(join(out, 'Videos', '0XB.avi')).isSymbolicLink())

  const list = join(temporary(t), 'list')
  await writeDataSet(list, set, chosen(1), { materialize: 'list' })
  t.notOk(existsSync(join(list, 'Videos')))
  t.equal((await readDataSet(list)).clips[0].path, join(root, 'Videos', '0XB.avi'))

  rmSync(join(root, 'Videos', '0XF.avi'))
  const without = join(temporary(t), 'without')
  await writeDataSet(without, set, chosen(1))
  t.ok(
    lstatSync(join(without, 'Videos', '0XF.avi')).isSymbolicLink(),
    'a TEST clip that is gone stays a link to nowhere',
  )

  await t.rejects(writeDataSet(out, set, chosen(5)), { code: 'INVALID_ARGUMENT' }, 'a TEST clip')
  await t.rejects(writeDataSet(out, set, chosen(1, 1)), { code: 'INVALID_ARGUMENT' }, 'a clip twice')
  await t.rejects(writeDataSet(root, set, []), { code: 'INVALID_ARGUMENT' }, 'over the source')
  const link = join(temporary(t), 'link')
  symlinkSync(root, link)
  await t.rejects(writeDataSet(link, set, []), { code: 'INVALID_ARGUMENT' }, 'over the source, by a link')
  for (const name of ['FileList.csv', 'Videos/thesis.avi', 'VolumeTracings.csv']) {
    const theirs = lay(temporary(t), { [name]: 'not ours' })
    const refusal = { code: 'DATASET_FOLDER_IN_USE', message: new RegExp(`holds ${name}, which`) }
    await t.rejects(writeDataSet(theirs, set, chosen(1)), refusal)
    t.equal(readFileSync(join(theirs, name), 'utf8'), 'not ours')
  }
  const signal = AbortSignal.abort()
  await t.rejects(writeDataSet(out, set, [], { signal }), { code: 'ABORTED' })
  t.equal((await readDataSet(out)).clips.length, 3, 'an aborted write leaves what was there')
})

/** A made clip of three grey frames. */
function made(name: string, parent: Clip): DistilledItem {
  const video = { kind: 'made' as const, name, frames: new Uint8Array(3 * 8 * 6).fill(90) }
  return { ...plainItems([parent])[0], video: { ...video, count: 3, width: 8, height: 6, fps: 12.5 }, weight: 2 }
}

t.test('made clips are written beside those of the source, as it would name them', async (t) => {
  const root = echonet(temporary(t), SIX)
  const set = await readDataSet(root)
  const [plain] = plainItems(set.clips)
  const items = [made('made-1.avi', set.clips[1]), plain]
  for (const materialize of ['copy', 'link', 'list'] as const) {
    const out = join(temporary(t), 'out')
    const paths = await writeDataSet(out, set, items, { materialize })
    t.equal(paths[0], join(out, 'Videos', 'made-1.avi'))
    const { clips } = await readDataSet(out)
    t.same(
      clips.map(({ label, split }) => [label, split]),
      [set.clips[0], set.clips[4], set.clips[5], set.clips[1]].map(({ label, split }) => [label, split]),
      `${materialize}: after the clips of the source`,
    )
    const written = clips.find(({ id }) => id === 'made-1.avi')!
    t.match(await readClip(written.path), { count: 3, width: 8, height: 6, fps: 12.5 })
    t.match(readFileSync(join(out, 'weights.csv'), 'utf8'), /\nVideos\/made-1\.avi,2\n$/)
  }

  // a table beside its videos, with endings, a group a patient, and no split
  const csv = lay(temporary(t), {
    'c.csv': 'path,label,patient,note,FPS\na.avi,x,p,1,\nb.avi,y,q,2,\nc.avi,x,r,3,\nd.avi,y,s,4,\n',
    ...{ 'a.avi': 'a', 'b.avi': 'b', 'c.avi': 'c', 'd.avi': 'd' },
  })
  const drawn = await readDataSet(csv, { testFraction: 0.5 })
  const train = drawn.clips.filter(({ split }) => split === 'train')
  const both = { ...made('sub/two.avi', train[0]), parents: train }
  const beside = join(temporary(t), 'out')
  await writeDataSet(beside, drawn, [made('one.avi', train[0]), both])
  const back = await readDataSet(beside)
  const one = back.clips.find(({ id }) => id === 'one.avi')!
  t.same([one.label, one.split, one.group], [train[0].label, 'train', train[0].group], 'of one patient')
  const two = back.clips.find(({ id }) => id === 'sub/two.avi')!
  t.equal(two.group, 'sub/two.avi', 'of several patients: none of them')
  t.match(back.source.rows[back.clips.indexOf(one)], { path: 'one.avi', note: '', FPS: '12.5' })

  const folders = await readDataSet(
    lay(temporary(t), { 'x/1.avi': '1', 'x/2.avi': '2', 'y/1.avi': '3', 'y/2.avi': '4' }),
  )
  const parent = folders.clips.find(({ split, label }) => split === 'train' && label === 'y')!
  for (const materialize of ['copy', 'list'] as const) {
    const tiny = join(temporary(t), 'tiny')
    await writeDataSet(tiny, folders, [made('made.avi', parent), ...plainItems([parent])], { materialize })
    const { clips } = await readDataSet(tiny)
    t.same(
      clips
        .filter(({ split }) => split === 'train')
        .map(({ label, path }) => [label, path.endsWith('made.avi')])
        .sort(),
      [
        ['y', false],
        ['y', true],
      ],
    )
  }

  const out = join(temporary(t), 'out')
  for (const name of [
    '',
    'made',
    '../made.avi',
    '/made.avi',
    'a//b.avi',
    '.avi',
    'a\\b.avi',
    'c:made.avi',
    '.hidden.avi',
  ])
    await t.rejects(writeDataSet(out, set, [made(name, plain.parents[0])]), { code: 'INVALID_ARGUMENT' }, name)
  const taken = [made('0XA.avi', set.clips[1]), plain]
  await t.rejects(writeDataSet(out, set, taken), { message: /no other clip of the set has/ }, 'a name of the source')
  await t.rejects(writeDataSet(out, set, [items[0], items[0]]), { message: /no other clip/ }, 'a name twice')
  const outside = { ...made('made.avi', parent), label: '../elsewhere' }
  await t.rejects(writeDataSet(out, folders, [outside]), { message: /name of a folder for the label/ })
  const heavy = { ...items[0], weight: -1 }
  await t.rejects(writeDataSet(out, set, [heavy]), { message: /items\[0\]\.weight/ })
  const theirs = lay(temporary(t), { 'one.avi': 'not ours' })
  await t.rejects(writeDataSet(theirs, drawn, [made('one.avi', train[0])]), { code: 'DATASET_FOLDER_IN_USE' })
})

t.test("written in the source's layout: CSV and folders", async (t) => {
  const source = lay(temporary(t), { 'v/a.avi': 'a', 'v/b.avi': 'b', 'v/c.avi': 'c', 'v/d.avi': 'd' })
  const root = lay(temporary(t), {
    'c.csv': `path,label,note\n${join(source, 'v/a.avi')},x,1\nsub/b,y,2\nc.avi,x,3\nd.avi,y,4\n`,
    'Videos/c.avi': 'c',
    'Videos/d.avi': 'd',
    'Videos/sub/.keep': '',
  })
  symlinkSync(join(source, 'v/b.avi'), join(root, 'Videos/sub/b.avi'))
  const set = await readDataSet(root, { testFraction: 0.5 })
  const train = plainItems(set.clips.filter(({ split }) => split === 'train'))
  const out = join(temporary(t), 'out')
  for (const materialize of ['copy', 'link', 'list'] as const) {
    await writeDataSet(out, set, train, { materialize })
    const back = await readDataSet(out)
    t.equal(back.notice, undefined, 'no word of EchoNet')
    if (materialize !== 'list')
      t.notMatch(readFileSync(join(out, 'c.csv'), 'utf8'), /\.\.|^\//m, 'no row leads out of the folder')
    t.same(
      back.clips.map(({ label, split }) => [label, split]),
      set.clips.map(({ label, split }) => [label, split]),
    )
    t.same(back.source.columns, ['path', 'label', 'note', 'split'], 'the drawn split is written down')
    t.same(
      back.clips.map(({ path }) => readFileSync(path, 'utf8')),
      ['a', 'b', 'c', 'd'],
    )
  }

  const folders = await readDataSet(
    lay(temporary(t), { 'x/1.avi': '1', 'x/2.avi': '2', 'y/1.avi': '3', 'y/2.avi': '4' }),
  )
  const chosen = plainItems(folders.clips.filter(({ split }) => split === 'train'))
  for (const materialize of ['copy', 'list'] as const) {
    const tiny = join(temporary(t), 'tiny')
    await writeDataSet(tiny, folders, chosen, { materialize })
    mkdirSync(join(tiny, 'cache', 'volumes'), { recursive: true }) // as `distill` leaves it
    const back = await readDataSet(tiny)
    const said = (set: typeof back) =>
      set.clips.map(({ label, split, path }) => `${split} ${label} ${readFileSync(path)}`).sort()
    t.same(said(back), said(folders), materialize)
  }
})
