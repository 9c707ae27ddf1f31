import { availableParallelism } from 'node:os'
import type { StateVariable } from '../onnx/optimizer.js'
import { abortError, InfomotionError, throwIfAborted } from './errors.js'
import { startHost } from './onnx-host.js'
import type { Reply, Request, TrainingSteps, Values } from './onnx-worker.js'

export type { TrainingSteps, Values } from './onnx-worker.js'

/** A model opened in a worker, ours alone until `use` of {@link withSession} ends. */
export interface OnnxSession {
  /**
   * Runs the model once: values for its inputs (state excepted) -> values of its outputs.
   * @param move Hands the inputs' buffers over to the worker instead of copying them: they are empty here afterwards.
   */
  run(feeds: Record<string, Values>, move?: boolean): Promise<Record<string, Values>>
  /**
   * Runs a training step many times, its state carried from step to step, and on to the next call; gives the loss of
   * each step. The buffers of the samples are handed over to the worker: they are empty here afterwards.
   */
  train(training: TrainingSteps, onProgress?: (steps: number) => void): Promise<Float32Array>
  /** The state as it is now, by the names of its inputs. */
  state(): Promise<Record<string, Float32Array>>
}

/**
 * Opens a model in a worker, lets `use` work with it, and closes it. A worker is a thread, or, in worker threads of yours,
 * a process (see `startHost`). Each serves one `withSession` at a time; there are as many as calls at once, at most
 * INFOMOTION_THREADS (default: the number of processors), and further calls wait for their turn. Workers are kept for the
 * next call and do not keep the process alive. The end of the process waits for the run that is on; a worker thread of
 * yours may be ended at any moment.
 *
 * @param model An ONNX file as bytes.
 * @param signal Stops before the next run of the model; the promise rejects with code `ABORTED`.
 * @param state Values that the model reads as inputs and gives anew as outputs, and what they are at first.
 * @throws `ONNXRUNTIME_MISSING` where the optional dependency is not installed; `ONNX_RUNTIME_FAILED` with what ONNX
 * Runtime says of the model or its inputs.
 */
export async function withSession<T>(
  model: Uint8Array,
  state: readonly StateVariable[],
  use: (session: OnnxSession) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const worker = await acquire(signal)
  try {
    await worker.ask({ kind: 'open', model, state: [...state] }, { signal })
    try {
      return await use({
        run: (feeds, move) => {
          const moved = move ? Object.values(feeds).map(({ data }) => data) : []
          return worker.ask({ kind: 'run', feeds }, { signal, moved })
        },
        train: (training, onProgress) => {
          const moved = Object.values(training.samples).map(({ values }) => values)
          return worker.ask({ kind: 'train', training }, { signal, onProgress, moved })
        },
        state: () => worker.ask({ kind: 'state' }, { signal }),
      })
    } finally {
      await worker.ask({ kind: 'close' })
    }
  } finally {
    release(worker)
  }
}

/**
 * Loads ONNX Runtime in a worker, which stays for the first model: so that what will need it after an hour of other work
 * fails before.
 *
 * @throws `ONNXRUNTIME_MISSING`
 */
export async function expectOnnxRuntime(signal?: AbortSignal): Promise<void> {
  const worker = await acquire(signal)
  try {
    await worker.ask({ kind: 'load' }, { signal })
  } finally {
    release(worker)
  }
}

/**
 * A model for many runs that depend on nothing but their inputs, several at once: each run takes whichever worker is
 * idle, as {@link withSession} does, and opens the model there if it is its first. Between runs it holds no worker back.
 */
export class OnnxModel {
  private static models = 0
  private readonly id = OnnxModel.models++
  private readonly holders = new Set<OnnxWorker>()

  constructor(private readonly file: Uint8Array) {}

  /**
   * Values for the inputs -> values of the outputs. The inputs' buffers are handed over: they are empty here afterwards.
   * @throws `ONNXRUNTIME_MISSING`, `ONNX_RUNTIME_FAILED`, `ABORTED`
   */
  async run(feeds: Record<string, Values>, signal?: AbortSignal): Promise<Record<string, Values>> {
    const worker = await acquire(signal)
    try {
      if (!this.holders.has(worker)) {
        await worker.ask({ kind: 'keep', id: this.id, model: this.file }, { signal })
        this.holders.add(worker)
      }
      const moved = Object.values(feeds).map(({ data }) => data)
      return await worker.ask({ kind: 'infer', id: this.id, feeds }, { signal, moved })
    } finally {
      release(worker)
    }
  }

