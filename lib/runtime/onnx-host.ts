import { isMainThread, Worker } from 'node:worker_threads'
import { startChild } from './child.js'
import { BUSY, STOP } from './onnx-control.js'
import type { Reply, Request } from './onnx-worker.js'
import { moduleUrl } from './package.js'

/** Where ONNX Runtime lives, as `onnx.ts` sees it: `onnx-worker.ts` runs there. */
export interface Host {
  /** Sends a request; buffers in `moved` may be handed over instead of copied. */
  post(request: Request, moved: ArrayBuffer[]): void
  /** Asks it to keep out of ONNX Runtime, until the next request. */
  stop(): void
  /** Blocks until ONNX Runtime cannot bring the process down any more; for the end of the process only. */
  waitUntilOut(): void
  /** Whether the process, or the thread this is called in, lives for its sake. */
  ref(): void
  unref(): void
}

export interface HostEvents {
  onReply(reply: Reply): void
  onDeath(why: string, cause?: unknown): void
}

/**
 * A thread of ours where we are called in the main thread. Called in a worker thread, a process: `worker.terminate()` ends
 * the threads of a thread with it, and one that is inside ONNX Runtime then aborts the whole process (see `startChild`).
 * Buffers are copied to a process, and it takes 50 MB more.
 */
export function startHost(events: HostEvents): Host {
  // Otherwise ONNX Runtime 1.30 reports sessions, models and errors to its makers and keeps a device id in the user's
  // cache. It reads this when it is loaded, from the environment of the process: a worker thread's is a copy. Who
  // wants that says ORT_DISABLE_TELEMETRY=0.
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
  return isMainThread ? startThread(events) : startProcess(events)
}

/** The exit of the process waits this long for a run of a model to end; a thread that died inside never does. */
const LONGEST_RUN_MS = 60_000

function startThread({ onReply, onDeath }: HostEvents): Host {
  const control = new Int32Array(new SharedArrayBuffer(8))
  const thread = new Worker(moduleUrl('runtime/onnx-worker.js'), { workerData: control.buffer })
  thread.unref()
  thread.on('message', onReply)
  thread.on('error', (cause) => onDeath(cause.message, cause))
  thread.on('exit', (code) => onDeath(`its thread exited with code ${code}`))
  return {
    post(request, moved) {
      Atomics.store(control, STOP, 0)
      thread.postMessage(request, moved)
    },
    stop: () => Atomics.store(control, STOP, 1),
    waitUntilOut: () => Atomics.wait(control, BUSY, 1, LONGEST_RUN_MS),
    ref: () => thread.ref(),
    unref: () => thread.unref(),
  }
}

function startProcess(events: HostEvents): Host {
  const child = startChild<Request | 'stop', Reply>(moduleUrl('runtime/onnx-worker.js'), events)
  return {
    post: (request) => child.send(request),
    stop: () => child.send('stop'),
    waitUntilOut: () => undefined, // it ends when its channel closes, by itself
    ref: () => child.ref(),
    unref: () => child.unref(),
  }
}
