import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'

/**
 * Runs `body` as the only run in a directory: a second one is refused (code `RUN_LOCKED`). The lock of a process that
 * is gone (kill -9, power) is taken over, on the machine it ran on.
 */
export async function withLock<T>(directory: string, body: () => Promise<T>): Promise<T> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, '.lock')
  // Written under a name of its own and then linked into place: a lock is never seen (or left by a crash) empty.
  const mine = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(mine, JSON.stringify({ pid: process.pid, host: hostname() }))
  try {
    await take(path, mine, directory)
  } finally {
    await rm(mine, { force: true })
  }
  try {
    return await body()
  } finally {
    await rm(path, { force: true })
  }
}

async function take(path: string, mine: string, directory: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await link(mine, path)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = await readHolder(path)
      if (attempt === 0 && holder && isGone(holder)) {
        await rm(path, { force: true })
        continue
      }
      const who = holder ? `process ${holder.pid} on ${holder.host}` : 'another process'
      throw new InfomotionError(
        'RUN_LOCKED',
        `${directory} is in use by ${who}. Wait for it to end, or choose another --out; if nothing runs there, delete ${path}.`,
      )
    }
  }
}

interface Holder {
  pid: number
  host: string
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder
  } catch {
    return undefined // being written right now, or gone
  }
}

function isGone({ pid, host }: Holder): boolean {
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
