import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { FlowSequence, farneback, flowPairs } from 'infomotion/flow'
import t from 'tap'

const [width, height] = [72, 56]
const pixels = width * height

/** A texture that drifts by (0.7, -0.4) px a frame. */
function frameAt(time: number, w = width, h = height): Uint8Array {
  return Uint8Array.from({ length: w * h }, (_, i) => {
    const x = (i % w) - 0.7 * time
    const y = Math.floor(i / w) + 0.4 * time
    return 128 + 50 * Math.sin(0.5 * x + 0.2 * y) + 50 * Math.cos(0.45 * y - 0.1 * x)
  })
}

function framesOf(count: number): Uint8Array {
  const frames = new Uint8Array(count * pixels)
  for (let time = 0; time < count; time++) frames.set(frameAt(time), time * pixels)
  return frames
}

const equal = (a: Float32Array | undefined, b: Float32Array) =>
  a !== undefined &&
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength))

const pairOf = (flow: Float32Array, pair: number) => flow.subarray(pair * pixels * 2, (pair + 1) * pixels * 2)

t.test('frame by frame the flow is that of the clip, bit for bit', async (t) => {
  const options = { winsize: 11, gaussian: true }
  const { flow } = await farneback(framesOf(5), { width, height }, options)
  const sequence = new FlowSequence({ width, height }, options)
  t.equal(await sequence.push(frameAt(0)), undefined, 'the first frame has none before it')
  for (let time = 1; time < 5; time++)
    t.ok(equal(await sequence.push(Float32Array.from(frameAt(time))), pairOf(flow, time - 1)), `pair ${time - 1}`)
  sequence.restart()
  t.equal(await sequence.push(frameAt(2)), undefined, 'a new beginning')
  t.ok(equal(await sequence.push(frameAt(3)), pairOf(flow, 2)))
  const initialFlow = pairOf(flow, 3).slice()
  const guided = await farneback(framesOf(5).subarray(3 * pixels), { width, height }, { ...options, initialFlow })
  t.ok(equal(await sequence.push(frameAt(4), { initialFlow }), guided.flow), 'from a first guess')
})

t.test('one frame at a time; nothing after closing', async (t) => {
  const sequence = new FlowSequence({ width, height })
  const first = sequence.push(frameAt(0))
  await t.rejects(sequence.push(frameAt(1)), { name: 'InfomotionError', code: 'FLOW_SEQUENCE_BUSY' })
  t.equal(await first, undefined)
  const last = sequence.push(frameAt(1))
  sequence.close()
  sequence.close()
  t.equal((await last)?.length, pixels * 2, 'what is under way still settles')
  await t.rejects(sequence.push(frameAt(2)), { code: 'FLOW_SEQUENCE_CLOSED' })
  const disposed = new FlowSequence({ width, height })
  disposed[Symbol.dispose]()
  await t.rejects(disposed.push(frameAt(0)), { code: 'FLOW_SEQUENCE_CLOSED' })
})

