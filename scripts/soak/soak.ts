import { createEncoder, describeClip, readClip, writeClip } from 'infomotion'
import { farneback } from 'infomotion/flow'
import { similarityGraph } from 'infomotion/graph'
import { infomap } from 'infomotion/infomap'
import { trainStudent } from '#lib/train/index.js'
import { residentMiB } from './resident.js'

export interface SoakOptions {
  /** After which growth counts: V8's own heap and code settle first. */
  warmUp: number
  clips: number
  /** Clips from one ONNX session (an encoder, a student trained) to the next; 0: none. */
  sessionEvery: number
}

/** Looks at the memory, evenly spaced. */
const SAMPLES = 24

/** Clips from one graph and its communities to the next. */
const GRAPH_EVERY = 50
const shape = { width: 32, height: 32, fps: 32 }

/**
 * What a long run does, in small: decodes a clip, its flow, its descriptor; of every 50 descriptors a graph and its
 * communities. Memory of the addon and of ONNX Runtime is not the garbage collector's: what a call leaves behind shows in
 * the process only. Gives the most resident MiB in each half after the warm-up: ONNX Runtime's workers collect their own garbage
 * when they like, so that the memory goes up and down by 40 MiB below a ceiling, which alone tells of a leak.
 */
export async function soak(path: string, { warmUp, clips, sessionEvery }: SoakOptions) {
  const frames = Uint8Array.from({ length: 6 * 32 * 32 }, (_, i) => (i * i) >> 7)
  let motions: Float32Array[] = []

  async function round(i: number): Promise<void> {
    const clip = await readClip(path)
    await farneback(clip.frames, shape)
    const { motion } = await describeClip(clip.frames, shape)
    motions.push(motion.map((value, j) => value + Math.sin(i * 31 + j))) // no two alike
    if (i % GRAPH_EVERY === GRAPH_EVERY - 1) await communities()
    if (sessionEvery > 0 && i % sessionEvery === sessionEvery - 1) await session()
  }
  async function communities(): Promise<void> {
    const values = Float32Array.from(motions.flatMap((motion) => [...motion]))
    const rows = motions.length
    motions = []
    await infomap(await similarityGraph({ rows, dim: values.length / rows, values }, { k: 5 }), { trials: 2, seed: 1 })
  }
  async function session(): Promise<void> {
    const encoder = await createEncoder({ workers: 1 })
    const { side, frames } = encoder.volume
    const volume = { side, frames, values: new Uint8Array(frames * 3 * side * side).fill(128) }
    for await (const _ of encoder.encode([volume]));
    await encoder.close()
    const values = Float32Array.from({ length: 20 * 8 }, (_, i) => Math.sin(i * i))
    const labels = Uint32Array.from({ length: 20 }, (_, i) => i % 2)
    await trainStudent({ rows: 20, dim: 8, values }, { classes: 2, labels }, new Float32Array(20).fill(1), {
      epochs: 2,
    })
  }

  await writeClip(path, { ...shape, frames, count: 6 }, { fps: shape.fps })
  for (let i = 0; i < warmUp; i++) await round(i)
  const seen: number[] = []
  for (let i = 0; i < clips; i++) {
    await round(warmUp + i)
    if (Math.floor(((i + 1) * SAMPLES) / clips) > seen.length) seen.push(await residentMiB())
  }
  return { first: Math.max(...seen.slice(0, SAMPLES / 2)), second: Math.max(...seen.slice(SAMPLES / 2)) }
}
