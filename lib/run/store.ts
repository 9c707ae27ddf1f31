import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { atPath } from '../runtime/errors.js'

/** SHA-256 of bytes or text, in hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Writes a file whole or not at all: under a temporary name beside its place, flushed to the disk, then renamed. A
 * reader, or a run after a crash, sees the old file or the new one.
 *
 * @throws {InfomotionError} with the system's code (`ENOSPC`, `EROFS`, ...), the path, and what to do
 */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}${TEMPORARY}`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeNew(temporary, data)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the first failure is the one to tell
    throw atPath(error, path)
  }
}

/** Writes and flushes a file that must not be there yet (`EEXIST`). */
export async function writeNew(path: string, data: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** How what is being written is named until it is whole. */
const TEMPORARY = '.tmp'
const PARTIAL = '.partial-'

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
    await mkdir(folder, { recursive: true })
    const names = (await readdir(folder)).sort()
    const partial = names.filter((name) => name.endsWith(TEMPORARY) || name.startsWith(PARTIAL))
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
