import { execFile, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { abortError, InfomotionError } from '../runtime/errors.js'
import { type Frames, MAX_CLIP_BYTES, MAX_SIDE } from './types.js'

/** What to do where there is none. */
export const FFMPEG_CURE =
  'Install ffmpeg (Debian and Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg) or set FFMPEG_PATH to its full path.'

const ffmpeg = () => process.env.FFMPEG_PATH || 'ffmpeg'

/** The version of the ffmpeg that would be used; rejects as `execFile` does where none can be started. */
export async function ffmpegVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)(ffmpeg(), ['-version'], { timeout: 10_000 })
  return /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** Most of what ffmpeg says on stderr that is kept. */
const STDERR_BYTES = 64 * 1024

/**
 * Decodes any clip that an `ffmpeg` executable can (FFMPEG_PATH, else `ffmpeg` on PATH). ffmpeg writes YUV4MPEG2 on a
 * pipe: a line with width, height and frame rate, then "FRAME\n" and the luma of each frame, so nothing is parsed out of
 * its messages. Damaged frames are concealed by ffmpeg itself; its messages about them become warnings.
 */
export async function decodeWithFfmpeg(
  path: string,
  options: { maxFrames?: number; signal?: AbortSignal } = {},
): Promise<Frames> {
  const executable = ffmpeg()
  const input = ['-protocol_whitelist', 'file,pipe', '-i', `file:${resolve(path)}`, '-map', '0:v:0', '-vsync', '0']
  const limit = options.maxFrames === undefined ? [] : ['-frames:v', String(options.maxFrames)]
  const output = ['-pix_fmt', 'gray', '-strict', '-1', '-f', 'yuv4mpegpipe', 'pipe:1']
  const child = spawn(executable, ['-nostdin', '-v', 'error', '-threads', '1', ...input, ...limit, ...output], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal: 'SIGKILL',
  })
  let messages = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    if (messages.length < STDERR_BYTES) messages += text
  })
  const ended = new Promise<number | null>((done, failed) => {
    child.once('error', failed) // could not be started, or aborted
    child.once('close', done)
  })
  try {
    const parts: Buffer[] = []
    let total = 0
    child.stdout.on('data', (part: Buffer) => {
      parts.push(part)
      total += part.length
      if (total > MAX_CLIP_BYTES) child.kill('SIGKILL')
    })
    const status = await ended
    if (total > MAX_CLIP_BYTES) {
      throw new InfomotionError(
        'VIDEO_TOO_LARGE',
        `${path} decodes to more than ${MAX_CLIP_BYTES / 2 ** 30} GiB of luma. Cut or scale it down, or read its beginning only with the option maxFrames.`,
      )
    }
    const frames = readYuv4Mpeg(Buffer.concat(parts, total))
    if (!frames) {
      const said = firstLines(messages) || `it ended with status ${status}`
      throw new InfomotionError('VIDEO_UNREADABLE', `ffmpeg found no video in ${path}: ${said}`)
    }
    return {
      ...frames,
      backend: 'ffmpeg',
      damagedFrames: 0,
      warnings: messages ? [`ffmpeg: ${firstLines(messages)}`] : [],
    }
  } catch (error) {
    if (options.signal?.aborted) throw abortError(options.signal)
    if ((error as NodeJS.ErrnoException).syscall?.startsWith('spawn')) throw notFound(executable, path, error)
    throw error
  }
}

/** Luma of a grey YUV4MPEG2 stream, or undefined if it holds no frame. A last frame cut short is left out. */
export function readYuv4Mpeg(stream: Buffer): Omit<Frames, 'backend' | 'damagedFrames' | 'warnings'> | undefined {
  const headEnd = stream.indexOf('\n')
  const head = headEnd < 0 ? '' : stream.toString('latin1', 0, headEnd)
  const width = Number(/ W(\d+)/.exec(head)?.[1])
  const height = Number(/ H(\d+)/.exec(head)?.[1])
  const [, numerator, denominator] = / F(\d+):(\d+)/.exec(head) ?? []
  if (!head.startsWith('YUV4MPEG2') || !(width <= MAX_SIDE) || !(height <= MAX_SIDE)) return undefined
  const bytes = width * height
  const marker = Buffer.byteLength('FRAME\n')
  const count = Math.floor((stream.length - headEnd - 1) / (marker + bytes))
  if (count === 0) return undefined
  // Each frame moves to the front by its markers, so the stream's own memory serves as the result.
  for (let i = 0; i < count; i++) {
    const start = headEnd + 1 + i * (marker + bytes) + marker
    stream.copyWithin(i * bytes, start, start + bytes)
  }
  const fps = Number(numerator) / Number(denominator)
  const frames = new Uint8Array(stream.buffer, stream.byteOffset, count * bytes)
  return { frames, count, width, height, fps: fps > 0 && fps <= 1000 ? fps : 30 }
}

function notFound(executable: string, path: string, cause: unknown): InfomotionError {
  const looked = process.env.FFMPEG_PATH ? `FFMPEG_PATH (${executable})` : 'PATH'
  return new InfomotionError(
    'FFMPEG_NOT_FOUND',
    `${path} is not a Motion JPEG AVI, and any other format needs an ffmpeg executable, which was not found on ${looked}. ${FFMPEG_CURE}`,
    { cause },
  )
}

function firstLines(messages: string): string {
  const lines = messages.trim().split('\n').filter(Boolean)
  return lines.slice(0, 2).join('; ') + (lines.length > 2 ? ` (and ${lines.length - 2} lines more)` : '')
}
