import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { types } from 'node:util'
import { NO_FILE, withFile } from '../run/store.js'
import { asBytes } from '../runtime/arrays.js'
import { abortError, InfomotionError, throwIfAborted, unlessAborted, whileReading } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { GrowingBytes } from './growing.js'
import type { ReadOptions } from './types.js'

/** What a clip is read from: the path of a file, the bytes of one, or a stream of them (of the web, or Node's). */
export type ClipSource = string | Uint8Array | Uint8ClampedArray | ReadableStream<Uint8Array> | Readable

/** A clip's file, wherever its bytes are. */
export interface Source {
  /** What it is called in messages. */
  readonly name: string
  /** Where it lies, if it is a file; undefined: its bytes are in memory. */
  readonly path?: string
  /** It is a folder of pictures: nothing to be read in one piece. */
  readonly isFolder?: boolean
  /** In bytes; of a folder, 0. */
  readonly size: number
  /** The bytes from `start` on and before `end`, as far as there are any. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Buffer>
}

export interface SourceOptions extends ReadOptions {
  /** What bytes or a stream are called in messages. Default: "the given bytes", "the given stream". */
  name?: string
  /** Most bytes of the file, compressed as it is. Default: 256 MiB of a stream, which may have no end; else no limit. */
  maxBytes?: number
}

/** Most of a stream that is taken where no limit is given. */
const STREAM_BYTES = 2 ** 28

/**
 * Looks for a file; copies bytes, which are their owner's (unless shared memory: that stays in place); takes a stream in, as
 * a clip's index may stand at its end, and releases it in any case.
 *
 * @throws VIDEO_NOT_FOUND, VIDEO_TOO_LARGE, VIDEO_STREAM_BROKEN, ABORTED
 */
export async function sourceOf(given: ClipSource, options: SourceOptions): Promise<Source> {
  const { signal, reserve, maxBytes } = options
  if (typeof given === 'string' && given !== '') {
    throwIfAborted(signal)
    return (await isFolder(given)) ? folderSource(given) : fileSource(given, options)
  }
  const bytes = asBytes(given)
  if (bytes) {
    const name = options.name ?? 'the given bytes'
    expectWithin(bytes.length, maxBytes, name)
    if (isShared(bytes)) return bytesSource(name, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    const copy = Buffer.from(bytes) // at once: the owner may go on with them
    await reserve?.(copy.length)
    return bytesSource(name, copy)
  }
  const pull = pullFrom(given)
  if (!pull)
    throw invalid('the path of a clip, a Uint8Array of its bytes, a ReadableStream or a Readable', 'source', given)
  const name = options.name ?? 'the given stream'
  return bytesSource(name, await takeIn(pull, name, maxBytes ?? STREAM_BYTES, signal, reserve))
}

const isShared = ({ buffer }: Uint8Array) => types.isSharedArrayBuffer(buffer)

function bytesSource(name: string, bytes: Buffer): Source {
  return { name, size: bytes.length, read: async (start, end) => bytes.subarray(start, end) }
}

const isFolder = async (path: string) => (await stat(path).catch(() => undefined))?.isDirectory() ?? false

function folderSource(path: string): Source {
  return { name: path, path, isFolder: true, size: 0, read: async () => Buffer.alloc(0) }
}

/** Read at once, so that an abort is heard in between. */
const PIECE = 2 ** 26

async function fileSource(path: string, { maxBytes, signal }: SourceOptions): Promise<Source> {
  const size = await ofFile(
    path,
    withFile(path, async (file) => (await file.stat()).size, signal),
  )
  expectWithin(size, maxBytes, path)
  const read = (start: number, end: number, signal?: AbortSignal) => {
    const reading = withFile(
      path,
      async (file) => {
        const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(end, size) - start))
        let length = 0
        while (length < bytes.length) {
          throwIfAborted(signal)
          const wanted = Math.min(PIECE, bytes.length - length)
          const { bytesRead } = await file.read(bytes, length, wanted, start + length)
          if (bytesRead === 0) break // it became shorter
          length += bytesRead
        }
        return bytes.subarray(0, length)
      },
      signal,
    )
    return ofFile(path, reading)
  }
  return { name: path, path, size, read }
}

/** Tells a clip that is not there from a disk that is in trouble. */
function ofFile<T>(path: string, reading: Promise<T>): Promise<T> {
  return reading.catch((cause) => {
    if (!NO_FILE.includes(cause.code)) throw whileReading(cause, path)
    const why = cause.code === 'EINVAL' ? cause.message : cause.code
    throw new InfomotionError('VIDEO_NOT_FOUND', `Expected a clip at ${path}: ${why}.`, { cause })
  })
}

function expectWithin(size: number, maxBytes: number | undefined, name: string): void {
  if (size > (maxBytes ?? Number.POSITIVE_INFINITY))
    throw new InfomotionError(
      'VIDEO_TOO_LARGE',
      `${name} has ${size === Number.POSITIVE_INFINITY ? 'more' : `${size} bytes, more`} than the ${maxBytes} bytes that ` +
        'are allowed. Cut or compress it, or raise the option maxBytes.',
    )
}

/** A stream to take bytes from, and how it is let go. */
interface Pull {
  next(): Promise<{ done?: boolean; value?: unknown }>
  release(reason?: unknown): void
}

function pullFrom(given: unknown): Pull | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { getReader, destroy, [Symbol.asyncIterator]: iterator } = given as Partial<ReadableStream & Readable>
  if (typeof getReader === 'function') {
    const stream = given as ReadableStream
    if (stream.locked) throw invalid('a ReadableStream that nobody else reads', 'source', given)
    const reader = stream.getReader()
    // what cancelling comes to is the stream's own affair
    return { next: () => reader.read(), release: (reason) => void reader.cancel(reason).catch(() => {}) }
  }
  if (typeof destroy !== 'function' || typeof iterator !== 'function') return undefined
  const stream = given as Readable
  const parts = stream[Symbol.asyncIterator]()
  const release = () => {
    stream.once('error', () => {}) // destroyed while it was being opened, for one
    stream.destroy()
  }
  return { next: () => parts.next(), release }
}

async function takeIn(
  pull: Pull,
  name: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
  reserve: ReadOptions['reserve'],
): Promise<Buffer> {
  const bytes = new GrowingBytes(reserve)
  try {
    for (;;) {
      const { done, value } = await unlessAborted(
        pull.next().catch((cause) => {
          const why = cause instanceof Error ? cause.message : String(cause)
          throw new InfomotionError(
            'VIDEO_STREAM_BROKEN',
            `${name} broke off after ${bytes.length} bytes: ${why}. Send it again.`,
            { cause },
          )
        }),
        signal,
      )
      if (done) return bytes.bytes
      const part = asBytes(value)
      if (!part) throw invalid('a stream of bytes (Uint8Array)', `a piece of ${name}`, value)
      if (bytes.length + part.length > maxBytes) expectWithin(Number.POSITIVE_INFINITY, maxBytes, name)
      await bytes.push(part)
    }
  } catch (error) {
    pull.release(error)
    throw signal?.aborted ? abortError(signal) : error
  }
}
