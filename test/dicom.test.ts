import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { readDataSet } from '#lib/dataset/index.js'
import { InfomotionError } from '#lib/runtime/errors.js'
import { findPeer } from '#lib/runtime/package.js'
import { decoderOf } from '#lib/video/dicom/codecs.js'
import { dicomGroup } from '#lib/video/dicom/header.js'
import { readClip } from '#lib/video/index.js'
import { described, dicom, element, fragments, greyClip, item, UNDEFINED } from './dicom-writer.js'
import { fixture, infomotion, lay, needs, reference, temporary } from './support.js'

const names = readdirSync(fixture('dicom'))
  .filter((name) => name.endsWith('.dcm'))
  .map((name) => name.slice(0, -4))

/** What decodes a fixture, where that is an optional peer. */
const PEERS: [RegExp, string][] = [
  [/^jpeg-ls-/, '@cornerstonejs/codec-charls/decodewasmjs'],
  [/^jpeg-2000-/, '@cornerstonejs/codec-openjpeg/decodewasmjs'],
]

/** What a fixture's reader must tell. */
const TOLD: Record<string, string> = {
  'jpeg-more-promised': 'The header promises 9 frames, the file holds 5.',
  'jpeg-one-promised': 'The header promises 1 frames, the file holds 5.',
  'jpeg-none-promised': 'The header names no number of frames, the file holds 5.',
  'jpeg-zero-promised': 'The header names no number of frames, the file holds 5.',
  'jpeg-damaged-frame': '1 of 5 frames are damaged; the good frame before each stands in for it.',
}
const STRETCHED = 'Samples from 202 to 3800, and no window: the least is taken for black, the largest for white.'
for (const name of [
  'bits-12-of-16',
  'bits-12-high-15',
  'plain-big-endian-16',
  'rle-16',
  'jpeg-ls-16',
  'jpeg-lossless-12',
])
  TOLD[name] = STRETCHED

t.test('each way to write a clip is read as pydicom reads it', async (t) => {
  t.ok(names.length > 55, `${names.length} fixtures`)
  for (const name of names) {
    const peer = PEERS.find(([kind]) => kind.test(name))?.[1]
    await t.test(name, needs(!peer || findPeer(peer), peer ?? ''), async (t) => {
      const expected = readFileSync(fixture('dicom', `${name}.luma`))
      const clip = await readClip(fixture('dicom', `${name}.dcm`))
      t.equal(clip.backend, 'dicom')
      t.equal(clip.fps, 50)
      t.equal(clip.frames.length, expected.length)
      t.equal(clip.frames.length, clip.count * clip.width * clip.height)
      t.same(clip.warnings, name in TOLD ? [TOLD[name]] : [])
      const apart = clip.frames.reduce((most, level, i) => Math.max(most, Math.abs(level - expected[i])), 0)
      t.ok(apart <= 1, `${apart} levels apart`)
    })
  }
})

/** Writes a clip of two frames with these elements more, and reads it. */
async function read(t: Test, more: Buffer[], options = {}) {
  const path = join(temporary(t), 'clip.dcm')
  writeFileSync(path, greyClip(8, 6, 4, more))
  return readClip(path, options)
}

