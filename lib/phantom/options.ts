import { flag, integer, oneOf, seed } from '../runtime/kinds.js'
import { type Given, type Options, option } from '../runtime/option.js'
import type { StageOptions } from '../runtime/progress.js'
import { VARIETIES } from './patient.js'

const MAX_CLIPS = 999_999

/** What `writePhantom` can be told. */
export const PHANTOM = {
  train: option(integer(1, MAX_CLIPS), { default: 200, help: 'clips for training' }),
  test: option(integer(0, MAX_CLIPS), { default: 100, help: 'clips for the test' }),
  val: option(integer(0, MAX_CLIPS), { default: 0, help: 'clips for validation' }),
  /** The same seed gives the same clips, whatever the numbers of clips and threads. */
  seed: option(seed(), { default: 1, help: 'same seed, same clips' }),
  /**
   * `usual` (default): one laboratory's scans. `wide`: speckle size, gain, grey curve, attenuation, noise, shadows, sector,
   * view, movement of the probe, frame rate (20 to 100 fps, 40 to 200 frames) and heart rate (40 to 130 / min) vary much
   * more, for training networks that are to meet other scanners. The hearts are the same.
   */
  variety: option(oneOf(VARIETIES), {
    default: 'usual',
    help: 'how much machines, views and patients vary (wide: for training encoders)',
  }),
  /** Writes the true displacement of every pair of frames of the first two clips to `Flow/NAME/FRAME.flo`. */
  flow: option(flag(), { default: false, help: 'write the true displacement of the first two clips as .flo files' }),
} satisfies Options

export interface PhantomOptions extends Given<typeof PHANTOM>, StageOptions {}
