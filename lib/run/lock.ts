import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, open, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { atPath, InfomotionError } from '../runtime/errors.js'
import { makeFolder, openFolder, readWhole, removeLeftovers, temporaryOf } from './store.js'

/** Name of the lock in its folder. */
export const LOCK = '.lock'

/**
 * Runs `body` as the only run in a directory: a second one is refused (code `RUN_LOCKED`). The lock of a process that
 * is gone (kill -9, power) is taken over, on the machine and in the container it ran in, and what it left half-written
 * is removed. Whether a process of another machine or container is gone cannot be known here.
 */
export async function withLock<T>(directory: string, body: () => Promise<T>): Promise<T> {
  const path = join(directory, LOCK)
  const held = await take(path, directory).catch((error) => {
    throw atPath(error, directory)
  })
  try {
    await openFolder(directory, { alone: true })
    return await body()
  } finally {
    await rm(path, { force: true })
    await held.close()
  }
}

/** Who holds a lock. A process is its number and its start, as numbers are used again: in a container, at every start. */
interface Holder {
  pid: number
  host: string
  /** When the process started, in the system's own terms; undefined where the system does not say. */
  started?: string
  /** The PID namespace that `pid` is a number of; undefined where the system has none. */
  space?: string
  /** Tells machines of one host name apart; undefined where the system does not say. */
  machine?: string
}

/** Attempts to take a lock that changes hands, is broken up, or whose file a holder tidies away. */
const ATTEMPTS = 10

/** Gives the lock's file, open for as long as the lock is held (see {@link isOpenHere}). */
async function take(path: string, directory: string): Promise<FileHandle> {
  await makeFolder(directory)
  const id = randomBytes(8).toString('hex') // no two locks are alike
  const mine = JSON.stringify({ ...(await thisProcess()), id })
  let holder: Holder | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const held = await place(path, mine)
    if (held) return held
    const found = await textOf(path)
    if (found === undefined) continue // its run has just ended
    holder = parse(found)
    if (!holder || !(await isGone(holder, path))) break
    await breakUp(path, found)
  }
  const who = holder ? `process ${holder.pid} on ${holder.host}` : 'another process'
  throw new InfomotionError(
    'RUN_LOCKED',
    `${directory} is in use by ${who}. Wait for it to end, or choose another --out; if nothing runs there, delete ${path}.`,
  )
}

/** Puts the lock in its place, unless one is there. A lock is never seen, or left by a crash, half-written. */
async function place(path: string, content: string): Promise<FileHandle | undefined> {
  const written = temporaryOf(path)
  const file = await open(written, 'wx')
  try {
    await file.writeFile(content)
    await link(written, path).catch((error) => {
      // exFAT and some network shares have no hard links: a crash just here leaves a lock to delete by hand
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(error.code)) throw error
      return copyFile(written, path, constants.COPYFILE_EXCL)
    })
    return file
  } catch (error) {
    await file.close()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return undefined
    if (code === 'ENOENT') return undefined // a holder took our file for a leftover
    throw error
  } finally {
    await rm(written, { force: true })
  }
}

/** A break-up takes less than a millisecond; one that has lasted so long was killed in it. */
const BREAK_UP_MS = 10_000

/**
 * Removes the lock of a process that is gone, and only that: another run may have broken it up and taken its place. So
 * one run at a time breaks up a lock, and looks again before it does.
 */
async function breakUp(path: string, dead: string): Promise<void> {
  const turn = `${path}.break`
  try {
    await (await open(turn, 'wx')).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await removeLeftovers([turn], BREAK_UP_MS)
    return setTimeout(10 + Math.random() * 10)
  }
  try {
    if ((await textOf(path)) === dead) await rm(path, { force: true })
  } finally {
    await rm(turn, { force: true })
  }
}

/** What a lock says; undefined where it is gone, or what stands there is no file. */
function textOf(path: string): Promise<string | undefined> {
  return readWhole(path).then(String, () => undefined)
}

function parse(lock: string): Holder | undefined {
  try {
    return JSON.parse(lock) as Holder
  } catch {
    return undefined
  }
}

/** This process as a holder. */
async function thisProcess(): Promise<Holder> {
  const { pid } = process
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '')
  return {
    ...{ pid, host: hostname(), started: await startOf(pid), space: await spaceHere() },
    machine: machine.trim() || undefined,
  }
}

/**
 * The PID namespace of this process (pid_namespaces(7)), as containers have one each: in another one the same number is
 * another process, or none.
 */
function spaceHere(): Promise<string | undefined> {
  return readlink('/proc/self/ns/pid').catch(() => undefined)
}

async function isGone(holder: Holder, path: string): Promise<boolean> {
  const here = await thisProcess()
  if (holder.host !== here.host) return false
  // Where a lock names no namespace, its system has none.
  if (holder.space !== undefined) {
    const [before, now] = [bootOf(holder.started), bootOf(here.started)]
    // Not the machine, as it is now: if it is the same one it has been started anew since, and all its processes are gone.
    if (before !== now) return before !== undefined && now !== undefined && isSame(holder.machine, here.machine)
    if (holder.space !== here.space) return false
  }
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const now = await startOf(holder.pid)
  if (holder.started === undefined || now === undefined) return false
  return now !== holder.started || (holder.pid === process.pid && !(await isOpenHere(path)))
}

function isSame(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a === b
}

function bootOf(started: string | undefined): string | undefined {
  return started?.split(' ')[0]
}

/** The boot and the clock tick in which a process started (Linux, proc(5): fields 3 and 22 of /proc/PID/stat). */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    // A /proc of another PID namespace has other numbers (unshare --pid without --mount-proc).
    if ((await readlink('/proc/self')) !== String(process.pid)) return undefined
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // from the 3rd on; the 2nd, a name, may hold blanks
    if (fields[0] === 'Z' || fields[0] === 'X') return `${boot.trim()} ended` // its parent has not asked after it yet
    return `${boot.trim()} ${fields[19]}`
  } catch {
    return undefined
  }
}

/** Whether a thread of this process holds the lock: one that was terminated has closed its files, and said nothing. */
async function isOpenHere(path: string): Promise<boolean> {
  const lock = await stat(path).catch(() => undefined)
  const files = await readdir('/proc/self/fd')
  const facts = await Promise.all(files.map((fd) => stat(`/proc/self/fd/${fd}`).catch(() => undefined)))
  return !lock || facts.some((file) => file && file.ino === lock.ino && file.dev === lock.dev)
}
