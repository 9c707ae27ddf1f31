import type { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { giveRate } from './avi-oddities.js'
import { cutOddities } from './cut.js'
import { streamWithFfmpeg } from './ffmpeg.js'
import { GrowingBytes } from './growing.js'
import { streamMjpeg } from './mjpeg-stream.js'
import { cropOddities } from './oddities.js'
import { streamWithOpencv } from './opencv.js'
import { readHereOrOutside, readOutside } from './outside.js'
import { tooLarge } from './pipe.js'
import { type Recognised, recognise } from './recognise.js'
import { type ReadClipOptions, type Request, withSource } from './request.js'
import { cutTo, outsideClip, rangeOf } from './segment.js'
import type { ClipSource, Source } from './source.js'
import { type ClipStream, type Frames, MAX_CLIP_BYTES } from './types.js'
import { WINDOW_BYTES } from './windows.js'

/**
 * Opens a clip to go through it frame by frame, with a few of them in memory however long it is: what {@link readClip} takes,
 * and the frames that it gives. Motion JPEG in AVI is read in pieces, of more than 2 GiB too; ffmpeg waits where frames are not
 * asked for. Leaving the loop, `close` or an abort ends the decoder, in the middle of a frame too. What arrives as a stream is
 * taken in first, as the index of many formats stands at the end; formats that are neither video nor Motion JPEG are read as a
 * whole.
 *
 * @throws as {@link readClip}: here, or where the loop meets it
 * @example
 * ```js
 * const clip = await openClip('Videos/0X1A.avi')
 * for await (const { pair, flow } of flowPairs(clip.frames, clip)) console.log(pair, flow.length)
 * console.log(clip.damagedFrames, clip.warnings)
 * ```
 */
export async function openClip(
  source: ClipSource,
  options: Omit<ReadClipOptions, 'mask'> = {},
): Promise<ClipStream & { readonly warnings: string[] } & Disposable> {
  return withSource(source, options, 'openClip', async (source, request, deadline) => {
    if (request.mask !== 'none')
      throw invalid('no mask: it is found over the whole clip (readClip)', 'mask', request.mask)
    const file = await recognise(source, request.backend, request, WINDOW_BYTES)
    const stream = await streamClip(source, file, request)
    let closed = false
    const close = () => {
      closed = true
      deadline.clear()
      stream.close()
    }
    async function* frames(): AsyncGenerator<Uint8Array> {
      try {
        for await (const frame of stream.frames) {
          if (closed) return
          yield frame
        }
      } catch (error) {
        if (!closed) throw deadline.told(error, source.name)
      } finally {
        close()
      }
    }
    const { width, height, fps, backend, decoder, count } = stream
    const uncropped = backend === 'dicom' ? [] : cropOddities(request.crop)
    const oddities = () => [...stream.oddities, ...uncropped]
    return {
      ...{ width, height, fps, backend, decoder, ...(count !== undefined && { count }) },
      frames: frames(),
      get damagedFrames() {
        return stream.damagedFrames
      },
      get oddities() {
        return oddities()
      },
      get warnings() {
        return oddities().map(({ text }) => text)
      },
      close,
      [Symbol.dispose]: close,
    }
  })
}

/** The frames of a clip, or of a part of it, as they are asked for. */
async function streamClip(source: Source, file: Recognised, request: Request): Promise<ClipStream> {
  const { backend } = request
  if (file.format) return streamOf(await decodeFormat(source, file, request))
  const outside = () => streamOutside(source, file, request)
  if (!file.avi)
    return file.refused ? readHereOrOutside(backend, () => Promise.reject(file.refused), outside) : outside()
  const { avi, bytes } = file
  const here = () => streamMjpeg(source, bytes, avi, request)
  return readHereOrOutside(backend, here, outside)
}

async function streamOutside(source: Source, file: Recognised, request: Request): Promise<ClipStream> {
  const options = { ...request, bare: file.bare }
  const clip = await readOutside(source, request.backend, file, {
    ffmpeg: () => streamWithFfmpeg(source, options),
    opencv: () => streamWithOpencv(source, options),
  })
  clip.oddities.unshift(...(await cutOddities(source, file.bytes)))
  if (file.bare && clip.backend === 'ffmpeg') giveRate(clip, request.fps)
  return clip
}

/** A clip of a format that is read in this process, or the part that is asked for. */
export async function decodeFormat(source: Source, { format, bytes }: Recognised, request: Request): Promise<Frames> {
  const { segment, maxFrames } = request
  const clip = await format!.decode(bytes, source.name, { ...request, maxFrames: segment ? undefined : maxFrames })
  if (!segment) return clip
  const part = cutTo(clip, rangeOf(request, clip.fps, source.name))
  if (part.count === 0) throw outsideClip(source.name, segment, clip.fps, clip.count)
  return part
}

function streamOf(clip: Frames): ClipStream {
  const pixels = clip.width * clip.height
  async function* frames(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < clip.count; i++) yield clip.frames.slice(i * pixels, (i + 1) * pixels)
  }
  return { ...clip, frames: frames(), close: () => {} }
}

/** All frames that a stream gives, of which some may be wanted. A decoder that is killed is tried once more. */
export async function gather(source: Source, file: Recognised, request: Request, again = true): Promise<Frames> {
  const bytes = new GrowingBytes(request.reserve)
  let stream: ClipStream | undefined
  try {
    stream = await streamClip(source, file, request)
    for await (const frame of stream.frames) {
      if (bytes.length + frame.length > MAX_CLIP_BYTES) throw tooLarge(source)
      await bytes.push(frame)
    }
  } catch (error) {
    if (!again || (error as InfomotionError).code !== 'DECODER_DIED') throw error
    return gather(source, file, { ...request, reserve: undefined }, false)
  } finally {
    stream?.close()
  }
  const { width, height, fps, backend, decoder, damagedFrames, oddities } = stream
  const frames = new Uint8Array(bytes.bytes.buffer, bytes.bytes.byteOffset, bytes.length)
  const count = bytes.length / (width * height)
  return { frames, count, width, height, fps, backend, decoder, damagedFrames, oddities, warnings: [] }
}
