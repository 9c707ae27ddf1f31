import { createHash, randomBytes } from 'node:crypto'
import { constants, fsync, type Stats } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { atPath, throwIfAborted, unlessAborted } from '../runtime/errors.js'

/** SHA-256 of bytes or text, in hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Opens a file for reading and closes it. A pipe, a device or a folder is refused (`EINVAL`): what comes out of it may have
 * no end, or never begin. The signal also ends the waiting for a disk that does not answer.
 *
 * @throws the system's errors; ABORTED
 */
export function withFile<T>(path: string, read: (file: FileHandle) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const reading = async () => {
    expectFile(path, await stat(path)) // before it is opened: a device may take that for an order
    // Without waiting, as it may have become a pipe meanwhile; on files the flag means nothing.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      expectFile(path, await file.stat())
      return await read(file)
    } finally {
      await file.close()
    }
  }
  return unlessAborted(reading(), signal)
}

/** What the system says where there is no such file, none that may be read, or something else in its place. */
export const NO_FILE = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EINVAL', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']

/** Refuses what is no file (`EINVAL`): a pipe or a device has no end. */
export function expectFile(path: string, facts: Stats): void {
  if (!facts.isFile()) throw Object.assign(new Error(`${path} is ${kindOf(facts)}, not a file`), { code: 'EINVAL' })
}

function kindOf(facts: Stats): string {
  if (facts.isDirectory()) return 'a folder'
  if (facts.isFIFO()) return 'a pipe'
  return facts.isSocket() ? 'a socket' : 'a device'
}

/**
 * Reads a file.
 *
 * @throws as {@link withFile}; `ERR_FS_FILE_TOO_LARGE` above 2 GiB
 */
export function readWhole(path: string, signal?: AbortSignal): Promise<Buffer> {
  return withFile(path, (file) => file.readFile({ signal }), signal)
}

/** Half a millisecond's work, so that others get their turn. */
const HASHED_AT_ONCE = 2 ** 20

/** SHA-256 of a file of any size, in hexadecimal. Throws as {@link withFile}. */
export function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hashing = async (file: FileHandle) => {
    const hash = createHash('sha256')
    const piece = Buffer.allocUnsafe(HASHED_AT_ONCE) // one for all: a stream would take a new one each time
    for (;;) {
      throwIfAborted(signal)
      const { bytesRead } = await file.read(piece, 0, piece.length, null)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(piece.subarray(0, bytesRead))
    }
  }
  return withFile(path, hashing, signal)
}

/**
 * Makes a folder, and those above it, where it is not there yet. (Node's own recursive `mkdir` takes a read-only disk for
 * a missing file, and never ends below /proc.)
 *
 * @throws {InfomotionError} with the system's code (`EROFS`, `EACCES`, ...), the path, and what to do
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeBelow(path)
  } catch (error) {
    throw atPath(error, path)
  }
}

async function makeBelow(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeBelow(dirname(path))
      await mkdir(path).catch((again) => expectFolder(path, again))
    } else await expectFolder(path, error)
  }
}

async function expectFolder(path: string, error: unknown): Promise<void> {
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) throw error
}

/** Where a path leads once symbolic links are followed; of what is not there, its absolute path. */
export function placeOf(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}

/** A file's contents: at once, or in pieces. */
type Contents = Uint8Array | string | Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>

/**
 * Writes a file that a caller named, whole or not at all (see {@link replaceFile}). A symbolic link stays, and what it
 * leads to is written; so is a device or a pipe (/dev/stdout), which no file may take the place of.
 *
 * @param signal stops between two pieces
 * @throws {InfomotionError} with the system's code (`ENOSPC`, `EROFS`, ...), the path, and what to do
 */
export async function writeWhole(path: string, data: Contents, signal?: AbortSignal): Promise<void> {
  const place = await placeOf(path)
  const there = await stat(place).catch(() => undefined)
  if (there && !there.isFile() && !there.isDirectory()) return writeInto(path, data, signal)
  return replaceFile(place, data, signal)
}

/**
 * Writes a file of a run's folder whole or not at all: under a temporary name beside its place, flushed to the disk, then
 * renamed. A reader, or a run after a crash, sees the old file or the new one. What stands at its place, a symbolic link
 * too, is replaced, and never written through.
 *
 * @param signal stops between two pieces
 * @throws {InfomotionError} with the system's code (`ENOSPC`, `EROFS`, ...), the path, and what to do
 */
