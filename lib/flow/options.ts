import { types } from 'node:util'
import { asBytes } from '../runtime/arrays.js'
import { expectInteger, expectOptions, invalid } from '../runtime/expect.js'
import { flag, integer, type Kind, number, numberBetween, oneOf } from '../runtime/kinds.js'
import type { NativeFrameLayout } from '../runtime/native.js'
import { checkOptions, defaultsOf, type Option, option } from '../runtime/option.js'
import { CLIP_KEYS } from '../video/types.js'

/** Parameters of Farneback's method, named and numbered as OpenCV's `calcOpticalFlowFarneback` has them. */
export interface FarnebackOptions {
  /** Size of a pyramid level relative to the one before; in (0, 1). Default 0.5. */
  pyrScale?: number
  /** Levels beside the full size, 0..64; fewer are made where a side would fall below 32 px. Default 3. */
  levels?: number
  /** Side of the averaging window in px, 1..1023: larger is smoother and finds faster motion. Default 15. */
  winsize?: number
  /** Iterations at each level, 0..1000. Default 3. */
  iterations?: number
  /** Radius of the polynomial expansion in px, 1..31. Default 5. */
  polyN?: number
  /** Standard deviation of its Gaussian in px, at least 0.3; 0 stands for 0.3 * polyN. Default 1.2. */
  polySigma?: number
  /** A Gaussian window in place of the box: sharper, a little slower. Default false. */
  gaussian?: boolean
  /**
   * `'opencv'` (default) takes the last row and column for outside, as OpenCV does, so that equal frames have some flow
   * there; `'symmetric'` takes them for inside, and equal frames have exactly none.
   */
  border?: 'opencv' | 'symmetric'
}

/** How many threads work on the flow. */
export interface FlowThreads {
  /**
   * Up to so many threads of the addon's pool (INFOMOTION_THREADS, else the number of processors) at once, 0..1024: each
   * takes pairs of its own, or bands of rows where there are fewer pairs. 0: as many as frames of this size are worth.
   * The same bytes for any number; each running pair takes 128 bytes a pixel. Default 1: with many calls under way, one
   * thread each is the most that a machine can do.
   */
  threads?: number
}

export function expectThreads(threads: number | undefined): number {
  return expectInteger(threads ?? 1, 'threads', 0, 1024)
}

/** 0, or from 0.3 to 1000. */
const sigma: Kind<number> = {
  ...number(),
  range: '0 or a number between 0.3 and 1000',
  check: (value, name) => {
    if (value === 0 || (typeof value === 'number' && value >= 0.3 && value <= 1000)) return value
    throw invalid(sigma.range, name, value)
  },
}

/** {@link FarnebackOptions}, as `farneback` and `infomotion flow` take them. */
export const FARNEBACK = {
  pyrScale: option(numberBetween(0, 1), { default: 0.5, help: 'size of a pyramid level relative to the one before' }),
  levels: option(integer(0, 64), { default: 3, help: 'levels beside the full size' }),
  winsize: option(integer(1, 1023), { default: 15, unit: 'px', help: 'side of the averaging window' }),
  iterations: option(integer(0, 1000), { default: 3, help: 'iterations at each level' }),
  polyN: option(integer(1, 31), { default: 5, unit: 'px', help: 'radius of the polynomial expansion' }),
  polySigma: option(sigma, { default: 1.2, unit: 'px', help: 'standard deviation of its Gaussian, 0: 0.3 * poly-n' }),
  gaussian: option(flag(), { default: false, help: 'a Gaussian window in place of the box' }),
  border: option(oneOf<'opencv' | 'symmetric'>(['opencv', 'symmetric']), {
    default: 'opencv',
    help: 'the last row and column',
  }),
} satisfies { [K in keyof FarnebackOptions]-?: Option<Required<FarnebackOptions>[K]> }

export const FARNEBACK_DEFAULTS: Required<FarnebackOptions> = defaultsOf(FARNEBACK)

/**
 * Parameters for echocardiography, the pipeline's own: of 180 sets tried on phantoms, whose tissue's displacement is known
 * (docs/flow.md; `npm run truth:flow`), the one of least effort within 5 % of the least error. Equal frames have no motion.
 */
