import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { distill, extractFeatures } from 'infomotion'
import t from 'tap'
import type { Clip } from '#lib/dataset/types.js'
import { buildAvi } from '#lib/video/avi.js'
import { readClip, writeClip } from '#lib/video/index.js'
import { chunksIn, clipOf, hasFfmpeg, temporary, waves } from './support.js'

// What is said of odd clips in a run, clips that change in it, and the memory that its lanes share.

t.setTimeout(300_000)

const ffmpeg = hasFfmpeg()

/** An EchoNet data set of clips, some of them damaged. */
async function echo(folder: string): Promise<string[]> {
  mkdirSync(join(folder, 'Videos'), { recursive: true })
  const names = Array.from({ length: 8 }, (_, i) => `0X${i}`)
  const rows = ['FileName,EF,FPS,NumberOfFrames,Split']
  for (const [i, name] of names.entries()) {
    const path = join(folder, 'Videos', `${name}.avi`)
    await writeClip(path, waves(10, 48, 32, 1 + i / 3), { fps: i === 6 ? 30 : 50 })
    const file = readFileSync(path)
    const frames = await chunksIn(file)
    if (i === 1) writeFileSync(path, file.subarray(0, frames[6].start + 20)) // 7 of 10, the last damaged
    if (i === 2) writeFileSync(path, file.fill(0, frames[3].start + 40, frames[3].end)) // one damaged
    if (i === 3)
      writeFileSync(
        path,
        file
          .fill(0, file.indexOf('avih') + 8, file.indexOf('avih') + 12)
          .fill(0, file.indexOf('strh') + 28, file.indexOf('strh') + 36),
      )
    rows.push(`${name},${i < 4 ? 30 : 60},50,${i === 5 ? 12 : 10},${i % 4 === 0 ? 'TEST' : 'TRAIN'}`)
  }
  writeFileSync(join(folder, 'FileList.csv'), `${rows.join('\n')}\n`)
  return names
}

t.test('distill: what is odd about clips is told on each run, everywhere, and --strict fails', async (t) => {
  const folder = temporary(t)
  await echo(join(folder, 'data'))
  const out = join(folder, 'out')
  const options = { out, vpc: 1, classes: 'edges:45' as const, randomDraws: 1, trials: 1, synthesize: 'none' as const }
  const lines = [
    '2 of 8 clips are damaged or shorter than their headers say: 0X1.avi (7 of 10 frames, 1 damaged), 0X2.avi (10 of 10 frames, 1 damaged).',
    '1 of 8 clips name no frame rate, so that one is assumed: 0X3.avi (30 fps).',
    '2 of 8 clips hold another number of frames than the table says: 0X1.avi (7 for 10), 0X5.avi (10 for 12).',
    '2 of 8 clips have another frame rate than the table says: 0X3.avi (30 for 50 fps), 0X6.avi (30 for 50 fps).',
  ]
  for (const [run, until] of [
    ['fresh', 'synthesize'],
    ['from the cache', 'report'],
  ] as const) {
    const { warnings } = await distill(join(folder, 'data'), { ...options, until })
    t.same(
      warnings.filter((text) => / of 8 clips /.test(text)),
      lines,
      run,
    )
    const { clipWarnings } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')).dataSet
    t.same(
      [...new Set(clipWarnings.map(({ path }: { path: string }) => path))],
      ['0X1.avi', '0X2.avi', '0X3.avi', '0X5.avi', '0X6.avi'],
    )
    t.match(clipWarnings[0], {
      path: '0X1.avi',
      kind: 'damaged',
      text: 'The header promises 10 frames, the file holds 7.',
    })
    if (until === 'report') {
      const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
      t.same(report.clipWarnings, clipWarnings)
      for (const line of lines) t.ok(report.warnings.includes(line))
      const page = readFileSync(join(out, 'report.html'), 'utf8')
      t.match(page, /Odd clips: 5/)
      t.match(page, /2 of 8 clips are damaged or shorter than their headers say: 0X1\.avi/)
    }
  }
  for (const cache of [join(out, 'cache'), join(folder, 'other')])
    await t.rejects(distill(join(folder, 'data'), { ...options, cache, until: 'features', strict: true }), {
      code: 'CLIPS_DAMAGED',
      message: /^5 clips .*--strict does not allow. The first: 0X1\.avi: The header promises 10/,
    })
})

