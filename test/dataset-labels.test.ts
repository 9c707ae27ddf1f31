import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ReadDataSetOptions, readDataSet } from 'infomotion'
import t from 'tap'
import { infomotion, lay, temporary } from './support.js'

t.setTimeout(180_000)

// What people write into label tables, and what must come of it: read, told, or refused with the cure.

/** A table of clips that are all there: rows "label" or "label,split,group,...". */
function table(root: string, header: string, rows: string[], name = 'clips.csv') {
  const clips = rows.map((_, i) => `${String.fromCharCode(97 + (i % 26))}${i}.avi`)
  const text = [`path,${header}`, ...rows.map((row, i) => `${clips[i]},${row}`), ''].join('\n')
  return lay(root, { ...Object.fromEntries(clips.map((clip) => [clip, clip])), [name]: text })
}

async function read(folder: string, options?: ReadDataSetOptions) {
  const { classes, clips, warnings, ...set } = await readDataSet(folder, options)
  const counts = classes.map((_, c) => clips.filter(({ classIndex }) => classIndex === c).length)
  return { ...set, classes, clips, counts, warnings: warnings.join('\n') }
}

t.test('equal numbers are one class, called as most are spelt', async (t) => {
  for (const [labels, classes] of [
    [
      ['1', '1.0', '0', '0.0', '1', '0.0'],
      ['0.0', '1'],
    ],
    [
      ['01', '1e0', '+1', '1.', '2', '2'],
      ['01', '2'],
    ],
    [
      ['-0', '0', '0.0', '10', '1e1', '10'],
      ['-0', '10'],
    ],
    [
      ['.5', '0.50', 'half', 'half', '.5', '5e-1'],
      ['.5', 'half'],
    ],
    [
      ['0x10', '16', '16.0', 'Infinity', '0x10', '16'],
      ['0x10', '16', 'Infinity'],
    ],
  ]) {
    const set = await read(table(temporary(t), 'label', labels), { testFraction: 0.2 })
    t.same(set.classes, classes)
    t.match(set.warnings, /Labels that are the same number are one class/)
    t.same(
      set.clips.map(({ label }) => label),
      labels,
      'the labels stay as they stand',
    )
  }
  const long = ['10000000000000000001', '10000000000000000002']
  t.same((await read(table(temporary(t), 'label', [...long, ...long]))).classes, long, 'names of digits stay names')
})

t.test('missing labels are missing', async (t) => {
  const missing = [
    '',
    ' ',
    'nan',
    'NaN',
    'NAN',
    'NA',
    'N/A',
    'n/a',
    'None',
    'null',
    'NULL',
    '<NA>',
    '#N/A',
    '\u00a0',
    '\u200b',
  ]
  const present = ['a', 'b', 'nano', 'Nancy', 'n', 'no', 'naan', '0', 'x', 'a', 'b', 'x', 'n', 'no', '0']
  const set = await read(table(temporary(t), 'label', [...missing.map((label) => `"${label}"`), ...present]))
  t.same(set.classes, [...new Set(present)].sort())
  t.match(
    set.warnings,
    /15 of 30 clips have no label that "labels" can use: a0.avi \(""\), .*, \.\.\.\. They are left out/,
  )
  const doubtful = await read(table(temporary(t), 'label', ['none', '-', '?', 'a', 'unknown']))
  t.equal(doubtful.classes.length, 5)
  t.match(doubtful.warnings, /"-", "\?", "none", "unknown" is taken for a class/)
  const folders = await read(lay(temporary(t), { 'None/1.avi': '', 'NA/2.avi': '', 'a/3.avi': '' }))
  t.same(folders.classes, ['NA', 'None', 'a'], "a folder's name is a label")
  await t.rejects(read(table(temporary(t), 'label', ['nan', 'NA', 'a'])), { code: 'DATASET_LABELS_UNUSABLE' })
})

t.test('spellings that people read as one are told', async (t) => {
  for (const [one, other] of [
    ['Sick', 'sick'],
    ['café', 'cafe\u0301'],
    ['a\u200bb', 'ab'],
    ['two words', 'two  words'],
    ['two words', 'two\u00a0words'],
    ['TRUE', 'True'],
    ['straße', 'STRASSE'],
    ['ﬁne', 'fine'],
  ]) {
    const { classes, warnings } = await read(table(temporary(t), 'label', [one, other, 'x', one, other]))
    t.same(classes, [one, other, 'x'].sort(), 'they stay classes of their own')
    t.match(warnings, /Classes differ by case, spaces or Unicode form only: /, `${one} ${other}`)
  }
  const { warnings } = await read(table(temporary(t), 'label', ['a\u200bb', 'ab', 'cafe\u0301', 'café']))
  t.ok(warnings.includes('"a\\u{200b}b"') && warnings.includes('"cafe\\u{301}"'), 'what cannot be seen is written out')
  t.same((await read(table(temporary(t), 'label', [' x', 'x ', 'y', '\u00a0y\u00a0']))).classes, ['x', 'y'])
  const folders = await read(lay(temporary(t), { 'Sick/1.avi': '', 'sick/2.avi': '' }))
  t.match(folders.warnings, /"Sick" and "sick"/)
})

