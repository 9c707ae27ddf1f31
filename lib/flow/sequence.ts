import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectOptions, invalid } from '../runtime/expect.js'
import { ignoreRejection, runJob, unlessAborted } from '../runtime/job.js'
import { type NativeFlowSequence, native } from '../runtime/native.js'
import type { FlowField } from './flo.js'
import {
  expectGreys,
  expectInitialFlow,
  expectSize,
  expectThreads,
  FARNEBACK_DEFAULTS,
  type FarnebackOptions,
  type FlowThreads,
  type FrameShape,
  resolveFarneback,
  SAID_OF_CLIPS,
} from './options.js'

export interface PushOptions {
  /** A first guess at the flow, [height, width, 2]. Default: no motion. */
  initialFlow?: Float32Array
  signal?: AbortSignal
}

/**
 * The flow of frames that come one by one: a camera, a decoder, a clip larger than memory. It keeps the expansion of the
 * last frame and nothing else, so its memory (about 128 bytes a pixel) does not grow, and the numbers are those of
 * {@link farneback} over the same frames, bit for bit. Each push is one job on the addon's pool: several sequences run
 * side by side.
 *
 * @param shape - width and height in px; `rowStride` where rows do not follow each other directly
 * @param options - the parameters of {@link farneback}, and `threads`
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `OUT_OF_MEMORY`
 * @example
 * ```js
 * import { FlowSequence } from 'infomotion/flow'
 *
 * const [width, height] = [64, 48]
 * const grey = (x, y) => 128 + 100 * Math.sin(x / 4) * Math.cos(y / 4)
 * const sequence = new FlowSequence({ width, height })
 * for (let t = 0; t < 3; t++) {
 *   const frame = Uint8Array.from({ length: height * width }, (_, i) => grey((i % width) - t, Math.floor(i / width)))
 *   const flow = await sequence.push(frame)
 *   if (flow) console.log(t, flow[2 * (24 * width + 32)]) // u = 1.0 px, twice
 * }
 * sequence.close()
 * ```
 */
export class FlowSequence {
  readonly width: number
  readonly height: number
  private readonly rowStride: number
  private handle: NativeFlowSequence | undefined
  private busy = false
  private begins = true

  constructor(shape: Pick<FrameShape, 'width' | 'height' | 'rowStride'>, options: FarnebackOptions & FlowThreads = {}) {
    const { width, height, rowStride } = expectSize(shape)
    expectOptions(shape, 'shape', ['width', 'height', 'rowStride', 'frames', ...SAID_OF_CLIPS])
    expectOptions(options, 'FlowSequence', [...Object.keys(FARNEBACK_DEFAULTS), 'threads'])
    const { threads, ...parameters } = options
    this.width = width
    this.height = height
    this.rowStride = expectInteger(rowStride ?? width, 'shape.rowStride', width)
    this.handle = native().flowSequence(width, height, resolveFarneback(parameters), expectThreads(threads))
  }

  /**
   * Takes the next frame, and gives the flow from the frame before it to this one, [height, width, 2] in px/frame as
   * {@link farneback} has it; undefined for the first frame. Await it before the next push: frames are not queued. After
   * an abort or an error the next frame is a first one again.
   *
   * @param given - [height, width] grey levels 0..255; copied at once, unless over a SharedArrayBuffer
   * @throws {InfomotionError} `INVALID_ARGUMENT`, `FLOW_SEQUENCE_BUSY`, `FLOW_SEQUENCE_CLOSED`, `ABORTED`,
   *   `OUT_OF_MEMORY`
   */
  async push(given: Frame, options: PushOptions = {}): Promise<Float32Array | undefined> {
    const frame = expectGreys(given, 'frame')
    const span = (this.height - 1) * this.rowStride + this.width
    const packed = this.rowStride === this.width
    if (packed ? frame.length !== span : frame.length < span) {
      const rows = packed ? '' : `, rows ${this.rowStride} values apart: at least ${span} values`
      throw invalid(
        `one frame of ${this.width} x ${this.height} = ${this.width * this.height} values${rows}`,
        'frame',
        frame,
      )
    }
    expectOptions(options, 'push', ['initialFlow', 'signal'])
    expectInitialFlow(options.initialFlow, 1, this)
    if (!this.handle)
      throw new InfomotionError('FLOW_SEQUENCE_CLOSED', 'The sequence was closed: make another for more frames.')
    if (this.busy)
      throw new InfomotionError(
        'FLOW_SEQUENCE_BUSY',
        'The frame before is still being worked on: await each push before the next, or use a sequence for each stream.',
      )
    const { handle, begins } = this
    this.busy = true
    this.begins = true // until this frame is known to be in
    try {
      const flow = await runJob(
        () => native().pushFrame(handle, frame, this.rowStride, options.initialFlow, begins),
        options.signal,
      )
      this.begins = false
      return flow
    } finally {
      this.busy = false
    }
  }

