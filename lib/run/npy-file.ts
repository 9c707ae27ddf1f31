import type { FileHandle } from 'node:fs/promises'
import { InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectGiven, expectOptions, invalid } from '../runtime/expect.js'
import { expectLength, inOrder, MAX_HEADER, type Npy, type NpyArray, type NpyHead, npyHead, npyParts } from './npy.js'
import { withFile, writeWhole } from './store.js'

/** Bytes that are read or written at once. */
const PIECE = 2 ** 24

/**
 * Reads the array in a `.npy` file, as numpy.save writes it: versions 1 to 3, numbers of any kind and order of bytes.
 * float16 becomes a Float32Array, bool a Uint8Array of 0 and 1; an array in Fortran order is turned into C order. The file
 * is read once, into the array itself; its size is checked before memory is taken.
 *
 * @returns `data` in C order (the last index runs fastest), and its `shape`: empty for a number alone
 * @throws {InfomotionError} `NPY_UNREADABLE` for text, records, Python objects, complex numbers, and what is no such file;
 *   `ABORTED`; the system's code (`ENOENT`, ...)
 * @example
 * ```js
 * const { data, shape } = await readNpy('embeddings.npy') // Float32Array, [clips, dim]
 * ```
 */
export async function readNpy(path: string, options: { signal?: AbortSignal } = {}): Promise<Npy> {
  expectOptions(options, 'readNpy', ['signal'])
  return openNpy(path, options.signal, async (head, file) => {
    const body = bytesFor(head.count * head.size, path)
    for (let at = 0; at < body.length; at += PIECE)
      await fill(file, body.subarray(at, at + PIECE), head.start + at, options.signal)
    return { data: inOrder(head, head.valuesOf(body)), shape: head.shape }
  })
}

/**
 * Writes a typed array as a `.npy` file (version 1.0, C order), which numpy.load reads. The file is there whole or not at
 * all: it is written under a temporary name and then renamed.
 *
 * @param data - of any length, also above 2 GiB
 * @param options.shape - lengths of the axes. Default: one axis, `[data.length]`
 * @throws {InfomotionError} `INVALID_ARGUMENT`; `ABORTED`; the system's code (`ENOSPC`, ...)
 * @example
 * ```js
 * await writeNpy('embeddings.npy', Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), { shape: [2, 3] })
 * ```
 */
export async function writeNpy(
  path: string,
  data: NpyArray,
  options: { shape?: readonly number[]; signal?: AbortSignal } = {},
): Promise<void> {
  const { shape, signal } = expectGiven(options, 'writeNpy')
  expectOptions(options, 'writeNpy', ['shape', 'signal'])
  expectPath(path)
  const [head, body] = npyParts(data, shape)
  const pieces = function* () {
    yield head
    for (let at = 0; at < body.length; at += PIECE) yield body.subarray(at, at + PIECE)
  }
  await writeWhole(path, pieces(), signal)
}

/** Opens a `.npy` file whose head is sound and whose size is what that says. */
export async function openNpy<T>(
  path: string,
  signal: AbortSignal | undefined,
  read: (head: NpyHead, file: FileHandle) => Promise<T>,
): Promise<T> {
  expectPath(path)
  return withFile(
    path,
    async (file) => {
      const { size } = await file.stat()
      const first = Buffer.alloc(Math.min(size, MAX_HEADER))
      await fill(file, first, 0, signal)
      let head: NpyHead
      try {
        head = npyHead(first)
        expectLength(head, size)
      } catch (error) {
        throw unreadable(path, (error as Error).message)
      }
      return read(head, file)
    },
    signal,
  )
}

/** The values of a `.npy` file in the order of the file, some at a time: a caller keeps what it wants of them. */
export async function* npyPieces(
  { start, count, size, valuesOf }: NpyHead,
  file: FileHandle,
  signal?: AbortSignal,
): AsyncGenerator<NpyArray> {
  const step = PIECE / size
  for (let at = 0; at < count; at += step) {
    const bytes = new Uint8Array(Math.min(step, count - at) * size)
    await fill(file, bytes, start + at * size, signal)
    yield valuesOf(bytes)
  }
}

async function fill(file: FileHandle, bytes: Uint8Array, from: number, signal?: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    throwIfAborted(signal)
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at)
    if (bytesRead === 0)
      throw new InfomotionError(
        'NPY_UNREADABLE',
        `Expected ${bytes.length - at} bytes more: the file was cut meanwhile.`,
      )
    at += bytesRead
  }
}

function bytesFor(length: number, path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw unreadable(path, `Its ${length} bytes are more than fit into the memory.`, cause)
  }
}

function expectPath(path: string): void {
  if (typeof path !== 'string' || path === '') throw invalid('the path of a .npy file', 'path', path)
}

function unreadable(path: string, why: string, cause?: unknown): InfomotionError {
  return new InfomotionError('NPY_UNREADABLE', `${path}: ${why}`, { cause })
}
