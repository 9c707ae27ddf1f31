import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { extractFeatures, type ReadDataSetOptions, readClip, readDataSet, writeClip, writeDataSet } from 'infomotion'
import t, { type Test } from 'tap'
import { fileOf, overlaps, readSegments, segmentId } from '#lib/dataset/segments.js'
import { endColumns, parseTime, startColumns, unitNamed } from '#lib/dataset/times.js'
import { plainItems } from '#lib/synthesize/index.js'
import { infomotion, lay, temporary, waves } from './support.js'

t.setTimeout(300_000)

/** A table beside two videos that are there by name only. */
const table = (t: Test, header: string, rows: string[]) =>
  lay(temporary(t), { 'a.avi': 'a', 'b.avi': 'b', 'c.csv': [header, ...rows, ''].join('\n') })

async function parts(root: string, options?: ReadDataSetOptions) {
  const set = await readDataSet(root, options)
  return { ...set, ids: set.clips.map(({ id }) => id), warnings: set.warnings.join('\n'), notes: set.notes.join('\n') }
}

t.test('columns of start and end, by their names', async (t) => {
  for (const [start, end, from, to, unit] of [
    ['start', 'end', '0.5', '2', 's'],
    ['Start', 'Stop', '0.5', '2', 's'],
    ['start_time', 'end_time', '0', '2', 's'],
    ['time_start', 'time_end', '0', '2', 's'],
    ['starttime', 'endtime', '0', '2', 's'],
    ['StartSec', 'EndSec', '0', '2', 's'],
    ['t_start', 't_end', '0', '2', 's'],
    ['tstart', 'tend', '0', '2.5', 's'],
    ['t0', 't1', '0.5', '2', 's'],
    ['t1', 't2', '0.5', '2', 's'],
    ['clip_begin', 'clip_stop', '0:00.5', '0:02', 's'],
    ['start_timestamp', 'stop_timestamp', '00:00:00.5', '00:00:02', 's'],
    ['onset', 'offset', '0.5', '2', 's'],
    ['from', 'to', '0.5', '2', 's'],
    ['in_point', 'out_point', '0.5', '2', 's'],
    ['start_frame', 'end_frame', '0', '20', 'frames'],
    ['StartFrame', 'StopFrame', '0', '20', 'frames'],
    ['frame_start', 'frame_end', '0', '20.0', 'frames'],
    ['frame0', 'frame1', '0', '20', 'frames'],
    ['startidx', 'endidx', '0', '20', 'frames'],
  ]) {
    const set = await parts(table(t, `path,label,${start},${end}`, [`a.avi,x,${from},${to}`, 'b.avi,y,,']))
    const [{ segment }, whole] = set.clips
    t.same(set.ids, [`a.avi ${segment?.start}-${Number.parseFloat(String(segment?.end))} ${unit}`, 'b.avi'], start)
    t.same([segment?.unit, segment?.end], [unit === 's' ? 'seconds' : unit, /^0+:/.test(to) ? 2 : Number(to)], end)
    t.notOk('segment' in whole, 'a row without values is the whole video')
    t.equal(set.warnings.includes('seconds from frames'), false, `${start}: nothing is in doubt`)
    t.match(set.notes, /Clips are parts of videos/)
  }
  for (const [header, row, wanted] of [
    ['start,duration', '1.5,2', { start: 1.5, end: 3.5, unit: 'seconds' }],
    ['start_frame,num_frames,length', '10,7,5', { start: 10, end: 15, unit: 'frames' }],
    ['start,end,duration', '1.5,2,60', { start: 1.5, end: 2, unit: 'seconds' }],
    ['start_ms,end_ms', '1500,2000', { start: 1.5, end: 2, unit: 'seconds' }],
    ['first_frame,last_frame', '10,19', { start: 10, end: 20, unit: 'frames' }],
    ['start,end', '1:02:03.25,1:02:04', { start: 3723.25, end: 3724, unit: 'seconds' }],
  ] as const) {
    const set = await parts(
      table(t, `path,label,${header}`, [`a.avi,x,${row}`, `b.avi,y,${row.replace(/[^,]+/g, '')}`]),
    )
    t.same(set.clips[0].segment, wanted, header)
  }
  const named = table(t, 'path,label,p,q', ['a.avi,x,1.5,2', 'b.avi,y,,'])
  t.same((await parts(named, { columns: { start: 'p', end: 'q' } })).ids, ['a.avi 1.5-2 s', 'b.avi'])
  t.same((await parts(named, { columns: { start: 'p' } })).ids, ['a.avi 1.5-end s', 'b.avi'], 'to the end')
  t.same((await parts(named, { columns: { end: 'q' } })).ids, ['a.avi 0-2 s', 'b.avi'], 'from the beginning')
  t.same((await parts(named)).ids, ['a.avi', 'b.avi'])
  const semicolons = table(t, 'path;label;start;end', ['a.avi;x;1,5;2,25', 'b.avi;y;;'])
  t.same((await parts(semicolons)).ids, ['a.avi 1.5-2.25 s', 'b.avi'], 'decimal commas')
  for (const [start, end] of [
    ['start_date', 'end_date'],
    ['starting_weight', 'ending_weight'],
    ['restart', 'weekend'],
    ['attending', 'mending'],
  ])
    t.same([startColumns([start]), endColumns([end], [])], [[], []], 'other words')
  t.equal(unitNamed('x'.repeat(1e6)), undefined)
  t.same(startColumns(['secondsecondsecond'.repeat(1e4), 'start'.repeat(12)]), [])
})

