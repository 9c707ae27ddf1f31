import { join } from 'node:path'
import { readClip, type Segment, writeClip } from 'infomotion'
import t from 'tap'
import { hasFfmpeg, temporary, waves } from './support.js'

// A part of a clip is what a cut of the whole would be, whatever decodes it.

t.setTimeout(300_000)

const backends = hasFfmpeg() ? (['mjpeg', 'ffmpeg'] as const) : (['mjpeg'] as const)

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

t.test('a segment is a cut of the whole clip, by every decoder', async (t) => {
  const path = join(temporary(t), 'a.avi')
  for (const fps of [25, 29.97]) {
    await writeClip(path, waves(60), { fps })
    for (const backend of backends) {
      const whole = await readClip(path, { backend })
      const pixels = whole.width * whole.height
      const cases: [Segment, number | undefined, (i: number) => boolean][] = [
        [{ start: 10, end: 20, unit: 'frames' }, undefined, (i) => i >= 10 && i < 20],
        [{ start: 59, unit: 'frames' }, undefined, (i) => i >= 59],
        [{ start: 0, unit: 'seconds' }, undefined, () => true],
        [{ start: 0.1, end: 0.9, unit: 'seconds' }, undefined, (i) => i / whole.fps >= 0.1 && i / whole.fps < 0.9],
        [{ start: 12 / whole.fps, end: 13 / whole.fps, unit: 'seconds' }, undefined, (i) => i === 12],
        [{ start: 5, end: 40, unit: 'frames' }, 3, (i) => i >= 5 && i < 8],
        [{ start: 50, end: 1e9, unit: 'frames' }, undefined, (i) => i >= 50],
      ]
      for (const [segment, maxFrames, wanted] of cases) {
        const part = await readClip(path, { backend, segment, maxFrames })
        const indices = Array.from({ length: whole.count }, (_, i) => i).filter(wanted)
        const what = `${fps} fps, ${backend}, ${JSON.stringify(segment)}`
        t.equal(part.count, indices.length, what)
        t.ok(same(part.frames, whole.frames.subarray(indices[0] * pixels, (indices.at(-1)! + 1) * pixels)), what)
        t.same([part.fps, part.width, part.height, part.warnings], [whole.fps, whole.width, whole.height, []], what)
      }
      for (const segment of [
        { start: 60, unit: 'frames' },
        { start: 100, end: 101, unit: 'seconds' },
        { start: 10.4 / whole.fps, end: 10.6 / whole.fps, unit: 'seconds' },
      ] as Segment[])
        await t.rejects(readClip(path, { backend, segment }), {
          code: 'VIDEO_SEGMENT_EMPTY',
          message: /a\.avi from .* (has 60 frames, .* seconds at|none is shown then)/,
        })
    }
  }
  for (const segment of [
    { start: -1, unit: 'frames' },
    { start: 3, end: 3, unit: 'frames' },
    { start: 3, end: 1, unit: 'seconds' },
    { start: 0, unit: 'hours' },
    { start: 0 },
    { start: Number.NaN, unit: 'seconds' },
    { begin: 0, unit: 'frames' },
    'all',
  ])
    await t.rejects(readClip(path, { segment: segment as Segment }), { code: 'INVALID_ARGUMENT' })
})
