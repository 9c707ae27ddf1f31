import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { runJob } from '../runtime/job.js'
import { inLanes } from '../runtime/lanes.js'
import { native } from '../runtime/native.js'
import { yieldToEventLoop } from '../runtime/yield.js'
import { textOf } from './dicom/attributes.js'
import { CONVERT, codecVersions } from './dicom/codecs.js'
import { type Elements, isDicom, parserVersion, readElements } from './dicom/elements.js'
import { type Image, imageOf, PHOTOMETRIC } from './dicom/image.js'
import { type Extremes, extremesOf, isAsIs, isGrey, levelsOf, type Samples, writeLuma } from './dicom/luma.js'
import { type Pixels, pixelsOf } from './dicom/pixels.js'
import { rateOf } from './dicom/rate.js'
import { cropped, regionOf } from './dicom/region.js'
import { kindOf } from './dicom/sop.js'
import type { Format } from './format.js'
import { hasJpeg } from './jpeg.js'
import { allDamaged, GOOD } from './mjpeg.js'
import { countOddities, cropOddities, damageOddities } from './oddities.js'
import { standIn } from './stand-in.js'
import { resample } from './times.js'
import { type DecodeOptions, MAX_CLIP_BYTES, MAX_SIDE, type Oddity } from './types.js'

/**
 * Multi-frame DICOM: ultrasound, cine. What is said of the patient is not read, and nothing but sizes, rates and known names
 * goes into a message: messages end in logs and reports.
 */
export const DICOM: Format = {
  name: 'dicom',
  recognises: isDicom,
  decoder,
  async decode(bytes, path, options) {
    const elements = await readElements(bytes, options)
    const image = imageOf(elements.data)
    expectImage(elements, image, path)
    const pixels = await pixelsOf(elements, image, path)
    const { width, height } = pixels
    const count = Math.min(pixels.count, options.maxFrames ?? pixels.count)
    if (count === 0)
      throw new InfomotionError('VIDEO_EMPTY', `${path} is a DICOM whose pixel data hold no whole frame.`)
    if (width > MAX_SIDE || height > MAX_SIDE || count * width * height > MAX_CLIP_BYTES)
      throw tooLarge(path, count, width, height)
    const decoded = await decodeFrames(elements.bytes, pixels, image, count, path, options)
    const { frames, damagedFrames, extremes } = decoded
    const region = options.crop === 'region' ? regionOf(elements.data, pixels) : undefined
    const { fps, oddities, times } = rateOf(elements.data, options.fps)
    const clip = region ? cropped(frames, pixels, region) : { frames, width, height }
    const even = times ? await evenly(clip, times, fps, path, options) : clip
    const all: Oddity[] = [
      ...(image.frames === undefined && pixels.count > 1 ? [uncounted(pixels.count)] : []),
      ...countOddities(image.frames ?? 0, pixels.count),
      ...(width === image.width && height === image.height ? [] : [ofOtherSize(pixels, image)]),
      ...damageOddities(damagedFrames, count),
      ...oddities,
      ...(extremes ? [stretched(extremes)] : []),
      ...(region ? [] : cropOddities(options.crop)),
    ]
    return {
      ...even,
      count: even.frames.length / (even.width * even.height),
      fps,
      backend: 'dicom',
      decoder: decoder(),
      damagedFrames,
      promisedFrames: image.frames,
      oddities: all,
      warnings: [],
    }
  },
}

/** A clip whose frames come at these times, at a constant rate: each instant shows the frame of its time. */
async function evenly<Clip extends { frames: Uint8Array; width: number; height: number }>(
  clip: Clip,
  times: readonly number[],
  fps: number,
  path: string,
  options: DecodeOptions,
): Promise<Clip> {
  const { frames, width, height } = clip
  const pixels = width * height
  const all = { frames, pixels, count: frames.length / pixels }
  const even = await resample(all, times, fps, options, (count) => tooLarge(path, count, width, height))
  return { ...clip, frames: even.frames }
}

/** Raise where the luma of a file would come out differently. */
const SCHEMA = 1

function decoder(): string {
  const parts = [`dicom-parser ${parserVersion()}`, `libjpeg-turbo ${native().jpegLibrary ?? 'none'}`]
  return `dicom ${SCHEMA} (${[...parts, ...codecVersions()].join(', ')})`
}

