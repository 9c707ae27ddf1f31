import { type Device, type DeviceUsed, deviceUsed, expectDevice } from '../runtime/device.js'
import { expectOptions } from '../runtime/expect.js'
import { runCounted } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import {
  expectInitialFlow,
  expectLayout,
  expectThreads,
  FARNEBACK_DEFAULTS,
  type FarnebackOptions,
  type FlowThreads,
  type FrameShape,
  resolveFarneback,
} from './options.js'

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
export interface FlowOptions extends FarnebackOptions, FlowThreads, StageOptions {
  /** A first guess at the flow, of the result's shape: [pairs, height, width, 2]. Default: no motion. */
  initialFlow?: Float32Array
  /** `auto` (default): a GPU where one can be used (see `devices`), else the CPU; `cpu`; `cuda`: a GPU, or an error. */
  device?: Device
}

/**
 * Dense optical flow of a sequence of frames by Farneback's method: every neighbourhood is fitted by a quadratic, and
 * the displacement is read off how the fit changes, coarse to fine. The numbers are those of OpenCV's
 * `calcOpticalFlowFarneback` (4.6: within 2e-5 px); a frame's expansion is computed once and serves both its pairs.
 * Runs on one thread of the addon's pool unless `threads` says otherwise. Results depend on nothing but the input and
 * the processor's instruction set (INFOMOTION_ISA; two of them agree to 2e-3 px); those of a GPU are within 1e-3 px of
 * the CPU's.
 * Frames that come one by one, or more of them than fit into memory, are `FlowSequence`'s.
 *
 * Source: G. Farneback, "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA 2003.
 *
 * @param frames - [frames, height, width] grey levels 0..255, at least two frames; floats must be on the same scale
 *   (images in 0..1 give a flow near zero). Over a SharedArrayBuffer they are read without a copy: leave them unchanged
 *   until the promise settles.
 * @param shape - their size, and where their rows do not follow each other directly, `rowStride` and `frameStride`
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `OUT_OF_MEMORY`; with `device: 'cuda'` also `CUDA_UNAVAILABLE`,
 *   `CUDA_OUT_OF_MEMORY`, `CUDA_FAILED`
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
  frames: Uint8Array | Uint8ClampedArray | Float32Array,
  shape: FrameShape,
  options: FlowOptions = {},
): Promise<Flow & DeviceUsed> {
  const { frames: greys, layout } = expectLayout(frames, shape, 2)
  expectOptions(options, 'farneback', [
    ...Object.keys(FARNEBACK_DEFAULTS),
    'initialFlow',
    'device',
    'threads',
    'signal',
    'onProgress',
  ])
  const { initialFlow, device = 'auto', threads, signal, onProgress, ...rest } = options
  expectDevice(device)
  const parameters = resolveFarneback(rest)
  const { width, height } = layout
  const pairs = layout.count - 1
  expectInitialFlow(initialFlow, pairs, layout)
  const { flow, ...used } = await runCounted(
    (done) => native().farneback(greys, layout, parameters, initialFlow, done, device, expectThreads(threads)),
    { stage: 'flow', total: pairs, unit: 'pairs' },
    { signal, onProgress },
  )
  return { flow, pairs, width, height, ...deviceUsed(used) }
}
