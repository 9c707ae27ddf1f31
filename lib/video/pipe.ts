import { abortError, InfomotionError } from '../runtime/errors.js'
import { GrowingBytes } from './growing.js'
import { type LumaHead, LumaStream } from './luma.js'
import { type Decoder, DecoderProcess, type Ending, wasKilled, words } from './process.js'
import { outsideClip, type Part, rangeOf } from './segment.js'
import type { Source } from './source.js'
import { type FrameTimes, type Pace, paceOf, Resampler, resample } from './times.js'
import { type ClipStream, type Frames, MAX_CLIP_BYTES, type Oddity, type ReadOptions } from './types.js'

/** What a decoder's run gave of one clip. */
export interface Decoded {
  luma: LumaStream
  /** Frame after frame. */
  bytes: Buffer
  times: FrameTimes
}

/**
 * Runs a decoder over one clip, which writes luma as YUV4MPEG2, so that nothing is parsed out of messages. Damaged frames are
 * concealed by the decoder itself; what it says on stderr becomes a warning. One that ends with a status other than 0 has
 * found a fault in the clip; one that is killed (the system is out of memory) says nothing of it: it is tried once more.
 *
 * @throws VIDEO_UNREADABLE, VIDEO_TOO_LARGE, DECODER_DIED, ABORTED, or what starting the process failed with (`syscall`
 *   "spawn ...")
 */
export async function decodeThrough(
  decoder: Decoder,
  source: Source,
  options: ReadOptions = {},
): Promise<Omit<Frames, 'decoder'>> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const process = new DecoderProcess(decoder, options.signal)
    try {
      const decoded = await process.heard(collect(process, decoder, 0, options.reserve))
      if (decoded.bytes.length > MAX_CLIP_BYTES) throw tooLarge(source)
      const ending = await process.end()
      // one that broke off in the middle of a frame as if all were well was killed behind a shell's pipe
      if (wasKilled(ending) || (ending.status === 0 && decoded.luma.cut)) continue
      return await framesOf(decoder, source, decoded, ending, options)
    } finally {
      process.close()
    }
  }
  throw died(decoder, source, 'twice ')
}

/** All frames that come out of a descriptor; memory is given out as it is granted. Ends early beyond the limit. */
export async function collect(
  process: DecoderProcess,
  { outputs }: Decoder,
  index: number,
  reserve?: ReadOptions['reserve'],
): Promise<Decoded> {
  const luma = new LumaStream(await process.frames(outputs[index]))
  const frames = new GrowingBytes(reserve)
  while (frames.length <= MAX_CLIP_BYTES) {
    const frame = await luma.next()
    if (!frame) break
    await frames.push(frame)
  }
  return { luma, bytes: frames.bytes, times: process.times[index] }
}

/** The clip that a decoder gave, at a constant rate. */
export async function framesOf(
  { name }: Decoder,
  source: Source,
  { luma, bytes, times }: Decoded,
  ending: Ending,
  options: ReadOptions,
): Promise<Omit<Frames, 'decoder'>> {
  const head = await luma.head()
  const said = expectFrames(name, source, luma.count, ending)
  const { width, height } = head as LumaHead
  const pace = paceOf(times.seconds, head?.fps)
  const oddities = odditiesOf(name, head as LumaHead, pace, said)
  const clip = { width, height, fps: pace.fps, backend: name, damagedFrames: 0, oddities, warnings: [] }
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!pace.varies) return { ...clip, frames: view, count: luma.count }
  const all = { frames: view, count: luma.count, pixels: width * height }
  const even = await resample(all, times.seconds, pace.fps, options, () => tooLarge(source))
  return { ...clip, ...even }
}

/** What the decoder says, or the error for a clip of which it made nothing. */
function expectFrames(name: string, source: Source, count: number, { status, messages }: Ending): string {
  const said = words(messages, source.path)
  if (count > 0 && status === 0) return said
  const found = count > 0 ? `broke off after ${count} frames of ${source.name}` : `found no video in ${source.name}`
  const ended = status === 0 ? '' : ` (it ended with status ${status})`
  throw new InfomotionError('VIDEO_UNREADABLE', `${name} ${found}: ${said || 'it says nothing'}${ended}`)
}