t.test('frame rates', async (t) => {
  const time = (ms: string) => element('00181063', 'DS', ms)
  const vector = (...ms: number[]) => element('00181065', 'DS', ms.join('\\'))
  const cine = (fps: string) => element('00180040', 'IS', fps)
  const display = (fps: string) => element('00082144', 'IS', fps)
  const duration = (ms: string) => element('00181242', 'IS', ms)
  const pointer = element('00280009', 'AT', [0x18, 0x1065])
  const cases: [string, Buffer[], number, RegExp | undefined][] = [
    ['time', [time('33.333')], 30.0003, undefined],
    ['vector', [vector(0, 20, 20, 20)], 50, undefined],
    [
      'a vector that varies',
      [vector(0, 20, 60, 40)],
      25,
      /varies: frames lie 20 to 60 ms apart \(25 fps in the mean\)/,
    ],
    ['cine', [cine('24')], 24, undefined],
    ['display', [display('15')], 15, undefined],
    ['duration', [duration('40')], 25, undefined],
    ['all agree', [time('20'), cine('50'), display('50')], 50, undefined],
    ['rounded', [time('33.3'), cine('30'), display('30')], 30.03, undefined],
    ['contradiction', [time('20'), cine('30')], 50, /Rates differ: FrameTime 50 fps, CineRate 30 fps; the first/],
    [
      'pointer',
      [pointer, time('20'), vector(0, 10, 10, 10)],
      100,
      /Rates differ: FrameTimeVector 100 fps, FrameTime 50/,
    ],
    ['in seconds', [time('0.02'), cine('50')], 50, undefined],
    ['zero', [time('0'), cine('30')], 30, undefined],
    ['not a number', [time('fast'), cine('-5')], 30, /names no frame rate: 30 fps is assumed/],
    ['none', [], 30, /names no frame rate: 30 fps is assumed/],
  ]
  for (const [name, more, fps, told] of cases) {
    const clip = await read(t, more)
    t.ok(Math.abs(clip.fps - fps) < 1e-3, `${name}: ${clip.fps}`)
    if (told) t.match(clip.warnings.join(' '), told, name)
    else t.same(clip.warnings, [], name)
  }
  const uneven = await read(t, [vector(0, 20, 20, 100)])
  t.same([uneven.fps, uneven.count], [50, 8], 'each instant the frame of its time')
  const frame = (clip: typeof uneven, i: number) => [...clip.frames.subarray(i * 48, (i + 1) * 48)]
  const even = await read(t, [vector(0, 20, 20, 20)])
  t.same(
    [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [0, 1, 2, 3].findIndex((j) => `${frame(even, j)}` === `${frame(uneven, i)}`)),
    [0, 1, 2, 2, 2, 2, 2, 3],
  )
  t.equal((await read(t, [vector(0, 20, 20, 100)], { maxFrames: 5 })).count, 5)
  const given = await read(t, [], { fps: 12 })
  t.same([given.fps, given.warnings], [12, []], 'a rate that is given stands in for one that is missing')
  t.equal((await read(t, [time('20')], { fps: 12 })).fps, 50, 'and for no other')
})

t.test('the region of the image', async (t) => {
  const region = (format: number, type: number, ...[left, top, right, bottom]: number[]) =>
    Buffer.concat([
      element('00186012', 'US', format),
      element('00186014', 'US', type),
      element('00186018', 'UL', left),
      element('0018601a', 'UL', top),
      element('0018601c', 'UL', right),
      element('0018601e', 'UL', bottom),
    ])
  const cropped = async (...regions: Buffer[]) => {
    const { frames, width, height, oddities } = await read(t, [element('00186011', 'SQ', regions)], { crop: 'region' })
    return { first: frames[0], size: `${width} x ${height}`, kinds: oddities.map(({ kind }) => kind) }
  }
  const whole = await read(t, [])
  const at = (x: number, y: number) => whole.frames[y * 8 + x]
  t.same(await cropped(region(1, 1, 2, 2, 5, 5)), { first: at(2, 2), size: '4 x 4', kinds: ['rate'] })
  t.same((await cropped(region(1, 1, 3, 1, 5, 4))).size, '4 x 6', 'even sides, from an even place')
  t.same((await cropped(region(1, 1, 0, 0, 999, 999))).size, '8 x 6', 'no further than the frame')
  t.same(
    (await cropped(region(2, 1, 0, 0, 3, 5), region(1, 2, 0, 0, 5, 5), region(1, 1, 2, 0, 5, 3))).size,
    '4 x 4',
    'tissue before colour',
  )
  t.same((await cropped(region(1, 1, 0, 0, 1, 1), region(1, 1, 2, 2, 7, 5))).size, '6 x 4', 'the largest')
  t.same(
    (await cropped(region(2, 1, 0, 0, 3, 3), region(3, 3, 0, 0, 3, 3))).kinds,
    ['rate', 'region'],
    'no M-mode, no Doppler',
  )
  t.same((await cropped(region(1, 1, 6, 4, 2, 2))).kinds, ['rate', 'region'], 'corners exchanged')
  t.same(
    (await read(t, [], { crop: 'region' })).oddities.map(({ kind }) => kind),
    ['rate', 'region'],
  )
  const avi = await readClip(fixture('video', 'trunc.avi'), { crop: 'region' })
  t.ok(
    avi.oddities.some(({ kind }) => kind === 'region'),
    'other formats name none',
  )
  await t.rejects(readClip(fixture('video', 'trunc.avi'), { crop: 'sector' as 'region' }), { code: 'INVALID_ARGUMENT' })
})

