// The programs that stages.test.ts starts: node stages.child.js STAGE END MILLISECONDS DATA. The stage works without end,
// three calls at a time; some milliseconds after it has begun, the process, or the thread that it runs in, ends as END says.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { createEncoder, distill, type Progress, readClip, select, writePhantom } from 'infomotion'
import { farneback } from 'infomotion/flow'
import { similarityGraph } from 'infomotion/graph'
import { infomap } from 'infomotion/infomap'
import { describeClip } from '#lib/features/index.js'
import { trainCnn, trainStudent } from '#lib/train/index.js'

const [stage, end, milliseconds, data] = process.argv.slice(2)
const abort = new AbortController()
const { signal } = abort

/** Input of a stage: made for that stage alone, once (most of a short process would go into making them all). */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

const size = { width: 320, height: 240 }
const frames = once(() => Uint8Array.from({ length: 60 * 320 * 240 }, (_, i) => (i * i) >> 7))
const matrix = (rows: number, dim: number) =>
  once(() => ({ rows, dim, values: Float32Array.from({ length: rows * dim }, (_, i) => Math.sin(i * i)) }))
const [many, most, some, wide] = [matrix(6000, 256), matrix(20_000, 64), matrix(3000, 32), matrix(2000, 500)]
const volumes = once(() =>
  [0, 1].map((seed) => ({
    values: Uint8Array.from({ length: 64 * 3 * 56 * 56 }, (_, i) => (i * 7919 + seed) % 256),
    ...{ frames: 64, side: 56 },
  })),
)
const network = once(() => {
  const links = Uint32Array.from({ length: 400_000 }, (_, i) => (i * 2654435761) % 20_000)
  return { sources: links.subarray(0, 200_000), targets: links.subarray(200_000) }
})
const clip = () => join(data, 'Videos', readdirSync(join(data, 'Videos'))[0])
const classes = [0, 1].map((c) => ({
  name: `${c}`,
  rows: Uint32Array.from({ length: 1500 }, (_, i) => c * 1500 + i),
  modules: Uint32Array.from({ length: 1500 }, (_, i) => i % 50),
  flow: new Float64Array(1500).fill(1 / 1500),
  codelength: 1,
}))

/** The runs of `distill` write to folders of their own; `began` is told of the stage that is meant. */
let runs = 0
const distilling = (began: () => void) => {
  const out = join(data, '..', `${stage}-${end}-${runs++ % 3}`)
  const onProgress = ({ stage: now }: Progress) => now === stage && began()
  return distill(data, { out, cache: join(data, '..', 'cache'), vpc: 2, randomDraws: 3, signal, onProgress })
}

const phantoms = (began: () => void) =>
  writePhantom(join(data, '..', `phantom-${end}-${runs++ % 3}`), { train: 50, test: 0, signal, onProgress: began })

/** One call of each stage; `began` may be told once it is at it. */
const work: Record<string, (began: () => void) => Promise<unknown>> = {
  decode: () => readClip(clip(), { signal }),
  ffmpeg: () => readClip(clip(), { backend: 'ffmpeg', signal }),
  flow: () => farneback(frames(), size, { signal }),
  features: () => describeClip(frames(), { ...size, fps: 50 }, { volume: { side: 56 }, signal }),
  graph: () => similarityGraph(many(), { k: 10, signal }),
  approximate: () => similarityGraph(most(), { k: 10, search: 'approximate', signal }),
  infomap: () => infomap(network(), { twoLevel: true, trials: 50, signal }),
  select: () => select('random+swap', { features: some(), classes }, { perClass: 50, seed: 1, signal }),
  train: (onProgress) => {
    const labels = Uint32Array.from({ length: 2000 }, (_, i) => i % 5)
    const weights = new Float32Array(2000).fill(1)
    const options = { batch: 2000, epochs: 20_000 }
    return trainStudent(wide(), { classes: 5, labels }, weights, options, { signal, onProgress })
  },
  cnn: (onProgress) =>
    trainCnn(
      volumes(),
      { classes: 2, labels: [0, 1] },
      Float32Array.of(1, 1),
      { steps: 10_000 },
      { signal, onProgress },
    ),
  encode: async () => {
    const encoder = await createEncoder()
    try {
      for await (const _ of encoder.encode([...volumes(), ...volumes()], { signal }));
    } finally {
      await encoder.close()
    }
  },
  phantom: phantoms,
  synthesize: distilling,
  evaluate: distilling,
  report: distilling,
}

async function begin(act: () => void): Promise<void> {
  let begun = false
  const began = () => {
    if (!begun) setTimeout(act, Number(milliseconds))
    begun = true
  }
  const reports = ['phantom', 'train', 'cnn', 'synthesize', 'evaluate', 'report'].includes(stage)
  if (!reports) setTimeout(began, 50)
  const lane = async () => {
    for (;;) await work[stage](began)
  }
  const lanes = await Promise.allSettled([lane(), lane(), lane()])
  console.log([...new Set(lanes.map((lane) => (lane as PromiseRejectedResult).reason?.code))].join())
}

const acts: Record<string, () => void> = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('planned')
  },
  abort: () => abort.abort(),
  'thread-exit': () => process.exit(3),
  'thread-throw': () => {
    throw new Error('planned')
  },
  'thread-terminate': () => parentPort!.postMessage('now'),
}

if (end.startsWith('thread') && isMainThread) {
  const thread = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) })
  thread.on('message', () => thread.terminate())
  thread.on('error', (error) => console.log(error.message))
  thread.on('exit', async (code) => {
    console.log(`thread ${code}`)
    // what the thread held is free: another run into its folder may start
    if (work[stage] === distilling) await distilling(() => {})
  })
} else await begin(acts[end])