t.test('ejection fractions as fractions', async (t) => {
  const ef = (values: (string | number)[]) => table(temporary(t), 'EF', values.map(String)).concat('/clips.csv')
  const columns = { path: 'path', label: 'EF' }
  const fractions = [0.29, 0.3, 0.4, 0.57, 0.7, 0.71, 1, 0]
  for (const classes of ['ef5', 'ef3', 'ef2'] as const)
    await t.rejects(read(ef(fractions), { columns, classes }), {
      code: 'DATASET_EF_FRACTION',
      message: /All 8 numbers of EF lie between 0 and 1.*--ef-scale 100/,
    })
  for (const slip of [1.02, 65, 999, -1])
    await t.rejects(read(ef([...fractions, slip]), { columns, classes: 'ef5' }), {
      code: 'DATASET_EF_FRACTION',
      message: /8 of 9 numbers of EF lie between 0 and 1/,
    })
  const scaled = await read(ef(fractions), { columns, classes: 'ef5', efScale: 100 })
  t.same(
    scaled.clips.map(({ classIndex }) => classIndex),
    [0, 1, 2, 3, 3, 4, 4, 0],
    'as the same numbers in percent, at the edges too',
  )
  const mixed = await read(ef([0.55, 55, 62, 31]), { columns, classes: 'ef5' })
  t.match(mixed.warnings, /1 of 4 numbers of EF are at most 1 percent \(0.55\)/)
  t.notMatch((await read(ef([0, 55, 62, 31]), { columns, classes: 'ef5' })).warnings, /percent/)
  t.same(
    (await read(ef([0.2, 0.6]), { columns, classes: 'edges:0.5' })).counts,
    [1, 1],
    'other schemes have no percent',
  )
  const line = ['distill', ef(fractions), '-o', temporary(t), '-n', '1', '--until', 'features', '--label-column', 'EF']
  t.match((await infomotion([...line, '--classes', 'ef5'])).err, /DATASET_EF_FRACTION/)
  t.match((await infomotion([...line, '--classes', 'ef5', '--ef-scale', '100'])).err, /NO_READABLE_CLIP/)
})

t.test('splits in numbers and words', async (t) => {
  const of = (words: string[]) =>
    table(
      temporary(t),
      'label,split',
      words.map((word, i) => `${'xy'[i % 2]},${word}`),
    )
  const splits = async (words: string[], splitValues?: ReadDataSetOptions['splitValues']) =>
    (await read(of(words), { splitValues })).clips.map(({ split }) => split)
  const codes = ['0', '0', '1', '2']
  await t.rejects(splits(codes), { code: 'DATASET_SPLIT_UNKNOWN', message: /--split-values train=0,val=1,test=2 / })
  await t.rejects(splits(['1', '1', '2', '2']), { message: /--split-values train=1,test=2 / })
  await t.rejects(splits(['0', '1', '2', '3', '4']), { message: /--split-values train=0\|1\|2,val=3,test=4 / })
  await t.rejects(splits(['train', 'train', 'holdout']), {
    message: /"holdout" \(1 rows\).*--split-values test=holdout /,
  })
  t.same(await splits(codes, { train: '0', val: '1', test: '2' }), ['train', 'train', 'val', 'test'])
  t.same(await splits(['0.0', '0', '1.0', '2'], { train: ['0', '1'], test: '2' }), ['train', 'train', 'train', 'test'])
  t.same(await splits(['TRAIN', 'train', 'Holdout', 'dev'], { test: 'holdout' }), ['train', 'train', 'test', 'val'])
  t.same(await splits(['train', 'train', 'dev'], { test: 'dev' }), ['train', 'train', 'test'], 'before known words')
  t.same(await splits(['0', '7', '8', '9', '3']), ['train', 'train', 'val', 'test', 'train'], 'folds')
  await t.rejects(splits(['0', '7', '8', '9'], { test: '0' }), { code: 'DATASET_SPLIT_UNKNOWN' }, 'no longer folds')
  await t.rejects(read(table(temporary(t), 'label', ['x', 'y']), { splitValues: { test: '1' } }), {
    code: 'DATASET_COLUMN_MISSING',
    message: /no column of splits that --split-values/,
  })
  const folders = { 'fit/a/1.avi': '', 'fit/b/1.avi': '', 'holdout/a/2.avi': '', 'holdout/b/2.avi': '' }
  const named = await read(lay(temporary(t), folders), { splitValues: { train: 'fit', test: 'holdout' } })
  t.same([named.classes, named.splits, named.counts], [['a', 'b'], 'given', [2, 2]], 'folders of splits too')
  await t.rejects(read(lay(temporary(t), { 'a/1.avi': '', 'b/1.avi': '' }), { splitValues: { test: 'x' } }), {
    code: 'DATASET_COLUMN_MISSING',
  })
  const line = ['distill', of(codes), '-o', temporary(t), '-n', '1', '--until', 'features']
  t.match((await infomotion([...line, '--split-values', 'train=0,val=1'])).err, /train=0,val=1,test=2/)
  t.match((await infomotion([...line, '--split-values', 'train=0|1,test=2'])).err, /NO_READABLE_CLIP/)
  for (const wrong of ['train', 'x=1', 'train=', ''])
    t.equal((await infomotion([...line, '--split-values', wrong])).status, 2, wrong)
})

