import { expectInteger, expectNumber, expectOneOf, expectOptions } from '../runtime/expect.js'
import type { Augmentation } from '../volume/samples.js'
import type { CnnOptions } from './cnn-types.js'
import { type CnnSize, sizes } from './r2plus1d.js'
import type { Settling } from './schedule.js'

/**
 * How samples are changed by default: the variety of a hand-held probe and of speeds. They are not mirrored: that makes a
 * movement to the left one to the right, which can be another class.
 */
const AUGMENTATION: Augmentation = { flip: false, rotation: 10, scale: 0.1, gain: 0.2, noise: 0.05, tempo: 0.2 }

const DEFAULTS = {
  size: 'small' as CnnSize,
  channels: 'both' as const,
  frames: 16,
  stride: 2,
  seed: 0,
  batch: 8,
  learningRate: 0.005,
  weightDecay: 0.05,
  emptyClasses: 'error' as const,
}

type Resolved = Required<Omit<CnnOptions, 'start' | 'checkpoint' | 'augmentation' | 'steps'>> & {
  augmentation?: Augmentation
  /** Until the loss settles where it is absent. */
  steps?: number
  settling: Omit<Settling, 'learningRate'>
}

/** Bounds of training until the loss settles: so many steps, or so many times through a large set. */
const MOST_STEPS = 960
const MOST_EPOCHS = 20
/** What is compared to tell whether it has: the mean loss of so many steps, or of so many times through a large set. */
const WINDOW_STEPS = 80
const WINDOW_EPOCHS = 2

/** Steps of a student of so many clips that is trained until its loss settles: fewest and most. */
export function boundsOf(clips: number): { least: number; most: number } {
  const { most, window } = settlingOf(clips, DEFAULTS.batch)
  return { least: Math.min(3 * window, most), most }
}

function settlingOf(clips: number, batch: number): Resolved['settling'] {
  return {
    most: Math.max(MOST_STEPS, Math.ceil((MOST_EPOCHS * clips) / batch)),
    window: Math.max(WINDOW_STEPS, Math.ceil((WINDOW_EPOCHS * clips) / batch)),
  }
}

/** Checks a CNN's options and fills them in for so many clips; the loader checks the augmentation. */
export function resolveCnnOptions(options: CnnOptions, clips: number): Resolved {
  expectOptions(options, 'trainCnn', [...Object.keys(DEFAULTS), 'steps', 'augmentation', 'start', 'checkpoint'])
  const { augmentation = {}, start, checkpoint, ...given } = options
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  const batch = options.batch ?? DEFAULTS.batch
  const settling = settlingOf(clips, batch)
  const settings: Resolved = { ...DEFAULTS, ...Object.fromEntries(set), settling }
  expectOneOf(settings.size, 'size', Object.keys(sizes) as CnnSize[])
  expectOneOf(settings.channels, 'channels', ['both', 'grey', 'flow'])
  expectInteger(settings.frames, 'frames', 1)
  expectNumber(settings.stride, 'stride', 0.01, 1000)
  expectInteger(settings.seed, 'seed', 0, 0xffffffff)
  if (settings.steps !== undefined) expectInteger(settings.steps, 'steps', 1)
  expectInteger(settings.batch, 'batch', 2)
  expectNumber(settings.learningRate, 'learningRate', Number.MIN_VALUE)
  expectNumber(settings.weightDecay, 'weightDecay', 0)
  expectOneOf(settings.emptyClasses, 'emptyClasses', ['error', 'allow'])
  if (checkpoint) {
    expectOptions(checkpoint, 'checkpoint', ['path', 'everySeconds'])
    expectNumber(checkpoint.everySeconds ?? 0, 'checkpoint.everySeconds', 0)
  }
  if (augmentation === 'none') return settings
  expectOptions(augmentation, 'augmentation', Object.keys(AUGMENTATION))
  return { ...settings, augmentation: { ...AUGMENTATION, ...augmentation } }
}
