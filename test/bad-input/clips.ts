import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type ClipSource, openClip, readClip, writeClip } from 'infomotion'
import { extractFeatures } from '#lib/features/extract.js'
import { Random } from '#lib/runtime/random.js'
import { buildAvi } from '#lib/video/avi.js'
import { chunksIn, greyJpeg } from '../support.js'
import type { Case } from './case.js'

const SIZE = { width: 24, height: 16 }

/** Reads a clip. Returns its frames, how many are damaged, and whether that or anything else is said. */
function clip(what: string, bytes: Buffer, expected: string, options: Parameters<typeof readClip>[1] = {}): Case {
  const read = async (folder: string) => {
    const path = join(folder, 'clip.avi')
    writeFileSync(path, bytes)
    const { frames, count, width, height, damagedFrames, warnings } = await readClip(path, {
      backend: 'mjpeg',
      ...options,
    })
    if (frames.length !== count * width * height) throw new Error(`${frames.length} bytes of ${count} frames`)
    return `${count} frames, ${damagedFrames} damaged${warnings.length > 0 ? ', said' : ''}`
  }
  return { what: `clip: ${what}`, read, expected }
}

/** The same of bytes and of a stream, by readClip and by openClip, which must agree. */
function inMemory(what: string, bytes: Buffer, expected: string): Case {
  const options = { backend: 'mjpeg' } as const
  const told = (count: number, damaged: number, warnings: string[]) =>
    `${count} frames, ${damaged} damaged${warnings.length > 0 ? ', said' : ''}`
  const whole = async (source: ClipSource) => {
    const { count, damagedFrames, warnings } = await readClip(source, options)
    return told(count, damagedFrames, warnings)
  }
  const singly = async (source: ClipSource) => {
    const opened = await openClip(source, options)
    let count = 0
    for await (const _ of opened.frames) count++
    return told(count, opened.damagedFrames, opened.warnings)
  }
  const read = async () => {
    const outcomes = [
      whole(bytes),
      whole(Readable.from([bytes])),
      singly(bytes),
      singly(new Blob([Uint8Array.from(bytes)]).stream()),
    ]
    const [first, ...others] = await Promise.all(outcomes.map((outcome) => outcome.catch(({ code }) => code)))
    return others.every((other) => other === first) ? first : [first, ...others].join('; ')
  }
  return { what: `clip in memory: ${what}`, read, expected }
}

const edited = (file: Buffer, at: number, ...words: number[]): Buffer => {
  const copy = Buffer.from(file)
  words.forEach((word, i) => {
    copy.writeUInt32LE(word >>> 0, at + 4 * i)
  })
  return copy
}

/** Any outcome that is no crash: for damage whose every case cannot be told beforehand. */
const anyNamed = (bad: Case): Case => {
  const named = /^(VIDEO_EMPTY|VIDEO_UNREADABLE|VIDEO_TOO_LARGE|\d+ frames, \d+ damaged(, said)?)$/
  const read = async (folder: string) => {
    const outcome = await Promise.resolve(bad.read(folder)).catch((error) => {
      if (error.code?.startsWith('VIDEO_')) return error.code as string
      throw error
    })
    return named.test(outcome) ? 'read, or named' : outcome
  }
  return { ...bad, read, expected: 'read, or named' }
}