/** Refuses what has no pixels, or pixels that are not read here. */
function expectImage({ data, pixels, damage }: Elements, image: Image, path: string): void {
  const refuse = (why: string) => {
    throw new InfomotionError('VIDEO_UNREADABLE', `${path} is a DICOM ${why}`)
  }
  if (!pixels) {
    const kind = kindOf(textOf(data, 'x00080016') ?? textOf(data, 'x00020002'))
    if (damage !== undefined) refuse(`that is damaged at byte ${damage}, before its pixel data.`)
    if (data.elements.x7fe00008 || data.elements.x7fe00009) refuse(`of floating-point pixels, which are not read here.`)
    refuse(`without pixel data${kind ? `: ${kind}` : ''}. Leave it out of the set.`)
  }
  const { width, height, samples, allocated, photometric, palette, mixed } = image
  if (width === 0 || height === 0) refuse('whose header names no size of its frames (Rows, Columns).')
  if (![1, 8, 16].includes(allocated) || (allocated === 1 && samples > 1))
    refuse(`of ${allocated} bits a sample; 1, 8 and 16 are read. ${CONVERT}`)
  if (samples !== 1 && samples !== 3) refuse(`of ${samples} samples a pixel; 1 and 3 are read. ${CONVERT}`)
  if (!PHOTOMETRIC.includes(photometric))
    refuse(`whose photometric interpretation is none of ${PHOTOMETRIC.join(', ')}. ${CONVERT}`)
  if (mixed) refuse(`that is partly grey, partly of a palette, which is not read here. ${CONVERT}`)
  if (photometric === 'PALETTE COLOR' && !palette)
    refuse('whose palette is missing or of a kind that is not read here.')
}

/** How long frames are decoded in JavaScript before others have a turn, ms. */
const STINT = 8

/** Decodes the frames to luma; the nearest good frame before a damaged one stands in for it, or else the first good one. */
async function decodeFrames(
  bytes: Buffer,
  pixels: Pixels,
  image: Image,
  count: number,
  path: string,
  options: DecodeOptions,
) {
  const { width, height, bits, rgb } = pixels
  const size = width * height
  await options.reserve?.(count * size)
  if (pixels.jpegs && hasJpeg()) return decodeJpegs(bytes, pixels.jpegs, pixels, image, count, path, options)
  const frames = new Uint8Array(count * size)
  const good = new Uint8Array(count)
  let since = performance.now()
  /** Decodes all frames: by the addon several at once, in JavaScript one after the other, with time for others now and then. */
  const decode = async (use: (samples: Samples, index: number) => void) =>
    inLanes(native().threads + 1, count, options.signal, async (index) => {
      const samples = await pixels.frame(index, options.signal)
      if (samples) use(samples, index)
      good[index] = samples ? 1 : 0
      throwIfAborted(options.signal)
      if (performance.now() - since < STINT) return
      await yieldToEventLoop(options.signal)
      since = performance.now()
    })
  const isWide = bits.stored > 8 && isGrey(image.photometric) && !image.window
  let extremes: Extremes | undefined
  // decoded twice, where the levels depend on all frames: clips of more than 8 bits without a window are few
  if (isWide)
    await decode((samples) => {
      extremes = extremesOf(samples, bits, extremes)
    })
  const levels = levelsOf(image, bits, extremes)
  const asIs = isAsIs(levels)
  await decode((samples, index) =>
    writeLuma(samples, levels, rgb, frames.subarray(index * size, (index + 1) * size), asIs),
  )
  if (!good.includes(1)) throw allDamaged(path, count)
  standIn(frames, good, size)
  return { frames, extremes, damagedFrames: count - good.reduce((sum, one) => sum + one, 0) }
}

/** JPEGs of 8 bits all at once in the addon, as the frames of Motion JPEG. */
async function decodeJpegs(
  bytes: Buffer,
  jpegs: Float64Array,
  { width, height, bits }: Pixels,
  image: Image,
  count: number,
  path: string,
  { signal }: DecodeOptions,
) {
  const layout = { width, height, woven: false, evenFirst: false, chunks: 1 }
  const { frames, states } = await runJob(
    () => native().decodeClip(bytes, jpegs.subarray(0, 2 * count), layout),
    signal,
  )
  if (!states.includes(GOOD)) throw allDamaged(path, count)
  const levels = levelsOf(image, bits)
  if (!isAsIs(levels)) for (let i = 0; i < frames.length; i++) frames[i] = levels[frames[i]]
  const damagedFrames = states.reduce((sum, state) => sum + (state === GOOD ? 0 : 1), 0)
  return { frames, extremes: undefined, damagedFrames }
}

function uncounted(count: number): Oddity {
  return { kind: 'surplus', text: `The header names no number of frames, the file holds ${count}.` }
}

function ofOtherSize({ width, height }: Pixels, image: Image): Oddity {
  const text = `The header says frames of ${image.width} x ${image.height}, they are of ${width} x ${height}.`
  return { kind: 'decoder', text }
}

function stretched([least, most]: Extremes): Oddity {
  const text = `Samples from ${least} to ${most}, and no window: the least is taken for black, the largest for white.`
  return { kind: 'levels', text }
}

function tooLarge(path: string, count: number, width: number, height: number): InfomotionError {
  return new InfomotionError(
    'VIDEO_TOO_LARGE',
    `${path} claims ${count} frames of ${width} x ${height}: more than ${MAX_SIDE} px wide or high, or ${MAX_CLIP_BYTES / 2 ** 30} ` +
      'GiB of luma. Cut or scale it down, or read its beginning only with the option maxFrames.',
  )
}
