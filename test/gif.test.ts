import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readClip } from 'infomotion'
import t from 'tap'
import { hasFfmpeg, needs, temporary } from './support.js'

// GIFs, which ffmpeg reads: delays in hundredths of a second, transparency and disposal.

interface Part {
  /** Hundredths of a second. */
  delay: number
  pixels: number[]
  /** Where it lies. */
  left?: number
  width?: number
  /** 1: stays, 2: becomes background, 3: what was before comes back. */
  disposal?: number
  transparent?: number
}

/** A GIF89a of 4 x 1 pixels and four greys: 0, 85, 170, 255. Codes are 3 bits wide; a clear code before each keeps them so. */
function gif(parts: readonly Part[]): Buffer {
  const u16 = (value: number) => [value & 255, value >> 8]
  const bytes = [...Buffer.from('GIF89a'), ...u16(4), ...u16(1), 0x81, 0, 0]
  for (const grey of [0, 85, 170, 255]) bytes.push(grey, grey, grey)
  for (const { delay, pixels, left = 0, width = 4, disposal = 1, transparent } of parts) {
    bytes.push(0x21, 0xf9, 4, (disposal << 2) | (transparent === undefined ? 0 : 1), ...u16(delay), transparent ?? 0, 0)
    bytes.push(0x2c, ...u16(left), 0, 0, ...u16(width), ...u16(1), 0)
    let bits = ''
    const put = (code: number) => {
      bits = code.toString(2).padStart(3, '0') + bits
    }
    for (const pixel of pixels) {
      put(4)
      put(pixel)
    }
    put(5)
    const data: number[] = []
    for (; bits !== ''; bits = bits.slice(0, -8)) data.push(Number.parseInt(bits.slice(-8), 2))
    bytes.push(2, data.length, ...data, 0)
  }
  return Buffer.from([...bytes, 0x3b])
}

const read = async (t: Parameters<typeof temporary>[0], parts: readonly Part[]) => {
  const path = join(temporary(t), 'clip.gif')
  writeFileSync(path, gif(parts))
  return readClip(path)
}

t.test('frames, and the rate of equal delays', needs(hasFfmpeg(), 'ffmpeg'), async (t) => {
  for (const delay of [4, 5, 10]) {
    const clip = await read(
      t,
      Array.from({ length: 6 }, (_, i) => ({ delay, pixels: [0, 1, i % 2 ? 2 : 3, 3] })),
    )
    t.match(clip, { count: 6, width: 4, height: 1, warnings: [] })
    t.ok(Math.abs(clip.fps - 100 / delay) < 0.01, `${clip.fps} fps of ${delay} hundredths`)
    t.same([...clip.frames.subarray(0, 8)], [0, 85, 255, 255, 0, 85, 170, 255])
  }
})

t.test('delays that differ are told', needs(hasFfmpeg(), 'ffmpeg'), async (t) => {
  const clip = await read(
    t,
    [4, 20, 4, 20, 4, 20].map((delay, i) => ({ delay, pixels: [i % 4, 1, 2, 3] })),
  )
  t.ok(
    clip.oddities.some(({ kind }) => kind === 'variable-rate'),
    clip.warnings.join(' '),
  )
})

t.test('transparent pixels show what was before, and parts go as they say', needs(hasFfmpeg(), 'ffmpeg'), async (t) => {
  const clip = await read(t, [
    { delay: 5, pixels: [1, 1, 1, 1] },
    { delay: 5, pixels: [3, 0, 0, 3], transparent: 0 },
    { delay: 5, pixels: [2], left: 1, width: 1, disposal: 3 },
    { delay: 5, pixels: [0, 0, 0, 0], transparent: 0 },
  ])
  const rows = Array.from({ length: clip.count }, (_, i) => [...clip.frames.subarray(4 * i, 4 * i + 4)])
  t.same(rows.slice(0, 4), [
    [85, 85, 85, 85],
    [255, 85, 85, 255],
    [255, 170, 85, 255],
    [255, 85, 85, 255],
  ])
})

t.test('FFMPEG_NOT_FOUND where there is none', async (t) => {
  const path = join(temporary(t), 'clip.gif')
  writeFileSync(path, gif([{ delay: 5, pixels: [1, 1, 1, 1] }]))
  const before = process.env.FFMPEG_PATH
  process.env.FFMPEG_PATH = join(temporary(t), 'none')
  t.teardown(() => {
    if (before === undefined) delete process.env.FFMPEG_PATH
    else process.env.FFMPEG_PATH = before
  })
  await t.rejects(readClip(path, { backend: 'ffmpeg' }), { code: 'FFMPEG_NOT_FOUND', message: /clip\.gif.*ffmpeg/ })
})