t.test('seconds or frames', async (t) => {
  const bare = table(t, 'path,label,start,end', ['a.avi,x,0,20', 'b.avi,y,5,30'])
  const doubtful = await parts(bare)
  t.equal(doubtful.clips[0].segment?.unit, 'seconds')
  t.match(doubtful.warnings, /Nothing tells seconds from frames there: if they are frames, --segments frames/)
  const frames = await parts(bare, { segments: 'frames' })
  t.equal(frames.ids[0], 'a.avi 0-20 frames')
  t.notMatch(frames.warnings, /seconds/)
  t.notMatch((await parts(bare, { segments: 'seconds' })).warnings, /frames/)
  t.same((await parts(bare, { segments: 'none' })).ids, ['a.avi', 'b.avi'], 'whole videos')
  const mixed = table(t, 'path,label,start_frame,end_time', ['a.avi,x,0,20', 'b.avi,y,5,30'])
  await t.rejects(parts(mixed), { code: 'DATASET_AMBIGUOUS', message: /in frames and seconds.*--segments seconds/ })
  const both = table(t, 'path,label,start_time,start_frame,stop_time,stop_frame', ['a.avi,x,0,0,2,50', 'b.avi,y,,,,'])
  await t.rejects(parts(both), {
    code: 'DATASET_AMBIGUOUS',
    message: /could each be the start.*--start-column start_time/,
  })
  t.same(
    (await parts(both, { columns: { start: 'start_frame' } })).ids,
    ['a.avi 0-50 frames', 'b.avi'],
    'one names the other',
  )
  t.same((await parts(both, { columns: { start: 'start_time' } })).ids, ['a.avi 0-2 s', 'b.avi'])
  const half = await parts(table(t, 'path,label,start', ['a.avi,x,1.5', 'b.avi,y,2']))
  t.same(half.ids, ['a.avi', 'b.avi'])
  t.match(half.warnings, /"start" is not read.*--start-column start/)
})

t.test('times that are none leave their rows out by name, or fail', async (t) => {
  const good = ['b.avi,x,0,1', 'b.avi,y,1,2', 'b.avi,y,2,3', 'b.avi,x,3.5,4', 'b.avi,x,5,6', 'b.avi,x,7,8']
  for (const [row, why] of [
    ['-1,2', /"-1" is negative/],
    ['1,-2', /"-2" is negative/],
    ['3,3', /ends at "3" and starts at "3"/],
    ['4,3', /ends at "3" and starts at "4"/],
    ['x,3', /"x" is no time/],
    ['1,Infinity', /"Infinity" is no time/],
    ['1,1e400', /"1e400" is no time/],
    ['0x1,2', /"0x1" is no time/],
    ['1:75,2', /"1:75" is no time/],
    ['1:2:3:4,500', /is no time/],
    ['1\u001b[2J,2', /"1\\u\{1b\}\[2J" is no time/],
  ] as const) {
    const set = await parts(table(t, 'path,label,start,end', [...good, `a.avi,x,${row}`]))
    t.equal(set.clips.length, good.length, row)
    t.match(set.warnings, new RegExp(`1 rows of .*c.csv are left out, whose times are none: line 8: .*${why.source}`))
  }
  const bad = table(t, 'path,label,start,end', ['a.avi,x,3,1', 'b.avi,y,5,2', 'b.avi,y,1,2'])
  await t.rejects(parts(bad), { code: 'DATASET_SEGMENTS', message: /2 of 3 rows are none: line 2: .*--segments none/ })
  const fractions = table(t, 'path,label,start_frame,end_frame', ['a.avi,x,0,1.5', 'b.avi,y,0.5,2'])
  await t.rejects(parts(fractions), { code: 'DATASET_SEGMENTS', message: /"1.5" is no frame/ })
  const twice = table(t, 'path,label,start,end', ['a.avi,x,0.5,2', 'a.avi,y,0.50,2.0', 'b.avi,y,1,2'])
  await t.rejects(parts(twice), { code: 'DATASET_DUPLICATE', message: /a.avi 0.5-2 s.*or for each part of it/ })
  t.same(
    ['1', '1.5', ' 2 ', '01:02', '1:00:00.5', '1e1', '', '1:', ':1', '1:-2', '١'].map((text) => parseTime(text, ',')),
    [1, 1.5, 2, 62, 3600.5, 10, ...Array(5).fill(undefined)],
  )
})