t.test('one class has nothing to tell apart', async (t) => {
  const root = table(temporary(t), 'label,split', ['x,train', 'x,train', 'x,test', 'y,test'])
  t.match((await read(root)).warnings, /All TRAIN clips belong to one class, "x"/)
  for (const command of [
    ['distill', '-n', '1'],
    ['distill', '-n', '1', '--until', 'train'],
    ['compare', '-n', '1'],
  ]) {
    const { status, err } = await infomotion([...command, '-o', temporary(t), root])
    t.equal(status, 1)
    t.match(err, /All TRAIN clips belong to one class, "x".*DATASET_ONE_CLASS/, command.join(' '))
    t.notMatch(err, /features:/, 'before any work')
  }
  const { err } = await infomotion(['distill', '-n', '1', '--until', 'select', '-o', temporary(t), root])
  t.match(err, /NO_READABLE_CLIP/, 'without a student it goes on')
})

t.test('what a layout cannot honour is refused', async (t) => {
  const folders = () => lay(temporary(t), { 'a/1.avi': '', 'b/2.avi': '' })
  for (const role of ['path', 'label', 'split', 'group', 'parent'])
    await t.rejects(read(folders(), { columns: { [role]: 'patient' } }), {
      code: 'DATASET_COLUMN_MISSING',
      message: new RegExp(`no column "patient" \\(--${role}-column`),
    })
  await t.rejects(read(table(temporary(t), 'label', ['x', 'y']), { efScale: 100 }), { code: 'INVALID_ARGUMENT' })
})

t.test('folders that are no classes', async (t) => {
  const batches = { 'Batch1/0XA.avi': '', 'Batch1/0XB.avi': '', 'Batch2/0XC.avi': '' }
  const parts = lay(temporary(t), batches)
  await t.rejects(read(parts), { code: 'DATASET_AMBIGUOUS', message: /called Batch1\/, Batch2\/.*--classes labels/ })
  t.same((await read(parts, { classes: 'labels' })).classes, ['Batch1', 'Batch2'], 'unless one says so')
  const lvh = lay(temporary(t), { ...batches, 'MeasurementsList.csv': 'HashedFileName,Grade\n0XA,1\n0XB,2\n0XC,1\n' })
  const refusal = { code: 'DATASET_AMBIGUOUS', message: /MeasurementsList.csv.*--path-column HashedFileName/ }
  await t.rejects(read(lvh), refusal)
  const meant = await read(lvh, { columns: { path: 'HashedFileName', label: 'Grade' } })
  t.same(
    [meant.classes, meant.counts],
    [
      ['1', '2'],
      [2, 1],
    ],
    'which finds the clips in their folders',
  )
  t.same(
    meant.clips.map(({ id }) => id),
    ['Batch1/0XA.avi', 'Batch1/0XB.avi', 'Batch2/0XC.avi'],
  )
  t.match((await read(lvh, { classes: 'labels' })).warnings, /not a column of MeasurementsList.csv/)
  for (const name of ['part-%', 'Site_%', 'shard%', 'chunk 0%', 'patient%', 'Hospital %', 'fold%'])
    await t.rejects(
      read(lay(temporary(t), { [`${name.replace('%', '1')}/a.avi`]: '', [`${name.replace('%', '2')}/b.avi`]: '' })),
      {
        code: 'DATASET_AMBIGUOUS',
      },
    )
  const twice = lay(temporary(t), { 'p/1.avi': '', 'q/1.avi': '', 'x.csv': 'path,label\n1,a\n' })
  await t.rejects(read(twice), { code: 'DATASET_FILES_MISSING' }, 'a name that occurs twice is not guessed')
})