t.test('a clip that changes: while it is read, and before it is delivered', async (t) => {
  const folder = temporary(t)
  await echo(join(folder, 'data'))
  const video = (name: string) => join(folder, 'data', 'Videos', `${name}.avi`)
  const change = (path: string, speed: number) => writeClip(path, waves(10, 48, 32, speed), { fps: 50 })
  const clips = ['0X0', '0X4', '0X7'].map((name) => clipOf(video(name), name))
  let speed = 5
  let once = true // clips are read side by side, in no fixed order
  const decode: typeof readClip = async (path, options) => {
    const clip = await readClip(path, options)
    if ((path === clips[0].path && once) || path === clips[1].path) await change(path, ++speed)
    if (path === clips[0].path) once = false
    return clip
  }
  const { facts, skipped, clipWarnings, keys, volume } = await extractFeatures(clips, {
    ...{ cache: join(folder, 'cache'), decode, volumes: { side: 8, frames: 4 } },
  })
  t.equal(facts.length, 2)
  t.match(skipped, [{ id: '0X4', reason: /changed while it was read.*VIDEO_CHANGED/ }], 'at each try')
  t.match(clipWarnings, [{ id: '0X0', kind: 'changed' }], 'read again')
  t.equal(keys[0], execFileSync('sha256sum', [video('0X0')], { encoding: 'utf8' }).slice(0, 64))
  for (const name of readdirSync(join(folder, 'cache')).filter((name) => name.startsWith('volumes')))
    rmSync(join(folder, 'cache', name), { recursive: true })
  for (const name of readdirSync(join(folder, 'cache'))) t.ok(name)
  await change(video('0X7'), 9)
  await t.rejects(volume(1), { code: 'VIDEO_CHANGED' })

  const out = join(folder, 'out')
  const result = await distill(join(folder, 'data'), {
    ...{ out, vpc: 3, classes: 'edges:45' as const, synthesize: 'none', until: 'synthesize' },
    onProgress: ({ stage }) => {
      if (stage === 'select') copyFileSync(video('0X2'), video('0X7'))
    },
  })
  t.ok(
    result.warnings.includes('1 selected clips changed while the run was at it: 0X7.avi.'),
    result.warnings.join('\n'),
  )
  const { items, dataSet } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  t.match(dataSet.clipWarnings.at(-1), { path: '0X7.avi', kind: 'changed' })
  for (const { path, sha256 } of items)
    t.equal(sha256, execFileSync('sha256sum', [join(out, 'Videos', path)], { encoding: 'utf8' }).slice(0, 64), path)
})

t.test('lanes keep to their budget of bytes', async (t) => {
  const folder = temporary(t)
  const clips: Clip[] = []
  for (let i = 0; i < 4; i++) {
    await writeClip(join(folder, 'a.avi'), waves(1, 64, 64, i), { fps: 25 })
    const file = readFileSync(join(folder, 'a.avi'))
    const [{ start, end }] = await chunksIn(file)
    const path = join(folder, `${i}.avi`)
    const repeats = Array(255).fill(Buffer.from([]))
    writeFileSync(path, buildAvi([file.subarray(start, end), ...repeats], 64, 64, 20 + i)) // 1 MiB of luma in 7 KB
    clips.push(clipOf(path))
  }
  for (const backend of ffmpeg ? (['mjpeg', 'ffmpeg'] as const) : (['mjpeg'] as const))
    for (const [memory, atOnce] of [
      [1.2 * 2 ** 20, 1],
      [2 ** 40, 2],
      [1, 1],
    ]) {
      let [decoding, most] = [0, 0]
      const decode: typeof readClip = async (path, { reserve, ...options } = {}) => {
        let first = true
        const counted = async (bytes: number) => {
          await reserve?.(bytes)
          if (bytes >= 2 ** 20 && first) {
            first = false
            most = Math.max(most, ++decoding)
            await new Promise((resolve) => setTimeout(resolve, 30))
          }
        }
        const clip = await readClip(path, { ...options, backend, reserve: counted })
        if (!first) decoding--
        return clip
      }
      const cache = join(folder, `${backend}-${memory}`)
      const { facts } = await extractFeatures(clips, { cache, decode, memory })
      t.equal(facts.length, 4)
      if (atOnce === 1) t.equal(most, 1, `${backend}, ${memory} bytes: one after the other`)
      else t.ok(most >= 1)
    }
})
