import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type ReadDataSetOptions, readDataSet, writeDataSet } from 'infomotion'
import t, { type Test } from 'tap'
import { plainItems } from '#lib/synthesize/index.js'
import { infomotion, lay, temporary } from './support.js'

// What others call the columns of their tables, and the tables of data sets that many have.

const table = (t: Test, header: string, rows: string[], name = 'c.csv') =>
  lay(temporary(t), { 'a.avi': 'a', 'b.avi': 'b', 'c.avi': 'c', [name]: [header, ...rows, ''].join('\n') })

const mapped = async (root: string, options?: ReadDataSetOptions) => {
  const { source, notes, warnings, clips, splits, scheme } = await readDataSet(root, options)
  return { ...source.mapping, notes: notes.join('\n'), warnings: warnings.join('\n'), clips, splits, scheme }
}

t.test('paths and labels under other names', async (t) => {
  const paths = [
    'file',
    'filename',
    'file_name',
    'File Name',
    'filepath',
    'file_path',
    'video',
    'video_path',
    'videoPath',
  ]
  const more = [
    'video_name',
    'clip',
    'clip_path',
    'dicom_filepath',
    'HashedFileName',
    'youtube_id',
    'video_id',
    'VIDEO-ID',
  ]
  for (const path of [...paths, ...more]) {
    const set = await mapped(table(t, `id,${path},note,label`, ['1,a,n,x', '2,b.avi,n,y']))
    t.same([set.path, set.label, set.clips.length], [path, 'label', 2])
    if (path !== 'filename') t.match(set.notes, `Columns taken: "${path}" as path.`)
    t.equal(set.notes.split('\n').length, 1, 'told once')
  }
  for (const label of ['class', 'Class', 'target', 'category', 'class_name', 'label_name', 'Diagnosis', 'action']) {
    const set = await mapped(table(t, `path,${label},age`, ['a,x,5', 'b.avi,y,6']))
    t.same([set.label, set.scheme], [label, 'labels'])
    t.match(set.notes, `"${label}" as label`)
  }
  for (const label of ['EF', 'ef', 'LVEF', 'ejection_fraction'])
    t.same((await mapped(table(t, `video,${label}`, ['a,35', 'b.avi,60']))).scheme, 'ef5', label)
  t.same((await mapped(table(t, 'path,label', ['a,x', 'b,y']))).notes, '', 'our own names are not told')
  t.same((await mapped(table(t, 'FileName,EF,Split', ['a,30,TRAIN', 'b,60,TEST']))).notes, '')
})

t.test('an exact name comes before others; two others must be told apart', async (t) => {
  const exact = await mapped(table(t, 'video,path,class,label', ['n,a,1,x', 'n,b,2,y']))
  t.same([exact.path, exact.label, exact.notes], ['path', 'label', ''])
  const nearer = await mapped(table(t, 'video_id,video_path,label', ['n,a,x', 'm,b,y']))
  t.same([nearer.path, nearer.group], ['video_path', 'video_id'], 'clips of one video are a group')
  const paths = table(t, 'file,video_path,label', ['a,x.avi,x', 'b,y.avi,y'])
  await t.rejects(readDataSet(paths), {
    code: 'DATASET_AMBIGUOUS',
    message: /"file" \("a", \.\.\.\) and "video_path" \("x.avi", \.\.\.\) could each be the path.*--path-column file/,
  })
  t.equal((await mapped(paths, { columns: { path: 'file' } })).clips.length, 2)
  const labels = table(t, 'path,class,category', ['a,1,x', 'b,2,y'])
  await t.rejects(readDataSet(labels), {
    code: 'DATASET_AMBIGUOUS',
    message: /"class" .* and "category" .*--label-column class/,
  })
  t.same((await readDataSet(labels, { columns: { label: 'category' } })).classes, ['x', 'y'])
  const both = lay(table(t, 'path,label', ['a,x', 'b,y']), { 'more.csv': 'file,class\na.avi,1\nb.avi,2\n' })
  t.same((await readDataSet(both)).classes, ['x', 'y'], 'the table with our own names')
  const two = lay(table(t, 'video,class', ['a,x', 'b,y']), { 'more.csv': 'file,class\na.avi,1\nb.avi,2\n' })
  await t.rejects(readDataSet(two), { code: 'DATASET_AMBIGUOUS', message: /c.csv, more.csv/ })
  const { status, err } = await infomotion(['data', paths])
  t.equal(status, 1)
  t.match(err, /--path-column file .*DATASET_AMBIGUOUS/)
})