t.test('after an abort the next frame is a first one', async (t) => {
  const [w, h] = [960, 720]
  const large = [frameAt(0, w, h), frameAt(1, w, h)]
  const sequence = new FlowSequence({ width: w, height: h })
  await t.rejects(sequence.push(large[0], { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  t.equal(await sequence.push(large[0]), undefined)
  const controller = new AbortController()
  const pushed = sequence.push(large[1], { signal: controller.signal })
  setTimeout(() => controller.abort(), 5)
  await t.rejects(pushed, { code: 'ABORTED' })
  t.equal(await sequence.push(large[0]), undefined)
  t.equal((await sequence.push(large[1]))?.length, w * h * 2)
})

t.test('an async iterator of frames becomes one of flow', async (t) => {
  const { flow } = await farneback(framesOf(4), { width, height })
  let asked = 0
  let ended = false
  async function* source() {
    try {
      for (let time = 0; time < 4; time++) {
        asked++
        yield frameAt(time)
      }
    } finally {
      ended = true
    }
  }
  const pairs = []
  for await (const found of flowPairs(source(), { width, height })) {
    t.equal(asked, found.pair + 2, 'no frame is asked for before its time')
    t.ok(equal(found.flow, pairOf(flow, found.pair)))
    pairs.push(found.pair)
  }
  t.same([pairs, ended], [[0, 1, 2], true])
  const list = [frameAt(0), frameAt(1)]
  for await (const found of flowPairs(list, { width, height }, { border: 'symmetric' }))
    t.match(found, { pair: 0, width, height })

  ended = false
  for await (const _ of flowPairs(source(), { width, height })) break
  t.ok(ended, 'leaving the loop ends the source')
})

t.test('an iterator ends with its source, by an abort, by an error', async (t) => {
  const drain = async (pairs: AsyncIterable<unknown>) => {
    for await (const _ of pairs);
  }
  const failing = async function* () {
    yield frameAt(0)
    throw new Error('the camera is gone')
  }
  await t.rejects(drain(flowPairs(failing(), { width, height })), { message: 'the camera is gone' })
  const controller = new AbortController()
  let returned = false
  const silent = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<Uint8Array>>(() => {}),
      return: async () => {
        returned = true
        return { done: true as const, value: undefined }
      },
    }),
  }
  setTimeout(() => controller.abort(), 10)
  await t.rejects(drain(flowPairs(silent, { width, height }, { signal: controller.signal })), { code: 'ABORTED' })
  t.ok(returned, 'a source that says nothing is ended all the same')
  await t.rejects(drain(flowPairs([frameAt(0), new Uint8Array(3)], { width, height })), { code: 'INVALID_ARGUMENT' })
  await t.rejects(drain(flowPairs(5 as never, { width, height })), { code: 'INVALID_ARGUMENT', message: /iterate/ })
  await t.rejects(drain(flowPairs([], { width, height }, { winSize: 9 } as never)), { message: /winSize.*flowPairs/ })
  await drain(flowPairs([], { width, height }))
})

t.test('rows and frames apart: the numbers of the same frames packed', async (t) => {
  const packed = framesOf(3)
  const { flow } = await farneback(packed, { width, height })
  const [rowStride, frameStride] = [width + 9, (height + 2) * (width + 9)]
  const padded = (Type: typeof Uint8Array | typeof Float32Array) => {
    const frames = new Type(2 * frameStride + (height - 1) * rowStride + width).fill(77) // ends with the last pixel
    for (let i = 0; i < packed.length; i++) {
      const [frame, y, x] = [Math.floor(i / pixels), Math.floor((i % pixels) / width), i % width]
      frames[frame * frameStride + y * rowStride + x] = packed[i]
    }
    return frames
  }
  for (const Type of [Uint8Array, Float32Array]) {
    const frames = padded(Type)
    t.ok(equal((await farneback(frames, { width, height, rowStride, frameStride })).flow, flow), Type.name)
    t.ok(equal((await farneback(frames, { width, height, rowStride, frameStride, frames: 2 })).flow, pairOf(flow, 0)))
    const sequence = new FlowSequence({ width, height, rowStride })
    await sequence.push(frames)
    t.ok(equal(await sequence.push(frames.subarray(frameStride)), pairOf(flow, 0)), 'pushed')
  }
  const alternate = await farneback(packed, { width, height, frameStride: 2 * pixels })
  t.equal(alternate.pairs, 1, 'every other frame')
})

