import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { encodePng } from '../vendor/png.js'
import { readPng } from '../video/png.js'
import { expectField, type FlowField, isKnown, UNKNOWN_FLOW } from './flo.js'

/** Units to a px, and the unit that stands for no motion. */
const UNITS = 64
const ZERO = 2 ** 15

/**
 * A flow field as KITTI's benchmark has it: a PNG of three 16-bit channels, 64 u + 2^15, 64 v + 2^15, and 1 where the
 * flow is known (Geiger et al., "Are we ready for Autonomous Driving? The KITTI Vision Benchmark Suite", CVPR 2012).
 * Steps of 1/64 px, at most 512 px; larger known vectors are refused, as they could not be read back.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 * @example
 * ```js
 * import { decodeKitti, encodeKitti } from 'infomotion/flow'
 *
 * const png = encodeKitti({ flow: Float32Array.of(1.5, -2, 0, 1e10), width: 2, height: 1 })
 * console.log(decodeKitti(png).flow) // 1.5, -2, and 1e10 twice: unknown
 * ```
 */
export function encodeKitti(field: FlowField): Uint8Array {
  const { flow, width, height } = expectField(field)
  const data = new Uint16Array(width * height * 3)
  for (let i = 0, at = 0; i < flow.length; i += 2, at += 3) {
    if (!isKnown(flow, i)) continue
    const [u, v] = [Math.round(UNITS * flow[i]) + ZERO, Math.round(UNITS * flow[i + 1]) + ZERO]
    if (Math.min(u, v) < 0 || Math.max(u, v) > 0xffff)
      throw invalid(
        'vectors of less than 512 px for a KITTI PNG (a .flo file takes any)',
        'flow',
        Math.max(Math.abs(flow[i]), Math.abs(flow[i + 1])),
      )
    data[at] = u
    data[at + 1] = v
    data[at + 2] = 1
  }
  return encodePng({ width, height, data, channels: 3, depth: 16 })
}

/**
 * The flow field in a KITTI PNG; where it is unknown, {@link UNKNOWN_FLOW} (1e10) as in `.flo` files.
 *
 * @param name - stands for the file in error messages
 * @throws {InfomotionError} `KITTI_UNREADABLE`
 */
export function decodeKitti(file: Uint8Array, name = 'the file'): FlowField {
  const refuse = (why: string, cause?: unknown) =>
    new InfomotionError('KITTI_UNREADABLE', `Expected a KITTI flow PNG in ${name}, but ${why}.`, { cause })
  let png: ReturnType<typeof readPng>
  try {
    png = readPng(Buffer.from(file.buffer, file.byteOffset, file.byteLength))
  } catch (cause) {
    throw refuse(`it is no PNG that can be read (${(cause as Error).message})`, cause)
  }
  const { width, height, channels, data, white } = png
  if (channels !== 3 || white !== 0xffff)
    throw refuse(`it has ${channels} channel${channels === 1 ? '' : 's'} of values up to ${white}, not 3 of 16 bits`)
  const flow = new Float32Array(width * height * 2).fill(UNKNOWN_FLOW)
  for (let i = 0, at = 0; i < flow.length; i += 2, at += 3) {
    if (data[at + 2] === 0) continue
    flow[i] = (data[at] - ZERO) / UNITS
    flow[i + 1] = (data[at + 1] - ZERO) / UNITS
  }
  return { flow, width, height }
}
