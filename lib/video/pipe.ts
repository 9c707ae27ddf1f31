import { type SpawnOptions, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { abortError, InfomotionError } from '../runtime/errors.js'
import { type Frames, MAX_CLIP_BYTES, MAX_SIDE } from './types.js'

/** Most of what a decoder says on stderr that is kept. */
const STDERR_BYTES = 64 * 1024

/** A decoder in a process of its own, which writes a clip's luma as YUV4MPEG2. */
export interface Decoder {
  name: Exclude<Frames['backend'], 'mjpeg'>
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  /** Number of the descriptor that the frames come out of: 1, or 3 where stdout is not to be trusted. */
  output: 1 | 3
}

/**
 * Runs a decoder over one clip. YUV4MPEG2 is a line with width, height and frame rate, then "FRAME\n" and the luma of each
 * frame, so nothing is parsed out of messages. Damaged frames are concealed by the decoder itself; what it says on stderr
 * becomes a warning.
 *
 * @throws VIDEO_UNREADABLE, VIDEO_TOO_LARGE, ABORTED, or what starting the process failed with (`syscall` "spawn ...")
 */
export async function decodeThrough(decoder: Decoder, path: string, signal?: AbortSignal): Promise<Frames> {
  const { name, command, args, env, output } = decoder
  const outputs: SpawnOptions['stdio'] = output === 1 ? ['pipe', 'pipe'] : ['ignore', 'pipe', 'pipe']
  const child = spawn(command, args, { env, stdio: ['ignore', ...outputs], signal, killSignal: 'SIGKILL' })
  let messages = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => {
    if (messages.length < STDERR_BYTES) messages += text
  })
  const ended = new Promise<number | null>((done, failed) => {
    child.once('error', failed) // could not be started, or aborted
    child.once('close', done)
  })
  try {
    const parts: Buffer[] = []
    let total = 0
    const stream = child.stdio[output] as Readable
    stream.on('data', (part: Buffer) => {
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
      throw new InfomotionError('VIDEO_UNREADABLE', `${name} found no video in ${path}: ${said}`)
    }
    const warnings = messages ? [`${name}: ${firstLines(messages)}`] : []
    return { ...frames, backend: name, damagedFrames: 0, warnings }
  } catch (error) {
    throw signal?.aborted ? abortError(signal) : error
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

function firstLines(messages: string): string {
  const lines = messages.trim().split('\n').filter(Boolean)
  return lines.slice(0, 2).join('; ') + (lines.length > 2 ? ` (and ${lines.length - 2} lines more)` : '')
}
