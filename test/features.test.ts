import t from 'tap'
import { DESCRIPTORS, describeClip, describeMotion, descriptorLayout } from '#lib/features/index.js'
import { normaliseBlocks } from '#lib/matrix/index.js'

const shape = { width: 64, height: 64, fps: 50 }

/** A texture under a motion: frame t shows at (x, y) what frame 0 shows at `from(x, y, t)`. */
function moving(frames: number, from: (x: number, y: number, t: number) => [number, number]): Uint8Array {
  return Uint8Array.from({ length: frames * 64 * 64 }, (_, i) => {
    const [x, y] = from(i % 64, Math.floor(i / 64) % 64, Math.floor(i / 4096))
    return (
      128 + 40 * Math.sin(0.5 * x + 0.15 * y) + 40 * Math.cos(0.45 * y - 0.2 * x) + 30 * Math.sin(0.3 * x - 0.4 * y)
    )
  })
}

const { blocks } = descriptorLayout()
/** The means over time (or the deviations) of one block's cells. */
const part = (motion: Float32Array, name: string, which: 'mean' | 'deviation') => {
  const { offset, length } = blocks.find((block) => block.name === name)!
  return motion.subarray(
    offset + (which === 'mean' ? 0 : length / 2),
    offset + (which === 'mean' ? length / 2 : length),
  )
}
/** Mean over the four inner cells of the 4 x 4 grid. */
const inner = (cells: Float32Array) => [5, 6, 9, 10].reduce((sum, cell) => sum + cells[cell], 0) / 4

t.test('the layout: six blocks side by side, all options filled in', async (t) => {
  const layout = descriptorLayout()
  t.equal(layout.dim, 928)
  t.same(
    layout.blocks.map(({ name, offset, length }) => [name, offset, length]),
    [
      ['divergence', 0, 32],
      ['curl', 32, 32],
      ['magnitude', 64, 32],
      ['direction', 96, 256],
      ['excursion', 352, 48],
      ['thirds', 400, 528],
    ],
  )
  t.match(layout.options, { grid: 4, thumbnail: 16, flow: { winsize: 19, border: 'symmetric' } })
  t.equal(descriptorLayout({ grid: 2 }).dim, 232)
  t.match(descriptorLayout({ flow: { winsize: 9 } }).options.flow, { winsize: 9, polyN: 5 })
})

t.test('movement to the right: magnitude and direction in px/s', async (t) => {
  const { motion, meanFrame, deviation } = await describeClip(
    moving(6, (x, y, t) => [x - t, y]),
    shape,
  )
  t.same([motion.length, meanFrame.length, deviation.length], [928, 256, 256])
  t.ok(Math.abs(inner(part(motion, 'magnitude', 'mean')) - 50) < 2, '1 px/frame at 50 frames/s')
  const directions = part(motion, 'direction', 'mean').subarray(5 * 8, 6 * 8) // of cell 5
  t.equal(directions.indexOf(Math.max(...directions)), 0)
  t.ok(Math.abs(inner(part(motion, 'divergence', 'mean'))) < 0.5)
  t.ok(inner(part(motion, 'magnitude', 'deviation')) < 2, 'it is steady')
})

t.test('growth is divergence, turning is curl, beating is deviation over time', async (t) => {
  const scaled = (factor: number) => (x: number, y: number) =>
    [32 + (x - 32) * factor, 32 + (y - 32) * factor] as [number, number]
  const growth = await describeClip(
    moving(5, (x, y, t) => scaled(1.02 ** -t)(x, y)),
    shape,
  )
  t.ok(Math.abs(inner(part(growth.motion, 'divergence', 'mean')) - 2) < 0.3, '2 x 0.02 a frame x 50 frames/s')
  const turning = await describeClip(
    moving(5, (x, y, t) => {
      const [c, s] = [Math.cos(-0.02 * t), Math.sin(-0.02 * t)]
      return [32 + c * (x - 32) - s * (y - 32), 32 + s * (x - 32) + c * (y - 32)]
    }),
    shape,
  )
  t.ok(Math.abs(inner(part(turning.motion, 'curl', 'mean')) - 2) < 0.3, '2 x 0.02 a frame x 50 frames/s, clockwise')
  const beating = await describeClip(
    moving(9, (x, y, t) => scaled(t % 2 ? 1.03 : 1)(x, y)),
    shape,
  )
  t.ok(Math.abs(inner(part(beating.motion, 'divergence', 'mean'))) < 0.2)
  t.ok(inner(part(beating.motion, 'divergence', 'deviation')) > 2)
  const area = inner(beating.motion.subarray(352 + 32)) // 0, then 0.06 in turn
  t.ok(Math.abs(area - 0.03) < 0.006, 'its excursion, whatever the frame rate')
})

