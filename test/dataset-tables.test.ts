import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readDataSet, type SetItem, writeDataSet } from 'infomotion'
import t from 'tap'
import { lay, temporary } from './support.js'

// Tables of other forms than one CSV file: several views, JSON lines, labels apart from clips.

t.test('EchoNet-Pediatric: a view, or both', async (t) => {
  const view = (name: string) => ({
    [`${name}/FileList.csv`]: `FileName,EF,Sex,Age,Weight,Height,Split\n${[...'1234'].map((n, i) => `c${n}.avi,${[30, 60, 65, 50][i]},F,1,2,3,${[0, 7, 8, 9][i]}\n`).join('')}`,
    [`${name}/VolumeTracings.csv`]: `FileName,X,Y,Frame\nc1.avi,1,2,3\nc2.avi,1,2,${name}\n`,
    ...Object.fromEntries([1, 2, 3, 4].map((n) => [`${name}/Videos/c${n}.avi`, `${name} ${n}`])),
  })
  const splits = ['train', 'train', 'val', 'test']
  const root = lay(temporary(t), { ...view('A4C'), ...view('PSAX') })
  const alone = await readDataSet(join(root, 'A4C'))
  t.same([alone.layout, alone.clips.map(({ split }) => split)], ['echonet', splits])
  const both = await readDataSet(root)
  t.same([both.layout, both.scheme, both.clips.map(({ split }) => split)], ['echonet', 'ef5', [...splits, ...splits]])
  t.same(
    both.clips.map(({ id }) => id),
    ['A4C', 'PSAX'].flatMap((name) => [1, 2, 3, 4].map((n) => `${name}/Videos/c${n}.avi`)),
  )
  t.match(both.notes, [/Views: A4C, PSAX, read as one data set/])
  await t.rejects(readDataSet(lay(temporary(t), view('A4C'))), {
    code: 'DATASET_NOT_FOUND',
    message: /Give the folder that is meant: ".*A4C"/,
  })

  await t.test('written as it is read, a table a view', async (t) => {
    const out = join(temporary(t), 'out')
    const [first, , , , fifth, sixth] = both.clips
    const item = (clip: (typeof both.clips)[number]): SetItem => ({
      video: { kind: 'source', clip },
      ...{ label: clip.label, weight: 1, parents: [clip] },
    })
    const made: SetItem = {
      video: { kind: 'made', name: 'made-1.avi', frames: new Uint8Array(64), count: 1, width: 8, height: 8, fps: 25 },
      ...{ label: '30', weight: 1, parents: [fifth] },
    }
    await writeDataSet(out, both, [item(first), item(sixth), made])
    t.equal(readFileSync(join(out, 'PSAX', 'Videos', 'c2.avi'), 'utf8'), 'PSAX 2')
    t.match(readFileSync(join(out, 'A4C', 'FileList.csv'), 'utf8'), /^FileName.*\nc1.avi,30.*\nc3.avi.*\nc4.avi.*\n$/)
    t.equal(readFileSync(join(out, 'A4C', 'VolumeTracings.csv'), 'utf8'), 'FileName,X,Y,Frame\nc1.avi,1,2,3\n')
    t.equal(readFileSync(join(out, 'PSAX', 'VolumeTracings.csv'), 'utf8'), 'FileName,X,Y,Frame\nc2.avi,1,2,PSAX\n')
    const again = await readDataSet(out)
    t.same(
      again.clips.map(({ id, split }) => `${id} ${split}`),
      [
        ...['A4C/Videos/c1.avi train', 'A4C/Videos/c3.avi val', 'A4C/Videos/c4.avi test'],
        ...['PSAX/Videos/c2.avi train', 'PSAX/Videos/c3.avi val', 'PSAX/Videos/c4.avi test'],
        'PSAX/Videos/made-1.avi train',
      ],
    )
  })
})

