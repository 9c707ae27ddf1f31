import t from 'tap'
import { describeClip, descriptorLayout } from '#lib/features/index.js'
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

t.test('the layout: five blocks side by side, all options filled in', async (t) => {
  const layout = descriptorLayout()
  t.equal(layout.dim, 400)
  t.same(
    layout.blocks.map(({ name, offset, length }) => [name, offset, length]),
    [
      ['divergence', 0, 32],
      ['curl', 32, 32],
      ['magnitude', 64, 32],
      ['direction', 96, 256],
      ['excursion', 352, 48],
    ],
  )
  t.match(layout.options, { grid: 4, thumbnail: 16, flow: { winsize: 19, border: 'symmetric' } })
  t.equal(descriptorLayout({ grid: 2 }).dim, 100)
  t.match(descriptorLayout({ flow: { winsize: 9 } }).options.flow, { winsize: 9, polyN: 5 })
})

t.test('movement to the right: magnitude and direction in px/s', async (t) => {
  const { motion, meanFrame, deviation } = await describeClip(
    moving(6, (x, y, t) => [x - t, y]),
    shape,
  )
  t.same([motion.length, meanFrame.length, deviation.length], [400, 256, 256])
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
  const unit = normaliseBlocks({ rows: 2, dim: 400, values }, layout)
  t.same(unit.still, [1])
  t.ok(unit.values.subarray(400).every((value) => value === 0))
  for (const { name, offset, length } of blocks) {
    const block = unit.values.subarray(offset, offset + length)
    t.ok(Math.abs(block.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-5, `${name} has length 1`)
  }
  t.throws(() => normaliseBlocks({ rows: 1, dim: 100, values: new Float32Array(100) }, layout), {
    code: 'INVALID_ARGUMENT',
  })
  t.throws(() => normaliseBlocks({ rows: 3, dim: 400, values }, layout), { code: 'INVALID_ARGUMENT' })
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
