import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, distill, type ReadDataSetOptions, readClip, readDataSet, writeClip, writePhantom } from 'infomotion'
import t from 'tap'
import { findLeaks } from '#lib/dataset/leaks.js'
import { extractFeatures } from '#lib/features/extract.js'
import { infomotion, lay, needs, reference, temporary } from './support.js'

// Clips that are there twice, and clips that belong together, across splits.

t.setTimeout(300_000)

/** A table with the clips `c0.avi`, `c1.avi`, ...: rows "label,split,...". */
function table(root: string, header: string, rows: string[]) {
  const clips = Object.fromEntries(rows.map((_, i) => [`c${i}.avi`, String(i)]))
  return lay(root, {
    ...clips,
    'x.csv': [`path,${header}`, ...rows.map((row, i) => `c${i}.avi,${row}`), ''].join('\n'),
  })
}
const splitsOf = async (folder: string, options?: ReadDataSetOptions) => {
  const { clips, warnings } = await readDataSet(folder, options)
  return {
    splits: clips.map(({ id, split }) => `${id.replace('.avi', '')} ${split}`),
    warnings: warnings.join('\n'),
    clips,
  }
}

t.test('groups that differ by spelling only', async (t) => {
  for (const [one, other] of [
    ['P1', 'p1'],
    ['7', '7.0'],
    ['José', 'Jose\u0301'],
    ['a b', 'a  b'],
    ['x\u200b', 'x'],
  ]) {
    const root = table(temporary(t), 'label,split,patient', [`x,train,${one}`, `y,test,${other}`, 'y,train,q'])
    t.match((await splitsOf(root)).warnings, /1 group\(s\) lie in more than one split but for case, spaces or Unicode/)
    await t.rejects(readDataSet(root, { strict: true }), { code: 'DATASET_LEAK', message: /--strict does not allow/ })
    const line = ['distill', root, '-o', temporary(t), '-n', '1', '--strict', '--until', 'features']
    t.match((await infomotion(line)).err, /DATASET_LEAK/)
  }
  const missing = table(temporary(t), 'label,split,patient', ['x,train,nan', 'y,test,nan', 'y,train,', 'x,test,'])
  const { clips, warnings } = await splitsOf(missing, { strict: true })
  t.same([new Set(clips.map(({ group }) => group)).size, warnings], [4, ''], 'no group is no group of its own')
  const rows = Array.from({ length: 40 }, (_, i) => `${'xy'[i % 2]},${'pP'[i % 2]}${i >> 1}`)
  const drawn = (await splitsOf(table(temporary(t), 'label,group', rows), { testFraction: 0.4 })).clips
  for (let i = 0; i < 40; i += 2) t.equal(drawn[i].split, drawn[i + 1].split, 'drawn together')
  t.ok(drawn.some(({ split }) => split === 'test'))
})

t.test('clips made from TEST clips leave TRAIN', async (t) => {
  const rows = [
    'x,test,,g0', // 0
    'x,train,c0.avi,', // 1: from a TEST clip
    'y,train,C0,', // 2: by another spelling
    'y,train,c1,', // 3: in two steps
    'x,train,g0,', // 4: from its group
    'y,train,,', // 5
    'x,train,c5.avi,', // 6: from a TRAIN clip
    'x,train,elsewhere,', // 7: from no clip of the set
    'y,train,c5;c0,', // 8: one of two
    'y,test,,', // 9
    'x,train,c7,', // 10
  ]
  const root = table(temporary(t), 'label,split,parent,group', rows)
  const { splits, warnings } = await splitsOf(root)
  t.same(splits, ['c0 test', 'c5 train', 'c6 train', 'c7 train', 'c9 test', 'c10 train'])
  t.match(warnings, /5 TRAIN clip\(s\) are left out because they were made from TEST clips: c1.avi, c2.avi/)
  t.same((await splitsOf(root, { strict: true })).splits, splits, 'told, and no leak any more')
  const named = table(temporary(t), 'label,split,from', ['x,test,', 'y,train,c0', 'y,train,', 'x,train,'])
  t.equal((await splitsOf(named)).splits.length, 4)
  t.same((await splitsOf(named, { columns: { parent: 'from' } })).splits, ['c0 test', 'c2 train', 'c3 train'])
  const line = ['distill', named, '-o', temporary(t), '-n', '1', '--parent-column', 'from', '--until', 'features']
  t.match((await infomotion(line)).err, /Not one of 3 clips/)

  const other = table(temporary(t), 'label,split,parent', ['x,train,', 'y,test,c0', 'y,train,', 'x,train,c3'])
  t.match(
    (await splitsOf(other)).warnings,
    /1 clip\(s\) are in another split than .*: c1.avi \(test\) from c0.avi \(train\)/,
  )
  await t.rejects(splitsOf(other, { strict: true }), { code: 'DATASET_LEAK' })
  const circle = table(temporary(t), 'label,split,parent', ['x,train,c1', 'y,train,c0', 'y,test,c2', 'x,train,c2'])
  t.same((await splitsOf(circle)).splits, ['c0 train', 'c1 train', 'c2 test'])
  const none = table(temporary(t), 'label,split,parent', ['x,train,z', 'y,train,z', 'y,test,'])
  t.match((await splitsOf(none)).warnings, /No parent in the column parent is a clip or a group/)

  const many = Array.from({ length: 40 }, (_, i) => `${'xy'[i % 2]},${i % 2 ? `c${i - 1}` : ''}`)
  const drawn = (await splitsOf(table(temporary(t), 'label,parent', many), { testFraction: 0.4 })).clips
  t.equal(drawn.length, 40)
  for (let i = 0; i < 40; i += 2) t.equal(drawn[i].split, drawn[i + 1].split, 'splits are drawn by family')
})