t.test('metadata.jsonl of Hugging Face', async (t) => {
  const lines = [
    { file_name: 'a.mp4', label: 'up', patient: 7, box: [1, 2], split: 'train' },
    { file_name: 'b.mp4', label: 'down', patient: 8, split: 'train', note: null },
    { file_name: 'sub/c.mp4', label: 'up', patient: 9, split: 'test' },
  ]
  const jsonl = (rows: object[], end = '\n') => `\ufeff${rows.map((row) => JSON.stringify(row)).join(end)}${end}${end}`
  const videos = { 'a.mp4': 'a', 'b.mp4': 'b', 'sub/c.mp4': 'c' }
  const root = lay(temporary(t), { 'metadata.jsonl': jsonl(lines, '\r\n'), ...videos, 'other.jsonl': 'not json' })
  const set = await readDataSet(root)
  t.same(
    set.clips.map(({ id, label, split, group }) => [id, label, split, group]),
    [
      ['a.mp4', 'up', 'train', '7'],
      ['b.mp4', 'down', 'train', '8'],
      ['sub/c.mp4', 'up', 'test', '9'],
    ],
  )
  t.same((await readDataSet(join(root, 'metadata.jsonl'))).clips, set.clips)
  const out = join(temporary(t), 'out')
  const [clip] = set.clips
  await writeDataSet(out, set, [{ video: { kind: 'source', clip }, label: 'up', weight: 1, parents: [clip] }])
  const written = readFileSync(join(out, 'metadata.jsonl'), 'utf8').trim().split('\n')
  t.same(
    written.map((line) => JSON.parse(line)),
    [
      { ...lines[0], note: null },
      { ...lines[2], box: null, note: null },
    ],
  )
  const parts = lay(temporary(t), {
    'train/metadata.jsonl': jsonl(lines.slice(0, 2).map(({ split: _, ...line }) => line)),
    'test/metadata.jsonl': jsonl([{ file_name: 'c.mp4', label: 'up', patient: 9 }]),
    ...{ 'train/a.mp4': '', 'train/b.mp4': '', 'test/c.mp4': '' },
  })
  t.same(
    (await readDataSet(parts)).clips.map(({ id, split }) => `${id} ${split}`),
    ['train/a.mp4 train', 'train/b.mp4 train', 'test/c.mp4 test'],
  )
  for (const bad of ['{"file_name":"a.mp4"}\n[1]\n', '{"file_name":"a.mp4"}\n{"file_name"\n'])
    await t.rejects(readDataSet(join(lay(temporary(t), { 'metadata.jsonl': bad }), 'metadata.jsonl')), {
      code: 'DATASET_TABLE_INVALID',
      message: /does not read as JSON lines: Line 2 is no JSON object/,
    })
})

t.test('MIMIC-IV-ECHO: labels in a table of their own', async (t) => {
  const files = [1, 2, 3, 4, 5].map((n) => `files/p10/p10${n}/s9${n}/9${n}_0001.dcm`)
  const record = (n: number) => `10${n},9${n},2163-02-0${n},${files[n - 1]}`
  const root = lay(temporary(t), {
    'echo-record-list.csv': `subject_id,study_id,acquisition_datetime,dicom_filepath\n${[1, 2, 3, 4, 5].map(record).join('\n')}\n`,
    ...Object.fromEntries(files.map((file) => [file, ''])),
  })
  const labelled = (name: string, text: string) => join(lay(temporary(t), { [name]: text }), name)
  const studies = 'study_id,label\n91,normal\n92,reduced\n93.0,normal\n94,reduced\n99,normal\n'
  const expected = ['normal', 'reduced', 'normal', 'reduced']
  for (const labels of [
    labelled('labels.csv', studies),
    labelled(
      'labels.jsonl',
      '{"study_id":91,"label":"normal"}\n{"study_id":92,"label":"reduced"}\n{"study_id":93,"label":"normal"}\n{"study_id":94,"label":"reduced"}\n',
    ),
    labelled('by-file.csv', `dicom_id;class\n91_0001;normal\n92_0001;reduced\n93_0001;normal\n94_0001;reduced\n`),
    labelled(
      'by-both.csv',
      'subject_id,study_id,diagnosis\n101,91,normal\n102,92,reduced\n103,93,normal\n104,94,reduced\n105,1,x\n',
    ),
  ])
    for (const path of [root, join(root, 'echo-record-list.csv')]) {
      const set = await readDataSet(path, { labels, seed: 3, testFraction: 0.5 })
      t.same(
        set.clips.map(({ label }) => label),
        expected,
        basename(labels),
      )
      t.same(
        set.clips.map(({ group }) => group),
        ['101', '102', '103', '104'],
      )
      t.match(set.notes[0], /^Labels of .* by .*; 1 of 5 clips are not in it and are left out/)
    }
  writeFileSync(join(root, 'lvef.csv'), 'study_id,LVEF\n91,61\n92,25\n93,55\n94,44\n95,20\n')
  const ef = await readDataSet(root, { labels: join(root, 'lvef.csv') })
  t.same([ef.scheme, ef.clips.map(({ label }) => label)], ['ef5', ['61', '25', '55', '44', '20']])
  const out = join(temporary(t), 'out')
  await writeDataSet(out, ef, [])
  t.match(
    readFileSync(join(out, 'echo-record-list.csv'), 'utf8'),
    /^subject_id,study_id,acquisition_datetime,dicom_filepath,LVEF,split\n/,
  )

  const twice = labelled('twice.csv', `${studies}91,reduced\n`)
  await t.rejects(readDataSet(root, { labels: twice }), {
    code: 'DATASET_TABLE_INVALID',
    message: /several rows that differ for one study_id: "91"/,
  })
  const strange = labelled('strange.csv', 'name,label\nx,1\n')
  await t.rejects(readDataSet(root, { labels: strange }), {
    code: 'DATASET_COLUMN_MISSING',
    message: /a column that the table of the clips has too.*columns name, label; .*subject_id/,
  })
  await t.rejects(readDataSet(root, { labels: join(root, 'nothing.csv') }), { code: 'DATASET_NOT_FOUND' })
})
