import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Frames, readClip, writeClip } from 'infomotion'
import t from 'tap'
import { drawPatient, SIZE } from '#lib/phantom/patient.js'
import { scanOf } from '#lib/phantom/render.js'
import { encodeNpy } from '#lib/run/npy.js'
import { Random } from '#lib/runtime/random.js'
import { findSector } from '#lib/video/mask.js'
import { readPng } from '#lib/video/png.js'
import { infomotion, temporary } from './support.js'

// The sector is looked for on screens as scanners record them: a phantom's fan, enlarged, and around it what is drawn there.

interface Screen {
  width: number
  height: number
  /** Of the phantom's 112 x 112 px. */
  scale: number
  left: number
  top: number
  /** A trace that scrolls, or one that stands while a gap sweeps over it. */
  ecg?: 'scroll' | 'sweep'
  background?: number
  /** Blocks of letters. */
  text?: number
}

type Clip = Pick<Frames, 'frames' | 'count' | 'width' | 'height'>

const COUNT = 40

t.setTimeout(120_000)

/** A screen with its true sector. */
function screen(
  index: number,
  { width, height, scale, left, top, ecg, background = 0, text = 8 }: Screen,
): Clip & { inside: Uint8Array } {
  const patient = drawPatient(5, 'TRAIN', index)
  const scan = scanOf(patient, 5, 'TRAIN', index)
  const random = new Random(3, 'screen', index)
  const frames = new Uint8Array(COUNT * width * height).fill(background)
  const { sector } = patient
  const inside = Uint8Array.from({ length: width * height }, (_, i) => {
    const [u, v] = [((i % width) - left) / scale, (Math.floor(i / width) - top) / scale]
    if (u < 0 || v < 0 || u > SIZE - 1 || v > SIZE - 1) return 0
    const depth = Math.hypot(u - sector.x, v - sector.y)
    const angle = Math.atan2(u - sector.x, v - sector.y)
    return Math.abs(angle) <= sector.halfAngle && depth >= sector.near && depth <= sector.far ? 1 : 0
  })
  const letters: number[] = []
  for (let block = 0; block < text; block++) {
    const [x0, y0] = [random.below(width - 60), random.below(height - 12)]
    for (let i = 0; i < 600; i++)
      if (random.uniform() < 0.45 && (i % 60) % 7 !== 6) letters.push((y0 + Math.floor(i / 60)) * width + x0 + (i % 60))
  }
  const small = new Uint8Array(SIZE * SIZE)
  const k = Math.max(0.5, width / 400)
  const base = Math.min(height - 12, top + Math.round((sector.y + sector.far) * scale) - 2)
  for (let f = 0; f < COUNT; f++) {
    scan.draw(f % scan.phases.length, small)
    const out = frames.subarray(f * width * height, (f + 1) * width * height)
    const at = (x: number, y: number) => small[Math.min(y, SIZE - 1) * SIZE + Math.min(x, SIZE - 1)]
    for (let i = 0; i < out.length; i++) {
      if (!inside[i]) continue
      const [u, v] = [((i % width) - left) / scale, (Math.floor(i / width) - top) / scale]
      const [a, b] = [Math.floor(u), Math.floor(v)]
      const [p, q] = [u - a, v - b]
      out[i] = (1 - p) * ((1 - q) * at(a, b) + q * at(a, b + 1)) + p * ((1 - q) * at(a + 1, b) + q * at(a + 1, b + 1))
    }
    for (const i of letters) if (!inside[i]) out[i] = 220
    for (let x = 0; x < width; x++) out[2 * width + x] = out[(height - 3) * width + x] = 140
    for (let y = 2; y < height - 2; y++) out[y * width + 2] = out[y * width + width - 3] = 140
    // a scale of greys, and a clock
    for (let y = Math.round(height * 0.2); y < height * 0.5; y++)
      for (let x = Math.round(width * 0.98) - 6; x < width - 6; x++) out[y * width + x] = 255 - (255 * y) / height
    for (let i = 0; i < 40; i++)
      out[(8 + Math.floor(i / 5)) * width + width - 20 + (i % 5)] =
        (i * 7 + Math.floor(f / 10) * 13) % 3 === 0 ? 255 : 0
    for (let x = 4; ecg && x < width - 4; x++) {
      const shift = ecg === 'scroll' ? f * 6 * k : 0
      if (ecg === 'sweep' && (((x - f * 6 * k) % width) + width) % width < 10) continue
      const [y0, y1] = [0, 1].map((step) => base + Math.round(heartBeat((x + shift + step) / k) * k))
      for (let y = Math.min(y0, y1); y <= Math.min(Math.max(y0, y1) + 1, height - 4); y++) out[y * width + x] = 200
    }
  }
  return { frames, count: COUNT, width, height, inside }
}