/** The cases, made from a good clip of three frames that is written to `folder`. */
export async function clipCases(folder: string): Promise<Case[]> {
  const { width, height } = SIZE
  const luma = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 37 + (i >> 5) * 11) & 255)
  const path = join(folder, 'good.avi')
  await writeClip(path, { frames: luma, count: 3, ...SIZE }, { fps: 25 })
  const good = readFileSync(path)
  const frames = await chunksIn(good)
  const jpegs = frames.map(({ start, end }) => good.subarray(start, end))
  const index = good.indexOf('idx1')
  const sof = jpegs[0].indexOf(Buffer.from([0xff, 0xc0]))
  const avih = good.indexOf('avih') + 8
  const strh = good.indexOf('strh') + 8
  const strf = good.indexOf('strf') + 8
  const movi = good.indexOf('movi')
  const whole = '3 frames, 0 damaged'
  const said = `${whole}, said`

  /** What must come of the first `length` bytes. */
  const cutTo = (length: number): string => {
    if (length === 0) return 'VIDEO_EMPTY'
    if (length < 12) return 'VIDEO_UNREADABLE'
    const begun = frames.filter(({ start }) => length > start).length
    if (begun === 0) return 'VIDEO_EMPTY'
    const complete = frames.filter(({ end }) => length >= end - 2).length // the end's marker holds nothing of the image
    if (complete === frames.length) return whole
    if (complete === 0) return 'VIDEO_UNREADABLE'
    return `${begun} frames, ${begun - complete} damaged, said`
  }
  const offsets = Array.from({ length: 50 }, (_, i) => Math.floor((i * good.length) / 50))
  /** Around the beginnings and ends of what the file is made of. */
  const borders = [...['hdrl', 'avih', 'strl', 'strh', 'strf', 'movi', 'idx1'].map((name) => good.indexOf(name))]
    .concat(frames.flatMap(({ start, end }) => [start, end]))
    .flatMap((at) => [at - 1, at, at + 1, at + 4])
    .filter((length) => length > 0 && length < good.length && !offsets.includes(length))
  const twice = (part: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => part))
  const sized = (w: number, h: number) => {
    const jpeg = Buffer.from(jpegs[0])
    jpeg.writeUInt16BE(h, sof + 5)
    jpeg.writeUInt16BE(w, sof + 7)
    return jpeg
  }
  const avi = (...parts: Buffer[]) => buildAvi(parts, width, height, 25)
  const large = await greyJpeg(new Uint8Array(2 ** 20), 1024, 1024)
  // A progressive JPEG: each scan costs a pass over all blocks and takes ten bytes.
  const scan = (from: number, to: number) => Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, from, to, 0])
  const scans = Buffer.concat([
    sized(4096, 4096)
      .fill(0xc2, sof + 1, sof + 2)
      .subarray(0, jpegs[0].indexOf(Buffer.from([0xff, 0xda]))),
    scan(0, 0),
    ...Array(4000).fill(scan(1, 63)),
    Buffer.from([0xff, 0xd9]),
  ])

  const skips: Case = {
    what: 'clip: among the clips of a data set',
    read: async (own) => {
      const bad = {
        whole: good,
        empty: '',
        cut: good.subarray(0, frames[0].end - 9),
        text: 'text',
        bomb: avi(scans),
        frameless: avi(),
      }
      for (const [name, bytes] of Object.entries(bad)) writeFileSync(join(own, name), bytes)
      execFileSync('mkfifo', [join(own, 'pipe')])
      symlinkSync('/dev/zero', join(own, 'endless'))
      mkdirSync(join(own, 'folder'))
      const clips = [...Object.keys(bad), 'missing', 'pipe', 'endless', 'folder'].map((id) => {
        return { id, path: join(own, id), label: 'a', classIndex: 0, split: 'train' as const, group: id }
      })
      const decode = (path: string) => readClip(path, { backend: 'mjpeg' })
      const { facts, skipped } = await extractFeatures(clips, { cache: join(own, 'cache'), decode })
      const named = skipped.map(({ id, reason }) => `${id} ${/\(([A-Z_]+)\)$/.exec(reason)?.[1]}`)
      return `${facts.length} read; ${named.join(', ')}`
    },
    expected:
      '1 read; empty VIDEO_EMPTY, cut VIDEO_UNREADABLE, text VIDEO_UNREADABLE, bomb VIDEO_UNREADABLE, ' +
      'frameless VIDEO_EMPTY, missing ENOENT, pipe EINVAL, endless EINVAL, folder EINVAL',
  }

  // Sizes that no block of 8 or 16 pixels divides: whole, cut in the last frame, and with another size in the headers.
  const odd: Case[] = []
  for (const [w, h] of [
    [1, 1],
    [1, 97],
    [113, 1],
    [3, 5],
    [15, 17],
    [113, 97],
  ]) {
    const size = { width: w, height: h }
    await writeClip(
      path,
      { frames: Uint8Array.from({ length: 3 * w * h }, (_, i) => i * 37), count: 3, ...size },
      { fps: 25 },
    )
    const file = readFileSync(path)
    const last = (await chunksIn(file))[2]
    const cut = file.subarray(0, Math.floor((last.start + last.end) / 2))
    odd.push(
      clip(`${w} x ${h}`, file, whole),
      anyNamed(clip(`${w} x ${h}, cut in the last frame`, cut, '')),
      clip(`${w} x ${h}, headers of 2147483647 x 1`, edited(file, avih + 32, 0x7fffffff, 1), whole),
    )
  }

  return [
    clip('whole', good, whole),
    skips,
    ...[...offsets, ...borders].map((length) =>
      clip(`cut at ${length} of ${good.length}`, good.subarray(0, length), cutTo(length)),
    ),
    ...Array.from({ length: 40 }, (_, i) => {
      const random = new Random(7, 'flip', i)
      const bytes = Buffer.from(good)
      for (let flips = 1 + random.below(20); flips > 0; flips--) bytes[random.below(bytes.length)] = random.below(256)
      return anyNamed(clip(`seeded damage ${i}`, bytes, ''))
    }),
    // One bit, in the headers, in what leads to the frames, and in the frames.
    ...[
      ['the headers', 0, movi],
      ['the frames', movi, index],
      ['the index', index, good.length],
    ].flatMap(([where, from, to]) =>
      Array.from({ length: 30 }, (_, i) => {
        const random = new Random(11, 'bit', where, i)
        const at = (from as number) + random.below((to as number) - (from as number))
        const bytes = Buffer.from(good)
        bytes[at] ^= 1 << random.below(8)
        return anyNamed(clip(`a bit at ${at}, in ${where}`, bytes, ''))
      }),
    ),
    ...odd,
    // Sizes that lie.
    ...[0, 1, 4, 0x7fffffff, 0xfffffffe, 0xffffffff].flatMap((size) => [
      clip(`RIFF size ${size}`, edited(good, 4, size), whole),
      clip(`size ${size} of the list of frames`, edited(good, movi - 4, size), whole),
      clip(`size ${size} of the headers' list`, edited(good, 16, size), whole),
      clip(`size ${size} of the second frame`, edited(good, frames[1].start - 4, size), said),
    ]),
    ...[0, 1, 4, 175, 0x7fffffff, 0xffffffff].map((count) =>
      clip(`${count} frames promised`, edited(good, avih + 16, count), count === 0 ? whole : said),
    ),
    ...[0, 0x7fffffff, 0xffffffff].flatMap((size) => [
      clip(`size ${size} x ${size} in the header`, edited(good, avih + 32, size, size), whole),
      clip(`${size} x ${size} in the format`, edited(good, strf + 4, size, size), whole),
      clip(`size ${size} of the format`, edited(good, strf - 4, size), said),
      clip(`image size ${size} in the format`, edited(good, strf + 20, size), whole),
      clip(`buffers of ${size}`, edited(good, avih + 28, size), whole),
      // Of no size, its first entry reads as a frame that is none.
      clip(
        `size ${size} of the index`,
        edited(good, index + 4, size),
        size === 0 ? '4 frames, 1 damaged, said' : whole,
      ),
      clip(`an index that leads to ${size}`, edited(good, index + 16, size, size), whole),
      clip(`streams: ${size}`, edited(good, avih + 24, size), whole),
      clip(`rate 0 / ${size}`, edited(good, strh + 20, size, 0), whole),
    ]),
    clip('rate of a million a second', edited(edited(good, strh + 20, 1, 1e6), avih, 1), said),
    clip('no rate', edited(edited(good, strh + 20, 0, 0), avih, 0), said),
    // Frames.
    clip('no frame at all', avi(), 'VIDEO_EMPTY'),
    clip('one frame', avi(jpegs[0]), '1 frames, 0 damaged'),
    clip('one empty frame', avi(Buffer.alloc(0)), 'VIDEO_UNREADABLE'),
    clip('an empty frame first', avi(Buffer.alloc(0), jpegs[0]), '2 frames, 0 damaged'),
    clip('frames of zeros', avi(Buffer.alloc(500), Buffer.alloc(500)), 'VIDEO_UNREADABLE'),
    clip('a frame of zeros between', avi(jpegs[0], Buffer.alloc(500), jpegs[2]), '3 frames, 1 damaged, said'),
    clip('JPEG starts only', avi(...jpegs.map((jpeg) => jpeg.subarray(0, 3))), 'VIDEO_UNREADABLE'),
    clip('JPEG headers only', avi(...jpegs.map((jpeg) => jpeg.subarray(0, sof + 19))), 'VIDEO_UNREADABLE'),
    // JPEGs that lie about their size.
    ...[
      [0, 0],
      [0, 16],
      [24, 0],
      [65535, 65535],
      [16384, 16384],
      [16385, 1],
      [4096, 4096],
    ].map(([w, h]) => clip(`JPEGs of ${w} x ${h}`, avi(sized(w, h), sized(w, h)), 'VIDEO_UNREADABLE')),
    clip('a JPEG of another size between', avi(jpegs[0], sized(25, 16), jpegs[2]), '3 frames, 1 damaged, said'),
    clip('4000 scans of 4096 x 4096 in 40 KB', avi(scans), 'VIDEO_UNREADABLE'),
    clip('a JPEG of arithmetic coding', avi(Buffer.from(jpegs[0]).fill(0xc9, sof + 1, sof + 2)), 'VIDEO_UNREADABLE'),
    clip('20,000 empty frames', avi(jpegs[0], ...Array(2e4).fill(Buffer.alloc(0))), '20001 frames, 0 damaged'),
    clip('2 GiB of frames in 50 KB', avi(large, ...Array(2048).fill(Buffer.alloc(0))), 'VIDEO_TOO_LARGE'),
    // Other files.
    clip('nothing', Buffer.alloc(0), 'VIDEO_EMPTY'),
    clip('a byte', Buffer.alloc(1), 'VIDEO_UNREADABLE'),
    clip('a megabyte of zeros', Buffer.alloc(1e6), 'VIDEO_UNREADABLE'),
    clip('a megabyte of ff', Buffer.alloc(1e6, 0xff), 'VIDEO_UNREADABLE'),
    clip('a megabyte of JPEG starts', twice(Buffer.from([0xff, 0xd8, 0xff]), 350_000), 'VIDEO_UNREADABLE'),
    clip(
      'a megabyte of frame names',
      Buffer.concat([good.subarray(0, 12), Buffer.alloc(1e6, '00dc')]),
      'VIDEO_UNREADABLE',
    ),
    clip('a wave file', Buffer.from('RIFF\x24\0\0\0WAVEfmt \x10\0\0\0', 'latin1'), 'VIDEO_UNREADABLE'),
    clip('text', Buffer.from('FileName,EF\n'), 'VIDEO_UNREADABLE'),
    // Options.
    ...[
      { maxFrames: 0 },
      { maxFrames: -1 },
      { maxFrames: 1.5 },
      { maxFrames: Number.NaN },
      { maxFrames: '3' },
      { backend: 'vlc' },
      { backend: '' },
      { max_frames: 3 },
      { Backend: 'mjpeg' },
    ].map((options) =>
      clip(`options ${JSON.stringify(options)}`, good, 'INVALID_ARGUMENT', options as Parameters<typeof readClip>[1]),
    ),
    clip('fewer frames than asked for', good, whole, { maxFrames: 1000 }),
    ...[
      { segment: {} },
      { segment: { start: 0 } },
      { segment: { start: -1, unit: 'frames' } },
      { segment: { start: 2, end: 1, unit: 'frames' } },
      { segment: { start: 0, unit: 'minutes' } },
      { segment: { start: Number.POSITIVE_INFINITY, unit: 'seconds' } },
      { segment: 'all' },
      { maxBytes: -1 },
      { timeLimit: -1 },
      { timeLimit: Number.NaN },
      { name: '' },
    ].map((options) =>
      clip(`options ${JSON.stringify(options)}`, good, 'INVALID_ARGUMENT', options as Parameters<typeof readClip>[1]),
    ),
    clip('a segment behind the end', good, 'VIDEO_SEGMENT_EMPTY', { segment: { start: 3, unit: 'frames' } }),
    clip('a segment to far behind the end', good, '2 frames, 0 damaged', {
      segment: { start: 1, end: 1e15, unit: 'frames' },
    }),
    clip('more bytes than allowed', good, 'VIDEO_TOO_LARGE', { maxBytes: good.length - 1 }),
    // The same from memory, and frame by frame.
    ...[0, 1, 11, 12, frames[0].start, frames[1].end - 3, good.length - 5, good.length].map((length) =>
      inMemory(`the first ${length} bytes`, good.subarray(0, length), cutTo(length)),
    ),
    inMemory('text', Buffer.from('FileName,EF\n'), 'VIDEO_UNREADABLE'),
    inMemory('frames of zeros', avi(Buffer.alloc(500), Buffer.alloc(500)), 'VIDEO_UNREADABLE'),
    inMemory('a frame of zeros between', avi(jpegs[0], Buffer.alloc(500), jpegs[2]), '3 frames, 1 damaged, said'),
    inMemory('size 4294967295 of the second frame', edited(good, frames[1].start - 4, 0xffffffff), said),
  ]
}
