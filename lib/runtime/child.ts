import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A process that serves us, and keeps nobody alive but while `ref` holds. It ends when its channel to us closes. */
export interface Child<Message> {
  /** Sends a message as a structured clone; to a dead process, nothing: `onDeath` is told, or has been. */
  send(message: Message): void
  ref(): void
  unref(): void
}

/**
 * Starts a module as a process of its own. Some native modules take the whole process with them if the thread they work
 * in ends meanwhile. In the main thread that is the end of the process anyway; a worker thread of the user's can be ended
 * by `worker.terminate()` at any moment, so what it needs of such modules is done in a process.
 */
export function startChild<Message, Reply>(
  module: URL,
  { onReply, onDeath }: { onReply(reply: Reply): void; onDeath(why: string, cause?: unknown): void },
): Child<Message> {
  const child = fork(fileURLToPath(module), {
    execArgv: [], // ours may be about the program that we run (--input-type, --inspect)
    serialization: 'advanced', // structured clones, as between threads
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const unref = () => {
    child.unref()
    child.channel?.unref()
  }
  unref()
  child.on('message', (reply) => onReply(reply as Reply))
  child.on('error', (cause) => onDeath(cause.message, cause))
  child.on('exit', (code, signal) => onDeath(`its process ended with ${signal ?? `code ${code}`}`))
  return {
    send(message) {
      if (child.connected) child.send(message as object)
    },
    ref() {
      child.ref()
      child.channel?.ref()
    },
    unref,
  }
}

/** In such a process: serves its parent until that is gone, for whatever reason. Gives the function that replies. */
export function serveParent<Message, Reply>(onMessage: (message: Message) => void): (reply: Reply) => void {
  process.on('message', (message) => onMessage(message as Message))
  process.on('disconnect', () => process.exit()) // heard between two jobs, never inside one
  process.on('SIGINT', () => {}) // Ctrl-C reaches every process at the terminal; what it stops is not ours to say
  return (reply) => process.send?.(reply, undefined, undefined, () => {}) // whoever asked may be gone
}
