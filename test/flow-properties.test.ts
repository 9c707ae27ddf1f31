import { type FlowOptions, farneback } from 'infomotion/flow'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'

/** What must hold for any texture, whatever OpenCV's numbers: checked on textures that are known as functions. */

const [width, height] = [96, 80]
const pixels = width * height

type Warp = (x: number, y: number) => [number, number]

/** A texture of eighteen random waves of 7 to 30 px, as a function, so that it can be sampled anywhere. */
function texture(seed: number): (x: number, y: number) => number {
  const random = new Random(seed, 'flow properties')
  const waves = Array.from({ length: 18 }, () => {
    const angle = random.range(0, Math.PI)
    const frequency = (2 * Math.PI) / random.range(7, 30)
    return [frequency * Math.cos(angle), frequency * Math.sin(angle), random.range(0, 2 * Math.PI)]
  })
  return (x, y) => waves.reduce((sum, [a, b, phase]) => sum + Math.sin(a * x + b * y + phase), 0)
}

/** Two frames: the second shows at (x, y) what the first shows at back(x, y). Grey levels about 128, as floats. */
function pair(seed: number, back: Warp, gain = 22): Float32Array {
  const grey = texture(seed)
  return Float32Array.from({ length: 2 * pixels }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width) % height]
    const [sx, sy] = i < pixels ? [x, y] : back(x, y)
    return 128 + gain * grey(sx, sy)
  })
}

const flowOf = async (frames: Float32Array | Uint8Array, options: FlowOptions = {}, shape = { width, height }) =>
  (await farneback(frames, shape, options)).flow

/** Mean and largest endpoint error at least `margin` px from the border. */
function errorOf(flow: Float32Array, truth: Warp, margin = 14): { mean: number; max: number } {
  let [sum, max, count] = [0, 0, 0]
  for (let y = margin; y < height - margin; y++)
    for (let x = margin; x < width - margin; x++) {
      const [u, v] = truth(x, y)
      const i = 2 * (y * width + x)
      const error = Math.hypot(flow[i] - u, flow[i + 1] - v)
      sum += error
      max = Math.max(max, error)
      count++
    }
  return { mean: sum / count, max }
}

const largestDifference = (a: Float32Array, b: (i: number) => number) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b(i))), 0)

t.test('translation: found to a hundredth of a px, in any direction', async (t) => {
  const random = new Random(1, 'translations')
  for (let seed = 0; seed < 12; seed++) {
    const [u, v] = [random.range(-2.5, 2.5), random.range(-2.5, 2.5)]
    const { mean, max } = errorOf(await flowOf(pair(seed, (x, y) => [x - u, y - v])), () => [u, v])
    t.ok(
      mean < 0.02 && max < 0.2,
      `(${u.toFixed(2)}, ${v.toFixed(2)}): mean ${mean.toFixed(4)}, max ${max.toFixed(3)} px`,
    )
  }
})

t.test('rotation and zoom about the centre', async (t) => {
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2]
  for (const [seed, angle, zoom] of [
    [1, 0.03, 1],
    [2, -0.05, 1],
    [3, 0, 1.03],
    [4, 0, 0.96],
    [5, 0.03, 0.98],
  ]) {
    const [c, s] = [Math.cos(angle), Math.sin(angle)]
    const to: Warp = (x, y) => [cx + zoom * (c * (x - cx) - s * (y - cy)), cy + zoom * (s * (x - cx) + c * (y - cy))]
    const back: Warp = (x, y) => [cx + (c * (x - cx) + s * (y - cy)) / zoom, cy + (c * (y - cy) - s * (x - cx)) / zoom]
    const truth: Warp = (x, y) => {
      const [tx, ty] = to(x, y)
      return [tx - x, ty - y]
    }
    const { mean, max } = errorOf(await flowOf(pair(seed, back)), truth)
    const still = errorOf(new Float32Array(2 * pixels), truth).mean
    t.ok(
      mean < 0.12 * still && max < 0.5,
      `turn ${angle}, zoom ${zoom}: mean ${mean.toFixed(4)} of ${still.toFixed(2)} px`,
    )
  }
})

t.test('an image on its head: the flow stands on its head', async (t) => {
  // Mirrors commute with every step but the border rule of OpenCV's last row and column: the symmetric border has none.
  const frames = pair(7, (x, y) => [x - 1.2, y + 0.6])
  const options: FlowOptions = { border: 'symmetric' }
  const flow = await flowOf(frames, options)
  const source = (i: number, flipX: boolean, flipY: boolean) => {
    const [x, y, frame] = [i % width, Math.floor(i / width) % height, Math.floor(i / pixels)]
    return frame * pixels + (flipY ? height - 1 - y : y) * width + (flipX ? width - 1 - x : x)
  }
  for (const [flipX, flipY] of [
    [true, false],
    [false, true],
    [true, true],
  ]) {
    const mirrored = await flowOf(
      frames.map((_, i) => frames[source(i, flipX, flipY)]),
      options,
    )
    const difference = largestDifference(mirrored, (i) => {
      const value = flow[2 * source(i >> 1, flipX, flipY) + (i & 1)]
      return (i & 1 ? flipY : flipX) ? -value : value
    })
    t.ok(difference < 2e-3, `mirrored ${flipX ? 'x' : ''}${flipY ? 'y' : ''}: ${difference} px`)
  }
})