/** The features of files as `findLeaks` takes them. */
async function described(
  files: { path: string; id: string; split: 'train' | 'val' | 'test'; label?: string }[],
  cache: string,
) {
  const clips = files.map(({ path, id, split, label }) => ({
    path,
    id,
    split,
    label: label ?? 'x',
    classIndex: 0,
    group: id,
  }))
  const { keys, meanFrame, deviation, motion, skipped } = await extractFeatures(clips, { cache, decode: readClip })
  if (skipped.length > 0) throw new Error(skipped[0].reason)
  return {
    ...{ ids: files.map(({ id }) => id), splits: files.map(({ split }) => split), keys, meanFrame, deviation, motion },
    classes: files.map(({ label }) => label ?? 'x'),
  }
}

type Clip = Awaited<ReturnType<typeof readClip>>

/** Copies as people make them. */
const COPIES: Record<string, (clip: Clip, path: string) => Promise<void>> = {
  'at a lower quality': (clip, path) => writeClip(path, clip, { fps: clip.fps, quality: 60 }),
  'without its first frame': ({ frames, count, ...clip }, path) =>
    writeClip(
      path,
      { ...clip, frames: frames.subarray(clip.width * clip.height), count: count - 1 },
      { fps: clip.fps },
    ),
  'cut by 2 px on each side': async ({ frames, count, width, height, fps }, path) => {
    const [w, h] = [width - 4, height - 4]
    const cut = new Uint8Array(count * w * h)
    for (let f = 0; f < count; f++)
      for (let y = 0; y < h; y++) {
        const from = (f * height + y + 2) * width + 2
        cut.set(frames.subarray(from, from + w), (f * h + y) * w)
      }
    await writeClip(path, { frames: cut, count, width: w, height: h }, { fps })
  },
  'a little brighter': ({ frames, ...clip }, path) =>
    writeClip(path, { ...clip, frames: frames.map((grey) => Math.min(grey * 1.1 + 4, 255)) }, { fps: clip.fps }),
}

async function findsCopies(
  t: Tap.Test,
  videos: string,
  names: string[],
  split: (name: string) => 'train' | 'test',
  known: string[],
) {
  const folder = temporary(t)
  const cache = join(folder, 'cache')
  const originals = names.map((name) => ({ path: join(videos, name), id: name, split: split(name) }))
  const leaks = await findLeaks(await described(originals, cache))
  t.same(
    leaks.map(({ kind, clips }) => [kind, clips.flat().sort()]),
    known.length > 0 ? [['near copies in two splits', known]] : [],
    'no alarm among clips that are none',
  )
  for (const [how, copy] of Object.entries(COPIES)) {
    const copied = originals.filter((clip) => clip.split === 'train').slice(0, 6)
    const copies = copied.map(({ id }) => ({
      path: join(folder, `${how} ${id}`),
      id: `copy of ${id}`,
      split: 'test' as const,
    }))
    for (const [n, { path }] of copies.entries()) await copy(await readClip(copied[n].path), path)
    const found = (await findLeaks(await described([...originals, ...copies], cache))).flatMap(({ clips }) => clips)
    for (const { id } of copied)
      t.ok(
        found.some(([a, b]) => a === id && b === `copy of ${id}`),
        `${how}: ${id}`,
      )
  }
}
declare namespace Tap {
  type Test = Parameters<typeof temporary>[0]
}

const phantom = join(t.testdir(), 'phantom')
t.before(() => writePhantom(phantom, { train: 20, test: 10, seed: 11 }))

t.test('copies of drawn hearts are found, and nothing else', async (t) => {
  const { clips } = await readDataSet(phantom)
  const split = new Map(clips.map(({ id, split }) => [id, split as 'train' | 'test']))
  await findsCopies(t, join(phantom, 'Videos'), [...split.keys()], (name) => split.get(name)!, [])
})

const lung = reference('lung-ultrasound')
t.test('copies of real clips too', needs(lung, 'the lung-ultrasound clips'), async (t) => {
  // one clip is there twice in that collection, under two patients, moved by two lines
  const twice = ['Vir_or_Pneu_prospective_file4.avi', 'Vir_prospective_file1.avi']
  const { clips } = await readDataSet(lung!)
  const groups = [...new Set(clips.map(({ group }) => group))]
  const splitOf = new Map(
    clips.map(({ id, group }) => [id, groups.indexOf(group) % 4 === 0 ? 'test' : 'train'] as const),
  )
  splitOf.set(twice[0], 'test').set(twice[1], 'train')
  await findsCopies(t, join(lung!, 'Videos'), [...splitOf.keys()], (name) => splitOf.get(name)!, twice)
})

