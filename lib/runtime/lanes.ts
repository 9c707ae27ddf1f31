import { getMaxListeners, setMaxListeners } from 'node:events'
import { throwIfAborted } from './errors.js'

/**
 * Runs the jobs 0 .. count - 1, some at once, each lane taking the next one. Where one fails the others stop after the
 * job they are at, and its error is thrown when they have: nothing runs on behind the caller's back.
 */
export async function inLanes(
  lanes: number,
  count: number,
  signal: AbortSignal | undefined,
  job: (index: number) => Promise<void>,
): Promise<void> {
  // each lane may listen several times, where Node takes more than 10 listeners of a signal for a leak
  if (signal && getMaxListeners(signal) > 0) setMaxListeners(Math.max(getMaxListeners(signal), 4 * lanes), signal)
  let next = 0
  const lane = async () => {
    while (next < count) {
      throwIfAborted(signal)
      await job(next++).catch((error) => {
        next = count
        throw error
      })
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane))
  const failed = ended.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}
