import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { InfomotionError } from '../runtime/errors.js'
import { decodeThrough } from './pipe.js'
import type { Frames } from './types.js'

/** What to do where there is none. */
export const FFMPEG_CURE =
  'Install ffmpeg (Debian and Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg) or set FFMPEG_PATH to its full path.'

const ffmpeg = () => process.env.FFMPEG_PATH || 'ffmpeg'

/** The version of the ffmpeg that would be used; rejects as `execFile` does where none can be started. */
export async function ffmpegVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)(ffmpeg(), ['-version'], { timeout: 10_000 })
  return /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** Decodes any clip that an `ffmpeg` executable can (FFMPEG_PATH, else `ffmpeg` on PATH). */
export async function decodeWithFfmpeg(
  path: string,
  options: { maxFrames?: number; signal?: AbortSignal } = {},
): Promise<Frames> {
  const command = ffmpeg()
  const quiet = ['-nostdin', '-v', 'error', '-threads', '1']
  const input = ['-protocol_whitelist', 'file,pipe', '-i', `file:${resolve(path)}`, '-map', '0:v:0', '-vsync', '0']
  const limit = options.maxFrames === undefined ? [] : ['-frames:v', String(options.maxFrames)]
  const written = ['-pix_fmt', 'gray', '-strict', '-1', '-f', 'yuv4mpegpipe', 'pipe:1']
  const args = [...quiet, ...input, ...limit, ...written]
  try {
    return await decodeThrough({ name: 'ffmpeg', command, args, output: 1 }, path, options.signal)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall?.startsWith('spawn') ? notFound(command, path, error) : error
  }
}

function notFound(executable: string, path: string, cause: unknown): InfomotionError {
  const looked = process.env.FFMPEG_PATH ? `FFMPEG_PATH (${executable})` : 'PATH'
  return new InfomotionError(
    'FFMPEG_NOT_FOUND',
    `${path} is not a Motion JPEG AVI, and any other format needs an ffmpeg executable, which was not found on ${looked}. ${FFMPEG_CURE}`,
    { cause },
  )
}
