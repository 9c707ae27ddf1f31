import { expectInteger, expectOptions, invalid } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import { expectFrames, FARNEBACK_DEFAULTS, type FarnebackOptions, resolveFarneback } from './options.js'

export { decodeFlo, encodeFlo, readFlo, writeFlo } from './flo.js'
export { FARNEBACK_DEFAULTS, type FarnebackOptions } from './options.js'

/** Size of the frames. */
export interface FrameShape {
  width: number
  height: number
  /** How many frames there are, checked against the array's length where given. */
  frames?: number
}

/** Dense flow of the pairs of consecutive frames. */
export interface Flow {
  /**
   * [pairs, height, width, 2]: (u, v) in px/frame, u to the right, v downwards, for each pixel of a pair's first frame:
   * what is at (x, y) in it is at (x + u, y + v) in the second.
   */
  flow: Float32Array
  /** Frames less one. */
  pairs: number
  width: number
  height: number
}

/** What {@link farneback} takes besides the method's parameters. */
export interface FlowOptions extends FarnebackOptions {
  /** A first guess at the flow, of the result's shape: [pairs, height, width, 2]. Default: no motion. */
  initialFlow?: Float32Array
  signal?: AbortSignal
}

/**
 * Dense optical flow of a sequence of frames by Farneback's method: every neighbourhood is fitted by a quadratic, and
 * the displacement is read off how the fit changes, coarse to fine. The numbers are those of OpenCV's
 * `calcOpticalFlowFarneback` (4.6: within 2e-5 px); a frame's expansion is computed once and serves both its pairs.
 * Runs on one thread of the addon's pool: start several calls to use more. Results depend on nothing but the input.
 *
 * Source: G. Farneback, "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA 2003.
 *
 * @param frames - [frames, height, width] grey levels 0..255, at least two frames; floats must be on the same scale
 *   (images in 0..1 give a flow near zero). Over a SharedArrayBuffer they are read without a copy: leave them unchanged
 *   until the promise settles.
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `OUT_OF_MEMORY`
 * @example
 * ```js
 * import { farneback } from 'infomotion/flow'
 *
 * const [width, height] = [64, 48]
 * const frames = new Uint8Array(3 * height * width) // a bright square that moves by 2 px a frame
 * for (let t = 0; t < 3; t++)
 *   for (let y = 16; y < 32; y++) {
 *     const left = (t * height + y) * width + 20 + 2 * t
 *     frames.fill(200, left, left + 16)
 *   }
 * const { flow, pairs } = await farneback(frames, { width, height })
 * console.log(pairs, flow[2 * (24 * width + 28)]) // 2 pairs, u = 2.0 px in the square
 * ```
 */
export async function farneback(
  frames: Uint8Array | Float32Array,
  shape: FrameShape,
  options: FlowOptions = {},
): Promise<Flow> {
  if (!(frames instanceof Uint8Array || frames instanceof Float32Array))
    throw invalid('a Uint8Array or Float32Array', 'frames', frames)
  if (typeof shape !== 'object' || shape === null) throw invalid('an object { width, height }', 'shape', shape)
  expectOptions(options, 'farneback', [...Object.keys(FARNEBACK_DEFAULTS), 'initialFlow', 'signal'])
  const { initialFlow, signal, ...rest } = options
  const parameters = resolveFarneback(rest)
  const { width, height } = shape
  const count = expectFrames(frames, shape, 2)
  if (shape.frames !== undefined) expectInteger(shape.frames, 'shape.frames', count, count)
  const pairs = count - 1
  const size = pairs * height * width * 2
  if (initialFlow !== undefined && !(initialFlow instanceof Float32Array && initialFlow.length === size))
    throw invalid(`a Float32Array of ${pairs} x ${height} x ${width} x 2 = ${size} values`, 'initialFlow', initialFlow)
  const flow = await runJob(() => native().farneback(frames, width, height, parameters, initialFlow), signal)
  return { flow, pairs, width, height }
}