t.test('what is no clip is named', async (t) => {
  const dir = temporary(t)
  const refused: [string, Buffer, RegExp][] = [
    [
      'report',
      dicom([element('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.88.33')]),
      /without pixel data: a structured report\./,
    ],
    ['waveform', dicom([element('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.9.1.2')]), /without pixel data: a waveform/],
    ['private', dicom([element('00080016', 'UI', '1.2.3')]), /without pixel data\. Leave/],
    ['float', dicom([...described(8, 6, 1), element('7fe00008', 'OB', Buffer.alloc(192))]), /floating-point/],
    ['no size', dicom([element('7fe00010', 'OB', Buffer.alloc(48))]), /names no size/],
    ['32 bits', greyClip(8, 6, 4, [element('00280100', 'US', 32)]), /32 bits a sample/],
    ['4 samples', greyClip(8, 6, 4, [element('00280002', 'US', 4)]), /4 samples a pixel/],
    ['HSV', greyClip(8, 6, 4, [element('00280004', 'CS', 'HSV')]), /photometric interpretation is none of/],
    ['no palette', greyClip(8, 6, 4, [element('00280004', 'CS', 'PALETTE COLOR')]), /palette is missing/],
    ['supplemental', greyClip(8, 6, 4, [element('00089205', 'CS', 'MIXED')]), /partly grey, partly of a palette/],
    ['H.264', film('1.2.840.10008.1.2.4.102'), /DICOM of H\.264, which is not read here/],
    ['MPEG-2', film('1.2.840.10008.1.2.4.100'), /DICOM of MPEG-2/],
    ['JPEG XL', film('1.2.840.10008.1.2.4.110'), /DICOM of JPEG XL/],
    ['unknown', film('1.2.840.10008.1.2.4.999'), /compressed frames are damaged, or of a transfer syntax/],
    ['cut before the pixels', greyClip(8, 6, 4).subarray(0, 300), /without pixel data|damaged at byte/],
  ]
  function film(syntax: string) {
    return dicom([...described(8, 6, 3), fragments([Buffer.from('0000000109f0', 'hex')])], syntax)
  }
  for (const [name, bytes, said] of refused) {
    const path = join(dir, 'file.dcm')
    writeFileSync(path, bytes)
    await t.rejects(readClip(path), { code: 'VIDEO_UNREADABLE', message: said }, name)
  }
  const path = join(dir, 'whole.dcm')
  writeFileSync(path, greyClip(8, 6, 4))
  for (const backend of ['ffmpeg', 'mjpeg', 'opencv'] as const)
    await t.rejects(readClip(path, { backend }), {
      code: 'VIDEO_UNREADABLE',
      message: /is a DICOM: it is read in this process/,
    })
  writeFileSync(path, greyClip(8, 6, 4).subarray(0, -170))
  await t.rejects(readClip(path), { code: 'VIDEO_EMPTY', message: /no whole frame/ })
  for (const [codec, name] of [
    ['jpeg-ls', '@cornerstonejs/codec-charls'],
    ['jpeg-2000', '@cornerstonejs/codec-openjpeg'],
  ] as const)
    t.throws(
      () => {
        decoderOf(codec, 'a.dcm', { find: () => undefined })
      },
      { code: 'DICOM_CODEC_NOT_FOUND', message: new RegExp(`npm install ${name}@`) },
    )
})