t.test('still and empty clips are no copies of each other', async (t) => {
  const folder = temporary(t)
  const files = []
  for (let i = 0; i < 24; i++) {
    const path = join(folder, `${i}.avi`)
    const frames = new Uint8Array(4 * 64 * 64)
    for (let k = 0; k < frames.length; k++) {
      const [x, y, f] = [k % 64, (k >> 6) % 64, i % 2 ? k >> 12 : 0]
      frames[k] = 128 + 90 * Math.sin(x * (0.1 + 0.02 * i) + i + f * 0.4) * Math.cos(y * (0.3 - 0.01 * i) + i * i)
    }
    await writeClip(path, { frames: i < 2 ? frames.fill(9 * i) : frames, count: 4, width: 64, height: 64 }, { fps: 25 })
    files.push({ path, id: String(i), split: i % 3 ? ('train' as const) : ('test' as const) })
  }
  t.same(await findLeaks(await described(files, join(folder, 'cache'))), [])
  t.same(await findLeaks(await described(files.slice(0, 6), join(folder, 'cache'))), [], 'too few to say')
})

t.test('equal bytes: in two splits, in two classes, in one class', async (t) => {
  const root = temporary(t)
  const name = (split: string, i: number) => join(phantom, 'Videos', `phantom-${split}-0000${i}.avi`)
  mkdirSync(join(root, 'Videos'))
  const rows = [
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => [`t${i}`, name('train', i), 'ab'[i % 2], 'train']),
    ...[0, 1, 2, 3].map((i) => [`e${i}`, name('test', i), 'ab'[i % 2], 'test']),
    ['leak', name('train', 3), 'b', 'test'],
    ['label', name('train', 4), 'b', 'train'],
    ['twin', name('train', 5), 'b', 'train'],
    ['val', name('test', 2), 'a', 'val'],
  ]
  for (const [id, from] of rows) copyFileSync(from, join(root, 'Videos', `${id}.avi`))
  const text = rows.map(([id, , label, split]) => `${id},${label},${split}`)
  writeFileSync(join(root, 'x.csv'), ['path,label,split', ...text, ''].join('\n'))
  const options = { vpc: 1, until: 'features' as const, cache: join(temporary(t), 'cache') }
  const { warnings } = await distill(root, { ...options, out: temporary(t) })
  t.same(warnings, [
    '4 clips are byte for byte equal to others in another split: t3.avi (train, b) = leak.avi (test, b); e2.avi (test, a) = val.avi (val, a).',
    '2 clips are byte for byte equal to others in another class: t4.avi (train, a) = label.avi (train, b).',
    '2 clips are byte for byte equal to others of their class: t5.avi (train, b) = twin.avi (train, b).',
  ])
  await t.rejects(distill(root, { ...options, out: temporary(t), strict: true }), {
    code: 'DATASET_LEAK',
    message: /t3.avi \(train, b\) = leak.avi.*t4.avi.*--strict does not allow that/,
  })
})

t.test('compare tells them too', async (t) => {
  const root = temporary(t)
  const { clips } = await readDataSet(phantom)
  const rows = clips.slice(0, 24).map(({ path, split }, i) => ({ path, split, label: 'ab'[i % 2] }))
  rows.push({ path: clips[0].path, split: 'test', label: 'a' })
  for (const [i, { path }] of rows.entries()) copyFileSync(path, join(root, `c${i}.avi`))
  const text = rows.map(({ label, split }, i) => `c${i}.avi,${label},${split}`)
  writeFileSync(join(root, 'x.csv'), ['path,label,split', ...text, ''].join('\n'))
  const { warnings } = await compare(root, {
    ...{ out: temporary(t), vpc: [1], seeds: 1, randomDraws: 2, selectors: ['kmedoids'] },
  })
  t.ok(
    warnings.some((warning) => warning.includes('2 clips are byte for byte equal to others in another split: c0.avi')),
  )
})

t.test('a data set of one clip only', async (t) => {
  const root = temporary(t)
  for (const label of ['a', 'b']) {
    mkdirSync(join(root, label))
    for (let i = 0; i < 10; i++)
      copyFileSync(join(phantom, 'Videos', 'phantom-train-00000.avi'), join(root, label, `${i}.avi`))
  }
  const cache = join(temporary(t), 'cache')
  const warnings: string[] = []
  const options = { out: temporary(t), vpc: 2, cache, onWarning: (warning: string) => warnings.push(warning) }
  await t.rejects(distill(root, { ...options, until: 'select' }), { code: 'CONSTANT_FEATURES' })
  t.match(warnings, [/^20 clips are byte for byte equal to others in another split/, /^20 .* another class: a\/0.avi/])
  const { warnings: said } = await distill(root, { ...options, out: temporary(t), until: 'features' })
  t.match(said.at(-1), /have the same features/, 'features alone can be had of them')
})
