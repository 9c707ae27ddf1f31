import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InfomotionError } from '../runtime/errors.js'
import { findPeer, moduleUrl, versionOf } from '../runtime/package.js'
import { FILM_FORMATS } from './ffmpeg.js'
import { decodeThrough, streamThrough } from './pipe.js'
import type { Decoder } from './process.js'
import type { Part } from './segment.js'
import type { Source } from './source.js'
import type { ClipStream, Frames, ReadOptions } from './types.js'

/** Under its own name, and under the one that it is usually installed by (`opencv4nodejs@npm:@u4/opencv4nodejs@^7`). */
const NAMES = ['opencv4nodejs', '@u4/opencv4nodejs']

/** Where opencv4nodejs is, as seen from this package or from the working directory; undefined: not installed. */
export function findOpencv(): string | undefined {
  return findPeer(NAMES[0]) ?? findPeer(NAMES[1])
}

/** Names opencv4nodejs with its version; undefined: not installed. */
export function opencvDecoder(): string | undefined {
  const library = findOpencv()
  return library && `opencv4nodejs ${versionOf(library) ?? ''}`.trim()
}

/**
 * Decodes any clip that the OpenCV behind opencv4nodejs can, in a process of its own: what the library prints on stdout
 * when it is loaded goes nowhere, and its faults end that process only. About a second to start.
 */
export async function decodeWithOpencv(source: Source, options: ReadOptions = {}): Promise<Frames> {
  return { ...(await decodeThrough(decoderOf(source), source, options)), decoder: opencvDecoder() as string }
}

/** The same frame after frame, or a part of it. */
export async function streamWithOpencv(source: Source, options: ReadOptions & Part = {}): Promise<ClipStream> {
  const clip = await streamThrough(decoderOf(source), source, options)
  return { ...clip, decoder: opencvDecoder() as string }
}

function decoderOf({ name, path }: Source): Decoder {
  const library = findOpencv()
  if (!library)
    throw new InfomotionError(
      'OPENCV_NOT_FOUND',
      `Expected opencv4nodejs, to read ${name} with, beside infomotion or in the working directory. Install it by ` +
        '"npm install opencv4nodejs@npm:@u4/opencv4nodejs@^7" (it compiles against an OpenCV: Debian and Ubuntu, apt install ' +
        'libopencv-dev libopencv-contrib-dev, with OPENCV4NODEJS_DISABLE_AUTOBUILD=1), or use the backend "ffmpeg".',
    )
  if (path === undefined)
    throw new InfomotionError(
      'INVALID_ARGUMENT',
      `Expected the path of a file for the backend "opencv" but received ${name}: OpenCV reads files only. Write them to one, or use the backend "ffmpeg".`,
    )
  const program = fileURLToPath(moduleUrl('video/opencv-process.js'))
  const args = [program, library, resolve(path)]
  const env = {
    ...process.env,
    OPENCV4NODEJS_DISABLE_EXTERNAL_MEM_TRACKING: '1', // its accounting of memory aborts Node 20
    // No other file than the clip: not what a playlist names, nor pictures numbered like it.
    OPENCV_VIDEOIO_PRIORITY_LIST: 'FFMPEG',
    OPENCV_FFMPEG_CAPTURE_OPTIONS: `protocol_whitelist;file|format_whitelist;${FILM_FORMATS}`,
  }
  return { name: 'opencv', command: process.execPath, args, env, outputs: [{ frames: 3 }] }
}
