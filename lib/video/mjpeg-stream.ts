import { type Avi, frameCount } from './avi.js'
import { type AviFindings, aviOddities } from './avi-oddities.js'
import { allDamaged, damagedIn, decodeFrames, expectJpegs, GOOD, mjpegDecoder } from './mjpeg.js'
import { outsideClip, type Part, type Range, rangeOf } from './segment.js'
import type { Source } from './source.js'
import { ASSUMED_FPS, type ClipStream } from './types.js'
import { type Window, windowsOf } from './windows.js'

/** Luma that is decoded at once. */
const BATCH_BYTES = 2 ** 21

/**
 * The frames of a Motion JPEG AVI of any length, a few at a time: those that `decodeMjpeg` makes of the whole file. The
 * size is that of most frames of the first window.
 *
 * @param first - as much of the file as was read, walked as `avi`
 * @throws VIDEO_UNREADABLE, ABORTED
 */
export async function streamMjpeg(
  source: Source,
  first: Buffer,
  avi: Avi,
  options: Part & { fps?: number; signal?: AbortSignal },
): Promise<ClipStream> {
  const fps = avi.fps ?? options.fps ?? ASSUMED_FPS
  expectJpegs(avi, source.name)
  const range = rangeOf(options, fps, source.name)
  const whole = first.length >= source.size
  const state = { found: whole ? frameCount(avi) : 0, resyncs: 0, complete: whole }
  let given = 0
  const decoder = new BatchDecoder(source.name, avi, options.signal)
  const frames = framesOf(source, first, avi, range, decoder, state, options.signal)
  const begun = await frames.next() // the first batch, or that nothing can be decoded
  if (begun.done) throw outsideClip(source.name, options.segment ?? { start: 0, unit: 'frames' }, fps, state.found)
  const { width, height } = avi.layout
  const count = whole ? Math.max(0, Math.min(range.end, frameCount(avi)) - range.first) : undefined
  let closed = false
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      for (let { value, done } = begun; !done && !closed; { value, done } = await frames.next()) {
        given++
        yield value as Uint8Array
      }
    } finally {
      await frames.return(undefined)
    }
  }
  return {
    ...{ width, height, fps, count, backend: 'mjpeg', decoder: mjpegDecoder(), frames: all() },
    get damagedFrames() {
      return decoder.damaged
    },
    get oddities() {
      return aviOddities(avi, state, { damagedFrames: decoder.damaged, count: given }, options.fps)
    },
    close: () => {
      closed = true
    },
  }
}

async function* framesOf(
  source: Source,
  first: Buffer,
  avi: Avi,
  { first: from, end }: Range,
  decoder: BatchDecoder,
  state: AviFindings,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, undefined> {
  let passed = 0 // frames of the windows before
  for await (const window of windowsOf(source, first, avi, signal)) {
    state.resyncs += window.resyncs
    const count = frameCount(window)
    if (!state.complete) state.found = passed + count
    let at = Math.max(0, from - passed)
    if (at > 0 && at < count) await decoder.lookBack(window, at)
    for (; at < count && passed + at < end; ) {
      const batch = await decoder.decode(window, at, Math.min(count, end - passed))
      yield* batch
      at += batch.length
    }
    passed += count
    if (passed >= end) return undefined
  }
  state.complete = true
  return undefined
}

/** Decodes a clip's frames some at a time, and keeps the last good one, which stands in for damaged ones behind it. */
class BatchDecoder {
  damaged = 0
  private last: Uint8Array | undefined

  constructor(
    private readonly name: string,
    private readonly avi: Avi,
    private readonly signal?: AbortSignal,
  ) {}

  /** Finds the good frame before frame `at`, from which the frames are wanted. */
  async lookBack(window: Window, at: number): Promise<void> {
    for (let i = at - 1; i >= 0 && !this.last; i--) {
      const { frames, states } = await decodeFrames(window.bytes, window, i, i + 1, this.signal)
      if (states[0] === GOOD) this.last = frames
    }
  }

  /** Some frames from `at` on and before `end`: a few, or, until one has been good, as many as it takes. */
  async decode(window: Window, at: number, end: number): Promise<Uint8Array[]> {
    const { width, height } = this.avi.layout
    const pixels = width * height
    let count = Math.min(64, Math.max(4, Math.floor(BATCH_BYTES / pixels)))
    for (; ; count *= 2) {
      const to = Math.min(end, at + count)
      const { frames, states } = await decodeFrames(window.bytes, window, at, to, this.signal)
      const first = states.indexOf(GOOD)
      if (first < 0 && !this.last) {
        if (to === end) throw allDamaged(this.name, frameCount(window))
        continue
      }
      this.damaged += damagedIn(states)
      const batch = Array.from(states, (_, i) => {
        const before = this.last && (first < 0 || i < first)
        return before ? Uint8Array.from(this.last!) : frames.slice(i * pixels, (i + 1) * pixels)
      })
      this.last = Uint8Array.from(batch[batch.length - 1])
      return batch
    }
  }
}
