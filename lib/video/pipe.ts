import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { basename, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { abortError, InfomotionError, unlessAborted } from '../runtime/errors.js'
import { FrameTimes } from './times.js'
import { type Frames, MAX_CLIP_BYTES, MAX_SIDE, type Oddity, type ReadOptions } from './types.js'

/** Most of what a decoder says on stderr that is kept. */
const STDERR_BYTES = 64 * 1024

/** A decoder in a process of its own, which writes a clip's luma as YUV4MPEG2. */
export interface Decoder {
  name: 'ffmpeg' | 'opencv'
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  /** Number of the descriptor that the frames come out of: 1, or 3 where stdout is not to be trusted. */
  output: 1 | 3
  /** Number of the descriptor that the frames' times come out of, as ffmpeg's framecrc has them. */
  times?: 3
}

/**
 * Runs a decoder over one clip. YUV4MPEG2 is a line with width, height and frame rate, then "FRAME\n" and the luma of each
 * frame, so nothing is parsed out of messages. Damaged frames are concealed by the decoder itself; what it says on stderr
 * becomes a warning. One that ends with a status other than 0 has found a fault in the clip; one that is killed (the system
 * is out of memory) says nothing of it: it is tried once more.
 *
 * @throws VIDEO_UNREADABLE, VIDEO_TOO_LARGE, DECODER_DIED, ABORTED, or what starting the process failed with (`syscall`
 *   "spawn ...")
 */
export async function decodeThrough(
  decoder: Decoder,
  path: string,
  options: ReadOptions = {},
): Promise<Omit<Frames, 'decoder'>> {
  const { name } = decoder
  const run = (await attempt(decoder, path, options)) ?? (await attempt(decoder, path, options))
  if (!run) {
    throw new InfomotionError(
      'DECODER_DIED',
      `${name} was killed twice in the middle of ${path}, which says nothing of the clip: the system may be out of memory ` +
        '(its log tells). Run again with fewer threads (INFOMOTION_THREADS) or more memory; if it dies at this clip each ' +
        'time, leave the clip out.',
    )
  }
  const { stream, status, times } = run
  const said = words(run.messages, path)
  const frames = readYuv4Mpeg(stream)
  if (!frames || status !== 0) {
    const found = frames ? `broke off after ${frames.count} frames of ${path}` : `found no video in ${path}`
    const ended = status === 0 ? '' : ` (it ended with status ${status})`
    throw new InfomotionError('VIDEO_UNREADABLE', `${name} ${found}: ${said || 'it says nothing'}${ended}`)
  }
  const { fps = 30 } = frames
  const oddities: Oddity[] = []
  if (frames.fps === undefined)
    oddities.push({ kind: 'rate', text: `${name} finds no frame rate between 0 and 1000 fps: ${fps} fps is assumed.` })
  const varying = times.varying(fps)
  if (varying) oddities.push({ kind: 'variable-rate', text: varying })
  if (said) oddities.push({ kind: 'decoder', text: `${name}: ${said}` })
  return {
    ...frames,
    fps,
    backend: name,
    damagedFrames: 0,
    oddities,
    warnings: oddities.map(({ text }) => text),
  }
}

/** What a decoder came to that was not killed. */
interface Run {
  stream: Buffer
  status: number
  messages: string
  times: FrameTimes
}

/**
 * Statuses by which a shell around the decoder says that it was killed (128 and the signal's number), and ffmpeg that a
 * signal asked it to end (255: SIGTERM of a batch system, SIGXCPU of a time limit); it ends its stream in whole frames then.
 */
const KILLED = [...Object.values(constants.signals).map((signal) => 128 + signal), 255]

/** Runs a decoder once; undefined where it was killed, or broke off in the middle of a frame as if all were well. */
async function attempt(decoder: Decoder, path: string, { signal, reserve }: ReadOptions): Promise<Run | undefined> {
  const { command, args, env, output, times: timesOutput } = decoder
  const outputs: SpawnOptions['stdio'] = output === 3 || timesOutput ? ['pipe', 'pipe', 'pipe'] : ['pipe', 'pipe']
  const child = spawn(command, args, { env, stdio: ['ignore', ...outputs], signal, killSignal: 'SIGKILL' })
  const ended = new Promise<{ status: number | null }>((done, failed) => {
    child.once('error', failed) // could not be started, or aborted
    child.once('close', (status) => done({ status }))
  })
  if (!child.stdio) await ended // too many files are open for pipes
  let messages = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => {
    if (messages.length < STDERR_BYTES) messages += text
  })
  const times = new FrameTimes()
  if (output === 3) child.stdout?.resume()
  if (timesOutput) (child.stdio[timesOutput] as Readable).setEncoding('utf8').on('data', (text) => times.push(text))
  const collected = collect(child, child.stdio[output] as Readable, reserve)
  collected.catch(() => child.kill('SIGKILL'))
  try {
    const [{ status }, stream] = await unlessAborted(Promise.all([ended, collected]), signal)
    if (stream.length > MAX_CLIP_BYTES) {
      throw new InfomotionError(
        'VIDEO_TOO_LARGE',
        `${path} decodes to more than ${MAX_CLIP_BYTES / 2 ** 30} GiB of luma. Cut or scale it down, or read its beginning only with the option maxFrames.`,
      )
    }
    if (status === null || KILLED.includes(status) || (status === 0 && endsInFrame(stream))) return undefined
    return { stream, status, messages, times }
  } catch (error) {
    throw signal?.aborted ? abortError(signal) : error
  } finally {
    // a program that it started itself may hold them open
    for (const pipe of child.stdio) pipe?.destroy()
  }
}

