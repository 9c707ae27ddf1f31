import { InfomotionError } from '../runtime/errors.js'
import { FFMPEG_CURE } from './ffmpeg.js'
import { findOpencv } from './opencv.js'
import { type Recognised, unreadable } from './recognise.js'
import type { Source } from './source.js'
import type { Backend, Frames, Oddity } from './types.js'

/** How other programs read a clip. */
export interface Programs<T> {
  ffmpeg(): Promise<T>
  opencv(): Promise<T>
}

/** A clip by another program: the one that is asked for, else ffmpeg, else OpenCV where that is installed and there is no ffmpeg. */
export async function readOutside<T>(
  source: Source,
  backend: Backend,
  { known, bytes, refused }: Recognised,
  programs: Programs<T>,
): Promise<T> {
  if (backend === 'opencv') return programs.opencv()
  try {
    return await programs.ffmpeg()
  } catch (error) {
    if (codeOf(error) !== 'FFMPEG_NOT_FOUND') throw error
    if (backend === 'auto' && source.path !== undefined && findOpencv()) return programs.opencv()
    throw known || refused ? error : unreadable(source.name, bytes, error)
  }
}

/**
 * What this process makes of a clip; where it cannot read it, and no decoder was asked for, what other programs make of it. An
 * error names all that was tried.
 */
export async function readHereOrOutside<T extends Pick<Frames, 'backend'> & { oddities: Oddity[] }>(
  backend: Backend,
  here: () => Promise<T>,
  outside: () => Promise<T>,
): Promise<T> {
  try {
    return await here()
  } catch (error) {
    if (!isRefusal(error)) throw error
    const why = error.message.replace(/\.$/, '')
    if (backend !== 'auto') throw new InfomotionError(error.code, `${why}. The backend "ffmpeg" may read it.`)
    try {
      const clip = await outside()
      const text = `Read by ${clip.backend}, as it cannot be read in this process: ${why}.`
      clip.oddities.unshift({ kind: 'decoder', text })
      return clip
    } catch (other) {
      if (codeOf(other) === 'FFMPEG_NOT_FOUND')
        throw new InfomotionError(error.code, `${why}. There is no ffmpeg to try instead. ${FFMPEG_CURE}`)
      if (!isRefusal(other)) throw other
      throw new InfomotionError(error.code, `${why}. Tried too: ${other.message}`)
    }
  }
}

const codeOf = (error: unknown) => (error as InfomotionError).code

/** The clip is at fault, or the decoder does not know its kind. */
function isRefusal(error: unknown): error is InfomotionError {
  return ['VIDEO_EMPTY', 'VIDEO_UNREADABLE'].includes(codeOf(error))
}