function odditiesOf(name: string, { fps, aspect = 1 }: LumaHead, pace: Pace, said: string): Oddity[] {
  const oddities: Oddity[] = []
  if (fps === undefined)
    oddities.push({
      kind: 'rate',
      text: `${name} finds no frame rate between 0 and 1000 fps: ${pace.fps} fps is assumed.`,
    })
  if (pace.text) oddities.push({ kind: 'variable-rate', text: pace.text })
  if (Math.abs(Math.log(aspect)) > 0.05)
    oddities.push({
      kind: 'aspect',
      text: `A pixel is shown ${Number(aspect.toFixed(3))} times as wide as high; frames and motion are in pixels as stored.`,
    })
  if (said) oddities.push({ kind: 'decoder', text: `${name}: ${said}` })
  return oddities
}

/**
 * The frames of a clip as a decoder gives them, a few of them in memory. `times`: those of all its frames, read before, where
 * the decoder tells any.
 *
 * @throws as {@link decodeThrough}, here or when frames are asked for; DECODER_DIED at once, as what was given cannot be taken back
 */
export async function streamThrough(
  decoder: Decoder,
  source: Source,
  options: Part & { signal?: AbortSignal; times?: readonly number[] },
): Promise<Omit<ClipStream, 'decoder'>> {
  const { name, outputs } = decoder
  const process = new DecoderProcess(decoder, options.signal)
  try {
    const luma = new LumaStream(await process.frames(outputs[0]))
    const head = await process.heard(luma.head())
    if (!head) {
      const ending = await process.end()
      if (wasKilled(ending)) throw died(decoder, source)
      expectFrames(name, source, 0, ending)
    }
    const { width, height, fps: named } = head as LumaHead
    const pace = paceOf(options.times ?? [], named)
    const range = rangeOf(options, pace.fps, source.name)
    const oddities = odditiesOf(name, head as LumaHead, pace, '')
    async function* frames(): AsyncGenerator<Uint8Array> {
      try {
        let index = 0
        for await (const frame of pace.varies ? resampled(luma, process.times[0], pace.fps) : inOrder(luma)) {
          if (index >= range.end) return
          if (index++ >= range.first) yield frame
        }
        const ending = await process.end()
        if (wasKilled(ending) || (ending.status === 0 && luma.cut)) throw died(decoder, source)
        const said = expectFrames(name, source, luma.count, ending)
        if (said) oddities.push({ kind: 'decoder', text: `${name}: ${said}` })
        if (options.segment && index <= range.first) throw outsideClip(source.name, options.segment, pace.fps, index)
      } catch (error) {
        throw options.signal?.aborted ? abortError(options.signal) : error
      } finally {
        process.close()
      }
    }
    const clip = { width, height, fps: pace.fps, backend: name, damagedFrames: 0, oddities, frames: frames() }
    return { ...clip, close: () => process.close() }
  } catch (error) {
    process.close()
    throw error
  }
}

async function* inOrder(luma: LumaStream): AsyncGenerator<Uint8Array> {
  for (let frame = await luma.next(); frame; frame = await luma.next()) yield frame
}

/** The frame that each instant shows. */
async function* resampled(luma: LumaStream, times: FrameTimes, fps: number): AsyncGenerator<Uint8Array> {
  const resampler = new Resampler(fps)
  let before: Uint8Array | undefined
  for (let i = 0; ; i++) {
    const frame = await luma.next()
    const shown = frame ? resampler.next((await times.at(i)) ?? 0) : resampler.last()
    for (let n = 0; n < shown && before; n++) yield n === 0 ? before : Uint8Array.from(before)
    if (!frame) return
    before = frame
  }
}

function died({ name }: Decoder, { name: clip }: Source, often = ''): InfomotionError {
  return new InfomotionError(
    'DECODER_DIED',
    `${name} was killed ${often}in the middle of ${clip}, which says nothing of the clip: the system may be out of memory ` +
      '(its log tells). Run again with fewer threads (INFOMOTION_THREADS) or more memory; if it dies at this clip each ' +
      'time, leave the clip out.',
  )
}

/** The error for a clip of more luma than is held at once. */
export function tooLarge({ name }: Source): InfomotionError {
  return new InfomotionError(
    'VIDEO_TOO_LARGE',
    `${name} decodes to more than ${MAX_CLIP_BYTES / 2 ** 30} GiB of luma. Cut or scale it down, read a part of it (the options ` +
      'segment and maxFrames), or frame after frame (openClip).',
  )
}
