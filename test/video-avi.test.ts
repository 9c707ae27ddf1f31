import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildAvi } from '#lib/video/avi.js'
import { readClip } from '#lib/video/index.js'
import { apart, byFfmpeg, chunksIn, greyJpeg, hasFfmpeg, needs, temporary, waves } from './support.js'

// AVI as people have it, frame by frame beside ffmpeg's frames: codecs, tags, streams and layouts. Fields, missing ends, odd
// names of chunks and ranges of luma are video-jpeg.test.ts's, JPEGs of every kind native/test/video_test.cc's.

const ffmpeg = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('ffmpeg', ['-v', 'error', '-y', ...args], { maxBuffer: 2 ** 28 })
  return { status, stdout, stderr: `${stderr}` }
}

/** ffmpeg's frames at each instant of the constant rate: what was shown last by then. */
function shownOf(path: string, count: number, fps: number): Buffer {
  const frames = byFfmpeg(path)
  const what = ['-select_streams', 'v:0', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0']
  const times = spawnSync('ffprobe', ['-v', 'error', ...what, path])
    .stdout.toString()
    .trim()
    .split('\n')
    .map(Number)
  const size = frames.length / times.length
  const shown = Array.from({ length: count }, (_, i) => times.filter((time) => Math.round(time * fps) <= i).length - 1)
  return Buffer.concat(shown.map((i) => frames.subarray(i * size, (i + 1) * size)))
}

const COUNT = 12
const film = (scale: string) => ['-f', 'lavfi', '-i', `testsrc2=s=128x96:d=0.48:r=25,scale=${scale}`]
const even = film('112:96')
const odd = film('113:97')
const mjpeg = ['-c:v', 'mjpeg', '-q:v', '2']
const tone = ['-f', 'lavfi', '-i', 'sine=d=0.48']
const other = ['-f', 'lavfi', '-i', 'mandelbrot=s=64x48:r=25']

/** What ffmpeg writes: its arguments, and who reads it by default. */
const FLAVOURS: Record<string, { args: string[]; reader?: 'mjpeg' | 'ffmpeg'; count?: number }> = {
  'Motion JPEG 4:2:0, odd size': { args: [...odd, ...mjpeg, '-pix_fmt', 'yuvj420p'] },
  'Motion JPEG 4:2:2, odd size': { args: [...odd, ...mjpeg, '-pix_fmt', 'yuvj422p'] },
  'Motion JPEG 4:4:4': { args: [...odd, ...mjpeg, '-pix_fmt', 'yuvj444p'] },
  'Motion JPEG of grey': { args: [...odd, ...mjpeg, '-pix_fmt', 'gray'] },
  'Motion JPEG, coarse': { args: [...odd, '-c:v', 'mjpeg', '-q:v', '31'] },
  'Motion JPEG, standard Huffman tables': { args: [...odd, ...mjpeg, '-huffman', 'default'] },
  'Motion JPEG, restarts between slices': { args: [...odd, ...mjpeg, '-slices', '4', '-threads', '4'] },
  'Motion JPEG with an AVI1 header, without tables': { args: [...odd, ...mjpeg, '-bsf:v', 'mjpegadump'] },
  'Motion JPEG, tag mjpa': { args: [...odd, ...mjpeg, '-vtag', 'mjpa'] },
  'Motion JPEG, tag dmb1': { args: [...odd, ...mjpeg, '-vtag', 'dmb1'] },
  'Motion JPEG, tag ijpg': { args: [...odd, ...mjpeg, '-vtag', 'ijpg'] },
  'Motion JPEG, tag jpeg': { args: [...odd, ...mjpeg, '-vtag', 'jpeg'] },
  'room for an index before the frames': { args: [...odd, ...mjpeg, '-reserve_index_space', '1000'] },
  'sound beside it': { args: [...odd, ...tone, ...mjpeg, '-c:a', 'pcm_s16le', '-shortest'] },
  'sound before it': { args: [...odd, ...tone, '-map', '1', '-map', '0', ...mjpeg, '-c:a', 'pcm_s16le'] },
  'two films, the first is read': { args: [...odd, ...other, '-map', '0', '-map', '1', ...mjpeg, '-t', '0.48'] },
  'two films, the second is Motion JPEG': {
    args: [...even, ...other, '-map', '0', '-map', '1', '-c:v:0', 'mpeg4', '-c:v:1', 'mjpeg', '-t', '0.48'],
    reader: 'ffmpeg',
  },
  'empty chunks repeat a frame': { args: [...odd, ...mjpeg, '-r', '30000/1001'], count: 14 },
  'lossless JPEG': { args: [...odd, '-c:v', 'ljpeg', '-pix_fmt', 'yuvj444p', '-strict', '-1'] },
  'lossless JPEG of RGB': { args: [...odd, '-c:v', 'ljpeg', '-pix_fmt', 'bgr24'], reader: 'ffmpeg' },
  'uncompressed grey': { args: [...odd, '-c:v', 'rawvideo', '-pix_fmt', 'gray'], reader: 'ffmpeg' },
  'uncompressed RGB': { args: [...odd, '-c:v', 'rawvideo', '-pix_fmt', 'bgr24'], reader: 'ffmpeg' },
  'uncompressed RGB, last line first': {
    args: [...odd, '-c:v', 'rawvideo', '-pix_fmt', 'bgr24', '-flipped_raw_rgb', '1'],
    reader: 'ffmpeg',
  },
  'uncompressed 4:2:0': { args: [...even, '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p'], reader: 'ffmpeg' },
  'uncompressed 4:2:2': { args: [...even, '-c:v', 'rawvideo', '-pix_fmt', 'uyvy422'], reader: 'ffmpeg' },
  ...Object.fromEntries(
    [
      ...['ffv1', 'huffyuv', 'utvideo', 'png', 'zmbv', 'cinepak', 'msvideo1', 'flv1', 'mpeg4', 'msmpeg4'],
      ...['msmpeg4v2', 'libx264'],
    ].map((codec) => [codec, { args: [...even, '-c:v', codec], reader: 'ffmpeg' as const }]),
  ),
  'MPEG-4 as Xvid, frames out of order': {
    args: [...even, '-c:v', 'mpeg4', '-vtag', 'XVID', '-bf', '2'],
    reader: 'ffmpeg',
  },
}

const present = needs(hasFfmpeg(), 'ffmpeg')

t.test('what ffmpeg writes', present, async (t) => {
  for (const [name, { args, reader = 'mjpeg', count = COUNT }] of Object.entries(FLAVOURS))
    await t.test(name, async (t) => {
      const path = join(temporary(t), 'a.avi')
      const { status, stderr } = ffmpeg(...args, path)
      if (/Unknown encoder/.test(stderr)) {
        t.comment(`no ${name}: this ffmpeg was built without`)
        return
      }
      t.equal(status, 0, stderr)
      const clip = await readClip(path)
      t.match(clip, { backend: reader, count, damagedFrames: 0 })
      const { most, mean } = apart(clip.frames, count === COUNT ? byFfmpeg(path) : shownOf(path, count, clip.fps))
      t.ok(most <= 2 && mean < 0.1, `${most} levels at most, ${mean} in the mean`)
    })
})

/** A chunk: its name, its size, its bytes, and one more where these are odd. */
function chunk(name: string, body: Uint8Array, size = body.length): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(size, 4)
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)])
}
const list = (type: string, ...parts: Buffer[]) => chunk('LIST', Buffer.concat([Buffer.from(type), ...parts]))

