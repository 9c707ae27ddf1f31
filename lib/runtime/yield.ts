import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from './errors.js'

/** Called now and then in a long computation: lets the process do other work, and stops where the caller asked to. */
export async function yieldToEventLoop(signal?: AbortSignal): Promise<void> {
  await setImmediate()
  throwIfAborted(signal)
}
