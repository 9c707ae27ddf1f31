import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import jpegTurbo from '@julusian/jpeg-turbo'
import { expectInteger, expectNumber, expectOptions, invalid } from '../runtime/expect.js'
import { buildAvi } from './avi.js'
import { forEachInFlight } from './mjpeg.js'
import { MAX_SIDE } from './types.js'

const GREY = { format: jpegTurbo.FORMAT_GRAY, subsampling: jpegTurbo.SAMP_GRAY }

/**
 * Writes luma frames as a grey Motion JPEG AVI, the format of EchoNet's clips. The file appears under its name only
 * when it is complete.
 *
 * @param options `fps`; `quality` of the JPEGs, 1..100, default 90
 */
export async function writeClip(
  path: string,
  clip: { frames: Uint8Array; count: number; width: number; height: number },
  options: { fps: number; quality?: number; signal?: AbortSignal },
): Promise<void> {
  expectOptions(options, 'writeClip', ['fps', 'quality', 'signal'])
  const fps = expectNumber(options.fps, 'fps', 0.001, 1000)
  const quality = expectInteger(options.quality ?? 90, 'quality', 1, 100)
  const count = expectInteger(clip.count, 'count', 1)
  const width = expectInteger(clip.width, 'width', 1, MAX_SIDE)
  const height = expectInteger(clip.height, 'height', 1, MAX_SIDE)
  const bytes = width * height
  if (clip.frames.length !== count * bytes)
    throw invalid(`${count} x ${height} x ${width} = ${count * bytes} bytes`, 'frames', clip.frames)
  const jpegs = new Array<Buffer>(count)
  await forEachInFlight(count, options.signal, async (i) => {
    const luma = Buffer.from(clip.frames.buffer, clip.frames.byteOffset + i * bytes, bytes)
    const jpeg = await jpegTurbo.compress(luma, { ...GREY, width, height, quality })
    jpegs[i] = Buffer.from(jpeg) // a copy of its true size: jpeg-turbo allocates for the worst case
  })
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`
  try {
    await writeFile(partial, buildAvi(jpegs, width, height, fps), { signal: options.signal })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