t.test('parts of one video stay together', async (t) => {
  const rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].flatMap((name) => [
    `${name}.avi,x,0,1.5`,
    `${name}.avi,y,1.5,3`,
    `${name}.avi,x,3,4`,
  ])
  const videos = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => [`${name}.avi`, name]))
  const root = lay(temporary(t), { ...videos, 'c.csv': ['path,label,start,end', ...rows].join('\n') })
  for (const seed of [1, 2, 3, 4, 5]) {
    const { clips, splits, warnings } = await parts(root, { seed, testFraction: 0.4 })
    t.same([clips.length, splits, warnings], [24, 'drawn', ''])
    t.ok(clips.some(({ split }) => split === 'test'))
    for (const name of Object.keys(videos)) {
      const same = clips.filter(({ id }) => fileOf({ id, segment: clips[0].segment }).startsWith(name[0]))
      t.equal(new Set(same.map(({ split }) => split)).size, 1, `${name} does not straddle`)
      t.ok(same.every(({ group }) => group === name))
    }
  }
  const given = (rows: string[]) => table(t, 'path,label,start,end,split', rows)
  const apart = given(['a.avi,x,0,1.5,train', 'a.avi,y,1.5,3,test', 'b.avi,y,0,1.5,train', 'b.avi,x,2,3,train'])
  t.match((await parts(apart)).warnings, /1 recording\(s\) have clips in more than one split: "a.avi" \(train, test\)/)
  await t.rejects(parts(apart, { strict: true }), { code: 'DATASET_LEAK' })
  const patients = table(t, 'path,label,start,end,patient', [
    'a.avi,x,0,1.5,p',
    'a.avi,y,2,3,q',
    'b.avi,y,0,1,r',
    'b.avi,x,1,2.5,s',
  ])
  const { clips } = await parts(patients, { testFraction: 0.5 })
  t.equal(clips[0].split, clips[1].split, 'whatever their groups')
  const overlapping = await parts(
    given(['a.avi,x,0,2.5,train', 'a.avi,y,1.5,3,train', 'b.avi,y,,,train', 'b.avi,x,2,3,test']),
  )
  t.match(
    overlapping.warnings,
    /2 clip\(s\) have frames in common with another: a.avi 0-2.5 s \(train\) and a.avi 1.5-3 s \(train\), b.avi \(train\) and b.avi 2-3 s \(test\)/,
  )
  const span = (start: number, end?: number) => ({ path: 'a', segment: { start, end, unit: 'frames' as const } })
  t.same(overlaps([span(0, 10), span(10, 20), span(20)]), [], 'an end is not part of it')
  t.same(overlaps([span(5, 6), span(0, 10), span(7, 9), span(10, 11)]), [
    [1, 0],
    [1, 2],
  ])
})

/** Two classes of clips that move at different speeds, two parts each; a.avi and b.avi are TRAIN, c.avi and d.avi TEST. */
async function moving(t: Test): Promise<string> {
  const root = temporary(t)
  for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
    const clip = waves(40, 32, 32, 1 + (i % 2))
    for (let k = 20 * 32 * 32; k < clip.frames.length; k++) clip.frames[k] = 255 - clip.frames[k] // the second half differs
    await writeClip(join(root, `${name}.avi`), clip, { fps: 20 })
  }
  const rows = ['a,x,train', 'b,y,train', 'c,x,test', 'd,y,test'].flatMap((row) => {
    const [name, label, split] = row.split(',')
    return [`${name}.avi,0,1,${label},${split}`, `${name}.avi,1,2,${label},${split}`]
  })
  writeFileSync(join(root, 'clips.csv'), ['path,start_sec,end_sec,label,split', ...rows, ''].join('\n'))
  return root
}