t.test('splits and groups under other names', async (t) => {
  for (const split of ['subset', 'Set', 'phase', 'partition', 'fold', 'usage']) {
    const set = await mapped(table(t, `path,label,${split}`, ['a,x,train', 'b,y,training', 'c,x,Test']))
    t.same([set.splits, set.split, set.clips[2].split], ['given', split, 'test'], split)
    t.match(set.notes, `"${split}" as split`)
  }
  const folds = await mapped(table(t, 'path,label,fold', ['a,x,0', 'b,y,1', 'c,x,2']))
  t.same([folds.splits, folds.split], ['drawn', undefined])
  t.match(folds.warnings, /"fold" \("0", "1", "2"\) is not taken for splits.*--split-column fold --split-values/)
  const set = await mapped(table(t, 'path,label,set', ['a,x,A', 'b,y,B', 'c,x,A']))
  t.equal(set.split, undefined)
  for (const group of [
    'patient',
    'patient_id',
    'PatientID',
    'subject',
    'subject_id',
    'participant',
    'study',
    'study_id',
    'case',
  ]) {
    const set = await mapped(table(t, `path,label,${group}`, ['a,x,p', 'b,y,p', 'c,x,q']), { testFraction: 0.5 })
    t.same(
      set.clips.map(({ group }) => group),
      ['p', 'p', 'q'],
      group,
    )
  }
  const mimic = await mapped(
    table(t, 'subject_id,study_id,acquisition_datetime,dicom_filepath,label', [
      '1,10,x,a,x',
      '1,11,x,b,y',
      '2,12,x,c,x',
    ]),
  )
  t.same([mimic.path, mimic.group], ['dicom_filepath', 'subject_id'], 'the patient before the study')
  const two = table(t, 'path,label,subject,patient_id', ['a,x,1,2', 'b,y,1,2'])
  await t.rejects(readDataSet(two), { code: 'DATASET_AMBIGUOUS', message: /--group-column subject/ })
  const empty = await mapped(table(t, 'path,label,subject', ['a,x,', 'b,y,nan']))
  t.equal(empty.group, undefined, 'a column without values is none')
  const straddles = table(t, 'path,label,split,subject_id', ['a,x,train,1', 'b,y,test,1', 'c,y,train,2'])
  await t.rejects(readDataSet(straddles), { code: 'DATASET_GROUP_STRADDLES' })
})

t.test('a table that fits none shows its header and first row', async (t) => {
  const root = table(t, 'id\u001b[2J,site', ['17\u001b]0;x\u0007,Rome', '18,Oslo'])
  await t.rejects(readDataSet(root), {
    code: 'DATASET_NOT_FOUND',
    message:
      /c.csv has the columns id.*, site \(first row: "17\\u\{1b\}\]0;x\\u\{7\}", "Rome"\)\. Expected a table with the columns FileName and EF/,
  })
  await t.rejects(readDataSet(join(root, 'c.csv')), {
    code: 'DATASET_COLUMN_MISSING',
    message: /first row: .*file_name, video, class, target/,
  })
  // AVA and EPIC-KITCHENS: no labels that are one a clip
  const ava = lay(temporary(t), {
    'ava.csv': '-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,80,1\n-5KQ66BBWC4,0902,0.1,0.2,0.3,0.8,80,2\n',
  })
  await t.rejects(readDataSet(ava), { code: 'DATASET_NOT_FOUND', message: /first row: "-5KQ66BBWC4", "0902"/ })
  const epic =
    'narration_id,participant_id,video_id,narration_timestamp,start_timestamp,stop_timestamp,start_frame,stop_frame,narration,verb,verb_class,noun'
  const kitchens = (t: Test) =>
    table(t, epic, [
      'a_0,P01,a,00:00:01.089,00:00:00.14,00:00:03.37,8,202,take plate,take,0,plate',
      'b_1,P02,b,00:00:02.6,00:00:04.37,00:00:06.17,262,370,put it,put,1,it',
    ])
  await t.rejects(readDataSet(kitchens(t)), { code: 'DATASET_NOT_FOUND', message: /--label-column/ })
  await t.rejects(readDataSet(kitchens(t), { columns: { label: 'verb' } }), {
    code: 'DATASET_AMBIGUOUS',
    message: /--start-column start_timestamp/,
  })
  const verbs = await mapped(kitchens(t), { columns: { label: 'verb', start: 'start_frame' } })
  t.same(
    verbs.clips.map(({ id, group }) => [id, group]),
    [
      ['a.avi 8-202 frames', 'P01'],
      ['b.avi 262-370 frames', 'P02'],
    ],
  )
  const hostile = `path,label,${Array.from({ length: 1e5 }, (_, i) => `start${i}`).join()}`
  const many = table(t, hostile, [`a,x,${'1,'.repeat(1e5 - 1)}1`, `b,y,${'2,'.repeat(1e5 - 1)}2`])
  const started = process.cpuUsage()
  t.equal((await readDataSet(many)).clips.length, 2)
  t.ok(process.cpuUsage(started).user < 20e6)
})