  /** Frees the model in every worker; no run may be on or follow. */
  async close(): Promise<void> {
    const dropped = Array.from(this.holders, (worker) => worker.ask({ kind: 'drop', id: this.id }))
    this.holders.clear()
    await Promise.allSettled(dropped) // a worker that died has freed it
  }
}

/** How a request goes. */
interface Asking {
  signal?: AbortSignal
  onProgress?: (steps: number) => void
  /** Arrays whose buffers are handed over. */
  moved?: { buffer: ArrayBufferLike }[]
}

/** One worker, as its owner sees it. */
class OnnxWorker {
  private readonly host = startHost({
    onReply: (reply) => this.asked?.settle(reply),
    onDeath: (why, cause) => this.die(why, cause),
  })
  private asked: { settle: (reply: Reply) => void; fail: (error: unknown) => void } | undefined
  private last: Promise<unknown> = Promise.resolve()
  /** Why it is no more. */
  private death: InfomotionError | undefined

  constructor(private readonly onDeath: (worker: OnnxWorker) => void) {}

  /** One request after the other: what comes meanwhile waits. */
  ask<T>(request: Request, asking: Asking = {}): Promise<T> {
    const answer = this.last.then(() => this.send<T>(request, asking))
    this.last = answer.catch(() => undefined)
    return answer
  }

  /** Asks it to keep out of ONNX Runtime. */
  stop(): void {
    this.host.stop()
  }

  /** For the end of the process only: blocks until it is out of ONNX Runtime. */
  waitUntilOut(): void {
    this.host.waitUntilOut()
  }

  private async send<T>(request: Request, { signal, onProgress, moved = [] }: Asking): Promise<T> {
    throwIfAborted(signal)
    if (this.death) throw this.death
    const stop = () => this.stop()
    signal?.addEventListener('abort', stop, { once: true })
    this.host.ref() // the process lives until the answer is here
    try {
      return await new Promise<T>((resolve, reject) => {
        const settle = (reply: Reply) => {
          if ('progress' in reply) onProgress?.(reply.progress)
          else if ('error' in reply) reject(new InfomotionError(reply.error.code, reply.error.message))
          else resolve(reply.result as T)
        }
        this.asked = { settle, fail: reject }
        const buffers = moved.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer)
        this.host.post(request, [...new Set(buffers)])
      })
    } catch (error) {
      throw signal?.aborted ? abortError(signal) : error
    } finally {
      this.asked = undefined
      this.host.unref()
      signal?.removeEventListener('abort', stop)
    }
  }

  private die(why: string, cause?: unknown): void {
    this.death ??= new InfomotionError('INTERNAL', `The ONNX Runtime worker died: ${why}.`, { cause })
    this.asked?.fail(this.death)
    this.onDeath(this)
  }
}

const workers = new Set<OnnxWorker>()
const idle: OnnxWorker[] = []
const waiting: ((worker: OnnxWorker) => void)[] = []

/** An idle worker, a new one, or the next that becomes idle. */
function acquire(signal?: AbortSignal): Promise<OnnxWorker> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal)
    if (idle.length) return resolve(idle.pop()!)
    if (workers.size < workerLimit()) return resolve(startWorker())
    const leave = () => {
      waiting.splice(waiting.indexOf(enter), 1)
      reject(abortError(signal))
    }
    const enter = (worker: OnnxWorker) => {
      signal?.removeEventListener('abort', leave)
      resolve(worker)
    }
    waiting.push(enter)
    signal?.addEventListener('abort', leave, { once: true })
  })
}

function release(worker: OnnxWorker): void {
  const alive = workers.has(worker)
  const next = waiting.shift()
  if (next) next(alive ? worker : startWorker())
  else if (alive) idle.push(worker)
}

function startWorker(): OnnxWorker {
  if (workers.size === 0) process.on('exit', retreat)
  const worker = new OnnxWorker((dead) => {
    workers.delete(dead)
    const place = idle.indexOf(dead)
    if (place >= 0) idle.splice(place, 1)
    if (workers.size === 0) process.off('exit', retreat)
  })
  workers.add(worker)
  return worker
}

/** `process.exit()` and uncaught errors tear the workers down; one that is inside ONNX Runtime would abort the process. */
function retreat(): void {
  for (const worker of workers) worker.stop()
  for (const worker of workers) worker.waitUntilOut()
}

function workerLimit(): number {
  const wanted = Number(process.env.INFOMOTION_THREADS)
  return Number.isInteger(wanted) && wanted >= 1 ? wanted : availableParallelism()
}
