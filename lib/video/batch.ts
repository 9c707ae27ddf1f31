import { availableParallelism } from 'node:os'
import { unlessAborted } from '../runtime/errors.js'
import { GrowingBytes, STEP } from './growing.js'
import { LumaStream } from './luma.js'
import type { Decoded } from './pipe.js'
import { type Decoder, DecoderProcess, type Output, words } from './process.js'
import type { ReadOptions } from './types.js'

// Small clips share ffmpeg processes: starting one costs three times what decoding such a clip does. Several inputs of a
// process go to several pipes, each with the same decoder and options as alone, and give the same bytes. A result counts only
// where all went well, and nothing was said, which could be of any of them: otherwise each is decoded again, alone.

/** Most clips that one process decodes. */
export const MOST_TOGETHER = 16

/** Luma of one clip among others that is kept: what was granted for it. A larger one is decoded alone. */
const KEPT = STEP

/** What is read of one that is larger, so that the others come through; then all are decoded alone. */
const DRAINED = 16 * STEP

/** How long the others may take, ms, once a clip among them was given up: it may be the one that hangs. */
const GRACE = 5000

/** A clip that ffmpeg reads. */
export interface Job {
  command: string
  input: string[]
  /** The arguments that lead input `index` to descriptors. */
  output(index: number, to: Output): string[]
}

interface Waiting {
  job: Job
  signal?: AbortSignal
  /** It was tried among others. */
  alone: boolean
  /** Its turn to be decoded alone, which lasts until it is. */
  begin(): Promise<void>
  take(decoded: Decoded): void
}

/** Clips whose turn has not come. */
const queue: Waiting[] = []
/** Processes at work. */
let running = 0
/** Clips a process, at present: fewer after one that failed. */
let most = MOST_TOGETHER

const processes = () => Number(process.env.INFOMOTION_THREADS) || availableParallelism()

/**
 * Decodes a small clip when its turn comes: no more processes are at work than there are threads. Where clips wait, several share
 * one. `alone` decodes it by itself; `shared` makes a clip of what came out of a process that others shared.
 */
export async function inTurn<T>(
  job: Job,
  { signal, reserve }: ReadOptions,
  alone: (reserve: ReadOptions['reserve']) => Promise<T>,
  shared: (decoded: Decoded) => Promise<T>,
): Promise<T> {
  await reserve?.(KEPT) // before its turn: who waits for memory in a process that others share may wait for them
  let granted = KEPT
  const more = async (bytes: number) => {
    const taken = Math.min(bytes, granted)
    granted -= taken
    if (bytes > taken) await lettingOthers(() => reserve?.(bytes - taken))
  }
  const done = new Promise<T>((resolve, reject) => {
    const begin = () => alone(more).then(resolve, reject)
    queue.push({ job, signal, alone: false, begin, take: (decoded) => void shared(decoded).then(resolve, reject) })
  })
  done.catch(() => {}) // after an abort nobody hears of it
  next()
  return unlessAborted(done, signal)
}

/** While a clip waits for memory, its turn is another's: who has the memory may be waiting for a turn. */
async function lettingOthers(wait: () => Promise<void> | undefined): Promise<void> {
  running--
  next()
  try {
    await wait()
  } finally {
    running++
  }
}

function next(): void {
  while (running < processes() && queue.length > 0) {
    const [first] = queue
    if (first.signal?.aborted) {
      queue.shift()
      continue
    }
    const each = Math.min(most, Math.ceil(queue.length / (processes() - running)))
    const others = queue.findIndex(({ alone, job }) => alone || job.command !== first.job.command)
    const clips = queue.splice(0, first.alone ? 1 : Math.max(1, Math.min(each, others < 0 ? each : others)))
    running++
    const work = clips.length === 1 ? first.begin() : decodeTogether(clips)
    work.finally(() => {
      running--
      next()
    })
  }
}

/** Decodes clips in one process. Never rejects: clips of which nothing came are put first in the queue, to be decoded alone. */
async function decodeTogether(clips: Waiting[]): Promise<void> {
  const decoded = await attempt(clips).catch(() => undefined)
  most = decoded ? Math.min(MOST_TOGETHER, 2 * most) : Math.max(1, most >> 1)
  for (const [i, clip] of clips.entries()) {
    const whole = decoded?.[i]
    if (whole) clip.take(whole)
    else queue.unshift({ ...clip, alone: true })
  }
}

/** What came of each clip, where all is well; undefined for one that is too large. */
async function attempt(clips: Waiting[]): Promise<(Decoded | undefined)[] | undefined> {
  const outputs = clips.map((_, i) => (i === 0 ? { frames: 1, times: 3 } : { frames: 2 * i + 2, times: 2 * i + 3 }))
  const args = ['-nostdin', '-v', 'error', ...clips.flatMap(({ job }) => job.input)]
  for (const [i, { job }] of clips.entries()) args.push(...job.output(i, outputs[i]))
  const decoder: Decoder = { name: 'ffmpeg', command: clips[0].job.command, args, outputs }
  const process = new DecoderProcess(decoder)
  const stopWatching = watch(clips, () => process.close())
  try {
    const decoded = await Promise.all(
      outputs.map(async (output, i): Promise<Decoded> => {
        const luma = new LumaStream(await process.frames(output))
        const frames = new GrowingBytes()
        let drained = 0
        for (let frame = await luma.next(); frame; frame = await luma.next()) {
          if (drained === 0 && frames.length + frame.length <= KEPT) await frames.push(frame)
          else drained += frame.length
          if (drained > DRAINED) process.close()
        }
        return { luma, bytes: frames.bytes, times: process.times[i] }
      }),
    )
    const { status, messages } = await process.end()
    if (status !== 0 || words(messages) !== '' || decoded.some(({ luma }) => luma.cut)) return undefined
    const heads = await Promise.all(decoded.map(({ luma }) => luma.head()))
    return decoded.map((clip, i) => {
      const { width = 0, height = 0 } = heads[i] ?? {}
      return clip.luma.count > 0 && clip.bytes.length === clip.luma.count * width * height ? clip : undefined
    })
  } finally {
    stopWatching()
    process.close()
  }
}

/** Ends a process whose clips were all given up at once, and one of which some were after a while. */
function watch(clips: Waiting[], end: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const heard = () => {
    if (clips.every(({ signal }) => signal?.aborted)) end()
    else timer ??= setTimeout(end, GRACE)
  }
  for (const { signal } of clips) signal?.addEventListener('abort', heard, { once: true })
  return () => {
    clearTimeout(timer)
    for (const { signal } of clips) signal?.removeEventListener('abort', heard)
  }
}
