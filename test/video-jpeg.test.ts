import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { native } from '#lib/runtime/native.js'
import { buildAvi } from '#lib/video/avi.js'
import { readLuma } from '#lib/video/images.js'
import { readClip, writeClip } from '#lib/video/index.js'
import { decodeJpeg, encodeJpegs } from '#lib/video/jpeg.js'
import {
  apart,
  byFfmpeg,
  chunksIn,
  fixture,
  greyJpeg,
  hasFfmpeg,
  needs,
  reference,
  root,
  temporary,
  waves,
} from './support.js'

// JPEG by libjpeg-turbo in the addon. What it makes of JPEGs of every kind, whole and broken, is native/test/video_test.cc's.

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

t.test('JPEGs of every kind that Pillow writes, to the level', async (t) => {
  const path = fixture('video', 'jpegs.avi')
  const kinds: { kind: string; sha256?: string; mean: number }[] = JSON.parse(
    readFileSync(fixture('video', 'jpegs.json'), 'utf8'),
  )
  const { frames, count, width, height, damagedFrames, warnings } = await readClip(path)
  t.same([count, width, height, damagedFrames, warnings], [kinds.length, 45, 29, 0, []])
  const file = readFileSync(path)
  const chunks = await chunksIn(file)
  for (const [i, { kind, sha256: expected, mean }] of kinds.entries()) {
    const frame = frames.subarray(i * width * height, (i + 1) * width * height)
    if (expected) t.equal(sha256(frame), expected, kind)
    else t.ok(Math.abs(frame.reduce((sum, grey) => sum + grey, 0) / frame.length - mean) < 0.6, kind)
    const image = await decodeJpeg(file.subarray(chunks[i].start, chunks[i].end))
    t.same(image.pixels, frame, `${kind}, alone`)
  }
})

t.test('clips that others refuse or get wrong, as ffmpeg has them', async (t) => {
  const ffmpeg = needs(hasFfmpeg(), 'ffmpeg')
  const first = await greyJpeg(waves(1, 64, 24).frames, 64, 24)
  const second = await greyJpeg(waves(1, 64, 24, 9).frames.reverse(), 64, 24)
  const whole = await greyJpeg(waves(1, 64, 48).frames, 64, 48)
  const pair = Buffer.concat([first, Buffer.alloc(3), second])
  const comment = (text: string) => {
    const segment = Buffer.from(`\xff\xfe\0\0${text}\0`, 'latin1')
    segment.writeUInt16BE(segment.length - 2, 2)
    return Buffer.concat([whole.subarray(0, 2), segment, whole.subarray(2)])
  }
  const renamed = (file: Buffer, to: string) => {
    for (let at = file.indexOf('00dc'); at >= 0; at = file.indexOf('00dc', at + 4)) file.write(to, at, 'latin1')
    return file
  }
  const of = (jpegs: Uint8Array[]) => buildAvi(jpegs, 64, 48, 25)
  const files: Record<string, [Buffer, number, number?]> = {
    'two fields a chunk': [of([pair, pair, pair]), 3],
    'a field a chunk': [of([first, second, second, first]), 2, 12.5],
    'two fields a chunk of another codec': [
      Buffer.from(of([pair, pair]).toString('latin1').replaceAll('MJPG', 'dmb1'), 'latin1'),
      2,
    ],
    'no ends': [of([whole.subarray(0, -2), whole.subarray(0, -2)]), 2],
    'rubbish before the ends': [
      of([Buffer.concat([whole.subarray(0, -2), Buffer.from([1, 2, 3]), whole.subarray(-2)])]),
      1,
    ],
    'rubbish before the beginnings': [of([Buffer.concat([Buffer.from('abc'), whole])]), 1],
    'chunks 00__': [renamed(of([whole, whole]), '00__'), 2],
    'upside down by name': [of([comment('Intel(R) JPEG Library, version 1,5,4,36')]), 1],
  }
  for (const [name, [file, count, fps = 25]] of Object.entries(files))
    await t.test(name, async (t) => {
      const path = join(temporary(t), 'a.avi')
      writeFileSync(path, file)
      const clip = await readClip(path, { backend: 'mjpeg' })
      t.same([clip.count, clip.width, clip.height, clip.damagedFrames, clip.fps], [count, 64, 48, 0, fps])
      t.same(clip.warnings.length, fps === 25 ? 0 : 1)
      if (ffmpeg.skip) return
      t.ok(apart(clip.frames, byFfmpeg(path)).most <= 2)
    })
  await t.test('one field alone', async (t) => {
    const path = join(temporary(t), 'a.avi')
    writeFileSync(path, of([first]))
    await t.rejects(readClip(path, { backend: 'mjpeg' }), {
      code: 'VIDEO_UNREADABLE',
      message: /Expected 2 fields a frame .*found 1: .*the other is missing/,
    })
    writeFileSync(path, of([first, second, first]))
    t.match(await readClip(path, { backend: 'mjpeg' }), {
      count: 1,
      warnings: [/promises 2 frames.*holds 1/, /one field/],
    })
  })
  await t.test('limited range', ffmpeg, async (t) => {
    const path = join(temporary(t), 'tv.avi')
    const source = 'testsrc2=s=64x48:d=0.4,format=yuv420p'
    const codec = ['-c:v', 'mjpeg', '-color_range', 'tv', '-strict', 'unofficial', '-q:v', '2']
    spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...codec, '-y', path])
    t.ok(readFileSync(path).includes('CS=ITU601'))
    const { most, mean } = apart((await readClip(path, { backend: 'mjpeg' })).frames, byFfmpeg(path))
    t.ok(most <= 2 && mean < 0.5, `${most}, ${mean}`)
  })
})