export async function replaceFile(path: string, data: Contents, signal?: AbortSignal): Promise<void> {
  const temporary = temporaryOf(path)
  try {
    await makeBelow(dirname(path))
    await writeNew(temporary, data, signal)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the first failure is the one to tell
    throw atPath(error, path)
  }
}

async function writeInto(path: string, data: Contents, signal?: AbortSignal): Promise<void> {
  try {
    await writeFile(path, data, { signal })
  } catch (error) {
    throw atPath(error, path)
  }
}

/** Writes and flushes a file that must not be there yet (`EEXIST`). */
export async function writeNew(path: string, data: Contents, signal?: AbortSignal): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await writeFile(file, data, { signal })
    await sync(file)
  } finally {
    await file.close()
  }
}

/** Has the system write a file to the disk; where Node 26's permission model forbids that, it does so when it likes. */
export async function sync(file: FileHandle): Promise<void> {
  try {
    await file.sync()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!code) return promisify(fsync)(file.fd) // Yarn's Plug'n'Play has no FileHandle.sync
    if (code !== 'ERR_ACCESS_DENIED') throw error
  }
}

/** How what is being written is named until it is whole. */
const TEMPORARY = '.tmp'
const PARTIAL = '.partial-'

/** Such a name, and no other: a user's own `notes.tmp`, or `notes.20260131.tmp`, is not ours to remove. */
const LEFTOVER = /^\.partial-(?!\d{8})[0-9a-f]{8}$|\.(?!\d{8})[0-9a-f]{8}\.tmp$/

/** Whether a name is one that a killed run left half-written. */
export const isLeftover = (name: string) => LEFTOVER.test(name)

/** Eight hexadecimal digits that are no date. */
const chance = () => `f${randomBytes(4).toString('hex').slice(1)}`

/** A fresh name for what is to become a file. */
export const temporaryOf = (path: string) => `${path}.${chance()}${TEMPORARY}`

/** A fresh name in a folder for something that is written there and then moved into place. */
export function partialIn(folder: string): string {
  return join(folder, `${PARTIAL}${chance()}`)
}

/** What is being written in a folder that several runs share is left alone for so long. */
const WRITING_MS = 10 * 60_000

/**
 * Makes a folder if need be and lists it, sorted, without what is half-written. Leftovers of killed runs are removed: in
 * a folder that is ours `alone`, all that is half-written; in a shared one, what nobody has touched for ten minutes.
 */
export async function openFolder(folder: string, { alone = false } = {}): Promise<string[]> {
  try {
    await makeBelow(folder)
    const names = (await readdir(folder)).sort()
    const partial = names.filter(isLeftover)
    const paths = partial.map((name) => join(folder, name))
    if (alone) await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })))
    else await removeLeftovers(paths)
    return names.filter((name) => !partial.includes(name))
  } catch (error) {
    throw atPath(error, folder)
  }
}

/**
 * Removes what was last touched at least so long ago, of the files of one folder; what is gone already, or finished
 * meanwhile, is no failure. The time is the one that the folder's own disk writes down now: the clock of this machine, or
 * of this process, may be wrong, and the one that wrote the files another.
 */
export async function removeLeftovers(paths: readonly string[], olderThanMs = WRITING_MS): Promise<void> {
  if (paths.length === 0) return
  const now = await timeIn(dirname(paths[0]))
  if (now === undefined) return // where nothing can be written, nothing can be removed
  for (const path of paths) {
    const facts = await stat(path).catch(() => undefined)
    if (facts && now - facts.mtimeMs >= olderThanMs) await rm(path, { recursive: true, force: true })
  }
}

/** The time at which a folder's disk says that a file was written just now, in ms; undefined where none can be written. */
async function timeIn(folder: string): Promise<number | undefined> {
  const path = partialIn(folder)
  try {
    await writeFile(path, 'now', { flag: 'wx' })
    return (await stat(path)).mtimeMs
  } catch {
    return undefined
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
}

/** JSON with keys in the order they were made, indented, ending with a newline: byte-equal for equal values. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
