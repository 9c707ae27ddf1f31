import type { InfomotionError } from '../runtime/errors.js'
import type { Avi } from './avi.js'
import { type AviFindings, aviOddities } from './avi-oddities.js'
import { jpegSize } from './jpeg.js'
import { decodeMjpeg, mjpegDecoder } from './mjpeg.js'
import { outsideClip, type Part, type Range, rangeOf } from './segment.js'
import type { Source } from './source.js'
import type { ClipStream, Frames } from './types.js'
import { type Window, windowsOf } from './windows.js'

/** Luma that is decoded at once. */
const BATCH_BYTES = 2 ** 21

/**
 * The frames of a Motion JPEG AVI of any length, a few at a time: those that {@link decodeMjpeg} makes of the whole file. The
 * size is that of most frames of the first window.
 *
 * @param first - as much of the file as was read, walked as `avi`
 * @throws VIDEO_UNREADABLE, ABORTED
 */
export async function streamMjpeg(
  source: Source,
  first: Buffer,
  avi: Avi,
  options: Part & { signal?: AbortSignal },
): Promise<ClipStream> {
  const fps = avi.fps ?? 30
  const range = rangeOf(options, fps, source.name)
  const whole = first.length >= source.size
  const state = { found: whole ? avi.frames.length : 0, resyncs: 0, complete: whole }
  let given = 0
  const decoder = new BatchDecoder(source.name, avi, options.signal)
  const frames = framesOf(source, first, avi, range, decoder, state, options.signal)
  const begun = await frames.next() // the first batch: the size, or that nothing can be decoded
  if (!decoder.size) throw outsideClip(source.name, options.segment ?? { start: 0, unit: 'frames' }, fps, state.found)
  const { width, height } = decoder.size
  const count = whole ? Math.max(0, Math.min(range.end, avi.frames.length) - range.first) : undefined
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
      return aviOddities(avi, state, { damagedFrames: decoder.damaged, count: given })
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
    const count = window.frames.length
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

/** Decodes a clip's frames some at a time, and keeps the last good JPEG, which stands in for damaged ones behind it. */
class BatchDecoder {
  damaged = 0
  size: { width: number; height: number } | undefined
  private good: Buffer | undefined
  private last: Uint8Array | undefined

  constructor(
    private readonly name: string,
    private readonly avi: Avi,
    private readonly signal?: AbortSignal,
  ) {}

  /** Finds the good frame before frame `at`, from which the frames are wanted. */
  async lookBack(window: Window, at: number): Promise<void> {
    for (let i = at - 1; i >= 0 && !this.good; i--) await this.keepIfGood(window, i)
  }

  /** Some frames from `at` on and before `end`: a few, or, until one has been good, as many as it takes. */
  async decode(window: Window, at: number, end: number): Promise<Uint8Array[]> {
    const { width = 0, height = 0 } = this.size ?? jpegSize(jpegOf(window, at)) ?? {}
    let count = Math.min(64, Math.max(4, Math.floor(BATCH_BYTES / (width * height || BATCH_BYTES))))
    if (!this.size && !isUniform(window)) count = end - at // the size is that of most
    for (; ; count *= 2) {
      const to = Math.min(end, at + count)
      try {
        return await this.some(window, at, to)
      } catch (error) {
        if (this.good || to === end || (error as InfomotionError).code !== 'VIDEO_UNREADABLE') throw error
      }
    }
  }

  private async some(window: Window, at: number, to: number): Promise<Uint8Array[]> {
    const ranges = window.frames.slice(at, to)
    const lead = this.good ? [this.good] : []
    const clip = await this.decodeAll([...lead, ...ranges.map(({ start, end }) => window.bytes.subarray(start, end))])
    this.size ??= { width: clip.width, height: clip.height }
    if (clip.width !== this.size.width || clip.height !== this.size.height) {
      if (ranges.length > 1) {
        const singly: Uint8Array[] = []
        for (let i = at; i < to; i++) singly.push(...(await this.some(window, i, i + 1)))
        return singly
      }
      this.damaged++
      return [Uint8Array.from(this.last as Uint8Array)]
    }
    this.damaged += clip.damagedFrames
    const frames: Uint8Array[] = []
    const pixels = clip.width * clip.height
    for (let i = lead.length; i < clip.count; i++) frames.push(clip.frames.subarray(i * pixels, (i + 1) * pixels))
    this.last = frames.at(-1)
    if (clip.damagedFrames === 0) {
      const { start, end } = ranges.findLast(({ start, end }) => end > start) ?? { start: 0, end: 0 }
      if (end > start) this.good = Buffer.from(window.bytes.subarray(start, end))
    } else {
      const before = this.good
      this.good = undefined
      for (let i = to - 1; i >= at && !this.good; i--) await this.keepIfGood(window, i)
      this.good ??= before
    }
    return frames
  }

  private async keepIfGood(window: Window, i: number): Promise<void> {
    const jpeg = jpegOf(window, i)
    if (jpeg.length === 0) return
    try {
      const { width, height } = await this.decodeAll([jpeg])
      if (!this.size || (width === this.size.width && height === this.size.height)) this.good = Buffer.from(jpeg)
    } catch (error) {
      if ((error as InfomotionError).code !== 'VIDEO_UNREADABLE') throw error
    }
  }

  private decodeAll(jpegs: Buffer[]): Promise<Frames> {
    let at = 0
    const frames = jpegs.map(({ length }) => {
      at += length
      return { start: at - length, end: at }
    })
    return decodeMjpeg(Buffer.concat(jpegs), { ...this.avi, frames }, this.name, { signal: this.signal })
  }
}

const jpegOf = ({ bytes, frames }: Window, i: number) => bytes.subarray(frames[i].start, frames[i].end)

/** All frames that have a size have the same. */
function isUniform({ bytes, frames }: Window): boolean {
  const sizes = frames
    .map(({ start, end }) => jpegSize(bytes.subarray(start, end)))
    .filter((size) => size !== undefined)
  return sizes.every(({ width, height }) => width === sizes[0].width && height === sizes[0].height)
}