export const ECHO_FLOW: Required<FarnebackOptions> = {
  ...FARNEBACK_DEFAULTS,
  winsize: 19,
  iterations: 2,
  border: 'symmetric',
}

/** Widest and highest frame. */
const MAX_SIDE = 32768

/** All options, checked; those in `defaults` stand for the ones not given. */
export function resolveFarneback(
  options: FarnebackOptions,
  defaults: Required<FarnebackOptions> = FARNEBACK_DEFAULTS,
): Required<FarnebackOptions> {
  return checkOptions(FARNEBACK, options, defaults)
}

/** Checks that `frames` holds whole frames of this size, at least `least`, and counts them. */
export function expectFrames(
  frames: { length: number },
  { width, height }: { width: number; height: number },
  least: number,
): number {
  expectSize({ width, height })
  const count = frames.length / (width * height)
  if (Number.isInteger(count) && count >= least) return count
  throw invalid(
    `at least ${least} whole frame${least === 1 ? '' : 's'} of ${width} x ${height} = ${width * height} values`,
    'frames',
    frames,
  )
}

/** Size of the frames, and how they lie in their array. */
export interface FrameShape {
  width: number
  height: number
  /** How many frames there are. Default: as many as the array holds. */
  frames?: number
  /** Values from the start of a row to that of the next: a region of a larger image, padded rows. Default: width. */
  rowStride?: number
  /** Values from the start of a frame to that of the next. Default: height * rowStride. */
  frameStride?: number
}

/** What an image or a clip says of itself besides its size: either is a shape. */
export const SAID_OF_CLIPS = ['pixels', ...CLIP_KEYS]

/** Frames as the addon takes them. */
interface GreyFrames {
  frames: Uint8Array | Float32Array
  layout: NativeFrameLayout
}

/** Checks frames and their shape. Where strides are given, values behind the last frame are padding, and not read. */
export function expectLayout(given: unknown, shape: FrameShape, least: number): GreyFrames {
  const frames = expectGreys(given, 'frames')
  const { width, height } = expectSize(shape)
  expectOptions(shape, 'shape', ['width', 'height', 'frames', 'rowStride', 'frameStride', ...SAID_OF_CLIPS])
  const rowStride = expectInteger(shape.rowStride ?? width, 'shape.rowStride', width)
  const span = (height - 1) * rowStride + width // of one frame, first pixel to last
  const frameStride = expectInteger(shape.frameStride ?? height * rowStride, 'shape.frameStride', span)
  const held = Math.max(0, Math.floor((frames.length - span) / frameStride) + 1)
  const packed = shape.rowStride === undefined && shape.frameStride === undefined
  if (held < least || (packed && held * span !== frames.length)) {
    const strided = packed ? '' : `, rows ${rowStride} and frames ${frameStride} values apart`
    const what = `at least ${least} whole frame${least === 1 ? '' : 's'} of ${width} x ${height} = ${width * height} values`
    throw invalid(`${what}${strided}`, 'frames', frames)
  }
  const count = expectInteger(shape.frames ?? held, 'shape.frames', packed ? held : least, held)
  return { frames, layout: { width, height, count, rowStride, frameStride } }
}

/** Grey levels, as bytes or floats. */
export function expectGreys(frames: unknown, name: string): Uint8Array | Float32Array {
  const greys = types.isFloat32Array(frames) ? frames : asBytes(frames)
  if (greys) return greys
  throw invalid('a Uint8Array, Uint8ClampedArray or Float32Array', name, frames)
}

/** Checks width and height. */
export function expectSize(shape: FrameShape): FrameShape {
  if (typeof shape !== 'object' || shape === null) throw invalid('an object { width, height }', 'shape', shape)
  expectInteger(shape.width, 'width', 1, MAX_SIDE)
  expectInteger(shape.height, 'height', 1, MAX_SIDE)
  return shape
}

/** Checks a first guess at the flow. */
export function expectInitialFlow(
  flow: unknown,
  pairs: number,
  { width, height }: { width: number; height: number },
): void {
  const size = pairs * height * width * 2
  if (flow === undefined || (types.isFloat32Array(flow) && flow.length === size)) return
  throw invalid(`a Float32Array of ${pairs} x ${height} x ${width} x 2 = ${size} values`, 'initialFlow', flow)
}
