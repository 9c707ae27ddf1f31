import { execFileSync } from 'node:child_process'
import { readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DataSet, type ReadDataSetOptions, readDataSet, writeDataSet } from 'infomotion'
import t, { type Test } from 'tap'
import { listForm, parseListLine } from '#lib/dataset/lists.js'
import { plainItems } from '#lib/synthesize/index.js'
import { infomotion, lay, temporary } from './support.js'

t.setTimeout(300_000)

const said = ({ clips }: DataSet) => clips.map(({ id, label, split }) => `${id} ${label} ${split}`)
const contents = ({ clips }: DataSet) =>
  clips.map(({ path, label, split }) => `${readFileSync(path, 'utf8')} ${label} ${split}`).sort()

/** Writes the whole of a set in each way, and checks that it reads back as itself. */
async function readsBack(t: Test, set: DataSet, options: ReadDataSetOptions = {}): Promise<string> {
  let out = ''
  for (const materialize of ['link', 'list', 'copy'] as const) {
    out = join(temporary(t), 'out')
    await writeDataSet(out, set, plainItems(set.clips.filter(({ split }) => split === 'train')), { materialize })
    const back = await readDataSet(out, options)
    t.same([contents(back), back.splits, back.classes], [contents(set), 'given', set.classes], materialize)
  }
  return out
}

t.test('lines of lists', (t) => {
  for (const [line, ...values] of [
    ['a.mp4 3', 'a.mp4', '3'],
    ['dir/a.mp4\t3', 'dir/a.mp4', '3'],
    ['a.mp4,3', 'a.mp4', '3'],
    ['a.mp4 , 3', 'a.mp4', '3'],
    ['a.mp4;yes', 'a.mp4', 'yes'],
    ['my clips/a b.avi 3', 'my clips/a b.avi', '3'],
    ['"my clips/a b.avi" 3', 'my clips/a b.avi', '3'],
    ['"a, b.avi",x y', 'a, b.avi', 'x y'],
    ['a.avi playing guitar', 'a.avi', 'playing guitar'],
    ['old.avi copies/b.avi 1', 'old.avi copies/b.avi', '1'],
    ['A.AVI -1', 'A.AVI', '-1'],
    ['a.avi,"x y"', 'a.avi', 'x y'],
    ['/data/k/a.mkv 0', '/data/k/a.mkv', '0'],
    ['class/a.avi', 'class/a.avi'],
    ['frames/a b 120 3', 'frames/a b', '120', '3'],
  ]) {
    const form = listForm(line)
    t.ok(form, line)
    if (form) t.same(parseListLine(line, form), values, line)
  }
  for (const header of [
    'path,label',
    'path label',
    'FileName,EF,Split',
    'a b',
    'x 1',
    'id,a.avi',
    'avi,mp4',
    '',
    'avi',
    '7 8',
  ])
    t.notOk(header === 'id,a.avi' ? undefined : listForm(header), header)
  for (const wrong of ['a.avi 3 5', 'a.avi 3 5 7', 'b.txt 3', 'x', 'b.avi', 'b.avi,3'])
    t.throws(
      () => parseListLine(wrong, listForm('a.avi 3')!),
      /is not a clip and its label.*needs a header line/,
      wrong,
    )
  t.throws(() => parseListLine('b.avi 20,TRAIN', listForm('a.avi,3')!))
  const started = process.cpuUsage()
  for (const hostile of [
    `${'a.avi '.repeat(10_000)}x`,
    ' '.repeat(65_000),
    '"'.repeat(65_000),
    `${'1 '.repeat(30_000)}x`,
    'x'.repeat(1e7),
  ])
    listForm(hostile)
  t.ok(process.cpuUsage(started).user < 2e6, 'in linear time')
  t.end()
})