t.test('a decoder that does not end', async (t) => {
  const peer = join(temporary(t), 'peer.cjs')
  writeFileSync(
    peer,
    `class JpegLSDecoder {
      getEncodedBuffer(bytes) { return (this.bytes = new Uint8Array(bytes)) }
      decode() { while (this.bytes[0] === 1); if (this.bytes[0] === 2) throw new WebAssembly.RuntimeError('unreachable') }
      getFrameInfo() { return { width: 2, height: 2, bitsPerSample: 8, componentCount: 1 } }
      getDecodedBuffer() { return Uint8Array.of(1, 2, 3, this.bytes[0]) }
      delete() {}
    }
    module.exports = async () => ({ JpegLSDecoder })`,
  )
  const decode = decoderOf('jpeg-ls', 'endless.dcm', { find: () => peer, patience: 1 })
  const head = { codec: 'jpeg-ls', width: 2, height: 2, components: 1, precision: 8 } as const
  const good = async () => t.same((await decode(Buffer.from([9, 9]), head))?.values, Uint8Array.of(1, 2, 3, 9))
  await good()
  await t.rejects(decode(Buffer.from([1, 9]), head), {
    code: 'VIDEO_UNREADABLE',
    message: 'A frame of endless.dcm (JPEG-LS) is not decoded after 2 s: it is damaged.',
  })
  await good()
  t.equal(await decode(Buffer.from([2, 9]), head), undefined, 'one that cannot go on is started anew')
  await good()
  t.equal(await decode(Buffer.from([9, 9]), { ...head, width: 3 }), undefined, 'not what its head says')
  const own = new AbortController()
  const reading = decode(Buffer.from([1, 9]), head, own.signal)
  setTimeout(() => own.abort(), 100)
  await t.rejects(reading, { code: 'ABORTED' }, 'an abort ends it in the middle')
  await good()
})

t.test('cut short, counted otherwise', async (t) => {
  const path = join(temporary(t), 'clip.dcm')
  const read = async (bytes: Buffer, options = {}) => {
    writeFileSync(path, bytes)
    return readClip(path, options)
  }
  const time = element('00181063', 'DS', '20')
  const cut = await read(greyClip(8, 6, 4, [time]).subarray(0, -60))
  t.same([cut.count, cut.promisedFrames, cut.warnings], [2, 4, ['The header promises 4 frames, the file holds 2.']])
  const more = await read(greyClip(8, 6, 4, [time, element('00280008', 'IS', '3')]))
  t.same([more.count, more.warnings], [4, ['The header promises 3 frames, the file holds 4.']])
  const none = await read(greyClip(8, 6, 4, [time, element('00280008', 'IS', 'many')]))
  t.same([none.count, none.warnings], [4, ['The header names no number of frames, the file holds 4.']])
  t.equal((await read(greyClip(8, 6, 4), { maxFrames: 3 })).count, 3)
  const jpegs = readFileSync(fixture('dicom', 'jpeg-grey.dcm'))
  const tail = await read(jpegs.subarray(0, -900))
  t.ok(tail.count === 5 || tail.damagedFrames > 0 || tail.count < 5)
  t.match(tail.warnings.join(' '), /promises 5 frames|are damaged/)
  const own = new AbortController()
  own.abort()
  await t.rejects(read(greyClip(8, 6, 4), { signal: own.signal }), { code: 'ABORTED' })
  const taken: number[] = []
  await read(greyClip(8, 6, 4), { reserve: async (bytes: number) => void taken.push(bytes) })
  t.ok(taken.includes(4 * 8 * 6), 'memory is asked for before it is taken')
})