/** Height of an ECG's trace: a spike every 40 px. */
function heartBeat(x: number): number {
  const at = ((x % 40) + 40) % 40
  return at < 2 ? -12 * at : at < 4 ? 20 - 5 * at : 3 * Math.sin(at / 4)
}

const SCREENS: readonly (Screen & { iou: number; jpegIou: number })[] = [
  { width: 112, height: 112, scale: 1, left: 0, top: 0, text: 0, iou: 0.88, jpegIou: 0.75 },
  { width: 160, height: 130, scale: 1, left: 24, top: 8, ecg: 'scroll', iou: 0.84, jpegIou: 0.6 },
  { width: 320, height: 240, scale: 1.8, left: 60, top: 20, ecg: 'scroll', iou: 0.84, jpegIou: 0.75 },
  { width: 640, height: 480, scale: 3.8, left: 110, top: 30, ecg: 'sweep', iou: 0.88, jpegIou: 0.87 },
  { width: 800, height: 600, scale: 4.6, left: 140, top: 50, ecg: 'scroll', text: 20, iou: 0.84, jpegIou: 0.84 },
  { width: 400, height: 300, scale: 2.4, left: 60, top: 20, text: 0, background: 32, iou: 0.87, jpegIou: 0.86 },
]

const equal = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

/** How well a mask fits: the intersection over the union, and the share of the sector's signal that it keeps. */
function fit({ frames, count, inside }: Clip & { inside: Uint8Array }, found: Uint8Array, background: number) {
  let [and, or, signal, kept] = [0, 0, 0, 0]
  for (const [i, one] of found.entries()) {
    and += one & inside[i]
    or += one | inside[i]
  }
  for (let at = 0; at < count * inside.length; at++) {
    const i = at % inside.length
    if (!inside[i]) continue
    const level = Math.abs(frames[at] - background)
    signal += level
    if (found[i]) kept += level
  }
  return { iou: and / or, kept: kept / signal }
}

t.test('the sector is found among letters, a frame, a clock, a scale and an ECG, at any size', async (t) => {
  for (const { iou, jpegIou, ...size } of SCREENS) {
    for (const index of [0, 1]) {
      const drawn = screen(index, size)
      const path = join(temporary(t), 'clip.avi')
      const { inside, ...clip } = drawn
      await writeClip(path, clip, { fps: 30 })
      for (const [what, seen, least] of [
        ['drawn', drawn, iou],
        ['JPEG', { ...(await readClip(path)), inside }, jpegIou],
      ] as const) {
        const { frames, count, width, height } = seen
        const found = await findSector({ frames, count, width, height })
        t.ok(found.inside, found.why ?? 'found')
        if (!found.inside) continue
        const { iou, kept } = fit({ ...seen, inside }, found.inside, size.background ?? 0)
        t.ok(iou >= least, `${what} ${size.width} x ${size.height}, ${index}: IoU ${iou.toFixed(3)}`)
        t.ok(kept >= 0.985, `${what} ${size.width} x ${size.height}, ${index}: keeps ${kept.toFixed(4)} of the signal`)
      }
    }
  }
})

t.test('scans of any gain, most of whose light stays, or else all of it', async (t) => {
  let found = 0
  for (let index = 0; index < 30; index++) {
    const patient = drawPatient(29, 'TRAIN', index, 'wide')
    const scan = scanOf(patient, 29, 'TRAIN', index)
    const frames = new Uint8Array(COUNT * SIZE * SIZE)
    for (let f = 0; f < COUNT; f++)
      scan.draw(f % scan.phases.length, frames.subarray(f * SIZE * SIZE, (f + 1) * SIZE * SIZE))
    const clip = { frames, count: COUNT, width: SIZE, height: SIZE }
    const { inside } = await findSector(clip)
    if (!inside) continue
    found++
    const { kept } = fit({ ...clip, inside: new Uint8Array(SIZE * SIZE).fill(1) }, inside, 0)
    t.ok(kept >= 0.9, `${index}: keeps ${kept.toFixed(3)}`)
  }
  t.ok(found >= 20, `${found} of 30 are found`)
})