t.test('names without endings have any that is known', async (t) => {
  const root = lay(temporary(t), {
    'c.csv': 'video,class\none,x\nsub/two,y\nthree,x\nfour,y\nFive,y\n',
    ...{ 'one.mp4': '', 'sub/two.mkv': '', 'three.webm': '', 'four.mov': '', 'five.MPG': '' },
  })
  t.same(
    (await readDataSet(root)).clips.map(({ id }) => id),
    ['one.mp4', 'sub/two.mkv', 'three.webm', 'four.mov', 'five.MPG'],
  )
})

t.test('EchoNet-LVH: one of several measurements a video', async (t) => {
  const header = ',HashedFileName,Calc,CalcValue,Frame,X1,X2,Y1,Y2,Frames,FPS,Width,Height,split'
  const names = Array.from({ length: 8 }, (_, i) => `0X${i}`)
  const rows = names.flatMap((name, i) =>
    ['IVSd', 'LVIDd', 'LVIDs', 'LVPWd'].map(
      (calc, c) =>
        `${4 * i + c},${name},${calc},${(1 + i / 10 + c).toFixed(2)},${c},1,2,3,4,90,50,1024,768,${i < 6 ? 'train' : i < 7 ? 'val' : 'test'}`,
    ),
  )
  const videos = Object.fromEntries(names.map((name, i) => [`Batch${1 + (i % 4)}/${name}.avi`, name]))
  const root = lay(temporary(t), { ...videos, 'MeasurementsList.csv': [header, ...rows, ''].join('\n') })
  await t.rejects(readDataSet(root), {
    code: 'DATASET_MEASUREMENT',
    message: /several measurements a video, "IVSd" \(8 rows\), "LVIDd" \(8 rows\), .*--measurement IVSd/,
  })
  await t.rejects(readDataSet(root, { measurement: 'EF' }), {
    code: 'DATASET_MEASUREMENT',
    message: /none called "EF"/,
  })
  const options = { measurement: 'lvpwd', classes: 'edges:4.25' } as const
  const set = await readDataSet(root, options)
  t.same(set.clips.map(({ id, label, split }) => [id, label, split]).slice(5), [
    ['Batch2/0X5.avi', '4.50', 'train'],
    ['Batch3/0X6.avi', '4.60', 'val'],
    ['Batch4/0X7.avi', '4.70', 'test'],
  ])
  t.same(set.classes, ['CalcValue <4.25', 'CalcValue >=4.25'])
  t.match(set.notes.join('\n'), /The label is the measurement "LVPWd"/)
  const out = join(temporary(t), 'out')
  await writeDataSet(out, set, plainItems(set.clips.slice(0, 2)))
  const back = await readDataSet(out, { classes: 'edges:4.25' })
  t.same(
    back.clips.map(({ id, label }) => [id, label]),
    [0, 1, 6, 7].map((i) => [set.clips[i].id, set.clips[i].label]),
  )
  t.match(readFileSync(join(out, 'MeasurementsList.csv'), 'utf8'), /^,HashedFileName,.*\n3,0X0,LVPWd,4.00,3,1,2,3,4,90/)
  const several = lay(temporary(t), {
    ...videos,
    'm.csv': [header, ...rows, rows[3].replace('4.00', '5.00'), ''].join('\n'),
  })
  t.match(
    (await readDataSet(several, options)).warnings.join(),
    /1 videos have several values of LVPWd, of which the first is taken: 0X0/,
  )
  const other = table(t, 'path,label', ['a,x', 'b,y'])
  await t.rejects(readDataSet(other, { measurement: 'EF' }), {
    code: 'DATASET_COLUMN_MISSING',
    message: /--measurement/,
  })
  const { out: said } = await infomotion(['data', root, '--json'])
  t.equal(JSON.parse(said).error.code, 'DATASET_MEASUREMENT')
})

t.test('a link in the place of a table below is followed like any table; one to nowhere is none', async (t) => {
  const root = lay(temporary(t), {
    'train/1.avi': '',
    'test/2.avi': '',
    'train/metadata.csv': 'file_name,label\n1.avi,x\n',
  })
  symlinkSync('nowhere', join(root, 'test', 'metadata.csv'))
  await t.rejects(readDataSet(root), { code: 'DATASET_NOT_FOUND', message: /train\/metadata.csv/ })
})
