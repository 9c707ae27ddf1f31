import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** MiB of this process in memory after what nobody uses is collected, finalizers of the addon's objects included. */
export async function residentMiB(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc()
    await new Promise(setImmediate)
  }
  return process.memoryUsage.rss() / 2 ** 20
}
