import { createHash, randomBytes } from 'node:crypto'
import { fsync } from 'node:fs'
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { atPath } from '../runtime/errors.js'

/** SHA-256 of bytes or text, in hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Reads a file. A pipe or a device is refused (`EINVAL`): what comes out of it may have no end, or never begin.
 *
 * @throws the system's errors; `ERR_FS_FILE_TOO_LARGE` above 2 GiB
 */
export async function readWhole(path: string): Promise<Buffer> {
  const facts = await stat(path)
  if (!facts.isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: 'EINVAL' })
  return readFile(path)
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
  const temporary = `${path}.${randomBytes(4).toString('hex')}${TEMPORARY}`
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

/** Such a name, and no other: a user's own `notes.tmp` is not ours to remove. */
const LEFTOVER = /^\.partial-[0-9a-f]{8}$|\.[0-9a-f]{8}\.tmp$/

/** A fresh name in a folder for something that is written there and then moved into place. */
export function partialIn(folder: string): string {
  return join(folder, `${PARTIAL}${randomBytes(4).toString('hex')}`)
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
    const partial = names.filter((name) => LEFTOVER.test(name))
    await Promise.all(partial.map((name) => removeLeftover(join(folder, name), alone ? 0 : WRITING_MS)))
    return names.filter((name) => !partial.includes(name))
  } catch (error) {
    throw atPath(error, folder)
  }
}

/** Removes what was last touched at least so long ago; what is gone already, or finished meanwhile, is no failure. */
export async function removeLeftover(path: string, olderThanMs = WRITING_MS): Promise<void> {
  const facts = await stat(path).catch(() => undefined)
  if (facts && Date.now() - facts.mtimeMs >= olderThanMs) await rm(path, { recursive: true, force: true })
}

/** JSON with keys in the order they were made, indented, ending with a newline: byte-equal for equal values. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