t.test('from table to distilled set, by the parts', async (t) => {
  const root = await moving(t)
  const out = join(temporary(t), 'out')
  const line = [
    'distill',
    root,
    '-o',
    out,
    '-n',
    '1',
    '--random-draws',
    '2',
    '--trials',
    '2',
    '--synthesize',
    'none',
    '--until',
    'synthesize',
    '--json',
  ]
  const { status, out: said, err } = await infomotion(line)
  t.equal(status, 0, said + err)
  t.match(err, /Clips are parts of videos: the columns "start_sec" and "end_sec", in seconds/)
  const { items } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  for (const { path, segment } of items) t.equal(path, segmentId(path.split(' ')[0], segment))
  t.same(items.map(({ label }: { label: string }) => label).sort(), ['x', 'y'])
  t.same(
    readdirSync(out).filter((name) => name.endsWith('.avi')),
    ['a.avi', 'b.avi', 'c.avi', 'd.avi'],
    'each video once',
  )
  t.notOk(lstatSync(join(out, 'a.avi')).isSymbolicLink())
  t.ok(lstatSync(join(out, 'c.avi')).isSymbolicLink())
  const back = await readDataSet(out)
  const source = await readDataSet(root)
  t.same(
    back.clips.map(({ id, segment, split }) => ({ id, segment, split })),
    source.clips
      .filter(({ id, split }) => split === 'test' || items.some(({ path }: { path: string }) => path === id))
      .map(({ id, segment, split }) => ({ id, segment, split })),
    'the distilled set reads back as itself',
  )
  t.match(
    readFileSync(join(out, 'weights.csv'), 'utf8'),
    /^path,weight,start,end,unit\n[ab]\.avi,[\d.]+,[01],[12],seconds\n/,
  )

  const again = await infomotion(['distill', out, '-o', join(temporary(t), 'again'), ...line.slice(4)])
  t.equal(again.status, 0, 'and can be distilled')
  const report = await infomotion([...line.slice(0, -2), 'report', '--json'])
  t.equal(report.status, 0, report.out)
  t.match(readFileSync(join(out, 'report.html'), 'utf8'), /Play clip [ab]\.avi [01]-[12] s/)
})

t.test('features are of the part, and kept apart', async (t) => {
  const root = await moving(t)
  const { clips } = await readDataSet(root)
  const cache = temporary(t)
  const decode: Parameters<typeof extractFeatures>[1]['decode'] = readClip
  let decoded = 0
  const counting: typeof decode = (path, options) => {
    decoded++
    return decode(path, options)
  }
  const features = await extractFeatures(clips, { cache, decode: counting })
  t.same([features.clips.length, decoded], [8, 8])
  t.ok(features.facts.every(({ frames }) => frames === 20))
  t.equal(
    new Set(features.keys).size,
    4,
    'four files of two kinds, two parts each: a and c, b and d are byte for byte equal',
  )
  const row = (i: number) =>
    Array.from(features.meanFrame.values.subarray(i * features.meanFrame.dim, (i + 1) * features.meanFrame.dim))
  t.notSame(row(0), row(1), 'the halves differ')
  t.same(row(0), row(4))
  const cut = await readClip(clips[1].path, { segment: clips[1].segment })
  const path = join(temporary(t), 'cut.avi')
  await writeClip(path, cut, { fps: cut.fps })
  const apart = await extractFeatures([{ ...clips[1], segment: undefined, path }], { cache: temporary(t), decode })
  t.equal(apart.facts[0].frames, 20)
  t.same((await extractFeatures(clips, { cache, decode: counting })).motion, features.motion)
  t.equal(decoded, 8, 'all from the cache')
  const beyond = { ...clips[0], id: 'beyond', segment: { start: 90, end: 99, unit: 'seconds' as const } }
  const { skipped } = await extractFeatures([beyond, clips[0]], { cache, decode })
  t.match(skipped, [{ id: 'beyond', reason: /VIDEO_SEGMENT_EMPTY/ }], 'beyond the clip: skipped by name')
})

