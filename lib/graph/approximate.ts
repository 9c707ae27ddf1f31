import { Worker } from 'node:worker_threads'
import type { Matrix } from '../matrix/matrix.js'
import { abortError, InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { moduleUrl } from '../runtime/package.js'
import type { Reply, Task } from './approximate-worker.js'
import type { Metric, Scored } from './types.js'

/**
 * Approximate nearest neighbours by usearch's graph index (HNSW: Malkov and Yashunin, IEEE TPAMI 42, 2020), which is an
 * optional peer; its calls block, so they run in a worker thread of their own. The neighbours found are scored and put
 * in order exactly, so only which ones are found is approximate.
 */
export async function approximateNeighbours(
  { rows, dim, values }: Matrix,
  k: number,
  metric: Metric,
  signal?: AbortSignal,
): Promise<Scored> {
  throwIfAborted(signal)
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength))
  shared.set(values)
  const task: Task = {
    rows,
    dim,
    values: shared,
    k: Math.min(k, rows - 1),
    metric,
    stop: new Int32Array(new SharedArrayBuffer(4)),
  }
  const worker = new Worker(moduleUrl('graph/approximate-worker.js'), { workerData: task })
  const stop = () => Atomics.store(task.stop, 0, 1)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<Scored>((resolve, reject) => {
      worker.once('message', (reply: Reply) => {
        if ('result' in reply) resolve(reply.result)
        else reject(new InfomotionError(reply.error.code, reply.error.message))
      })
      worker.once('error', reject)
      worker.once('exit', (code) =>
        reject(new InfomotionError('INTERNAL', `The worker thread of the neighbour search exited with code ${code}.`)),
      )
    })
  } catch (error) {
    throw signal?.aborted ? abortError(signal) : error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