t.test('what lies among the clips and is not read is counted', async (t) => {
  const root = lay(temporary(t), {
    ...{
      'a/1.avi': '',
      'b/2.avi': '',
      'a/us.dat': '',
      'a/b.DAT': '',
      'b/x.flv': '',
      'b/noending': '',
      'stray.mp4': '',
    },
    ...{ 'b/deep/3.avi': '', 'a/.hidden': '', 'a/Thumbs.db': '', 'README.md': '', 'notes.txt': '' },
  })
  const { warnings } = await read(root)
  t.match(warnings, /6 files or folders among the class folders are not read: \.dat \(2\), /)
  for (const kind of ['.flv (1)', 'no ending (1)', 'folders (1)', 'videos outside (1)'])
    t.ok(warnings.includes(kind), kind)
  t.equal(
    (await read(lay(temporary(t), { 'a/1.avi': '', 'b/2.avi': '', 'a/.DS_Store': '' }))).warnings.includes('not read'),
    false,
  )
})

t.test('names in other spellings, other folders, and what is no file', async (t) => {
  const root = lay(temporary(t), { 'videos/e\u0301t\u00e9.avi': '', 'videos/Vide\u0301os/b.AVI': '' })
  const rows = ['\u00e9te\u0301,x', 'Vid\u00e9os\\B.avi,y', '.\\videos\\\u00c9T\u00c9.AVI,z']
  for (const [n, row] of rows.entries()) {
    writeFileSync(join(root, 'c.csv'), `path,label\n${row}\n`)
    t.equal((await read(root)).clips.length, 1, `row ${n}`)
  }
  const odd = lay(temporary(t), {
    'c.csv': 'path,label\na.avi,x\nb.avi,y\npipe.avi,y\nlink.avi,x\ngone.avi,x\n',
    'a.avi': '',
    'b.avi': '',
  })
  mkdirSync(join(odd, 'folder'))
  execFileSync('mkfifo', [join(odd, 'pipe.avi')])
  execFileSync('mkfifo', [join(odd, 'z.csv')])
  symlinkSync('folder', join(odd, 'link.avi'))
  symlinkSync('nowhere', join(odd, 'gone.avi'))
  await t.rejects(read(odd), {
    code: 'DATASET_FILES_MISSING',
    message: /2 of the 5 .*: pipe.avi, link.avi \(no regular file\)/,
  })
  symlinkSync('/dev/zero', join(odd, 'phantom.json'))
  t.equal((await read(odd, { allowMissing: true })).synthetic, false)
  renameSync(join(odd, 'z.csv'), join(odd, 'FileList.csv'))
  t.equal((await read(odd, { allowMissing: true })).clips.length, 3, 'a pipe is no table')
})

t.test('a header of 1 MB is read in linear time; a line without end is refused', async (t) => {
  const seconds = []
  for (const columns of [40_000, 160_000]) {
    const extra = Array.from({ length: columns }, (_, i) => `c${i}`)
    const text = `path,label,${extra}\na,x,${','.repeat(columns - 1)}\nb,y,${','.repeat(columns - 1)}\n`
    const root = lay(temporary(t), { 'c.csv': text, 'a.avi': '', 'b.avi': '' })
    const start = process.cpuUsage()
    t.equal((await read(root)).clips.length, 2)
    seconds.push((process.cpuUsage(start).user + process.cpuUsage(start).system) / 1e6)
  }
  t.ok(seconds[1] < 12 * seconds[0] && seconds[1] < 30, `4 times the columns: ${seconds.join(' and ')} s`)
  await t.rejects(read(lay(temporary(t), { 'c.csv': `path,label,${'x'.repeat(4e6)}\na,x\n` })), {
    code: 'DATASET_TABLE_INVALID',
    message: /maximum number of tolerated/,
  })
  for (const start of ['path,label\n', '', 'path,label\na,"']) {
    const root = lay(temporary(t), { 'c.csv': start })
    truncateSync(join(root, 'c.csv'), 1.5e9) // a sparse file: one line of zeros
    await t.rejects(read(root), { code: 'DATASET_TABLE_INVALID' })
  }
})