t.test('without motion: zeros, and named by normaliseBlocks', async (t) => {
  const still = await describeClip(
    moving(4, (x, y) => [x, y]),
    shape,
  )
  t.ok(still.motion.every((value) => value === 0))
  t.ok(
    (
      await describeClip(
        moving(1, (x, y) => [x, y]),
        shape,
      )
    ).motion.every((value) => value === 0),
    'one frame',
  )
  const moved = await describeClip(
    moving(4, (x, y, t) => [x - t, y]),
    shape,
  )
  const layout = descriptorLayout()
  const values = Float32Array.from([...moved.motion, ...still.motion])
  const unit = normaliseBlocks({ rows: 2, dim: 928, values }, layout)
  t.same(unit.still, [1])
  t.ok(unit.values.subarray(928).every((value) => value === 0))
  for (const { name, offset, length } of blocks) {
    const block = unit.values.subarray(offset, offset + length)
    t.ok(Math.abs(block.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-5, `${name} has length 1`)
  }
  t.throws(() => normaliseBlocks({ rows: 1, dim: 100, values: new Float32Array(100) }, layout), {
    code: 'INVALID_ARGUMENT',
  })
  t.throws(() => normaliseBlocks({ rows: 3, dim: 928, values }, layout), { code: 'INVALID_ARGUMENT' })
})

t.test('thirds: what comes first and what last, in clips of any length', async (t) => {
  const { offset } = blocks.find(({ name }) => name === 'thirds')!
  const cells = 16
  /** Mean magnitude of the inner cells in each third. */
  const magnitudes = (motion: Float32Array) =>
    [0, 1, 2].map((third) => inner(motion.subarray(offset + third * 11 * cells + 2 * cells)))
  const near = (motion: Float32Array, expected: number[], text: string) =>
    t.ok(
      magnitudes(motion).every((value, third) => Math.abs(value - expected[third]) < 3),
      `${text}: ${magnitudes(motion).map(Math.round)}`,
    )
  // 1 px a frame in the first 4 of 12 pairs, none in the next 4, half a px to the left in the last 4
  const way = (t: number) => Math.min(t, 4) - 0.5 * Math.max(t - 8, 0)
  const { motion } = await describeClip(
    moving(13, (x, y, t) => [x - way(t), y]),
    shape,
  )
  near(motion, [50, 0, 25], 'three thirds')
  const directions = (third: number) => {
    const from = offset + third * 11 * cells + 3 * cells + 5 * 8 // of cell 5
    const values = motion.subarray(from, from + 8)
    return values.indexOf(Math.max(...values))
  }
  t.same([directions(0), directions(2)], [0, 4], 'to the right, then to the left')
  const pair = await describeClip(
    moving(2, (x, y, t) => [x - t, y]),
    shape,
  )
  near(pair.motion, [50, 50, 50], 'one pair of frames is in all three')
  // of two pairs the first lasts for the first third and half of the second
  const two = await describeClip(
    moving(3, (x, y, t) => [x - Math.min(t, 1), y]),
    shape,
  )
  near(two.motion, [50, 25, 0], 'two pairs')
  const whole = part(motion, 'magnitude', 'mean')
  for (let cell = 0; cell < cells; cell++) {
    const mean = [0, 1, 2].reduce((sum, third) => sum + motion[offset + third * 11 * cells + 2 * cells + cell] / 3, 0)
    t.ok(Math.abs(mean - whole[cell]) < 1e-3, 'the mean of the thirds is the mean')
  }
})

t.test('describeMotion: relative forgets how far, absolute does not', async (t) => {
  const at = async (step: number) => {
    const frames = moving(9, (x, y, t) => [x - (t % 2 ? step : 0), y])
    return (await describeClip(frames, shape)).motion
  }
  const motion = await at(1)
  const rows = {
    rows: 3,
    dim: 928,
    values: Float32Array.from([...motion, ...motion.map((v) => 2 * v), ...motion.fill(0)]),
  }
  const lengths = { relative: 400, absolute: 400, both: 800 }
  for (const form of DESCRIPTORS) {
    const [kind, thirds] = form.split('+')
    const { values, dim } = describeMotion(rows, form)
    t.equal(dim, lengths[kind as keyof typeof lengths] + (thirds ? (kind === 'both' ? 1056 : 528) : 0), form)
    const row = (i: number) => values.subarray(i * dim, (i + 1) * dim)
    t.ok(
      row(2).every((value) => value === 0),
      `${form}: without motion, zeros`,
    )
    const apart = row(0).reduce((sum, value, i) => sum + Math.abs(value - row(1)[i]), 0)
    if (kind === 'relative') t.ok(apart < 1e-3, `${form}: twice as far is the same`)
    else t.ok(apart > 50, `${form}: twice as far is another`)
  }
  const { values: relative } = describeMotion(rows, 'relative')
  const unit = relative.subarray(0, 400).reduce((sum, value) => sum + value ** 2, 0)
  t.ok(Math.abs(unit - 1) < 1e-5, 'a relative row has length 1')
  const { values: absolute } = describeMotion(rows, 'absolute')
  const excursion = rows.values[352]
  t.ok(Math.abs(absolute[0] - Math.asinh(excursion / 1e-3)) < 1e-5, 'excursion comes first')
  const { values: both } = describeMotion(rows, 'both')
  t.same([both.subarray(0, 400), both.subarray(400, 800)], [relative.subarray(0, 400), absolute.subarray(0, 400)])
  const small = descriptorLayout({ grid: 2 })
  const few = describeMotion({ rows: 1, dim: 232, values: new Float32Array(232).fill(1) }, 'absolute+thirds', small)
  t.equal(few.dim, 232, 'another grid')
  t.throws(() => describeMotion(rows, 'log' as never), { code: 'INVALID_ARGUMENT', message: /relative.*both\+thirds/s })
  t.throws(() => describeMotion(rows, 'both', small), { code: 'INVALID_ARGUMENT', message: /232/ })
})

t.test('jobs side by side are jobs in turn; shared memory is ordinary memory', async (t) => {
  const frames = moving(5, (x, y, t) => [x - 0.5 * t, y + 0.3 * t])
  const expected = await describeClip(frames, shape)
  const shared = new Uint8Array(new SharedArrayBuffer(frames.length))
  shared.set(frames)
  for (const result of await Promise.all([shared, frames, frames, shared].map((input) => describeClip(input, shape))))
    t.same(result, expected)
})

t.test('what is wrong with a call is said, and a signal stops it', async (t) => {
  const frames = moving(2, (x, y) => [x, y])
  const wrong = (call: Promise<unknown>, message: RegExp) => t.rejects(call, { code: 'INVALID_ARGUMENT', message })
  await wrong(describeClip(new Float32Array(9) as never, shape), /Uint8Array.*frames/)
  await wrong(describeClip(frames, { ...shape, width: 60 }), /whole frame/)
  await wrong(describeClip(frames, { ...shape, fps: 0 }), /fps/)
  await wrong(describeClip(frames, { ...shape, fps: Number.NaN }), /fps/)
  await wrong(describeClip(frames, shape, { grid: 0 }), /grid/)
  await wrong(describeClip(frames, shape, { Grid: 3 } as never), /Did you mean "grid"/)
  await wrong(describeClip(frames, shape, { flow: { initialFlow: 1 } as never }), /Unknown option "initialFlow"/)
  await wrong(describeClip(frames, shape, { flow: { winsize: 0 } }), /winsize/)
  const signal = AbortSignal.timeout(10)
  await t.rejects(
    describeClip(
      moving(400, (x, y, t) => [x - t, y]),
      shape,
      { signal },
    ),
    { code: 'ABORTED' },
  )
})
