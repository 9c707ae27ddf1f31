import { isMainThread } from 'node:worker_threads'
import { type Child, startChild } from './child.js'
import { InfomotionError } from './errors.js'
import { decode, encode, type GreyImage, type JpegRequest, type Picture } from './jpeg-codec.js'
import { moduleUrl } from './package.js'

/**
 * JPEG by libjpeg-turbo. Called in a worker thread, by a process: a thread that is terminated in the middle of a JPEG would
 * abort the whole process (see `startChild`).
 */
export function decodeJpeg(jpeg: Uint8Array): Promise<GreyImage> {
  return isMainThread ? decode(jpeg) : elsewhere({ decode: jpeg })
}

export function encodeJpeg(picture: Picture): Promise<Buffer> {
  return isMainThread ? encode(picture) : elsewhere({ encode: picture })
}

type Reply = { id: number; result: unknown; error?: undefined } | { id: number; error: string; code?: string }

let child: Child<{ id: number; request: JpegRequest }> | undefined
let last = 0
const asked = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>()

function elsewhere<T>(request: JpegRequest): Promise<T> {
  child ??= startChild(moduleUrl('runtime/jpeg-process.js'), { onReply, onDeath })
  const id = last++
  return new Promise((resolve, reject) => {
    if (asked.size === 0) child!.ref()
    asked.set(id, { resolve, reject })
    child!.send({ id, request })
  })
}

function onReply(reply: Reply): void {
  const { resolve, reject } = asked.get(reply.id)!
  asked.delete(reply.id)
  if (asked.size === 0) child?.unref()
  if (reply.error === undefined) resolve(reply.result as never)
  else reject(reply.code ? new InfomotionError(reply.code, reply.error) : new Error(reply.error))
}

/** What was asked fails; the next request starts another process. */
function onDeath(why: string): void {
  child = undefined
  for (const { reject } of asked.values()) reject(new InfomotionError('INTERNAL', `The JPEG worker died: ${why}.`))
  asked.clear()
}