t.test('frames that an optional codec gives up at: the others are read, and the next file', async (t) => {
  for (const name of ['jpeg-ls-grey', 'jpeg-2000-grey']) {
    if (!findPeer(PEERS.find(([kind]) => kind.test(name))![1])) continue // told by the fixtures' test
    const whole = readFileSync(fixture('dicom', `${name}.dcm`))
    const good = await readClip(whole)
    const frames = [...starts(whole, Buffer.from(name.includes('ls') ? 'ffd8ff' : 'ff4fff51', 'hex'))]
    t.equal(frames.length, good.count, name)
    const [first, second] = frames
    for (const cut of [second - first - 12, 60, 45, 30]) {
      // the rest of the frame is zeros: the fragments stay as long as they say they are
      const damaged = await readClip(Buffer.from(whole).fill(0, first + cut, second - 8))
      t.equal(damaged.count, good.count, `${name}, ${cut} bytes of a frame`)
      t.ok(damaged.damagedFrames <= 1)
    }
    const early = whole.subarray(0, frames.at(-1)! + 48)
    t.match(await readClip(early), { warnings: [/./] }, `${name}: the file ends in a frame`)
    t.equal(Buffer.compare((await readClip(whole)).frames, good.frames), 0, `${name}: then a whole one`)
  }
  const syntax = greyClip(8, 6, 4).subarray(0, 170)
  await t.rejects(readClip(syntax), { code: 'VIDEO_UNREADABLE' }, 'the file ends in the name of its transfer syntax')
})

/** Where this stands in a file. */
function* starts(file: Buffer, what: Buffer): Generator<number> {
  for (let at = file.indexOf(what); at >= 0; at = file.indexOf(what, at + 1)) yield at
}

