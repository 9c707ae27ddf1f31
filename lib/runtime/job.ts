import { abortError, asInfomotionError } from './errors.js'

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
