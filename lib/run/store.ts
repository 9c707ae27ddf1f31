import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** SHA-256 of bytes or text, in hexadecimal. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Writes a file whole or not at all: under a temporary name beside its place, flushed to the disk, then renamed. A
 * reader, or a run after a crash, sees the old file or the new one.
 */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Makes a folder if need be, removes what killed runs of {@link writeWhole} left there, and lists the rest, sorted. */
export async function openFolder(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const names = (await readdir(folder)).sort()
  const left = names.filter((name) => name.endsWith('.tmp'))
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })))
  return names.filter((name) => !name.endsWith('.tmp'))
}

/** JSON with keys in the order they were made, indented, ending with a newline: byte-equal for equal values. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