t.test('layouts that others write', async (t) => {
  const [width, height] = [45, 29]
  const { frames } = waves(5, width, height)
  const jpegs = await Promise.all(
    [0, 1, 2, 3, 4].map((i) => greyJpeg(frames.subarray(i * width * height, (i + 1) * width * height), width, height)),
  )
  const usual = buildAvi(jpegs, width, height, 25)
  const header = usual.subarray(12, usual.indexOf('movi') - 8)
  const index = usual.subarray(usual.indexOf('idx1'))
  const riff = (type: string, ...parts: Buffer[]) => {
    const file = list(type, ...parts)
    file.write('RIFF', 'latin1')
    return file
  }
  const frame = (jpeg: Uint8Array) => chunk('00dc', jpeg)
  const all = jpegs.map(frame)
  const layouts: Record<string, Buffer> = {
    'no index': riff('AVI ', header, list('movi', ...all)),
    'an index of places in the file': riff('AVI ', header, list('movi', ...all), absolute(index, header.length + 24)),
    'texts and rubbish around': riff(
      'AVI ',
      header,
      list('INFO', chunk('ISFT', Buffer.from('a writer\0'))),
      chunk('JUNK', Buffer.alloc(777, '00dc')),
      list('movi', chunk('JUNK', Buffer.alloc(13)), ...all),
      index,
    ),
    'records (rec) with sound': riff(
      'AVI ',
      header,
      list('movi', ...all.map((one) => list('rec ', one, chunk('01wb', Buffer.alloc(99))))),
    ),
    'OpenDML: an index among the frames, a second part': Buffer.concat([
      riff('AVI ', header, list('movi', ...all.slice(0, 3), chunk('ix00', Buffer.alloc(56))), index),
      riff('AVIX', list('movi', ...all.slice(3), chunk('ix00', Buffer.alloc(40)))),
    ]),
    'chunks named 00db': riff('AVI ', header, list('movi', ...jpegs.map((jpeg) => chunk('00db', jpeg)))),
  }
  const unfilled = riff('AVI ', header, list('movi', ...all))
  unfilled.writeUInt32LE(0, 4)
  unfilled.writeUInt32LE(0, unfilled.indexOf('movi') - 4)
  layouts['sizes that a recorder never filled in'] = unfilled
  const expected = await readClip(usual)
  for (const [name, file] of Object.entries(layouts))
    await t.test(name, async (t) => {
      const path = join(temporary(t), 'a.avi')
      writeFileSync(path, file)
      const clip = await readClip(path, { backend: 'mjpeg' })
      t.match(clip, { count: 5, width, height, fps: 25, damagedFrames: 0, warnings: [] })
      t.same(clip.frames, expected.frames)
      if (present.skip) return
      const { most, mean } = apart(clip.frames, byFfmpeg(path))
      t.ok(most <= 2 && mean < 0.1, `${most} levels at most, ${mean} in the mean`)
      t.equal((await chunksIn(readFileSync(path))).length, 5)
    })
})

/** An index whose places count from the file's beginning, as some writers have it, rather than from the list of frames. */
function absolute(index: Buffer, from: number): Buffer {
  const copy = Buffer.from(index)
  for (let at = 16; at < copy.length; at += 16) copy.writeUInt32LE(copy.readUInt32LE(at) + from, at)
  return copy
}
