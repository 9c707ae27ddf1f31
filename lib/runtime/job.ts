import { abortError, asInfomotionError } from './errors.js'
import type { Progress, StageOptions } from './progress.js'

/** What every asynchronous function of the addon returns. */
export interface Job<T> {
  promise: Promise<T>
  /** Asks the running job to stop; its promise then rejects with code `ABORTED`. */
  cancel(): void
}

/** Starts a native job, ties it to an AbortSignal, and gives its failures as InfomotionError. */
export async function runJob<T>(start: () => Job<T>, signal?: AbortSignal): Promise<T> {
  if (signal?.aborted) throw abortError(signal)
  let job: Job<T>
  try {
    job = start()
  } catch (error) {
    throw asInfomotionError(error)
  }
  const cancel = () => job.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await job.promise
  } catch (error) {
    throw signal?.aborted ? abortError(signal) : asInfomotionError(error)
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

/** How often a counted job's counter is looked at, ms. */
const GLANCE = 100

/**
 * {@link runJob} for a job that counts what it has done in an Int32 over a SharedArrayBuffer: its pool threads raise it,
 * and looking there now and then costs them nothing. An `onProgress` that throws stops the job.
 */
export async function runCounted<T>(
  start: (done: Int32Array) => Job<T>,
  what: Omit<Progress, 'done'>,
  { signal, onProgress }: StageOptions,
): Promise<T> {
  const done = new Int32Array(new SharedArrayBuffer(4))
  if (!onProgress) return runJob(() => start(done), signal)
  let job: Job<T> | undefined
  let failure: { cause: unknown } | undefined
  let told = -1
  const tell = () => {
    const now = Atomics.load(done, 0)
    if (now === told || failure) return
    told = now
    try {
      onProgress({ ...what, done: now })
    } catch (cause) {
      failure = { cause }
      job?.cancel()
    }
  }
  const timer = setInterval(tell, GLANCE)
  try {
    const result = await runJob(() => {
      job = start(done)
      return job
    }, signal)
    tell()
    if (failure) throw failure.cause
    return result
  } catch (error) {
    throw failure ? failure.cause : error
  } finally {
    clearInterval(timer)
  }
}

/** A promise whose rejection is met where it is awaited, if it ever is. */
export function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

/** The promise's value, or an abort without waiting for it. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