t.test('hostile files end in a named error, soon', async (t) => {
  const path = join(temporary(t), 'hostile.dcm')
  const deep = (levels: number) => {
    const head = element('00081140', 'SQ', Buffer.alloc(0), UNDEFINED)
    return Buffer.concat(Array.from({ length: levels }, () => Buffer.concat([head, item(Buffer.alloc(0), UNDEFINED)])))
  }
  const many = Buffer.concat(Array.from({ length: 2 ** 16 }, () => item(Buffer.alloc(0))))
  const items = element('00081140', 'SQ', Buffer.concat(Array.from({ length: 40 }, () => many)))
  const rle = Buffer.alloc(66)
  rle.writeUInt32LE(1, 0)
  rle.writeUInt32LE(64, 4)
  const bomb = deflateRawSync(Buffer.alloc(2 ** 26))
  const files: [string, Buffer][] = [
    ['sequences nested deep', dicom([deep(50_000)])],
    ['2.6 million items', dicom([items])],
    ['nothing but a head', dicom([])],
    ['an element longer than the file', dicom([element('00081030', 'UN', 'x', 0xfffffff0), ...described(8, 6, 1)])],
    ['a sequence longer than the file', dicom([element('00081140', 'SQ', [Buffer.alloc(0)], 0xfffffff0)])],
    ['an undefined length without end', dicom([element('00081030', 'UN', 'x', UNDEFINED), ...described(8, 6, 1)])],
    ['huge frames', dicom([...described(65535, 65535, 2 ** 31 - 1), element('7fe00010', 'OB', Buffer.alloc(64))])],
    ['huge frames of RLE', dicom([...described(16000, 16000, 8), fragments([rle])], '1.2.840.10008.1.2.5')],
    [
      'a table of offsets alone',
      dicom([...described(8, 6, 1), element('7fe00010', 'OB', item(Buffer.alloc(4000)), UNDEFINED)]),
    ],
    ['no fragment', dicom([...described(8, 6, 1), fragments([])], '1.2.840.10008.1.2.4.50')],
    [
      'a fragment longer than the file',
      dicom(
        [...described(8, 6, 1), element('7fe00010', 'OB', item(Buffer.alloc(8), 0xfffffff0), UNDEFINED)],
        '1.2.840.10008.1.2.5',
      ),
    ],
    ['64 MiB deflated to 64 KiB', dicom([bomb], '1.2.840.10008.1.2.1.99')],
    ['deflated, and damaged', dicom([Buffer.alloc(99, 255)], '1.2.840.10008.1.2.1.99')],
    [
      'a palette of no colours',
      greyClip(8, 6, 1, [
        element('00280004', 'CS', 'PALETTE COLOR'),
        ...[1, 2, 3].map((i) => element(`0028110${i}`, 'US', [0, 0, 16])),
        ...[1, 2, 3].map((i) => element(`0028122${i}`, 'OW', [1, 9])),
      ]),
    ],
    ['a text of a megabyte', greyClip(8, 6, 1, [element('00181065', 'UN', `${'1\\'.repeat(2 ** 20)}1`)])],
  ]
  for (const [name, bytes] of files) {
    writeFileSync(path, bytes)
    const since = performance.now()
    const got = await readClip(path).catch((error) => error)
    t.ok(got.frames || (got instanceof InfomotionError && /^VIDEO_/.test(got.code)), `${name}: ${got.code ?? 'read'}`)
    t.ok(performance.now() - since < 10_000, `${name} takes no time`)
  }
  for (const name of [
    'plain-odd-length',
    'rle-rgb',
    'jpeg-ybr-420',
    'jpeg-extended-table',
    'palette-segmented',
    'plain-deflated',
  ]) {
    const whole = readFileSync(fixture('dicom', `${name}.dcm`))
    for (let end = 140; end < whole.length; end += 97) {
      writeFileSync(path, whole.subarray(0, end))
      const got = await readClip(path).catch((error) => error)
      if (!got.frames && !(got instanceof InfomotionError && /^VIDEO_/.test(got.code)))
        t.fail(`${name} cut at ${end}: ${got}`)
    }
  }
})

/** A clip whose every text holds the marker, where a text may hold anything. */
function marked(marker: string, number: number): Buffer {
  const person = ['00080090', '00081048', '00081050', '00081070', '00100010', '00101001']
  const text = [
    '00080080',
    '00080081',
    '00081010',
    '00081030',
    '0008103e',
    '00102160',
    '00104000',
    '00181030',
    '00204000',
  ]
  const code = ['00080050', '00100020', '00100021', '00200010', '00280a02']
  const uids = ['00080018', '0020000d', '0020000e', '00200052']
  const date = ['00080020', '00080022', '00100030']
  const more = [
    ...person.map((tag) => element(tag, 'PN', `${marker}^${number}`)),
    ...text.map((tag) => element(tag, 'LO', `${marker} ${number}`)),
    ...code.map((tag) => element(tag, 'SH', `${marker}${number % 4}`)),
    ...uids.map((tag) => element(tag, 'UI', `${marker}.${number % 4}`)),
    ...date.map((tag) => element(tag, 'DA', marker)),
    element('00091001', 'LO', marker),
    element('00081140', 'SQ', [element('00081150', 'UI', marker)]),
    element('00181063', 'DS', '20'),
  ]
  const [width, height, frames] = [64, 48, 12]
  const pixels = Uint8Array.from({ length: width * height * frames }, (_, i) => {
    const [x, y, frame] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))]
    return 128 + 90 * Math.sin((x + (1 + (number % 3)) * frame) / 6) * Math.cos(y / (5 + number))
  })
  return dicom([...described(width, height, frames, more), element('7fe00010', 'OB', Buffer.from(pixels))])
}

