import { linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeDataSet, writeClip } from 'infomotion'
import t from 'tap'
import { infomotion, lay, temporary, waves } from './support.js'

t.setTimeout(300_000)

/** A set of two classes with parts of videos, a patient of several, and a clip that is damaged. */
async function mixed(root: string): Promise<string> {
  for (const [i, name] of ['a', 'b', 'c', 'd'].entries())
    await writeClip(join(root, `${name}.avi`), waves(20 + i, 32 + 16 * (i % 2), 32), { fps: i === 3 ? 200 : 25 })
  const rows = [
    'a,x,0,0.4,p,train',
    'a,y,0.4,0.8,p,train',
    'b,y,,,q,train',
    'c,x,,,r,val',
    'd,y,,,s,test',
    'e,x,,,s,test',
  ]
  return lay(root, {
    'clips.csv': `video,class,start,end,subject,subset\n${rows.join('\n')}\n`,
    'e.avi': 'no video',
    'clip.mp4': '',
  })
}

t.test('what a data set is understood to be', async (t) => {
  const root = await mixed(temporary(t))
  const found = await describeDataSet(root, { probe: true })
  t.match(found, {
    ...{ layout: 'csv', tables: ['clips.csv'], scheme: 'labels', splits: 'given', clips: 6, synthetic: false },
    columns: { path: 'video', label: 'class', start: 'start', end: 'end', group: 'subject', split: 'subset' },
    classes: [
      { name: 'x', clips: 3, train: 1, val: 1, test: 1 },
      { name: 'y', clips: 3, train: 2, val: 0, test: 1 },
    ],
    groups: { count: 4, largest: 2 },
    segments: { clips: 2, videos: 1 },
    files: [{ ending: '.avi', count: 5 }],
    probed: {
      clips: 6,
      fps: { min: 25, median: 25, max: 200 },
      frames: { min: 10, max: 23 },
      failed: [{ id: 'e.avi', reason: /VIDEO_/ }],
    },
  })
  t.same(found.probed.sizes, [
    { width: 32, height: 32, clips: 3 },
    { width: 48, height: 32, clips: 2 },
  ])
  t.match(
    found.notes.join('\n'),
    /Columns taken: "video" as path, "class" as label, "subset" as split, "subject" as group\.\n?/,
  )
  t.match(
    found.warnings.join('\n'),
    /1 of 6 clips that were looked into cannot be decoded: e.avi: [\s\S]*Frame rates go from 25 to 200 fps/,
  )
  t.equal((await describeDataSet(root)).probed.frames, null, 'of a few, the first frames')
  await t.rejects(describeDataSet(root, { probe: 'all' as unknown as boolean }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(describeDataSet(root, { probe: true, signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

t.test('as text and as JSON', async (t) => {
  const root = await mixed(join(temporary(t), 'set'))
  const { status, out, err } = await infomotion(['data', root])
  t.same([status, err], [0, ''])
  const lines = out.split('\n')
  t.equal(lines[0], 'set: a table of clips')
  for (const line of [
    /^columns {2}path: video, label: class, split: subset, group: subject, start, end$/,
    /^clips {4}6, of which 2 are parts of 1 video$/,
    /^groups {3}4, the largest of 2 clips$/,
    /^files {4}5 \.avi \(\d+ kB\)$/,
    /^class \(labels\) {2}train {2}val {2}test {2}all$/,
    /^y {19}2 {4}0 {5}1 {4}3$/,
    /^warning: /,
  ])
    t.ok(
      lines.some((text) => line.test(text)),
      String(line),
    )
  t.ok(
    lines.every((line) => line.length <= 80 || !line.includes(' ', 10)),
    'in a terminal of 80 columns',
  )
  const json = JSON.parse((await infomotion(['data', root, '--json'])).out)
  t.same(
    json.classes.map(({ clips }: { clips: number }) => clips),
    [3, 3],
  )
  const missing = await infomotion(['data', join(root, 'none')])
  t.equal(missing.status, 1)
  t.match(missing.err, /DATASET_NOT_FOUND/)
  const hostile = lay(temporary(t), { '\u001b[2Jx/1.avi': '', [`${'long '.repeat(30)}/2.avi`]: '', 'z/3.avi': '' })
  const shown = await infomotion(['data', hostile])
  t.equal(shown.status, 0, shown.err)
  t.notMatch(shown.out, '\u001b')
  t.match(shown.out, /\\x1b\[2Jx .*\nlong long .*\.\.\. /)
})

t.test('10,030 clips in two seconds', async (t) => {
  const root = temporary(t)
  mkdirSync(join(root, 'Videos'))
  const clip = join(root, 'Videos', '0X0000.avi')
  await writeClip(clip, waves(50, 112, 112), { fps: 50 })
  const rows = Array.from({ length: 10_030 }, (_, i) => {
    const name = `0X${i.toString(16).padStart(4, '0').toUpperCase()}`
    if (i > 0) linkSync(clip, join(root, 'Videos', `${name}.avi`))
    const split = i % 8 < 6 ? 'TRAIN' : i % 8 < 7 ? 'VAL' : 'TEST'
    return `${name},${15 + (i % 70)}.5,0,0,112,112,50,50,${split}`
  })
  const header = 'FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split'
  writeFileSync(join(root, 'FileList.csv'), [header, ...rows, ''].join('\n'))
  const before = process.cpuUsage()
  const found = await describeDataSet(root)
  const { user, system } = process.cpuUsage(before)
  t.match(found, { clips: 10_030, files: [{ count: 10_030 }], probed: { sizes: [{ width: 112, height: 112 }] } })
  t.ok((user + system) / 1e6 < 4, `${(user + system) / 1e6} s of CPU time`) // 0.6 s on a quiet machine
})
