import type { FarnebackOptions } from '../flow/options.js'
import { type Device, type DeviceUsed, deviceUsed, expectDevice } from '../runtime/device.js'
import { expectInteger, expectOptions } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'
import {
  expectClip,
  resolveFlow,
  resolveVolumeShape,
  toVolume,
  type Volume,
  type VolumeShape,
} from '../volume/volume.js'

/** How a clip's motion is summed up. */
export interface DescriptorOptions {
  /** Cells along each side of the frame, 1..32. Default 4. */
  grid?: number
  /** Side of the two control features in px, 1..256. Default 16. */
  thumbnail?: number
  /** Parameters of the flow; those not given are `ECHO_FLOW`'s (a still clip has no motion). */
  flow?: FarnebackOptions
}

/** One quantity's stretch of the descriptor. */
export interface DescriptorBlock {
  name: keyof typeof VALUES
  offset: number
  length: number
}

export interface DescriptorLayout {
  /** Length of the descriptor. */
  dim: number
  blocks: DescriptorBlock[]
  /** All options, defaults filled in: what the numbers depend on besides the clip. */
  options: Required<DescriptorOptions> & { flow: Required<FarnebackOptions> }
}

/** The features of one clip that need no model. */
export interface ClipFeatures extends DeviceUsed {
  /** The motion descriptor; {@link descriptorLayout} says what is where. */
  motion: Float32Array
  /** Control: the mean frame, area-averaged to thumbnail x thumbnail grey levels. */
  meanFrame: Float32Array
  /** Control: each pixel's standard deviation over time, area-averaged to thumbnail x thumbnail. */
  deviation: Float32Array
  /** The clip as networks see it, where `volume` was asked for. */
  volume?: Volume
}

/** Values a cell. */
const VALUES = { divergence: 2, curl: 2, magnitude: 2, direction: 16, excursion: 3, thirds: 33 } as const

/**
 * What stands where in the motion descriptor: divergence (1/s), curl (1/s), magnitude (px/s), direction (px/s), each
 * first the means over time and then the standard deviations of all grid cells, row by row; direction has eight values a
 * cell, 45 degrees apart, from rightwards on clockwise. Then excursion, how far each cell is carried to and fro: the
 * standard deviation over time of the summed-up flow about its straight line, for all cells of u (frame widths), then of v
 * (frame heights), then of the divergence (relative change of area): the size of a movement, however fast it goes. Then thirds: divergence, curl, magnitude and direction of all cells, their means
 * over the first third of the clip, then over the second and the last. All as measured; `describeMotion` makes of it what
 * graphs and students see.
 *
 * @example
 * ```js
 * const { dim, blocks } = descriptorLayout() // 928 numbers
 * blocks[3] // { name: 'direction', offset: 96, length: 256 }
 * ```
 */
export function descriptorLayout(options: DescriptorOptions = {}): DescriptorLayout {
  expectOptions(options, 'the descriptor', ['grid', 'thumbnail', 'flow'])
  const grid = expectInteger(options.grid ?? 4, 'grid', 1, 32)
  const thumbnail = expectInteger(options.thumbnail ?? 16, 'thumbnail', 1, 256)
  const flow = resolveFlow(options.flow)
  let dim = 0
  const blocks = (Object.keys(VALUES) as DescriptorBlock['name'][]).map((name) => {
    const length = grid * grid * VALUES[name]
    const block = { name, offset: dim, length }
    dim += length
    return block
  })
  return { dim, blocks, options: { grid, thumbnail, flow } }
}

/**
 * Describes a clip's motion without any model: its Farneback flow in px/s, averaged over the cells of a grid as
 * divergence, curl, magnitude and direction, then over time as mean and standard deviation, and summed up over time as
 * excursion. Frame rates, frame sizes and lengths may differ from clip to clip. Every pixel counts, dark ones too: the
 * flow found in a dark cavity is that of its walls (leaving dark pixels out cost 9 points of balanced accuracy on phantom
 * clips). A clip without motion, or of one frame, gives zeros. Memory beside the clip does not grow with its length; runs on one thread of the addon's pool.
 *
 * @param frames - [frames, height, width] grey levels, at least one frame. Over a SharedArrayBuffer they are read
 *   without a copy: leave them unchanged until the promise settles.
 * @param clip - width and height in px, frame rate in frames/s
 * @param options - with `volume`, the clip's volume (see {@link volumeOf}) is made of the same flow, which is most of
 *   the work of both. `device`: `auto` (default) computes the flow on a GPU where one can be used (see `devices`), else on
 *   the CPU; `cuda` on a GPU, or fails
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `OUT_OF_MEMORY`; with `device: 'cuda'` also
 *   `CUDA_UNAVAILABLE`, `CUDA_OUT_OF_MEMORY`, `CUDA_FAILED`
 * @example
 * ```js
 * const { frames, width, height, fps } = await readClip('Videos/0X1A.avi')
 * const { motion } = await describeClip(frames, { width, height, fps })
 * ```
 */
export async function describeClip(
  frames: Uint8Array | Uint8ClampedArray,
  clip: { width: number; height: number; fps: number },
  options: DescriptorOptions & { volume?: VolumeShape; device?: Device; signal?: AbortSignal } = {},
): Promise<ClipFeatures> {
  const bytes = expectClip(frames, clip)
  const { signal, volume, device = 'auto', ...rest } = options
  expectDevice(device)
  const { options: descriptor } = descriptorLayout(rest)
  const shape = volume && resolveVolumeShape(volume)
  const { width, height, fps } = clip
  const wanted = shape ? { ...descriptor, volume: shape } : descriptor
  const described = await runJob(() => native().describeClip(bytes, width, height, fps, wanted, device), signal)
  const { motion, meanFrame, deviation, volume: values, ...used } = described
  const features = { motion, meanFrame, deviation, ...deviceUsed(used) }
  return values && shape ? { ...features, volume: toVolume(values, shape.side) } : features
}
