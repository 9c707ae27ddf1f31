import { ECHO_FLOW, expectFrames, type FarnebackOptions, resolveFarneback } from '../flow/options.js'
import { expectBytes } from '../runtime/arrays.js'
import { expectInteger, expectNumber, expectOptions, invalid } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { native } from '../runtime/native.js'

/** A clip as networks see it: grey levels and flow at one frame rate and one size, in bytes. */
export interface Volume {
  /** `[frames, 3, side, side]`: grey 0..255, then u and v as {@link decodeSpeed} reads them. */
  values: Uint8Array
  frames: number
  side: number
}

/** Size and rate of a volume. */
export interface VolumeShape {
  /** Side of its frames in px, 1..1024. Default 56. */
  side?: number
  /** Its frame rate in frames/s, 0.001..100000. Default 32. */
  rate?: number
  /** Most frames, 1..65536: a longer clip shows its middle, a shorter one has fewer. Default 64. */
  frames?: number
}

export interface VolumeOptions extends VolumeShape {
  /** Parameters of the flow; those not given are `ECHO_FLOW`'s, as for the descriptor. */
  flow?: FarnebackOptions
}

const SHAPE = ['side', 'rate', 'frames']

/** The fastest motion that a volume can tell, in frame widths (or heights) per second. */
export const FLOW_RANGE = 1

/** Size and rate of a volume, checked and filled in. */
export function resolveVolumeShape(options: VolumeShape = {}): Required<VolumeShape> {
  expectOptions(options, 'the volume', SHAPE)
  return {
    side: expectInteger(options.side ?? 56, 'side', 1, 1024),
    rate: expectNumber(options.rate ?? 32, 'rate', 0.001, 100_000),
    frames: expectInteger(options.frames ?? 64, 'frames', 1, 65_536),
  }
}

/** The flow of descriptor and volume: `ECHO_FLOW`, but for what is asked for. */
export function resolveFlow(options: FarnebackOptions = {}): Required<FarnebackOptions> {
  expectOptions(options, 'flow', Object.keys(ECHO_FLOW))
  return resolveFarneback(options, ECHO_FLOW)
}

/**
 * The speed that a byte of a volume's u or v stands for, in frame widths (or heights) per second: the square-root law
 * q = 128 + round(127 sign(x) sqrt(min(1, |x| / FLOW_RANGE))), turned round; 128 is no motion.
 *
 * @example
 * ```js
 * decodeSpeed(255) // 1
 * decodeSpeed(65) // -0.246
 * ```
 */
export function decodeSpeed(byte: number): number {
  const root = (byte - 128) / 127
  return FLOW_RANGE * Math.sign(root) * root * root
}

/** What a clip may have: what `readClip` gives. */
const CLIP = ['width', 'height', 'fps', 'frames', 'count', 'backend', 'damagedFrames', 'warnings']

/** Checks a clip's frames, size and rate, and gives its bytes. */
export function expectClip(given: unknown, clip: { width: number; height: number; fps: number }): Uint8Array {
  const frames = expectBytes(given, 'frames')
  if (typeof clip !== 'object' || clip === null) throw invalid('an object { width, height, fps }', 'clip', clip)
  expectOptions(clip, 'clip', CLIP)
  expectFrames(frames, clip, 1)
  expectNumber(clip.fps, 'fps', Number.MIN_VALUE, 1e6)
  return frames
}

/** The bytes of a volume, as such. */
export function toVolume(values: Uint8Array, side: number): Volume {
  return { values, frames: values.length / (3 * side * side), side }
}

/**
 * A clip as networks see it. Frame t of the clip is taken to fill the time from t to t + 1; each frame of the volume is
 * the mean over its stretch of 1 / rate seconds and over the areas of its cells: grey levels, and Farneback flow in frame
 * widths and heights per second. The stretch is the clip's middle, begun on a whole frame; the flow of the clip's last
 * frame repeats the one before. A clip of one frame has one frame and no motion. Only the frames that are shown are
 * computed. Runs on one thread of the addon's pool; {@link describeClip} gives descriptor and volume of one flow.
 *
 * @param frames - [frames, height, width] grey levels, at least one frame. Over a SharedArrayBuffer they are read
 *   without a copy: leave them unchanged until the promise settles.
 * @param clip - width and height in px, frame rate in frames/s
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `OUT_OF_MEMORY`
 * @example
 * ```js
 * const { frames, width, height, fps } = await readClip('Videos/0X1A.avi')
 * const { values, side } = await volumeOf(frames, { width, height, fps }) // [64, 3, 56, 56] for two seconds or more
 * ```
 */
export async function volumeOf(
  frames: Uint8Array | Uint8ClampedArray,
  clip: { width: number; height: number; fps: number },
  options: VolumeOptions & { signal?: AbortSignal } = {},
): Promise<Volume> {
  const bytes = expectClip(frames, clip)
  expectOptions(options, 'the volume', [...SHAPE, 'flow', 'signal'])
  const { signal, flow, ...rest } = options
  const [shape, farneback] = [resolveVolumeShape(rest), resolveFlow(flow)]
  const { width, height, fps } = clip
  const values = await runJob(() => native().makeVolume(bytes, width, height, fps, shape, farneback), signal)
  return toVolume(values, shape.side)
}