t.test('identities stay in the files', async (t) => {
  const marker = 'IDENTITY-MARKER'
  const root = temporary(t)
  const files: Record<string, Buffer> = {}
  for (let i = 0; i < 12; i++) files[`${'ab'[i % 2]}/${i % 3 ? `IM${i}` : `${i}.dcm`}`] = marked(marker, i)
  files['a/report.dcm'] = dicom([element('00100010', 'PN', marker), element('00080016', 'UI', marker)])
  files['a/bits.dcm'] = greyClip(8, 6, 2, [element('00280100', 'US', 32), element('00100020', 'LO', marker)])
  files['b/photometric.dcm'] = greyClip(8, 6, 2, [element('00280004', 'CS', marker)])
  files['b/syntax.dcm'] = dicom([...described(8, 6, 1), fragments([Buffer.alloc(8)])], marker)
  files['b/sequence.dcm'] = dicom([element('00081140', 'SQ', Buffer.from(marker)), element('00100010', 'PN', marker)])
  const set = lay(join(root, 'set'), files)
  const out = join(root, 'out')
  const outputs: string[] = []
  for (const name of ['a/0.dcm', ...Object.keys(files).slice(12)]) {
    const json = name.includes('bits') ? ['--json'] : []
    const probe = await infomotion(['probe', join(set, name), ...json], { INFOMOTION_DEBUG: '1' })
    outputs.push(probe.out, probe.err)
  }
  const args = [
    'distill',
    set,
    '--out',
    out,
    '--vpc',
    '1',
    '--group-by',
    'patient',
    '--random-draws',
    '1',
    '--steps',
    '2',
  ]
  const run = await infomotion(args, { INFOMOTION_DEBUG: '1' })
  t.equal(run.status, 0, run.err)
  t.match(run.err, /report\.dcm|5 clips/)
  outputs.push(run.out, run.err)
  const failed = await infomotion([...args, '--strict', '--out', join(root, 'strict')], { INFOMOTION_DEBUG: '1' })
  t.not(failed.status, 0)
  outputs.push(failed.out, failed.err)
  for (const text of outputs) t.notMatch(text, /IDENTITY|MARKER/)
  const written = readdirSync(out, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/^(IM\d+|.*\.dcm)$/.test(entry.name),
  )
  t.ok(written.length >= 5)
  for (const entry of written)
    t.notOk(readFileSync(join(entry.parentPath, entry.name)).includes('IDENTITY'), entry.name)
})

t.test('groups by header', async (t) => {
  const root = temporary(t)
  const file = (patient: string | undefined, study: string, i: number) =>
    greyClip(8, 6, 2, [
      ...(patient === undefined ? [] : [element('00100020', 'LO', patient)]),
      element('0020000d', 'UI', study),
      element('00204000', 'LT', `clip ${i}`),
    ])
  const files: Record<string, Buffer> = {}
  for (let i = 0; i < 12; i++) files[`${'ab'[i % 2]}/${i}.dcm`] = file(`P${i >> 2}`, `1.2.${i >> 1}`, i)
  const set = lay(join(root, 'set'), files)
  const byPatient = await readDataSet(set, { groupBy: 'patient' })
  const groups = (set: typeof byPatient) => new Set(set.clips.map(({ group }) => group))
  t.same(groups(byPatient), new Set(['patient 1', 'patient 2', 'patient 3']))
  const splitOf = new Map(byPatient.clips.map(({ group, split }) => [group, split]))
  t.ok(
    byPatient.clips.every(({ group, split }) => splitOf.get(group) === split),
    'no patient straddles splits',
  )
  t.equal(groups(await readDataSet(set, { groupBy: 'study' })).size, 6)
  t.equal(groups(await readDataSet(set)).size, 12)
  const again = await readDataSet(set, { groupBy: 'patient' })
  t.same(again.clips, byPatient.clips, 'the same again')
  lay(set, { 'a/nobody.dcm': file(undefined, '1.2.9', 12) })
  const odd = await readDataSet(set, { groupBy: 'patient' })
  t.match(
    odd.warnings.join(' '),
    /1 of 13 clips name no patient, each of which is a group of its own: "a\/nobody\.dcm"/,
  )
  lay(set, { 'list.csv': 'path,label,patient\na/0.dcm,x,1\nb/1.dcm,y,2\n' })
  await t.rejects(readDataSet(join(set, 'list.csv'), { groupBy: 'patient' }), {
    code: 'INVALID_ARGUMENT',
    message: /not both/,
  })
  const same = lay(join(root, 'same'), { 'a/0': file('ANON', '1.2', 0), 'b/1': file('ANON', '1.2', 1) })
  await readDataSet(same, { groupBy: 'patient' }).then(
    ({ warnings }) => t.match(warnings.join(' '), /All 2 clips are of one patient/),
    (error) => t.match(error.code, /^DATASET_/),
  )
  const none = lay(join(root, 'none'), { 'a/0.avi': 'x', 'b/1.avi': 'y' })
  await t.rejects(readDataSet(none, { groupBy: 'study' }), { code: 'INVALID_ARGUMENT', message: /name a study/ })
  t.same(await dicomGroup(join(none, 'a/0.avi')), {})
  const { patient } = await dicomGroup(join(set, 'a/0.dcm'))
  t.match(patient, /^[0-9a-f]{64}$/)
  t.not((await dicomGroup(join(set, 'a/4.dcm'))).patient, patient)
})

