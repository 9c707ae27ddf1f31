import { types } from 'node:util'
import { expectInteger, expectNumber, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import { runJob } from '../runtime/job.js'
import { type NativeDraw, type NativeSampleShape, native } from '../runtime/native.js'
import type { Volume } from './volume.js'

/** What a network sees of a volume: grey and flow (3 channels), grey (1), flow (2). */
export type Channels = 'both' | 'grey' | 'flow'

/** The ranges that a sample's looks are drawn from, uniformly; zeros and false leave it as it is. */
export interface Augmentation {
  /** Mirrored, left and right, half the time. */
  flip: boolean
  /** Turned by up to so many degrees either way, 0..180. */
  rotation: number
  /** Zoomed by 1 - scale .. 1 + scale, 0..0.9. */
  scale: number
  /** Grey levels times 1 - gain .. 1 + gain, 0..1. */
  gain: number
  /** Standard deviation of Gaussian noise on the grey levels (0..1), 0..1. */
  noise: number
  /** Played 1 - tempo .. 1 + tempo times as fast, 0..0.9. */
  tempo: number
}

export interface SampleOptions {
  /** Frames of a sample, 1..1024 (16 is usual). */
  frames: number
  /** Volume frames from one to the next, 0.01..1000 (2 is usual); between two of them both are interpolated. */
  stride: number
  channels: Channels
  /** Absent: the samples differ only in where they start. */
  augmentation?: Augmentation
}

const NO_AUGMENTATION: Augmentation = { flip: false, rotation: 0, scale: 0, gain: 0, noise: 0, tempo: 0 }
const SHAPE = ['frames', 'stride', 'channels', 'augmentation', 'signal']

/**
 * Training samples: sample i shows `volumes[rows[i]]`, from a frame drawn at random, under one affine map about the
 * frame's centre (zoom x turn x mirror, bilinear; outside it is black and still), one gain, one tempo, and noise. Time
 * wraps around: the heart beats on. The flow is what the shown movement has: its vectors go through the map and grow with
 * the tempo. Network input: grey levels as (g / 255 - 0.25) / 0.25, flow in frame widths and heights per second, times 5.
 *
 * Sample i's numbers come from `new Random(seed, 'augment', first + i)`, so that a run's samples depend neither on its
 * batches nor on the number of threads. Computed in parallel on the addon's pool. Volumes are copied, each once, unless
 * they lie over a SharedArrayBuffer (then leave them unchanged until the promise settles).
 *
 * @param volumes - all of one side
 * @returns [rows, channels, frames, side, side]
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `OUT_OF_MEMORY`
 * @example
 * ```js
 * const augmentation = { flip: false, rotation: 10, scale: 0.1, gain: 0.2, noise: 0.03, tempo: 0.1 }
 * const options = { frames: 16, stride: 2, channels: 'both', augmentation, seed: 1, first: 0 }
 * const samples = await loadSamples(volumes, Int32Array.of(0, 0, 1), options) // 3 x [3, 16, 56, 56]
 * ```
 */
export async function loadSamples(
  volumes: readonly Volume[],
  rows: Int32Array,
  options: SampleOptions & { seed: number; first: number; signal?: AbortSignal },
): Promise<Float32Array> {
  const { signal } = options
  const shape = resolveShape(volumes, options, ['seed', 'first'])
  const draw: NativeDraw = {
    seed: expectInteger(options.seed, 'seed', 0, 0xffffffff),
    first: expectInteger(options.first, 'first', 0, 0xffffffff - rows.length),
    augmentation: options.augmentation ? expectAugmentation(options.augmentation) : NO_AUGMENTATION,
  }
  const places = new Map<number, number>() // of the volumes that are needed
  for (const row of rows) {
    if (!(row in volumes)) throw invalid(`rows between 0 and ${volumes.length - 1}`, 'rows', row)
    if (!places.has(row)) places.set(row, places.size)
  }
  const needed = Array.from(places.keys(), (row) => volumes[row].values)
  const which = rows.map((row) => places.get(row) as number)
  return await runJob(() => native().loadSamples(needed, which, draw, shape), signal)
}

/**
 * Views of each volume as it is, for prediction: view v of V starts at frame floor(v * volume frames / V), and wraps
 * around as samples do.
 *
 * @returns [volumes * views, channels, frames, side, side], the views of a volume one after the other
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `OUT_OF_MEMORY`
 * @example
 * ```js
 * const input = await loadViews([volume], { frames: 16, stride: 2, channels: 'both', views: 4 }) // 4 x [3, 16, 56, 56]
 * ```
 */
export async function loadViews(
  volumes: readonly Volume[],
  options: SampleOptions & { views: number; signal?: AbortSignal },
): Promise<Float32Array> {
  const { signal } = options
  const shape = resolveShape(volumes, options, ['views'])
  if (options.augmentation) throw invalid('no augmentation of views', 'augmentation', options.augmentation)
  const views = expectInteger(options.views, 'views', 1, 1024)
  const rows = Int32Array.from({ length: volumes.length * views }, (_, i) => Math.floor(i / views))
  const starts = rows.map((row, i) => Math.floor(((i % views) * volumes[row].frames) / views))
  const values = volumes.map(({ values }) => values)
  return await runJob(() => native().loadSamples(values, rows, starts, shape), signal)
}

/** The shape of the samples, volumes and options checked. */
function resolveShape(volumes: readonly Volume[], options: SampleOptions, more: string[]): NativeSampleShape {
  expectOptions(options, 'samples', [...SHAPE, ...more])
  if (volumes.length === 0) throw invalid('at least one volume', 'volumes', volumes)
  const { side } = volumes[0]
  for (const [i, volume] of volumes.entries()) {
    expectOptions(volume, `volumes[${i}]`, ['values', 'frames', 'side'])
    const { values, frames } = volume
    if (volume.side !== side) throw invalid(`side ${side}, as that of the first,`, `volumes[${i}].side`, volume.side)
    if (!(frames >= 1) || !types.isUint8Array(values) || values.length !== frames * 3 * side * side)
      throw invalid(`a Uint8Array of [${frames}, 3, ${side}, ${side}]`, `volumes[${i}].values`, values)
  }
  const channels = expectOneOf(options.channels, 'channels', ['both', 'grey', 'flow'])
  return {
    side,
    frames: expectInteger(options.frames, 'frames', 1, 1024),
    stride: expectNumber(options.stride, 'stride', 0.01, 1000),
    grey: channels !== 'flow',
    flow: channels !== 'grey',
  }
}

function expectAugmentation(augmentation: Augmentation): Augmentation {
  expectOptions(augmentation, 'augmentation', Object.keys(NO_AUGMENTATION))
  if (typeof augmentation.flip !== 'boolean') throw invalid('true or false', 'augmentation.flip', augmentation.flip)
  const upTo = (name: Exclude<keyof Augmentation, 'flip'>, most: number) =>
    expectNumber(augmentation[name], `augmentation.${name}`, 0, most)
  return {
    flip: augmentation.flip,
    rotation: upTo('rotation', 180),
    scale: upTo('scale', 0.9),
    gain: upTo('gain', 1),
    noise: upTo('noise', 1),
    tempo: upTo('tempo', 0.9),
  }
}