/** Memory is asked for in steps, so that clips of common size ask once. */
const STEP = 2 ** 24

/** All that comes out of a stream, as fast as memory for it is granted; the decoder is stopped beyond the limit. */
async function collect(child: ChildProcess, stream: Readable, reserve?: ReadOptions['reserve']): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  let length = 0
  for await (const part of stream as AsyncIterable<Buffer>) {
    if (length + part.length > bytes.length) {
      const size = Math.ceil(Math.max(length + part.length, 1.5 * length) / STEP) * STEP
      await reserve?.(size - bytes.length)
      const larger = Buffer.allocUnsafeSlow(size)
      bytes.copy(larger, 0, 0, length)
      bytes = larger
    }
    part.copy(bytes, length)
    length += part.length
    if (length > MAX_CLIP_BYTES) {
      child.kill('SIGKILL')
      break
    }
  }
  return bytes.subarray(0, length)
}

/** What the head of a YUV4MPEG2 stream says. */
function readHead(stream: Buffer): { width: number; height: number; fps?: number; length: number } | undefined {
  const end = stream.subarray(0, 1024).indexOf('\n')
  const head = end < 0 ? '' : stream.toString('latin1', 0, end)
  const width = Number(/ W(\d+)/.exec(head)?.[1])
  const height = Number(/ H(\d+)/.exec(head)?.[1])
  const [, numerator, denominator] = / F(\d+):(\d+)/.exec(head) ?? []
  if (!head.startsWith('YUV4MPEG2') || !(width <= MAX_SIDE) || !(height <= MAX_SIDE)) return undefined
  const fps = Number(numerator) / Number(denominator)
  return { width, height, length: end + 1, ...(fps > 0 && fps <= 1000 && { fps }) }
}

const MARKER = 'FRAME\n'.length

/** The stream stops before its last frame does. */
function endsInFrame(stream: Buffer): boolean {
  const head = readHead(stream)
  return head !== undefined && (stream.length - head.length) % (MARKER + head.width * head.height) !== 0
}

/** Luma of a grey YUV4MPEG2 stream, or undefined if it holds no frame. A last frame cut short is left out. */
export function readYuv4Mpeg(
  stream: Buffer,
): (Pick<Frames, 'frames' | 'count' | 'width' | 'height'> & { fps?: number }) | undefined {
  const head = readHead(stream)
  if (!head) return undefined
  const { width, height, fps, length } = head
  const bytes = width * height
  const count = Math.floor((stream.length - length) / (MARKER + bytes))
  if (count === 0) return undefined
  // Each frame moves to the front by its markers, so the stream's own memory serves as the result.
  for (let i = 0; i < count; i++) {
    const start = length + i * (MARKER + bytes) + MARKER
    stream.copyWithin(i * bytes, start, start + bytes)
  }
  const frames = new Uint8Array(stream.buffer, stream.byteOffset, count * bytes)
  return { frames, count, width, height, fps }
}

/**
 * The first of what a decoder says, the same at each run: without the addresses of its memory, and sorted, as its threads
 * take turns; without the clip's folder.
 */
function words(messages: string, path: string): string {
  const plain = messages
    .replaceAll(/ @ 0x[0-9a-f]+/gi, '')
    .replaceAll(/file:/g, '')
    .replaceAll(resolve(path), basename(path))
  const lines = plain.split(/[\r\n]+/).map((line) => line.trim())
  const told = [...new Set(lines)].filter((line) => line !== '' && !line.startsWith('Last message repeated')).sort()
  return told.slice(0, 2).join('; ') + (told.length > 2 ? ` (and ${told.length - 2} lines more)` : '')
}
