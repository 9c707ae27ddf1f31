import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { type Job, runJob } from '../runtime/job.js'

const GZIP = Buffer.of(0x1f, 0x8b)

/** Bytes of a piece: enough that handing one over costs little beside reading it, few enough to hold nobody up. */
const PIECE = 2 ** 20

/**
 * Packed text that grows by more is no network: gzip's most is a thousandfold, networks grow three- to twentyfold. So what
 * a small file can ask for is bounded; small text may grow as it likes.
 */
const MAX_GROWTH = 200
const SMALL = 64 * PIECE

/** What takes text in pieces: a reader of the addon. */
export interface TextReader {
  append(piece: Uint8Array): Job<void>
}

/**
 * Gives a file or a pipe, to its end, unpacked if it is gzip's, to a reader of the addon. Off the event loop, one piece being
 * read (and unpacked) while the piece before it is parsed. `what` it is goes into the error.
 *
 * @param start makes the reader; `bytes` is how much text will come, 0 where that is unknown
 */
export async function readText<R extends TextReader>(
  path: string,
  what: string,
  start: (bytes: number) => R,
  signal?: AbortSignal,
): Promise<R> {
  throwIfAborted(signal)
  let file: FileHandle | undefined
  let taken: Promise<void> | undefined
  try {
    file = await open(path)
    const stream = file.createReadStream({ highWaterMark: PIECE, autoClose: false })
    const { head, pieces } = await withHead(stream, 2)
    const gzip = head.equals(GZIP)
    const { size } = await file.stat() // 0 of a pipe
    const reader = start(gzip ? 0 : size)
    const most = gzip ? () => Math.max(SMALL, MAX_GROWTH * stream.bytesRead) : () => Infinity
    const take = (pieces: AsyncIterable<Uint8Array>) => {
      taken = appendAll(reader, pieces, most, signal)
      return taken
    }
    await (gzip ? pipeline(pieces, createGunzip({ chunkSize: PIECE }), take) : take(pieces))
    return reader
  } catch (thrown) {
    const refused = await taken?.catch((error) => error) // of which the pipeline tells only that it was aborted
    const cause = refused instanceof InfomotionError ? refused : thrown
    if (cause instanceof InfomotionError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code?.startsWith('Z_'))
      throw new InfomotionError('NETWORK_UNREADABLE', `${basename(path)}: damaged gzip data (${message}).`, { cause })
    throw new InfomotionError('NETWORK_NOT_FOUND', `Expected ${what} at ${path}: ${message}.`, { cause })
  } finally {
    await file?.close()
  }
}

/** The same pieces, and the first bytes of them: as many as asked for, or as there are. A pipe is not read twice. */
async function withHead(pieces: AsyncIterable<Buffer>, count: number) {
  const rest = pieces[Symbol.asyncIterator]()
  const seen: Buffer[] = []
  for (let bytes = 0; bytes < count; ) {
    const next = await rest.next()
    if (next.done) break
    seen.push(next.value)
    bytes += next.value.length
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* seen
    yield* { [Symbol.asyncIterator]: () => rest }
  }
  return { head: Buffer.concat(seen).subarray(0, count), pieces: all() }
}

/** Gives bytes to a reader. */
export async function readBytes<R extends TextReader>(bytes: Uint8Array, reader: R, signal?: AbortSignal): Promise<R> {
  for (let at = 0; at < bytes.length; at += PIECE)
    await runJob(() => reader.append(bytes.subarray(at, at + PIECE)), signal)
  return reader
}

async function appendAll(
  reader: TextReader,
  pieces: AsyncIterable<Uint8Array>,
  most: () => number,
  signal?: AbortSignal,
): Promise<void> {
  let last: Promise<void> | undefined
  let bytes = 0
  try {
    for await (const piece of pieces) {
      bytes += piece.length
      if (bytes > most())
        throw new InfomotionError(
          'NETWORK_UNREADABLE',
          `the gzip data hold more than ${MAX_GROWTH} times as much text, as no network does; ` +
            'unpack the file first (gunzip) if it is one.',
        )
      await last
      last = runJob(() => reader.append(piece), signal)
      last.catch(() => {}) // its failure is told when it is awaited
    }
  } finally {
    await last
  }
}