t.test('copied, linked, listed: what is written reads back', async (t) => {
  const source = lay(temporary(t), { 'v/a.avi': 'a', 'v/b.avi': 'b', 'v/c.avi': 'c', 'v/d.avi': 'd' })
  const rows = ['a', 'b', 'c', 'd'].flatMap((name, i) => [
    `${i < 2 ? join(source, 'v', name) : name}.avi,x,0,1.5`,
    `${i < 2 ? join(source, 'v', name) : name}.avi,y,1.5,`,
  ])
  const root = lay(temporary(t), { 'c.csv': ['path,label,start,end', ...rows].join('\n'), 'c.avi': 'c', 'd.avi': 'd' })
  const set = await readDataSet(root, { testFraction: 0.5 })
  const train = plainItems(set.clips.filter(({ split }) => split === 'train'))
  for (const materialize of ['copy', 'link', 'list'] as const) {
    const out = join(temporary(t), 'out')
    await writeDataSet(out, set, train, { materialize })
    const back = await readDataSet(out)
    const told = ({ clips }: typeof back) =>
      clips.map(({ label, split, segment, path }) => ({ label, split, segment, text: readFileSync(path, 'utf8') }))
    t.same(told(back), told(set), materialize)
  }
  const none = await readDataSet(root, { segments: 'none', allowMissing: true }).catch((error) => error)
  t.equal(none.code, 'DATASET_DUPLICATE', 'whole videos, each twice')
  const strange = {
    ...set,
    clips: set.clips.map((clip) => ({ ...clip, segment: undefined, id: clip.id.split(' ')[0] })),
  }
  await t.rejects(
    writeDataSet(join(temporary(t), 'x'), strange, []),
    { code: 'DATASET_NAME_CLASH' },
    'a file twice is no part',
  )
})

t.test("Kinetics' names: a file that is the part already is read whole", async (t) => {
  const rows = ['archery,AAAAAAAAAAA,10,20,train', 'archery,AAAAAAAAAAA,35,45,train', 'juggling,BBBBBBBBBBB,3,13,train']
  const header = 'label,youtube_id,time_start,time_end,split'
  const root = lay(temporary(t), {
    'k.csv': [header, ...rows, 'juggling,CCCCCCCCCCC,0,10,test', 'archery,DDDDDDDDDDD,120,130,test', ''].join('\n'),
    'archery/AAAAAAAAAAA_000010_000020.mp4': '1',
    'archery/AAAAAAAAAAA_000035_000045.mp4': '2',
    'juggling/BBBBBBBBBBB.mkv': '3',
    'juggling/CCCCCCCCCCC_000000_000010.webm': '4',
    'archery/DDDDDDDDDDD.mp4': '5',
  })
  const set = await parts(root)
  t.same(set.ids, [
    'archery/AAAAAAAAAAA_000010_000020.mp4',
    'archery/AAAAAAAAAAA_000035_000045.mp4',
    'juggling/BBBBBBBBBBB.mkv 3-13 s',
    'juggling/CCCCCCCCCCC_000000_000010.webm',
    'archery/DDDDDDDDDDD.mp4 120-130 s',
  ])
  t.equal(set.clips[0].group, set.clips[1].group, 'two parts of one video are a group')
  t.match(set.notes, /"youtube_id" as path/)
  const { notes: _, warnings: __, ids: ___, ...whole } = set
  for (const materialize of ['copy', 'link', 'list'] as const) {
    const out = join(temporary(t), 'out')
    const train = plainItems(set.clips.filter(({ split }) => split === 'train'))
    await writeDataSet(out, { ...whole, notes: [], warnings: [] }, train, { materialize })
    const back = await readDataSet(out)
    t.same(
      back.clips.map(({ segment, label, split, path }) => [segment, label, split, readFileSync(path, 'utf8')]),
      set.clips.map(({ segment, label, split, path }) => [segment, label, split, readFileSync(path, 'utf8')]),
      materialize,
    )
    t.equal(existsSync(join(out, 'archery')), materialize !== 'list')
  }
})

t.test('a table of a million times is read in linear time', (t) => {
  const rows = Array.from({ length: 200_000 }, (_, i) => ({
    path: `${i % 5}`,
    label: 'x',
    start: `${i / 4}`,
    end: `${i / 4 + 1}`,
  }))
  const table = {
    columns: ['path', 'label', 'start', 'end'],
    rows,
    lines: rows.map((_, i) => i + 2),
    delimiter: ',' as const,
    header: true,
    warnings: [],
  }
  const started = process.cpuUsage()
  const { segments } = readSegments(
    table,
    { path: 'path', label: 'label', start: 'start', end: 'end' },
    undefined,
    'c.csv',
  )
  const clips = segments.map((segment, i) => ({ path: rows[i].path, segment }))
  t.equal(overlaps(clips).length, 0)
  t.ok(process.cpuUsage(started).user < 5e6)
  t.end()
})