  /** Forgets the frames seen: the next one is the first of another sequence. Waits for nothing; call it between pushes. */
  restart(): void {
    this.begins = true
  }

  /** Frees the memory now rather than when the garbage collector comes by; a push under way still settles. */
  close(): void {
    if (this.handle) native().closeSequence(this.handle)
    this.handle = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** The flow from one frame of a stream to the next. */
export interface PairFlow extends FlowField {
  /** Number of the pair: 0 is from the first frame to the second. */
  pair: number
}

/**
 * The flow of each pair of consecutive frames of a stream, as an async iterator: a frame is asked for when its pair is,
 * so that neither side runs ahead of the other, and memory does not grow. Leaving the loop, an abort or an error ends
 * the source too (its `return`).
 *
 * @param frames - [height, width] grey levels each: an array, a generator, a decoder's stream
 * @throws {InfomotionError} as {@link FlowSequence}, or what the source throws
 * @example
 * ```js
 * import { flowPairs } from 'infomotion/flow'
 *
 * const [width, height] = [64, 48]
 * const grey = (x, y) => 128 + 100 * Math.sin(x / 4) * Math.cos(y / 4)
 * async function* camera() {
 *   for (let t = 0; t < 4; t++)
 *     yield Uint8Array.from({ length: height * width }, (_, i) => grey((i % width) - t, Math.floor(i / width)))
 * }
 * for await (const { pair, flow } of flowPairs(camera(), { width, height })) console.log(pair, flow.length) // 0 6144 ...
 * ```
 */
export async function* flowPairs(
  frames: Iterable<Frame> | AsyncIterable<Frame>,
  shape: Pick<FrameShape, 'width' | 'height' | 'rowStride'>,
  options: FarnebackOptions & FlowThreads & { signal?: AbortSignal } = {},
): AsyncGenerator<PairFlow, void, undefined> {
  const source = iteratorOf(frames)
  expectOptions(options, 'flowPairs', [...Object.keys(FARNEBACK_DEFAULTS), 'threads', 'signal'])
  const { signal, ...parameters } = options
  const sequence = new FlowSequence(shape, parameters)
  const { width, height } = sequence
  let ended = false
  try {
    throwIfAborted(signal)
    for (let pair = -1; ; pair++) {
      const { value, done } = await unlessAborted(ignoreRejection(Promise.resolve(source.next())), signal)
      ended = done === true
      if (done) return
      const flow = await sequence.push(value, { signal })
      if (flow) yield { pair, flow, width, height }
    }
  } finally {
    sequence.close()
    const returned = ended ? undefined : ignoreRejection(Promise.resolve(source.return?.()))
    if (!signal?.aborted) await returned // a source that hangs does not hold up an abort
  }
}

/** Grey levels of one frame, row by row. */
export type Frame = Uint8Array | Uint8ClampedArray | Float32Array

function iteratorOf(frames: Iterable<Frame> | AsyncIterable<Frame>): Iterator<Frame> | AsyncIterator<Frame> {
  if (typeof frames === 'object' && frames !== null) {
    if (Symbol.asyncIterator in frames) return frames[Symbol.asyncIterator]()
    if (Symbol.iterator in frames) return frames[Symbol.iterator]()
  }
  throw invalid('frames to iterate over', 'frames', frames)
}
