import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { encode } from 'fast-png'
import { distill, extractFeatures, readClip, readDataSet, writeDataSet } from 'infomotion'
import t from 'tap'
import { encodeNpy } from '#lib/run/npy.js'
import { plainItems } from '#lib/synthesize/index.js'
import { decodingKey } from '#lib/video/options.js'
import { infomotion, lay, temporary, waves } from './support.js'

// Data sets whose clips are folders of pictures, arrays, or CAMUS's sequences.

const SIZE = { width: 24, height: 16 }
const pictures = (path: string, speed: number, count = 6): Record<string, Buffer> => {
  const { frames } = waves(count, SIZE.width, SIZE.height, speed)
  const frame = (i: number) => frames.subarray(i * 384, (i + 1) * 384)
  const png = (i: number) => Buffer.from(encode({ ...SIZE, data: frame(i), channels: 1, depth: 8 }))
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${path}/frame_${i + 1}.png`, png(i)]))
}
const npy = (speed: number) => encodeNpy(waves(6, SIZE.width, SIZE.height, speed).frames, [6, 16, 24])
const namesIn = (dir: string) => readdirSync(dir, { recursive: true }).map(String).sort()

t.test('a folder of pictures is a clip of the class whose folder it lies in', async (t) => {
  const root = lay(temporary(t), {
    ...pictures('run/clip2', 1),
    ...pictures('run/clip10', 2),
    ...pictures('walk/a', 3),
    ...pictures('walk/b', 4),
    'walk/c.txt': 'x',
    'walk/empty/notes.txt': 'x',
  })
  const { clips, layout, warnings } = await readDataSet(root)
  t.equal(layout, 'folder')
  t.same(
    clips.map(({ id, label }) => [id, label]),
    [
      ['run/clip10', 'run'],
      ['run/clip2', 'run'],
      ['walk/a', 'walk'],
      ['walk/b', 'walk'],
    ],
  )
  t.match(warnings, [/2 files or folders among the class folders are not read: .*walk\/c\.txt, walk\/empty\//])

  const splits = lay(temporary(t), {
    ...pictures('train/x/1', 1),
    ...pictures('train/y/1', 2),
    ...pictures('test/x/2', 3),
    ...pictures('test/y/2', 4),
  })
  t.same(
    (await readDataSet(splits)).clips.map(({ id, split }) => [id, split]),
    [
      ['test/x/2', 'test'],
      ['test/y/2', 'test'],
      ['train/x/1', 'train'],
      ['train/y/1', 'train'],
    ],
  )
})

t.test('a table names folders, with or without those above, and their rates', async (t) => {
  const root = lay(temporary(t), {
    ...pictures('frames/1001', 1),
    ...pictures('frames/1002', 2),
    ...pictures('deep/er/1003', 3),
    '1004.npy': npy(4),
    'set.csv': 'path,label,fps\nframes/1001,a,12\n1002,a,25\n1003,b,12.5\n1004,b,\n',
  })
  const { clips } = await readDataSet(root, { testFraction: 0.5 })
  t.same(
    clips.map(({ id, fps }) => [id, fps]),
    [
      ['frames/1001', 12],
      ['frames/1002', 25],
      ['deep/er/1003', 12.5],
      ['1004.npy', undefined],
    ],
  )
  const decode = (path: string, options: object) => readClip(path, options)
  const { facts, clipWarnings } = await extractFeatures(clips, { cache: join(root, 'cache'), decode })
  t.same(
    facts.map(({ fps, backend }) => [fps, backend]),
    [
      [12, 'pictures'],
      [25, 'pictures'],
      [12.5, 'pictures'],
      [30, 'npy'],
    ],
  )
  t.same(
    clipWarnings.map(({ id, kind }) => [id, kind]),
    [['1004.npy', 'rate']],
  )
  // another rate is another row of the cache
  const again = await extractFeatures([{ ...clips[0], fps: 24 }], { cache: join(root, 'cache'), decode })
  t.equal(again.facts[0].fps, 24)
  t.notSame(
    again.motion.values,
    (await extractFeatures([clips[0]], { cache: join(root, 'cache'), decode })).motion.values,
  )
})

t.test('DATASET_AMBIGUOUS: pictures in the place of clips, or clips without classes', async (t) => {
  const stills = lay(temporary(t), { ...pictures('cat', 1), ...pictures('dog', 2) })
  await t.rejects(readDataSet(stills), {
    code: 'DATASET_AMBIGUOUS',
    message:
      /hold pictures and no clips: cat\/ \(6\), dog\/ \(6\)\. If each folder is a clip .*CLASS\/CLIP.*no data set of videos/,
  })
  const split = lay(temporary(t), { ...pictures('train/cat', 1), ...pictures('test/dog', 2) })
  await t.rejects(readDataSet(split), { code: 'DATASET_AMBIGUOUS', message: /test\/dog\/ \(6\)/ })
  const thumbnails = lay(temporary(t), { 'a/1.avi': 'x', 'b/1.avi': 'x', ...pictures('a/thumbnails', 1) })
  const { clips, warnings } = await readDataSet(thumbnails, { testFraction: 0.5 })
  t.same(
    clips.map(({ id }) => id),
    ['a/1.avi', 'b/1.avi'],
    'pictures beside videos are none',
  )
  t.match(warnings.join(' '), /a\/thumbnails\//)
  const tabled = lay(temporary(t), { ...pictures('1', 1), ...pictures('2', 2), 'set.csv': 'clip,kind\n1,a\n2,b\n' })
  await t.rejects(readDataSet(tabled), { code: 'DATASET_NOT_FOUND', message: /set\.csv has the columns clip, kind/ })
  t.equal((await readDataSet(tabled, { columns: { path: 'clip', label: 'kind' }, testFraction: 0.5 })).clips.length, 2)
})

t.test(
  'a distilled set: TRAIN is copied picture by picture, TEST a link to the folder, and it reads again',
  async (t) => {
    const root = lay(temporary(t), {
      ...pictures('train/a/1', 1),
      ...pictures('train/a/2', 2),
      ...pictures('train/b/1', 3),
      ...pictures('test/b/2', 4),
      'train/a/1/notes.txt': 'private',
    })
    const secret = join(temporary(t), 'secret')
    writeFileSync(secret, 'secret')
    symlinkSync(secret, join(root, 'train/a/1/frame_9.png'))
    symlinkSync(join(root, 'train/a/1/frame_1.png'), join(root, 'train/a/1/frame_7.png'))
    const dataSet = await readDataSet(root)
    const train = dataSet.clips.filter(({ split }) => split === 'train')
    const items = plainItems(train.filter(({ id }) => id !== 'train/a/2'))
    const out = join(temporary(t), 'out')
    const paths = await writeDataSet(out, dataSet, items)
    t.same(paths, [join(out, 'train/a/1'), join(out, 'train/b/1')])
    const frames = Array.from({ length: 6 }, (_, i) => `frame_${i + 1}.png`)
    t.same(namesIn(join(out, 'train')), [
      'a',
      'a/1',
      ...frames.map((f) => `a/1/${f}`),
      'a/1/frame_7.png',
      'b',
      'b/1',
      ...frames.map((f) => `b/1/${f}`),
    ])
    t.ok(lstatSync(join(out, 'train/a/1/frame_7.png')).isFile(), 'a link to a picture becomes the picture')
    t.equal(readlinkSync(join(out, 'test/b/2')), join(root, 'test/b/2'))
    const list = JSON.parse(readFileSync(join(out, '.infomotion-set.json'), 'utf8')).files
    t.ok(list.includes('train/a/1/frame_3.png') && list.includes('test/b/2') && !list.includes('train/a/1'))

    const again = await readDataSet(out)
    t.same(
      again.clips.map(({ id }) => id),
      ['test/b/2', 'train/a/1', 'train/b/1'],
    )
    t.same((await readClip(join(out, 'test/b/2'))).frames, (await readClip(join(root, 'test/b/2'))).frames)

    // written again, as links, as copies, and not over what is not ours
    await writeDataSet(out, dataSet, items, { materialize: 'link' })
    t.ok(lstatSync(join(out, 'train/a/1')).isSymbolicLink())
    t.equal(readFileSync(join(root, 'train/a/1/notes.txt'), 'utf8'), 'private', 'nothing is removed through the link')
    await writeDataSet(out, dataSet, items)
    t.equal(namesIn(join(out, 'train/b/1')).length, 6)
    writeFileSync(join(out, 'train/b/1/mine.txt'), 'mine')
    await t.rejects(writeDataSet(out, dataSet, items), {
      code: 'DATASET_FOLDER_IN_USE',
      message: /train\/b\/1\/mine\.txt/,
    })
    rmSync(join(out, 'train/b/1/mine.txt'))
    // the source may not lie in what is replaced
    const inside = {
      ...dataSet,
      clips: dataSet.clips.map((clip) => (clip.id === 'train/a/1' ? { ...clip, path: join(out, 'train/a/1') } : clip)),
    }
    const own = plainItems(inside.clips.filter(({ id }) => id === 'train/a/1'))
    await t.rejects(writeDataSet(out, inside, own), {
      code: 'DATASET_FOLDER_IN_USE',
      message: /is read, and is what an earlier run wrote/,
    })
  },
)

t.test('hostile folders: pipes, links in circles, links to folders', async (t) => {
  const root = lay(temporary(t), { ...pictures('a/1', 1), ...pictures('b/1', 2), 'outside/x.txt': 'x' })
  mkdirSync(join(root, 'a/pipes'))
  execFileSync('mkfifo', [join(root, 'a/pipes/1.png')])
  execFileSync('mkfifo', [join(root, 'a/pipe')])
  symlinkSync('.', join(root, 'a/loop'))
  symlinkSync('/', join(root, 'a/root'))
  symlinkSync(join(root, 'outside'), join(root, 'a/none'))
  symlinkSync(join(root, 'b/1'), join(root, 'b/linked'))
  rmSync(join(root, 'outside'), { recursive: true })
  mkdirSync(join(root, 'a/dir.png'))
  const { clips } = await readDataSet(root, { testFraction: 0.5 })
  t.same(
    clips.map(({ id }) => id),
    ['a/1', 'b/1', 'b/linked'],
  )
  const decode = (path: string, options: object) => readClip(path, options)
  const { facts, skipped, keys } = await extractFeatures(clips, { cache: join(root, 'cache'), decode })
  t.same([facts.length, skipped.length], [3, 0])
  t.equal(keys[1], keys[2], 'copies have one key')
})

t.test('leaks: copies of a clip in two splits are found, though they are folders', async (t) => {
  const sets = Object.assign(
    {},
    ...['train', 'test'].flatMap((split) =>
      ['a', 'b'].flatMap((label) =>
        [1, 2].map((n) =>
          pictures(`${split}/${label}/${n}`, n + (label === 'a' ? 0 : 2) + (split === 'train' || n === 1 ? 0 : 5)),
        ),
      ),
    ),
  )
  const root = lay(temporary(t), sets)
  const { warnings } = await distill(root, { out: join(temporary(t), 'out'), vpc: 1, until: 'features', fps: 30 })
  t.match(warnings.join('\n'), /4 clips are byte for byte equal to others in another split: .*a\/1/)
})

/** A CAMUS sequence: NIfTI-1 of bytes, packed. */
const sequence = (speed: number, count = 6) => {
  const header = Buffer.alloc(352)
  header.writeInt32LE(348, 0)
  for (const [i, side] of [3, SIZE.width, SIZE.height, count, 1, 1, 1, 1].entries())
    header.writeInt16LE(side, 40 + 2 * i)
  header.writeInt16LE(2, 70)
  header.writeInt16LE(8, 72)
  header.writeFloatLE(352, 108)
  header.write('n+1\0', 344, 'latin1')
  return gzipSync(Buffer.concat([header, waves(count, SIZE.width, SIZE.height, speed).frames]))
}

/** So many patients with both views. */
const camus = (count: number, below = 'database_nifti/') => {
  const files: Record<string, string | Buffer> = {}
  for (let p = 1; p <= count; p++) {
    const patient = `patient${String(p).padStart(4, '0')}`
    for (const [v, view] of ['2CH', '4CH'].entries()) {
      const at = `${below}${patient}/${patient}_${view}`
      files[`${below}${patient}/Info_${view}.cfg`] =
        `ED: 1\nES: 6\nNbFrame: 6\nSex: F\nAge: 56\nImageQuality: Good\nEF: ${20 + 7 * p}.1\nFrameRate: ${50 + p}.5\n`
      files[`${at}_half_sequence.nii.gz`] = sequence(p / 2 + v)
      files[`${at}_half_sequence_gt.nii.gz`] = sequence(1)
      files[`${at}_ED.nii.gz`] = sequence(1, 1)
      files[`${at}_ED_gt.nii.gz`] = sequence(1, 1)
    }
  }
  return files
}

t.test('CAMUS: both views of a patient, EF, rate and splits', async (t) => {
  const lists = {
    'database_split/subgroup_training.txt': 'patient0001\npatient0002\npatient0004\n',
    'database_split/subgroup_validation.txt': 'patient0003\r\n',
    'database_split/subgroup_testing.txt': '\npatient0005',
  }
  const root = lay(temporary(t), { ...camus(6), ...lists })
  for (const path of [root, join(root, 'database_nifti')]) {
    const { layout, scheme, clips, classes, splits, notice, warnings, source } = await readDataSet(path)
    t.match({ layout, scheme, splits }, { layout: 'camus', scheme: 'ef5', splits: 'given' })
    t.equal(classes.length, 5)
    t.equal(clips.length, 10)
    t.match(clips[0], {
      id: 'patient0001/patient0001_2CH_half_sequence.nii.gz',
      label: '27.1',
      split: 'train',
      group: 'patient0001',
      fps: 51.5,
    })
    t.same(
      clips.map(({ group, split }) => `${group.slice(-1)} ${split}`).filter((_, i) => i % 2),
      ['1 train', '2 train', '3 val', '4 train', '5 test'],
    )
    t.match(source.rows[1], {
      View: '4CH',
      ED: '1',
      ES: '6',
      NumberOfFrames: '6',
      ImageQuality: 'Good',
      Split: 'TRAIN',
    })
    t.match(notice, /CAMUS.*no redistribution/)
    t.match(warnings.join(' '), /2 clips are left out, whose patients are in no list of splits: patient0006/)
  }
  const clip = await readClip(join(root, 'database_nifti/patient0002/patient0002_4CH_half_sequence.nii.gz'), {
    fps: 30,
  })
  t.same(clip.frames, waves(6, 24, 16, 2).frames)

  const drawn = await readDataSet(lay(temporary(t), camus(8, '')), { testFraction: 0.3 })
  t.equal(drawn.splits, 'drawn')
  const splitsOf = new Map<string, Set<string>>()
  for (const { group, split } of drawn.clips) splitsOf.set(group, (splitsOf.get(group) ?? new Set()).add(split))
  t.ok(
    [...splitsOf.values()].every(({ size }) => size === 1),
    'no patient straddles',
  )
  t.ok(drawn.clips.some(({ split }) => split === 'test'))
})

t.test('CAMUS: what is missing, damaged, or contradicts itself', async (t) => {
  const files = camus(4, '')
  const without = (name: string) => Object.fromEntries(Object.entries(files).filter(([key]) => !key.includes(name)))
  const missing = lay(temporary(t), {
    ...without('patient0002_4CH_half_sequence.nii'),
    'patient0002/patient0002_4CH_sequence.mhd': 'x',
  })
  await t.rejects(readDataSet(missing), {
    code: 'DATASET_FILES_MISSING',
    message: /1 of 8 sequences.*patient0002_4CH_half_sequence\.nii\.gz.*not as \.mhd/,
  })
  t.equal((await readDataSet(missing, { allowMissing: true })).clips.length, 7)
  const twice = lay(temporary(t), {
    ...files,
    'subgroup_training.txt': 'patient0001\n',
    'subgroup_testing.txt': 'patient0001\n',
  })
  await t.rejects(readDataSet(twice), {
    code: 'DATASET_GROUP_STRADDLES',
    message: /patient0001 is in the lists of train and of test/,
  })
  await t.rejects(readDataSet(lay(temporary(t), files), { columns: { label: 'EF' } }), {
    code: 'DATASET_COLUMN_MISSING',
    message: /read as CAMUS/,
  })
  const odd = lay(temporary(t), {
    ...files,
    'patient0001/Info_2CH.cfg': 'EF: \nLVef: 33\n',
    'patient0002/Info_2CH.cfg': '\0\xff\n'.repeat(5000),
    'patient0003/Info_2CH.cfg': '',
  })
  symlinkSync('/etc/passwd', join(odd, 'patient0004/Info_3CH.cfg'))
  const { clips, warnings } = await readDataSet(odd)
  t.equal(clips.find(({ id }) => id.includes('1_2CH'))?.label, '33', 'the key of the first release')
  t.equal(clips.length, 6)
  t.match(warnings.join(' '), /2 of 8 clips have no label/)
})

t.test('CAMUS: a distilled set is a table with the sequences in their folders, and reads again', async (t) => {
  const root = lay(temporary(t), camus(8, ''))
  const out = join(temporary(t), 'out')
  const { status, err } = await infomotion(['distill', root, '--out', out, '-n', '1', '--until', 'synthesize'])
  t.equal(status, 0, err)
  t.match(readFileSync(join(out, 'NOTICE.txt'), 'utf8'), /CAMUS/)
  const again = await readDataSet(out)
  t.match(again, { layout: 'echonet', scheme: 'ef5', splits: 'given' })
  const sequences = again.clips.filter(({ id }) => id.endsWith('.nii.gz')) // besides, there may be made clips
  t.ok(sequences.length > 0 && sequences.every(({ fps, group }) => fps !== undefined && /^patient/.test(group)))
  t.ok(again.clips.some(({ split }) => split === 'test'))
})

t.test('what is read is part of the keys of caches, and the old keys stay', async (t) => {
  t.equal(decodingKey({ backend: 'auto', fps: undefined, mask: 'none', crop: 'none' }), 'auto')
  t.equal(decodingKey({ backend: 'mjpeg', fps: undefined, mask: 'none', crop: 'none' }), 'mjpeg')
  const keys = [
    decodingKey({ backend: 'auto', fps: 25, mask: 'none', crop: 'none' }),
    decodingKey({ backend: 'auto', fps: 50, mask: 'none', crop: 'none' }),
    decodingKey({ backend: 'auto', fps: undefined, mask: 'sector', crop: 'none' }),
    decodingKey({ backend: 'auto', fps: 25, mask: 'sector', crop: 'none' }),
  ]
  t.equal(new Set([...keys, 'auto']).size, 5)

  const root = lay(temporary(t), { 'a/1.npy': npy(1), 'a/2.npy': npy(2), 'b/1.npy': npy(3), 'b/2.npy': npy(4) })
  const cache = join(temporary(t), 'cache')
  const folders = async (options: object) => {
    const out = join(temporary(t), 'out')
    const { warnings } = await distill(root, { out, cache, vpc: 1, until: 'synthesize', testFraction: 0.5, ...options })
    const { options: settings } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
    return {
      rows: readdirSync(cache).filter((name) => /^[0-9a-f]{12}$/.test(name)).length,
      warnings: warnings.join(' '),
      settings,
    }
  }
  const plain = await folders({})
  t.equal(plain.rows, 1)
  t.match(plain.warnings, /4 of 4 clips name no frame rate/)
  t.match(plain.settings, { mask: 'none' })
  const given = await folders({ fps: 40 })
  t.equal(given.rows, 2)
  t.notMatch(given.warnings, /frame rate/)
  t.match(given.settings, { fps: 40 })
  const masked = await folders({ fps: 40, mask: 'sector' })
  t.equal(masked.rows, 3)
  t.match(masked.warnings, /4 of 4 clips have no sector that could be masked/)
  t.match(masked.settings, { mask: 'sector' })
  t.equal((await folders({ fps: 40 })).rows, 3)
})
