import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { basename, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { abortError, unlessAborted } from '../runtime/errors.js'
import { FrameTimes } from './times.js'

/** Most of what a decoder says on stderr that is kept. */
const STDERR_BYTES = 64 * 1024

/** What of a decoder's descriptors a clip comes out of. */
export interface Output {
  /** Its luma as YUV4MPEG2: 1, or another where stdout is not to be trusted. */
  frames?: number
  /** Its frames' times, as ffmpeg's framecrc has them. */
  times?: number
}

/** A decoder in a process of its own. */
export interface Decoder {
  name: 'ffmpeg' | 'opencv'
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  /** What it reads from its stdin. Default: nothing. */
  input?: Buffer
  /** One a clip. */
  outputs: Output[]
}

/** How a decoder ended. */
export interface Ending {
  status: number | null
  messages: string
}

/**
 * Statuses by which a shell around the decoder says that it was killed (128 and the signal's number), and ffmpeg that a
 * signal asked it to end (255: SIGTERM of a batch system, SIGXCPU of a time limit); it ends its stream in whole frames then.
 */
const KILLED = [...Object.values(constants.signals).map((signal) => 128 + signal), 255]

/** The decoder was killed, which says nothing of the clip: the system may be out of memory. */
export const wasKilled = ({ status }: Ending) => status === null || KILLED.includes(status)

/**
 * A decoder at work. Where the signal fires it is killed. {@link close} ends it in any case, and lets its pipes go: a program
 * that it started itself may hold them open.
 */
export class DecoderProcess {
  readonly times: FrameTimes[]
  private readonly child: ChildProcess
  private readonly closed: Promise<number | null>
  private messages = ''

  constructor(
    decoder: Decoder,
    private readonly signal?: AbortSignal,
  ) {
    const { command, args, env, input, outputs } = decoder
    const most = Math.max(2, ...outputs.flatMap(({ frames = 0, times = 0 }) => [frames, times]))
    const stdio: SpawnOptions['stdio'] = [input ? 'pipe' : 'ignore', ...Array<'pipe'>(most).fill('pipe')]
    this.child = spawn(command, args, { env, stdio, signal, killSignal: 'SIGKILL' })
    const { child } = this
    this.closed = new Promise((done, failed) => {
      child.once('error', failed) // could not be started, or aborted
      child.once('close', done)
    })
    this.closed.catch(() => {}) // told where the end is waited for
    this.times = outputs.map(() => new FrameTimes())
    if (!child.stdio) return // too many files are open for pipes
    child.stderr?.setEncoding('utf8')
    child.stderr?.on('data', (text: string) => {
      if (this.messages.length < STDERR_BYTES) this.messages += text
    })
    if (input) {
      child.stdin?.on('error', () => {}) // it may have enough before the end
      child.stdin?.end(input)
    }
    for (const [i, { times }] of outputs.entries()) {
      if (times === undefined) continue
      const pipe = child.stdio[times] as Readable
      pipe.setEncoding('utf8').on('data', (text: string) => this.times[i].push(text))
      pipe.on('error', () => {})
      pipe.once('close', () => this.times[i].end())
    }
    if (!outputs.some(({ frames, times }) => frames === 1 || times === 1)) child.stdout?.resume()
  }

  /** What comes out as frames. Rejects where the process could not be started. */
  async frames({ frames }: Output): Promise<AsyncIterable<Buffer>> {
    if (!this.child.stdio) await this.closed
    return this.child.stdio[frames as number] as Readable
  }

  /** Its end, when all that it wrote was read. */
  async end(): Promise<Ending> {
    return { status: await this.heard(this.closed), messages: this.messages }
  }

  /** What a promise gives, unless the signal fires first; what fails because of that is told as such. */
  async heard<T>(promise: Promise<T>): Promise<T> {
    try {
      return await unlessAborted(promise, this.signal)
    } catch (error) {
      throw this.signal?.aborted ? abortError(this.signal) : error
    }
  }

  close(): void {
    this.child.kill('SIGKILL')
    for (const pipe of this.child.stdio ?? []) pipe?.destroy()
  }
}

/**
 * The first of what a decoder says, the same at each run: without the addresses of its memory, and sorted, as its threads
 * take turns; without the clip's folder.
 */
export function words(messages: string, path?: string): string {
  const plain = messages.replaceAll(/ @ 0x[0-9a-f]+/gi, '').replaceAll(/file:/g, '')
  const bare = path === undefined ? plain : plain.replaceAll(resolve(path), basename(path))
  const lines = bare.split(/[\r\n]+/).map((line) => line.trim())
  const told = [...new Set(lines)].filter((line) => line !== '' && !NO_WORDS.test(line)).sort()
  return told.slice(0, 2).join('; ') + (told.length > 2 ? ` (and ${told.length - 2} lines more)` : '')
}

/** What ffmpeg says without meaning anything: that lines repeat; that a pipe's end is not known beforehand. */
const NO_WORDS = /^Last message repeated|^\[cache\] Inner protocol failed to seekback end/