t.test('sets of DICOM', async (t) => {
  const root = temporary(t)
  const files: Record<string, Buffer> = { 'a/DICOMDIR': dicom([]), 'a/notes': Buffer.from('not a DICOM') }
  for (const name of ['a/IM0001', 'a/1.2.840.113619.2.1', 'b/IM0001', 'b/clip.DCM']) files[name] = greyClip(8, 6, 2)
  const folders = await readDataSet(lay(join(root, 'folders'), files))
  t.same(
    folders.clips.map(({ id }) => id),
    ['a/1.2.840.113619.2.1', 'a/IM0001', 'b/IM0001', 'b/clip.DCM'],
  )
  t.match(folders.warnings.join(' '), /a\/notes/)
  // as MIMIC-IV-ECHO has it, with labels joined
  const tree: Record<string, string | Buffer> = {}
  const rows = ['subject_id,study_id,acquisition_datetime,dicom_filepath,label']
  for (let i = 0; i < 6; i++) {
    const path = `files/p10/p1000000${i >> 1}/s9000000${i}/9000000${i}_0001.dcm`
    tree[path] = greyClip(8, 6, 2)
    rows.push(`1000000${i >> 1},9000000${i},2150-01-01 00:00:0${i},${path},${'xy'[i % 2]}`)
  }
  const set = lay(join(root, 'mimic'), { ...tree, 'echo-record-list.csv': `${rows.join('\n')}\n` })
  const table = await readDataSet(set, { columns: { path: 'dicom_filepath', label: 'label', group: 'subject_id' } })
  t.same(new Set(table.clips.map(({ group }) => group)), new Set(['10000000', '10000001', '10000002']))
})

t.test('a synthetic ultrasound', needs(reference('decode-zoo', 'us.dcm'), 'us.dcm'), async (t) => {
  const { out } = await infomotion(['probe', reference('decode-zoo', 'us.dcm') as string, '--json'])
  const { frames, width, height, fps, backend } = JSON.parse(out)
  t.same({ frames, width, height, fps, backend }, { frames: 60, width: 112, height: 112, fps: 50, backend: 'dicom' })
})

t.test('JPEGs with an icon beside, by another writer', needs(reference('cases'), 'cases'), async (t) => {
  for (const name of ['plain.dcm', 'icon.dcm']) {
    const clip = await readClip(reference('cases', '16-not-a-video-but-jpegs-inside', name) as string)
    t.same([clip.count, clip.width, clip.height, clip.fps, clip.warnings], [8, 112, 112, 50, []])
  }
})