t.test('a list without a header', async (t) => {
  const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e f', 'g'].map((name) => [`clips/${name}.mp4`, name]))
  const lines = [
    'clips/a.mp4 0',
    'clips/b.mp4 1',
    'clips/c.mp4 0',
    'clips/d.mp4 1',
    'clips/e f.mp4 0',
    'clips/g.mp4 1',
    '',
  ]
  for (const name of ['list.txt', 'clips.csv', 'x.list']) {
    const root = lay(temporary(t), {
      ...files,
      [name]: lines.join('\n'),
      'notes.txt': 'not a list\n',
      'README.txt': '',
    })
    const set = await readDataSet(root)
    t.same([set.layout, set.splits, set.classes, set.clips.length], ['csv', 'drawn', ['0', '1'], 6], name)
    t.same((await readDataSet(join(root, name))).clips, set.clips)
    const out = await readsBack(t, set)
    const [stem, ending] = name.split('.')
    t.match(
      readFileSync(join(out, `${stem}_train.${ending}`), 'utf8'),
      /^clips\/a.mp4 0\n/,
      'lists of splits, as people have them',
    )
  }
  const commas = lay(temporary(t), { ...files, 'list.csv': lines.join('\r\n').replaceAll('.mp4 ', '.mp4,') })
  t.equal((await readDataSet(commas)).clips.length, 6)
  const many = Array.from({ length: 60 }, (_, i) => [`v${i}.avi`, i % 30] as const)
  const numbered = lay(temporary(t), {
    ...Object.fromEntries(many.map(([name]) => [name, name])),
    'list.txt': many.map((pair) => pair.join(' ')).join('\n'),
  })
  t.equal((await readDataSet(numbered)).classes.length, 30, 'numbers of a list are classes, however many')

  // paths of another folder, without the folder that the clips were packed into
  const below = lay(temporary(t), {
    'videos_train/x/1.mp4': 'x1',
    'videos_train/y/1.mp4': 'y1',
    'list.txt': 'x/1.mp4 0\ny/1.mp4 1\n',
  })
  t.same(
    (await readDataSet(below)).clips.map(({ path }) => readFileSync(path, 'utf8')),
    ['x1', 'y1'],
  )
  const wrong = lay(temporary(t), { 'x/1.mp4': '', 'list.txt': 'z/1.mp4 0\nx/1.mp4 1\n' })
  await t.rejects(readDataSet(wrong), { code: 'DATASET_FILES_MISSING' }, 'a clip of another folder is not taken')

  for (const [text, message] of [
    ['a.mp4 0\nb.mp4\n', /line 2, "b.mp4" is not a clip and its label/],
    ['a.mp4,20,TRAIN\nb.mp4,30,TEST\n', /line 1.*needs a header line/],
    ['a.mp4 0\nb.mp4 1 2\n', /line 2/],
    ['a.mp4\nb.mp4\n', /folder that is called as its class, in line 1 of .*but found "a.mp4"/],
    [`a.mp4 0\n${'x'.repeat(3e6)}`, /more than 2000000 characters/],
    ['a.mp4 0\nb\u001b[2J 1\n', /"b\\u\{1b\}\[2J 1"/],
  ] as const) {
    const root = lay(temporary(t), { 'a.mp4': '', 'b.mp4': '', 'list.txt': text })
    await t.rejects(readDataSet(root), { code: 'DATASET_TABLE_INVALID', message })
  }
  const sparse = lay(temporary(t), { 'a.mp4': '', 'list.txt': 'a.mp4 0\n' })
  truncateSync(join(sparse, 'list.txt'), 1.5e9)
  await t.rejects(readDataSet(sparse), { code: 'DATASET_TABLE_INVALID' }, 'a line without end')
})

t.test('folders of frames, with their number', async (t) => {
  const frames = (name: string) => Object.fromEntries([1, 2, 3].map((i) => [`raw/${name}/img_0000${i}.jpg`, name]))
  const root = lay(temporary(t), {
    ...frames('a b'),
    ...frames('c'),
    ...frames('d'),
    'train.txt': 'raw/a b 3 0\nraw/c 3 1\n',
    'val.txt': 'raw/d 3 0\n',
  })
  const set = await readDataSet(root)
  t.same(said(set), ['raw/a b 0 train', 'raw/c 1 train', 'raw/d 0 val'])
  const out = join(temporary(t), 'out')
  await writeDataSet(out, set, plainItems(set.clips.slice(0, 2)))
  t.equal(readFileSync(join(out, 'train.txt'), 'utf8'), 'raw/a b 3 0\nraw/c 3 1\n')
  t.same(said(await readDataSet(out)), said(set))
  const wrong = lay(temporary(t), { ...frames('a'), 'x.txt': 'raw/a 3 0\nraw/a.avi 3\n' })
  await t.rejects(readDataSet(wrong), { code: 'DATASET_TABLE_INVALID', message: /line 2, .* is no folder of frames/ })
})