t.test('clips of the reference data', async (t) => {
  const ffmpeg = hasFfmpeg()
  for (const name of [
    ['cases', '03-two-fields-a-frame', 'twofields.avi'],
    ...['noeoi', 'cmyk', 's_3x1', 'extraneous', 'id00__'].map((name) => [
      'cases',
      '04-mjpeg-that-libjpeg-warns-of',
      `${name}.avi`,
    ]),
    ['cases', '19-mjpeg-limited-range', 'tv.avi'],
    ['decode-zoo', 'phantomlike-175frames.avi'],
  ]) {
    const path = reference(...name)
    await t.test(name.at(-1) as string, needs(path && ffmpeg, 'the reference data and ffmpeg'), async (t) => {
      const clip = await readClip(path as string, { backend: 'mjpeg' })
      const { most, mean } = apart(clip.frames, byFfmpeg(path as string))
      t.ok(clip.damagedFrames === 0 && most <= 2 && mean < 0.1, `${most}, ${mean}`)
    })
  }
})

t.test('pictures that lack what is not of the image; and what cannot be read, by name', async (t) => {
  const folder = temporary(t)
  const jpeg = await greyJpeg(waves(1).frames, 48, 32)
  const read = (name: string, bytes: Buffer) => {
    writeFileSync(join(folder, name), bytes)
    return readLuma(join(folder, name))
  }
  const { pixels } = await read('whole.jpg', jpeg)
  t.same((await read('no-end.jpg', jpeg.subarray(0, -2))).pixels, pixels)
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  const arithmetic = Buffer.from(jpeg).fill(0xc9, frame + 1, frame + 2)
  const twelve = Buffer.from(jpeg)
    .fill(0xc1, frame + 1, frame + 2)
    .fill(12, frame + 4, frame + 5)
  for (const [name, bytes, why] of [
    ['cut.jpg', jpeg.subarray(0, -100), /premature end/],
    ['arithmetic.jpg', arithmetic, /arithmetic/],
    ['twelve.jpg', twelve, /12 bits/],
    ['head.jpg', jpeg.subarray(0, 30), /header/],
  ] as [string, Buffer, RegExp][])
    await t.rejects(read(name, bytes), { code: 'IMAGE_UNREADABLE', message: why }, name)
  await t.rejects(decodeJpeg(jpeg, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

t.test('components as they are stored', async (t) => {
  const pixels = Uint8Array.from({ length: 3 * 64 }, (_, i) => [200, 30, 90][i % 3])
  const [jpeg] = await encodeJpegs({ pixels, width: 8, height: 8, channels: 3, quality: 100 })
  const { pixels: stored, ...facts } = await decodeJpeg(jpeg, { colour: 'stored' })
  t.same(facts, { width: 8, height: 8, components: 3, bits: 8, space: 'ycc', damage: '' })
  const [r, g, b] = pixels
  const expected = [
    0.299 * r + 0.587 * g + 0.114 * b,
    128 - 0.168736 * r - 0.331264 * g + 0.5 * b,
    128 + 0.5 * r - 0.418688 * g - 0.081312 * b,
  ]
  t.ok(stored.every((value, i) => Math.abs(value - expected[i % 3]) <= 1))
})

t.test('what is written is nearer than the fast DCT was', async (t) => {
  const clip = waves(4, 112, 112)
  const psnr = async (quality: number) => {
    const path = join(temporary(t), 'a.avi')
    await writeClip(path, clip, { fps: 25, quality })
    const { frames } = await readClip(path)
    const error = frames.reduce((sum, grey, i) => sum + (grey - clip.frames[i]) ** 2, 0) / frames.length
    return 10 * Math.log10(255 ** 2 / error)
  }
  t.ok((await psnr(90)) > 43 && (await psnr(95)) > 46 && (await psnr(100)) > 55)
})

t.test('a worker thread that is ended in the middle of a clip takes nobody with it', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.avi')
  const jpeg = await greyJpeg(waves(1, 512, 512).frames, 512, 512)
  writeFileSync(path, buildAvi(Array(400).fill(jpeg), 512, 512, 25))
  const program = `
    import { readClip } from ${JSON.stringify(pathToFileURL(join(root, 'dist', 'index.js')).href)}
    import { parentPort } from 'node:worker_threads'
    parentPort.postMessage('begun')
    await readClip(${JSON.stringify(path)})`
  writeFileSync(join(folder, 'reader.mjs'), program)
  const worker = new Worker(join(folder, 'reader.mjs'))
  await new Promise((resolve) => worker.once('message', resolve))
  await new Promise((resolve) => setTimeout(resolve, 30))
  await worker.terminate()
  const late = new AbortController()
  const reading = readClip(path, { signal: late.signal })
  setTimeout(() => late.abort(), 20)
  await t.rejects(reading, { code: 'ABORTED' })
  t.equal((await readClip(path, { maxFrames: 2 })).count, 2)
})

t.test('an addon without JPEG says so', async (t) => {
  const addon = native() as { jpegLibrary?: string }
  const { jpegLibrary } = addon
  addon.jpegLibrary = undefined
  t.teardown(() => {
    addon.jpegLibrary = jpegLibrary
  })
  await t.rejects(greyJpeg(new Uint8Array(64), 8, 8), { code: 'JPEG_NOT_BUILT', message: /LIBJPEG_TURBO_SOURCE/ })
  await t.rejects(readClip(fixture('video', 'trunc.avi'), { backend: 'mjpeg' }), { code: 'JPEG_NOT_BUILT' })
  if (hasFfmpeg()) t.match(await readClip(fixture('video', 'trunc.avi')), { backend: 'ffmpeg', count: 14 })
})