t.test('rows for columns: u for v', async (t) => {
  const frames = pair(8, (x, y) => [x - 0.9, y - 1.4])
  const options: FlowOptions = { border: 'symmetric' }
  const flow = await flowOf(frames, options)
  const turned = Float32Array.from({ length: 2 * pixels }, (_, i) => {
    const [x, y] = [i % height, Math.floor(i / height) % width]
    return frames[Math.floor(i / pixels) * pixels + x * width + y]
  })
  const transposed = await flowOf(turned, options, { width: height, height: width })
  const difference = largestDifference(transposed, (i) => {
    const [x, y] = [(i >> 1) % height, Math.floor((i >> 1) / height)]
    return flow[2 * (x * width + y) + (1 - (i & 1))]
  })
  t.ok(difference < 2e-3, `${difference} px`)
})

t.test('brightness added to both frames changes nothing; contrast next to nothing', async (t) => {
  const frames = pair(9, (x, y) => [x - 1.5, y + 0.8])
  const flow = await flowOf(frames)
  const brighter = await flowOf(frames.map((grey) => grey + 40))
  t.ok(largestDifference(brighter, (i) => flow[i]) < 5e-3, 'the constant of a quadratic is not looked at')
  // Only the regulariser 1e-3 (grey levels to the fourth) tells one scale from another.
  const stronger = await flowOf(frames.map((grey) => 2 * grey))
  t.ok(largestDifference(stronger, (i) => flow[i]) < 0.02, 'twice the contrast')
})

t.test('the same motion twice as large in an image twice as large', async (t) => {
  const grey = texture(10)
  const shot = (scale: number) =>
    Float32Array.from({ length: 2 * pixels * scale * scale }, (_, i) => {
      const [x, y] = [i % (width * scale), Math.floor(i / (width * scale)) % (height * scale)]
      const [u, v] = i < pixels * scale * scale ? [0, 0] : [1, -0.7]
      return 128 + 22 * grey((x + 0.5) / scale - 0.5 - u, (y + 0.5) / scale - 0.5 - v)
    })
  const middle = (flow: Float32Array, scale: number) => {
    const i = 2 * ((height / 2) * scale * width * scale + (width / 2) * scale)
    return [flow[i] / scale, flow[i + 1] / scale]
  }
  const small = middle(await flowOf(shot(1)), 1)
  const large = middle(await flowOf(shot(2), {}, { width: 2 * width, height: 2 * height }), 2)
  for (const [u, v] of [small, large]) t.ok(Math.hypot(u - 1, v + 0.7) < 0.03, `${u}, ${v} px`)
})

t.test('back and forth: the flows cancel', async (t) => {
  const frames = pair(11, (x, y) => [x - 1.1, y - 0.5])
  const forth = await flowOf(frames)
  const back = await flowOf(Float32Array.from({ length: 2 * pixels }, (_, i) => frames[(i + pixels) % (2 * pixels)]))
  const sum = forth.map((value, i) => value + back[i])
  const { mean } = errorOf(sum, () => [0, 0])
  t.ok(mean < 0.02, `mean ${mean} px`)
})

t.test('flat and equal images: no motion at all, and never NaN', async (t) => {
  for (const grey of [0, 37, 255])
    for (const border of ['opencv', 'symmetric'] as const)
      t.ok(
        (await flowOf(new Uint8Array(2 * pixels).fill(grey), { border })).every((value) => value === 0),
        `${grey} ${border}`,
      )
  const still = pair(12, (x, y) => [x, y])
  t.ok((await flowOf(still, { border: 'symmetric' })).every((value) => value === 0))
  const stripes = Uint8Array.from({ length: 2 * pixels }, (_, i) => ((i % width) % 8 < 4 ? 0 : 255)) // one direction only
  t.ok((await flowOf(stripes)).every(Number.isFinite))
  const random = new Random(13, 'noise')
  const noise = Uint8Array.from({ length: 2 * pixels }, () => random.below(256))
  for (const gaussian of [false, true]) t.ok((await flowOf(noise, { gaussian })).every(Number.isFinite))
  for (const [w, h] of [
    [1, 1],
    [1, 9],
    [5, 3],
    [31, 31],
    [33, 64],
  ])
    t.ok(
      (await flowOf(noise.subarray(0, 2 * w * h), {}, { width: w, height: h })).every(Number.isFinite),
      `${w} x ${h}`,
    )
})

t.test('more iterations come closer; levels find what is fast', async (t) => {
  const motion: Warp = (x, y) => [x - 2.2, y + 1.6]
  const errors: number[] = []
  for (const iterations of [0, 1, 2, 4, 8])
    errors.push(errorOf(await flowOf(pair(14, motion), { iterations, levels: 0 }), () => [2.2, -1.6]).mean)
  t.ok(
    errors.every((error, i) => i === 0 || error <= errors[i - 1] + 1e-3),
    errors.map((e) => e.toFixed(3)).join(', '),
  )
  const fast = pair(15, (x, y) => [x - 7, y])
  const [without, within] = [await flowOf(fast, { levels: 0 }), await flowOf(fast, { levels: 3 })]
  const [far, near] = [without, within].map((flow) => errorOf(flow, () => [7, 0], 20).mean)
  t.ok(near < 0.3 * far, `7 px: ${near.toFixed(2)} px off with a pyramid, ${far.toFixed(2)} without`)
})
