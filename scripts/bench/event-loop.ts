// How long the event loop keeps others waiting while CNN students train in this process, beside as many threads that
// only spin: what is more than theirs is our own doing.
import { availableParallelism } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { Random } from '#lib/runtime/random.js'
import { trainCnn } from '#lib/train/index.js'
import type { Volume } from '#lib/volume/volume.js'
import { median, type Row } from './support.js'

interface Delay {
  /** Milliseconds that a timer of 1 ms comes late. */
  mean: number
  p99: number
  max: number
}

export async function measureEventLoop(rounds: number, steps: number): Promise<Row> {
  const threads = availableParallelism()
  const random = new Random(1, 'bench', 'event loop')
  const volumes = Array.from({ length: 8 }, (): Volume => {
    const [frames, side] = [64, 56]
    return { values: Uint8Array.from({ length: frames * 3 * side * side }, () => random.below(256)), frames, side }
  })
  const labels = Uint32Array.from(volumes, (_, i) => i % 2)
  const weights = new Float32Array(volumes.length).fill(1)
  const students = (seed: number) =>
    Array.from({ length: threads }, () => trainCnn(volumes, { classes: 2, labels }, weights, { steps, seed }))

  const ours: Delay[] = []
  const control: Delay[] = []
  await Promise.all(students(0)) // untimed: the workers start
  for (let round = 0; round < rounds; round++) {
    const started = performance.now()
    ours.push(await delayDuring(() => Promise.all(students(round))))
    const milliseconds = performance.now() - started
    control.push(await delayDuring(() => spin(threads, milliseconds)))
  }
  const of = (delays: Delay[], key: keyof Delay) => median(delays.map((delay) => delay[key]))
  return {
    name: `event loop while ${threads} CNN students train`,
    ours: of(ours, 'p99'),
    peer: of(control, 'p99'),
    peerName: `${threads} spinning threads`,
    unit: 'ms delay, 99th percentile',
    ratio: of(control, 'p99') / of(ours, 'p99'),
    quality: {
      mean: of(ours, 'mean'),
      'mean, control': of(control, 'mean'),
      max: of(ours, 'max'),
      'max, control': of(control, 'max'),
    },
  }
}

async function delayDuring(work: () => Promise<unknown>): Promise<Delay> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await work()
  histogram.disable()
  return { mean: histogram.mean / 1e6, p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 }
}

async function spin(threads: number, milliseconds: number): Promise<void> {
  const workers = Array.from({ length: threads }, () => new Worker('for (;;);', { eval: true }))
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  await Promise.all(workers.map((worker) => worker.terminate()))
}
