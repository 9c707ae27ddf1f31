import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { InfomotionError, unlessAborted } from '../runtime/errors.js'
import { decodeThrough } from './pipe.js'
import type { Frames, ReadOptions } from './types.js'

/** What to do where there is none. */
export const FFMPEG_CURE =
  'Install ffmpeg (Debian and Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg) or set FFMPEG_PATH to its full path.'

const ffmpeg = () => process.env.FFMPEG_PATH || 'ffmpeg'

/** The version of the ffmpeg that would be used; rejects as `execFile` does where none can be started. */
export async function ffmpegVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)(ffmpeg(), ['-version'], { timeout: 10_000 })
  return /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** Versions by command: a clip more should not cost a process more. */
const versions = new Map<string, Promise<string>>()

/** Names the ffmpeg that would be used with its version; rejects where none can be started. */
export async function ffmpegDecoder(): Promise<string> {
  const command = ffmpeg()
  const version = versions.get(command) ?? ffmpegVersion()
  versions.set(command, version)
  try {
    return `ffmpeg ${await version}`
  } catch (error) {
    versions.delete(command) // it may be installed yet
    if (isSpawnError(error)) throw error
    return 'ffmpeg' // it starts, and does not say
  }
}

function isSpawnError(error: unknown): error is NodeJS.ErrnoException {
  return (error as NodeJS.ErrnoException).syscall?.startsWith('spawn') ?? false
}

/**
 * The formats that are read, by the names of ffmpeg's demuxers: films in one file. Playlists (hls, dash, concat, imf) and
 * session descriptions lead to other files, text files and pictures are no clips, devices no files.
 */
export const FILM_FORMATS =
  'avi,mov,mp4,matroska,webm,mpeg,mpegvideo,mpegts,m4v,h261,h263,h264,hevc,vvc,av1,obu,ivf,vc1,mjpeg,flv,asf,ogg,gif,' +
  'apng,yuv4mpegpipe,mxf,gxf,dv,nut,rm,wtv,dirac,cavsvideo,avs,avs2,avs3,swf,nsv,smjpeg,roq,flic'

/** Decodes any clip that an `ffmpeg` executable can (FFMPEG_PATH, else `ffmpeg` on PATH). */
export async function decodeWithFfmpeg(
  path: string,
  options: ReadOptions & { maxFrames?: number; bare?: boolean } = {},
): Promise<Frames> {
  const command = ffmpeg()
  const decode = async (passthrough: string[]) => {
    const args = argumentsFor(path, passthrough, options)
    return decodeThrough({ name: 'ffmpeg', command, args, output: 1, times: 3 }, path, options)
  }
  try {
    const frames = await decode(old.has(command) ? OLD : NEW).catch((error) => {
      if (!/Unrecognized option 'fps_mode'/.test(error.message)) throw error
      old.add(command)
      return decode(OLD)
    })
    return { ...frames, decoder: await unlessAborted(ffmpegDecoder(), options.signal) }
  } catch (error) {
    const absent = isSpawnError(error) && ['ENOENT', 'EACCES', 'ENOTDIR', 'ENOEXEC'].includes(error.code as string)
    throw absent ? notFound(command, path, error) : error
  }
}

/** Each frame once, none left out: how ffmpeg is told so from 5.1 on, and before (9 knows the new word only). */
const NEW = ['-fps_mode', 'passthrough']
const OLD = ['-vsync', '0']

/** Commands that know the old word only. */
const old = new Set<string>()

function argumentsFor(
  path: string,
  passthrough: string[],
  { maxFrames, bare }: { maxFrames?: number; bare?: boolean },
): string[] {
  const quiet = ['-nostdin', '-v', 'error', '-threads', '1']
  const only = ['-protocol_whitelist', 'file', '-format_whitelist', FILM_FORMATS]
  const input = [...only, ...(bare ? ['-f', 'mjpeg'] : []), '-i', `file:${resolve(path)}`]
  const output = ['-map', '0:v:0', ...passthrough, ...(maxFrames === undefined ? [] : ['-frames:v', String(maxFrames)])]
  const luma = ['-pix_fmt', 'gray', '-strict', '-1', '-f', 'yuv4mpegpipe', 'pipe:1']
  // The frames' times, to 11 us, without a copy of the frames.
  const times = ['-c:v', 'wrapped_avframe', '-enc_time_base', '1/90000', '-f', 'framecrc', 'pipe:3']
  return [...quiet, ...input, ...output, ...luma, ...output, ...times]
}

function notFound(executable: string, path: string, cause: unknown): InfomotionError {
  const looked = process.env.FFMPEG_PATH ? `FFMPEG_PATH (${executable})` : 'PATH'
  return new InfomotionError(
    'FFMPEG_NOT_FOUND',
    `${path} is not a Motion JPEG AVI, and any other format needs an ffmpeg executable, which was not found on ${looked}. ${FFMPEG_CURE}`,
    { cause },
  )
}
