import { expectInteger, expectOneOf, invalid } from '../runtime/expect.js'

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

export const FARNEBACK_DEFAULTS: Required<FarnebackOptions> = {
  pyrScale: 0.5,
  levels: 3,
  winsize: 15,
  iterations: 3,
  polyN: 5,
  polySigma: 1.2,
  gaussian: false,
  border: 'opencv',
}

/** Widest and highest frame. */
const MAX_SIDE = 32768

/** All options, checked; those in `defaults` stand for the ones not given. */
export function resolveFarneback(
  options: FarnebackOptions,
  defaults: Required<FarnebackOptions> = FARNEBACK_DEFAULTS,
): Required<FarnebackOptions> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const all = { ...defaults, ...given } as Required<FarnebackOptions>
  if (!(typeof all.pyrScale === 'number' && all.pyrScale > 0 && all.pyrScale < 1))
    throw invalid('a number between 0 and 1, both excluded,', 'pyrScale', all.pyrScale)
  if (all.polySigma !== 0 && !(typeof all.polySigma === 'number' && all.polySigma >= 0.3 && all.polySigma <= 1000))
    throw invalid('0 or a number between 0.3 and 1000', 'polySigma', all.polySigma)
  if (typeof all.gaussian !== 'boolean') throw invalid('true or false', 'gaussian', all.gaussian)
  return {
    pyrScale: all.pyrScale,
    levels: expectInteger(all.levels, 'levels', 0, 64),
    winsize: expectInteger(all.winsize, 'winsize', 1, 1023),
    iterations: expectInteger(all.iterations, 'iterations', 0, 1000),
    polyN: expectInteger(all.polyN, 'polyN', 1, 31),
    polySigma: all.polySigma,
    gaussian: all.gaussian,
    border: expectOneOf(all.border, 'border', ['opencv', 'symmetric']),
  }
}

/** Checks that `frames` holds whole frames of this size, at least `least`, and counts them. */
export function expectFrames(
  frames: { length: number },
  { width, height }: { width: number; height: number },
  least: number,
): number {
  expectInteger(width, 'width', 1, MAX_SIDE)
  expectInteger(height, 'height', 1, MAX_SIDE)
  const count = frames.length / (width * height)
  if (Number.isInteger(count) && count >= least) return count
  throw invalid(
    `at least ${least} whole frame${least === 1 ? '' : 's'} of ${width} x ${height} = ${width * height} values`,
    'frames',
    frames,
  )
}