t.test('wrong shapes and frames are named', async (t) => {
  const frames = framesOf(2)
  const wrong = (call: Promise<unknown>, message: RegExp) =>
    t.rejects(call, { name: 'InfomotionError', code: 'INVALID_ARGUMENT', message })
  await wrong(farneback(frames, { width, height, rowStride: width - 1 }), /shape\.rowStride/)
  await wrong(farneback(frames, { width, height, frameStride: pixels - 1 }), /shape\.frameStride/)
  await wrong(farneback(frames, { width, height, rowStride: 2 * width }), /2 whole frames.*rows 144 and frames 8064/)
  await wrong(farneback(frames, { width, height, frameStride: pixels, frames: 3 }), /shape\.frames/)
  const open = (...given: unknown[]) => new (FlowSequence as never as new (...given: unknown[]) => unknown)(...given)
  for (const [given, message] of [
    [[undefined], /width, height/],
    [[{ width: 0, height }], /width/],
    [[{ width, height: 2 ** 20 }], /height/],
    [[{ width, height, rowStride: 3 }], /rowStride/],
    [[{ width, height }, { polyn: 3 }], /Did you mean "polyN"/],
    [[{ width, height }, { pyrScale: 2 }], /pyrScale/],
  ] as const)
    t.throws(() => open(...given), { code: 'INVALID_ARGUMENT', message })
  const sequence = new FlowSequence({ width, height })
  await wrong(sequence.push(frames), /one frame of 72 x 56 = 4032 values for frame but received Uint8Array\(8064\)/)
  await wrong(sequence.push([1] as never), /Uint8Array, Uint8ClampedArray or Float32Array for frame/)
  await wrong(sequence.push(frameAt(0), { initialFlow: new Float32Array(1) }), /initialFlow/)
  await wrong(sequence.push(frameAt(0), { sginal: 1 } as never), /sginal/)
  t.equal(await sequence.push(frameAt(0)), undefined, 'none of them counts as a frame')
})

t.test('progress goes from pair to pair and reaches the end; what it throws stops the job', async (t) => {
  const [w, h] = [480, 360]
  const frames = new Uint8Array(24 * w * h)
  for (let time = 0; time < 24; time++)
    frames.set(time < 2 ? frameAt(time, w, h) : frames.subarray(0, w * h), time * w * h)
  const told: number[] = []
  await farneback(
    frames,
    { width: w, height: h },
    {
      onProgress: (progress) => {
        t.match(progress, { stage: 'flow', total: 23, unit: 'pairs' })
        told.push(progress.done)
      },
    },
  )
  t.ok(told.length > 1 && told.at(-1) === 23, `told ${told.join(', ')}`)
  t.same(
    told,
    [...told].sort((a, b) => a - b),
  )
  const refuse = () => {
    throw new Error('enough')
  }
  const started = process.cpuUsage()
  await t.rejects(farneback(frames, { width: w, height: h }, { onProgress: refuse, iterations: 40 }), {
    message: 'enough',
  })
  t.ok(process.cpuUsage(started).user < 10e6, 'long before the end')
})

t.test('thousands of pairs in flat memory; sequences that nobody closed are collected', async (t) => {
  const code = `
    const { FlowSequence } = await import(${JSON.stringify(import.meta.resolve('infomotion/flow'))})
    const frames = [0, 1].map((t) => Uint8Array.from({ length: 112 * 112 }, (_, i) => 128 + 90 * Math.sin(i / 7 + t)))
    const { residentMiB } = await import(${JSON.stringify(new URL('../scripts/soak/resident.js', import.meta.url))})
    const shape = { width: 112, height: 112 }
    const sequence = new FlowSequence(shape, { iterations: 1 })
    const seen = []
    for (let i = 0; i <= 4000; i++) {
      await sequence.push(frames[i % 2])
      if (i % 1000 === 0 && i > 0) seen.push(await residentMiB())
    }
    for (let i = 0; i < 400; i++) await new FlowSequence(shape).push(frames[0]) // 2.5 MB each
    for (let i = 0; i < 5; i++) { globalThis.gc(); await new Promise((next) => setTimeout(next, 20)) }
    console.log(JSON.stringify({ seen, dropped: (await residentMiB()) - seen.at(-1) }))`
  const args = ['--expose-gc', '--input-type=module', '--eval', code]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { seen, dropped } = JSON.parse(stdout) as { seen: number[]; dropped: number }
  t.ok(seen[3] - seen[0] < 12, `resident MiB after each 1000 pairs: ${seen.map(Math.round).join(', ')}`)
  t.ok(dropped < 200, `400 sequences of 2.5 MB left ${Math.round(dropped)} MiB`)
})