t.test('a table or a list a split', async (t) => {
  const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.avi`, name]))
  for (const [train, val, test, header] of [
    ['train.csv', 'val.csv', 'test.csv', 'path,label'],
    ['train.txt', 'val.txt', 'test.txt', undefined],
    ['train_list.txt', 'valid_list.txt', 'test_list.txt', undefined],
    ['k400_train_list_videos.txt', 'k400_val_list_videos.txt', 'k400_test_list_videos.txt', undefined],
    ['train.csv', 'validate.csv', 'test.csv', 'label,path'],
    ['TrainSet.csv', 'DevSet.csv', 'TestSet.csv', 'path,label,note'],
  ] as const) {
    const tableOf = (names: string) =>
      [...(header ? [header] : []), ...Array.from(names, (name, i) => line(`${name}.avi`, 'xy'[i % 2])), ''].join('\n')
    const line = (path: string, label: string) =>
      header === 'label,path'
        ? `${label},${path}`
        : header
          ? `${path},${label}${header.endsWith('note') ? ',n' : ''}`
          : `${path} ${label}`
    const root = lay(temporary(t), { ...files, [train]: tableOf('abc'), [val]: tableOf('d'), [test]: tableOf('e') })
    const set = await readDataSet(root)
    t.same(said(set), ['a.avi x train', 'b.avi y train', 'c.avi x train', 'd.avi x val', 'e.avi x test'], train)
    t.match(set.notes.join(), /Splits by tables: /)
    const out = await readsBack(t, set)
    t.equal(readFileSync(join(out, train), 'utf8'), tableOf('abc'), 'the same tables')
    t.equal(readFileSync(join(out, test), 'utf8'), tableOf('e'))
    await t.rejects(readDataSet(lay(root, { 'all.csv': 'path,label\na.avi,x\n' })), { code: 'DATASET_AMBIGUOUS' })
  }
  const held = lay(temporary(t), { ...files, 'train.txt': 'a.avi 0\nb.avi 1\n', 'val.txt': 'c.avi 0\nd.avi 1\n' })
  t.match((await readDataSet(held)).warnings, ['There is no TEST clip: nothing can be evaluated.'])
  t.equal((await readDataSet(held, { splitValues: { test: 'val' } })).clips[3].split, 'test')
  const differ = lay(temporary(t), {
    ...files,
    'train.csv': 'path,label\na.avi,x\n',
    'test.csv': 'file,label\nb.avi,y\n',
  })
  t.equal((await readDataSet(differ)).clips.length, 1, 'the one with our names')
  const others = lay(temporary(t), {
    ...files,
    'train.csv': 'video,class\na.avi,x\n',
    'test.csv': 'file,class\nb.avi,y\n',
  })
  await t.rejects(readDataSet(others), {
    code: 'DATASET_TABLE_INVALID',
    message: /the path is "video" in one and "file" in the other/,
  })
  const twice = lay(temporary(t), {
    ...files,
    'train.csv': 'path,label\na.avi,x\nb.avi,y\n',
    'test.csv': 'path,label\na.avi,x\n',
  })
  await t.rejects(readDataSet(twice), { code: 'DATASET_DUPLICATE', message: /a.avi/ })
})

t.test('Hugging Face: metadata.csv, of the whole or of each split', async (t) => {
  const one = lay(temporary(t), {
    'metadata.csv': 'file_name,label\nv/1.mp4,x\nv/2.mp4,y\n',
    'v/1.mp4': '1',
    'v/2.mp4': '2',
  })
  const set = await readDataSet(one)
  t.same(said(set), ['v/1.mp4 x train', 'v/2.mp4 y train'])
  t.same(set.notes, ['Columns taken: "file_name" as path.'])
  const folders = { 'train/1.mp4': '1', 'train/2.mp4': '2', 'test/1.mp4': '3' }
  for (const [name, text] of [
    ['metadata.csv', 'file_name,label\ntrain/1.mp4,x\ntrain/2.mp4,y\ntest/1.mp4,x\n'],
    ['list.txt', 'train/1.mp4 x\ntrain/2.mp4 y\ntest/1.mp4 x\n'],
  ]) {
    const whole = await readDataSet(lay(temporary(t), { ...folders, [name]: text }))
    t.same(
      [whole.splits, said(whole)],
      ['given', ['train/1.mp4 x train', 'train/2.mp4 y train', 'test/1.mp4 x test']],
      name,
    )
    t.match(whole.notes.join(), /Splits by the first folder of the paths/)
    await readsBack(t, whole)
  }
  const classes = lay(temporary(t), {
    ...folders,
    'car/3.mp4': '',
    'c.csv': 'path,label\ntrain/1.mp4,train\ntrain/2.mp4,train\ncar/3.mp4,car\n',
  })
  t.equal((await readDataSet(classes)).splits, 'drawn', 'trains beside cars are no split')
  const two = lay(temporary(t), {
    'train/metadata.csv': 'file_name,label,text\n0001.mp4,x,"one, two"\n0002.mp4,y,\n',
    'train/0001.mp4': 'train 1',
    'train/0002.mp4': 'train 2',
    'test/metadata.csv': 'file_name,label,text\n0001.mp4,x,\nsub/0002.mp4,y,\n',
    'test/0001.mp4': 'test 1',
    'test/sub/0002.mp4': 'test 2',
  })
  const split = await readDataSet(two)
  t.same(said(split), [
    'train/0001.mp4 x train',
    'train/0002.mp4 y train',
    'test/0001.mp4 x test',
    'test/sub/0002.mp4 y test',
  ])
  const out = await readsBack(t, split)
  t.equal(readFileSync(join(out, 'train/metadata.csv'), 'utf8'), readFileSync(join(two, 'train/metadata.csv'), 'utf8'))
})

/** UCF101's names: two classes, recordings g01 to g03 of each, two clips of each recording. */
const ucf = (folder = '') => {
  const names = ['Archery', 'Bowling'].flatMap((label) =>
    ['g01', 'g02', 'g03'].flatMap((group) => ['c01', 'c02'].map((clip) => `${label}/v_${label}_${group}_${clip}.avi`)),
  )
  return { names, files: Object.fromEntries(names.map((name) => [`${folder}${name}`, name])) }
}

const ucfLists = (names: string[], tested: string, number: string) => ({
  [`ucfTrainTestlist/trainlist${number}.txt`]: names
    .filter((name) => !name.includes(tested))
    .map((name) => `${name} ${name.startsWith('Archery') ? 1 : 2}\r\n`)
    .join(''),
  [`ucfTrainTestlist/testlist${number}.txt`]: names
    .filter((name) => name.includes(tested))
    .map((name) => `${name}\r\n`)
    .join(''),
})

t.test("UCF101: its lists of splits, and its recordings' names", async (t) => {
  for (const folder of ['', 'UCF-101/']) {
    const { names, files } = ucf(folder)
    const lists = {
      ...ucfLists(names, '_g01_', '01'),
      ...ucfLists(names, '_g02_', '02'),
      'ucfTrainTestlist/classInd.txt': '1 Archery\n2 Bowling\n',
    }
    const root = lay(temporary(t), { ...files, ...lists })
    const set = await readDataSet(root)
    t.same([set.layout, set.splits, set.classes, set.warnings], ['csv', 'given', ['Archery', 'Bowling'], []])
    t.match(
      set.notes.join(' '),
      /trainlist01.txt \(train\).* Of the lists 01, 02, those of 01 are read; --split-list .*6 recordings, as "v_Archery_g02"/,
    )
    for (const { id, split, label, group } of set.clips) {
      t.equal(split, id.includes('_g01_') ? 'test' : 'train')
      t.equal(group, /v_.*_g\d+/.exec(id)![0])
      t.ok(id.includes(`${label}/v_`))
    }
    const out = await readsBack(t, set)
    t.match(readFileSync(join(out, 'ucfTrainTestlist/trainlist01.txt'), 'utf8'), /^Archery\/v_Archery_g02_c01.avi 1\n/)
    t.match(readFileSync(join(out, 'ucfTrainTestlist/testlist01.txt'), 'utf8'), /^Archery\/v_Archery_g01_c01.avi\n/)
    const second = await readDataSet(root, { splitList: 2 })
    t.ok(second.clips.every(({ id, split }) => (split === 'test') === id.includes('_g02_')))
    await t.rejects(readDataSet(root, { splitList: 7 }), {
      code: 'DATASET_NOT_FOUND',
      message: /no lists of splits with the number 7/,
    })
  }
  // without lists: the recordings of a class stay together
  const { files } = ucf()
  for (const seed of [1, 2, 3, 4]) {
    const set = await readDataSet(lay(temporary(t), files), { seed, testFraction: 0.4 })
    const splits = new Map(set.clips.map(({ group, split }) => [group, split]))
    t.equal(splits.size, 6, 'g01 of Archery is not g01 of Bowling')
    t.ok(set.clips.every(({ group, split }) => splits.get(group) === split))
    t.match(set.notes, ['Groups by the clips\' names: 6 recordings, as "v_Archery_g01".'])
  }
  const apart = Object.fromEntries(
    Object.keys(files).map((name) => [`${/c01/.test(name) ? 'train' : 'test'}/${name}`, '']),
  )
  t.match(
    (await readDataSet(lay(temporary(t), apart))).warnings.join(),
    /6 recording\(s\) have clips in more than one split/,
  )
  await t.rejects(readDataSet(lay(temporary(t), apart), { strict: true }), { code: 'DATASET_LEAK' })
})

t.test('groups by a pattern', async (t) => {
  const names = ['p1_a', 'p1_b', 'p2_a', 'p2_b', 'p3_a', 'p3_b', 'p4_a', 'p4_b']
  const folders = () =>
    lay(temporary(t), Object.fromEntries(names.map((name, i) => [`${i % 2 ? 'x' : 'y'}/${name}.avi`, name])))
  for (const [groupPattern, groups] of [
    ['(p\\d)_', ['p1', 'p2', 'p3', 'p4']],
    ['p\\d', ['p1', 'p2', 'p3', 'p4']],
    ['/p(\\d)', ['1', '2', '3', '4']],
    ['^([xy])/', ['x', 'y']],
  ] as const) {
    const set = await readDataSet(folders(), { groupPattern, testFraction: 0.5 })
    t.same([...new Set(set.clips.map(({ group }) => group))].sort(), groups)
    for (const group of groups)
      t.equal(new Set(set.clips.filter((clip) => clip.group === group).map(({ split }) => split)).size, 1)
  }
  const csv = lay(folders(), {
    'c.csv': `path,label\n${names.map((name, i) => `${i % 2 ? 'x' : 'y'}/${name}.avi,${i % 2}\n`).join('')}`,
  })
  t.equal(
    new Set((await readDataSet(csv, { groupPattern: 'p(\\d)' })).clips.map(({ group }) => group)).size,
    4,
    'of a table',
  )
  const some = await readDataSet(folders(), { groupPattern: '(p[12])_' })
  t.match(some.warnings.join(), /does not match 4 of 8 clips, each of which is a group of its own: "x\/p3_b.avi", /)
  t.equal(new Set(some.clips.map(({ group }) => group)).size, 6)
  await t.rejects(readDataSet(folders(), { groupPattern: 'patient' }), {
    code: 'DATASET_GROUP_PATTERN',
    message: /matches no clip .*They are called "x\/p1_b.avi"/,
  })
  for (const groupPattern of ['(', '[z-a]', '*', 'x'.repeat(1001)])
    await t.rejects(readDataSet(folders(), { groupPattern }), { code: 'INVALID_ARGUMENT' }, groupPattern.slice(0, 20))
  const given = lay(temporary(t), {
    'c.csv': 'path,label,patient,split\na1.avi,x,1,train\na2.avi,y,2,train\nb1.avi,x,3,test\n',
    'a1.avi': '',
    'a2.avi': '',
    'b1.avi': '',
  })
  await t.rejects(readDataSet(given, { groupPattern: '[ab]' }), { code: 'INVALID_ARGUMENT', message: /not both/ })
  const subjects = lay(temporary(t), {
    'c.csv': 'path,label,subject\na1.avi,x,1\na2.avi,y,2\nb1.avi,x,3\n',
    'a1.avi': '',
    'a2.avi': '',
    'b1.avi': '',
  })
  const asked = await readDataSet(subjects, { groupPattern: '^[ab]' })
  t.same(
    asked.clips.map(({ group }) => group),
    ['a', 'a', 'b'],
    'what is asked for comes before a column that is not ours',
  )
  await t.rejects(readDataSet(subjects, { groupPattern: 'a', groupBy: 'patient' }), { code: 'INVALID_ARGUMENT' })
  const split = lay(temporary(t), {
    'c.csv': 'path,label,split\na1.avi,x,train\na2.avi,y,test\nb1.avi,y,train\n',
    'a1.avi': '',
    'a2.avi': '',
    'b1.avi': '',
  })
  await t.rejects(
    readDataSet(split, { groupPattern: '[ab]' }),
    { code: 'DATASET_GROUP_STRADDLES' },
    'what is asked for is meant',
  )

  // a pattern that would be tried for longer than anyone waits
  const long = lay(temporary(t), { [`x/${'a'.repeat(60)}.avi`]: '', 'y/b.avi': '' })
  const started = Date.now()
  await t.rejects(readDataSet(long, { groupPattern: '((a+)+)+!' }), {
    code: 'DATASET_GROUP_PATTERN',
    message: /took more than 2 s.*\(a\+\)\+/,
  })
  t.ok(Date.now() - started < 30_000)
  const line = ['data', folders(), '--json', '--group-pattern']
  t.equal(JSON.parse((await infomotion([...line, '(p\\d)_'])).out).groups.count, 4)
  t.equal((await infomotion([...line, '('])).status, 2)
})

t.test('lists and tables of splits keep to the rules of safety', async (t) => {
  const root = lay(temporary(t), { 'x/1.avi': '1', 'y/2.avi': '2', 'x/3.avi': '3' })
  // pipes, devices and folders are no lists
  execFileSync('mkfifo', [join(root, 'train.txt')])
  symlinkSync('/dev/zero', join(root, 'test.txt'))
  symlinkSync('x', join(root, 'val.list'))
  t.same((await readDataSet(root)).layout, 'folder')
  const files = { '1.avi': '1', '2.avi': '2', '3.avi': '3' }
  // names that lead elsewhere stay in the set
  const outside = lay(temporary(t), { 'o.avi': 'outside' })
  const list = lay(temporary(t), {
    ...files,
    'train.txt': `1.avi 0\n2.avi 1\n${join(outside, 'o.avi')} 0\n`,
    'test.txt': '3.avi 0\n',
  })
  const set = await readDataSet(list)
  const out = await readsBack(t, set)
  t.notMatch(readFileSync(join(out, 'train.txt'), 'utf8'), /^\/|\.\./m)
  // the set's own names
  for (const name of ['weights.csv', 'report.html', 'manifest.json']) {
    const folder = lay(temporary(t), {
      ...files,
      'train.csv': 'path,label\n1.avi,a\n2.avi,b\n',
      'test.csv': `path,label\n3.avi,a\n${name},a\n`,
    })
    symlinkSync(join(folder, '1.avi'), join(folder, name))
    await t.rejects(
      writeDataSet(join(temporary(t), 'o'), await readDataSet(folder), []),
      { code: 'DATASET_NAME_CLASH' },
      name,
    )
  }
  const clash = lay(temporary(t), {
    'train/metadata.csv': 'file_name,label\n1.avi,a\n',
    'train/1.avi': '1',
    'test/metadata.csv': 'file_name,label\n1.avi,a\nmetadata.csv,b\n',
    'test/1.avi': '1',
  })
  await t.rejects(writeDataSet(join(temporary(t), 'o'), await readDataSet(clash), []), {
    code: 'DATASET_NAME_CLASH',
    message: /table of the set/,
  })
  // what somebody else put there is not replaced
  const theirs = lay(temporary(t), { 'train.txt': 'theirs' })
  await t.rejects(writeDataSet(theirs, set, []), { code: 'DATASET_FOLDER_IN_USE' })
  t.equal(readFileSync(join(theirs, 'train.txt'), 'utf8'), 'theirs')
  // a table a clip, in a folder per class, is not opened
  const notes = lay(temporary(t), { 'x/1.avi': '', 'y/2.avi': '' })
  for (let i = 0; i < 40; i++) writeFileSync(join(notes, 'x', `train${i}.csv`), '"never closed')
  t.equal((await readDataSet(notes)).layout, 'folder')
})
