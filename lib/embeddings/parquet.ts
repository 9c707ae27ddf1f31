import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { memoryBudget } from '../run/budget.js'
import { withFile } from '../run/store.js'
import { abortError, InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { findPeer, moduleUrl } from '../runtime/package.js'
import type { Reply, Task } from './parquet-process.js'
import { expectRoom, Rows, unreadable } from './rows.js'
import type { Found } from './types.js'

/** A file is given up that has sent nothing for so long, and a second more for each MB of it: wrong bytes can go in circles. */
const PATIENCE_MS = 60_000
const PATIENCE_MS_PER_BYTE = 1e-3

/**
 * Embeddings out of a Parquet file, through hyparquet (an optional peer) in a process of its own. Pages may be
 * uncompressed or in Snappy, gzip, Brotli or, with a Node that knows it, Zstandard; others need hyparquet-compressors.
 */
export async function readParquet(file: string, omit: readonly string[], signal?: AbortSignal): Promise<Found> {
  const library = findPeer('hyparquet')
  if (!library) throw missing(`Expected hyparquet, to read ${file} with`, 'hyparquet')
  const size = await withFile(file, async (handle) => (await handle.stat()).size, signal)
  const most = 2 * memoryBudget()
  const task: Task = { file, library, compressors: findPeer('hyparquet-compressors'), omit, most }
  let columns: string[] = []
  let leftOut: string[] = []
  const ids: string[] = []
  const where = (row: number, column: number) => {
    const name = columns.length === 1 ? `number ${column} of "${columns[0]}"` : `column "${columns[column]}"`
    return `row ${row}${ids[row] === undefined ? '' : ` (${JSON.stringify(ids[row])})`}${column < 0 ? '' : `, ${name}`}`
  }
  const rows = new Rows(file, where)
  await inProcess(task, size, signal, (reply) => {
    if ('columns' in reply) {
      columns = reply.columns
      leftOut = reply.leftOut
    } else if ('values' in reply) {
      for (const id of reply.ids ?? []) ids.push(id)
      let at = 0
      for (const length of reply.lengths) {
        rows.add(reply.values, at, length)
        at += length
      }
    } else if ('error' in reply) throw errorOf(reply.error, file)
  })
  return { features: rows.matrix(), ids: ids.length > 0 ? ids : undefined, leftOut }
}

/** Starts the process and takes what it sends, until it is done, in trouble, out of time, or not wanted any more. */
function inProcess(
  task: Task,
  size: number,
  signal: AbortSignal | undefined,
  take: (reply: Exclude<Reply, { done: true }>) => void,
): Promise<void> {
  throwIfAborted(signal)
  const heap = Math.max(256, Math.floor(task.most / 2 ** 20))
  const child = fork(fileURLToPath(moduleUrl('embeddings/parquet-process.js')), {
    execArgv: [`--max-old-space-size=${heap}`], // others of ours may be about the program that we run
    serialization: 'advanced', // typed arrays as they are
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const patience = PATIENCE_MS + PATIENCE_MS_PER_BYTE * size
  let timer: NodeJS.Timeout | undefined
  return new Promise<void>((resolve, reject) => {
    const abort = () => reject(abortError(signal))
    signal?.addEventListener('abort', abort, { once: true })
    const wait = () => {
      clearTimeout(timer)
      timer = setTimeout(
        () => reject(unreadable(task.file, `nothing came of it for ${Math.round(patience / 1000)} s`)),
        patience,
      )
    }
    wait()
    child.on('message', (reply: Reply) => {
      wait()
      if ('done' in reply) return resolve()
      try {
        take(reply)
      } catch (error) {
        reject(error)
      }
    })
    child.on('error', reject)
    child.on('exit', (code, killed) =>
      reject(
        unreadable(
          task.file,
          `reading it ended in ${killed ?? `status ${code}`}: it is damaged, or needs more memory than there is`,
        ),
      ),
    )
    child.send(task)
  }).finally(() => {
    clearTimeout(timer)
    child.removeAllListeners()
    child.on('error', () => {}) // it is ended anyway
    child.kill('SIGKILL')
  })
}

function errorOf({ code, message }: { code?: string; message: string }, file: string): Error {
  if (code === 'HYPARQUET_MISSING')
    return missing(`${file} is compressed by ${message}, which needs`, 'hyparquet-compressors')
  if (code === 'EMBEDDINGS_TOO_LARGE')
    try {
      expectRoom(file, Number(message), 1)
    } catch (error) {
      return error as Error
    }
  return unreadable(file, message)
}

function missing(what: string, name: string): InfomotionError {
  return new InfomotionError(
    'HYPARQUET_MISSING',
    `${what}${what.endsWith('with') ? ',' : ` ${name}`} beside infomotion or in the working directory. Install it by "npm install ${name}", or save the ` +
      'embeddings as .npy or CSV.',
  )
}