/** A clip of some 60 frames of a function of x, y and t. */
const made = (width: number, height: number, grey: (x: number, y: number, f: number) => number, count = 20): Clip => {
  const pixels = width * height
  const frames = Uint8Array.from({ length: count * pixels }, (_, i) => {
    const at = i % pixels
    return grey(at % width, Math.floor(at / width), Math.floor(i / pixels))
  })
  return { frames, count, width, height }
}

const speckle = (x: number, y: number, f: number) => 60 + ((x * 7919 + y * 104729 + f * 15485863) % 61)

t.test('rectangles, off centre, and two parts with dark between', async (t) => {
  const rectangle = made(200, 150, (x, y, f) => (x >= 90 && x < 180 && y >= 30 && y < 130 ? speckle(x, y, f) : 0))
  const { inside } = await findSector(rectangle)
  const truth = made(200, 150, (x, y) => (x >= 90 && x < 180 && y >= 30 && y < 130 ? 1 : 0), 1).frames
  t.ok(inside && fit({ ...rectangle, inside: truth }, inside, 0).iou > 0.87)
  const near = made(200, 150, (x, y, f) => (x >= 40 && x < 160 && (y < 40 || y > 90) && y < 140 ? speckle(x, y, f) : 0))
  const both = (await findSector(near)).inside
  t.ok(both?.[70 * 200 + 100], 'the dark between is inside')
  t.notOk(both?.[70 * 200 + 10])
})

t.test('where there is none, the clip is left as it is, which is told', async (t) => {
  const cases: [string, Clip, RegExp][] = [
    ['all moves', made(64, 48, speckle), /whole frame moves/],
    ['nothing moves', made(64, 48, (x) => x), /No region/],
    ['black', made(64, 48, () => 0), /No region/],
    [
      'a person before a wall',
      made(160, 120, (x, y, f) => (Math.hypot(x - 60 - f, y - 60) < 30 ? speckle(x, y, f) : (x * 3 + y * 5) & 255)),
      /No region|whole frame/,
    ],
    ['four frames', made(64, 48, speckle, 4), /4 frames do not tell/],
    ['a pixel', made(1, 1, (_, _y, f) => f * 9), /.*/],
    ['a line', made(300, 1, speckle), /.*/],
    [
      'letters that change',
      made(160, 120, (x, y, f) => (y > 100 && y < 104 ? (x * 31 + f * 17) & 255 : 0)),
      /No region/,
    ],
  ]
  for (const [what, clip, why] of cases) {
    const path = join(temporary(t), 'clip.npy')
    writeFileSync(path, encodeNpy(clip.frames, [clip.count, clip.height, clip.width]))
    const read = await readClip(path, { mask: 'sector', fps: 30 })
    t.ok(equal(read.frames, clip.frames), what)
    t.match(
      read.oddities,
      [{ kind: 'mask', text: new RegExp(`No ultrasound sector is found.*left as it is.*${why.source}`) }],
      what,
    )
  }
})

t.test('readClip and probe: what is outside is 0, what is inside as it was', async (t) => {
  const { inside, ...clip } = screen(1, SCREENS[2])
  const path = join(temporary(t), 'clip.npy')
  writeFileSync(path, encodeNpy(clip.frames, [clip.count, clip.height, clip.width]))
  const found = (await findSector(clip)).inside as Uint8Array
  const masked = await readClip(path, { mask: 'sector', fps: 30 })
  t.same(masked.oddities, [])
  t.ok(
    equal(
      masked.frames,
      clip.frames.map((grey, i) => (found[i % inside.length] ? grey : 0)),
    ),
  )
  t.ok(equal((await readClip(path, { fps: 30 })).frames, clip.frames))
  await t.rejects(readClip(path, { mask: 'circle' as 'sector' }), { code: 'INVALID_ARGUMENT' })
  await t.rejects(findSector(clip, AbortSignal.abort()), { code: 'ABORTED' })

  const png = join(temporary(t), 'out.png')
  const { status, out } = await infomotion(['probe', path, '--mask', 'sector', '--picture', png])
  t.equal(status, 0)
  t.match(out, /out\.png: with the outline of the sector/)
  const { width, height, data, channels } = readPng(readFileSync(png))
  t.same([width, height, channels], [2 * clip.width, clip.height, 3])
  const red = Array.from({ length: width * height }, (_, i) => data[3 * i] === 255 && data[3 * i + 1] === 80)
  t.ok(red.filter(Boolean).length > 300, 'the outline is drawn')
  t.match((await infomotion(['probe', path, '--picture', 'out.jpg'])).err, /ending in \.png/)
})
