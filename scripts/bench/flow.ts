// Farneback flow beside OpenCV's: CPU time of one thread, fed the same frames in turn, and how far the results lie apart.
// "pair": two frames a call; "sequence": one call for the whole clip, where each frame is expanded once. The peer of a row
// is the faster of PyPI's OpenCV and the one installed here. Then two threads beside one (wall time), with what two
// threads that only spin reach in the same run, the ratio if that were two, and what two threads cost in CPU time.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { farneback } from 'infomotion/flow'
import { native } from '#lib/runtime/native.js'
import { OpenCvPeer, speckle } from './opencv.js'
import { cpuSeconds, median, options, type Row, report } from './support.js'

const { quick, full } = options()
const sizes = [
  { width: 112, height: 112, count: 41 },
  { width: 256, height: 256, count: 9 },
  { width: 640, height: 480, count: 5 },
  ...(quick ? [] : [{ width: 1920, height: 1080, count: 3 }]),
]
const rounds = quick ? 3 : full ? 40 : 11

const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
const peers = [await OpenCvPeer.start(), await OpenCvPeer.installed()].filter((peer) => peer !== undefined)
const rows: Row[] = []
try {
  for (const { width, height, count } of sizes)
    for (const gaussian of [false, true]) rows.push(...(await compare(width, height, count, gaussian)))
} finally {
  for (const peer of peers) peer.stop()
  rmSync(folder, { recursive: true, force: true })
}
const clip = { width: 112, height: 112, count: 41 }
const large = { width: 1920, height: 1080, count: 2 }
rows.push(
  await twoThreads('a clip of 41 frames', clip, (frames, threads) => flowOf(frames, clip, threads)),
  await twoThreads('64 such clips, a thread each', clip, (frames, threads) => batch(frames, clip, threads, 64)),
  await twoThreads('one pair', large, (frames, threads) => flowOf(frames, large, threads)),
)
const versions = peers.map(({ versions: { opencv } }, i) => [i === 0 ? 'opencv' : 'opencv, installed', opencv])
report(rows, { 'instruction set': native().isa, ...Object.fromEntries(versions) })

async function compare(width: number, height: number, count: number, gaussian: boolean): Promise<Row[]> {
  const frames = speckle(width, height, count)
  const shape = { width, height }
  const pixels = width * height
  const pairs = count - 1
  const path = join(folder, 'frames.raw')
  const out = join(folder, 'flow.raw')
  writeFileSync(path, frames)

  const times = { pair: [] as number[], sequence: [] as number[], peers: peers.map(() => [] as number[]) }
  let ours = new Float32Array()
  for (let round = 0; round < rounds; round++) {
    const pair = await cpuSeconds(async () => {
      for (let i = 0; i < pairs; i++)
        await farneback(frames.subarray(i * pixels, (i + 2) * pixels), shape, { gaussian, device: 'cpu' })
    })
    const sequence = await cpuSeconds(async () => {
      ours = (await farneback(frames, shape, { gaussian, device: 'cpu' })).flow as Float32Array<ArrayBuffer>
    })
    times.pair.push(pair)
    times.sequence.push(sequence)
    for (const [i, peer] of peers.entries())
      times.peers[i].push(await peer.flow({ frames: path, out, width, height, gaussian }))
  }

  const ms = (seconds: number[]) => (1000 * median(seconds)) / pairs
  const theirs = times.peers.map(ms)
  const fastest = theirs.indexOf(Math.min(...theirs))
  return (['pair', 'sequence'] as const).map((kind) => ({
    name: `${width}x${height} ${gaussian ? 'gauss' : 'box'}, ${kind}`,
    ours: ms(times[kind]),
    peer: theirs[fastest] ?? null,
    peerName: `OpenCV ${peers[fastest]?.versions.opencv ?? ''}`.trim(),
    unit: 'ms CPU/pair',
    ratio: peers.length > 0 ? theirs[fastest] / ms(times[kind]) : null,
    quality: peers.length > 0 ? difference(ours, readFileSync(out)) : {},
    ...(peers.length === 0 && { reason: 'neither PyPI nor this machine has OpenCV' }),
  }))
}

function difference(ours: Float32Array, file: Buffer): Record<string, number> {
  const theirs = new Float32Array(file.buffer, file.byteOffset, ours.length)
  let max = 0
  let sum = 0
  for (let i = 0; i < ours.length; i++) {
    const apart = Math.abs(ours[i] - theirs[i])
    if (!(apart <= max)) max = apart // a NaN stays
    sum += apart
  }
  return { 'max difference, px': max, 'mean difference, px': sum / ours.length }
}

type Shape = { width: number; height: number; count: number }

async function flowOf(frames: Uint8Array, { width, height }: Shape, threads: number): Promise<Float32Array> {
  return (await farneback(frames, { width, height }, { threads, device: 'cpu' })).flow
}

/** So many calls, each on one thread, as many at once as there are threads. The flow of the last one. */
async function batch(frames: Uint8Array, shape: Shape, threads: number, calls: number): Promise<Float32Array> {
  let left = calls
  let last = new Float32Array()
  const worker = async () => {
    while (left-- > 0) last = (await flowOf(frames, shape, 1)) as Float32Array<ArrayBuffer>
  }
  await Promise.all(Array.from({ length: threads }, worker))
  return last
}

// What two processors of this machine reach is measured beside it, twice: by threads that only count, which a neighbour on
// the same core hardly slows down, and by calls of one thread each, two at a time: the same work without any sharing.
async function twoThreads(
  what: string,
  shape: Shape,
  work: (frames: Uint8Array, threads: number) => Promise<Float32Array>,
): Promise<Row> {
  const frames = speckle(shape.width, shape.height, shape.count)
  const walls: number[][] = [[], []]
  const cpus: number[][] = [[], []]
  const spins: number[][] = [[], []]
  const apart: number[][] = [[], []]
  const flows: Float32Array[] = []
  for (let round = 0; round < rounds + 2; round++)
    for (const threads of [1, 2]) {
      spins[threads - 1].push(await spin(threads))
      apart[threads - 1].push(await wallOf(() => batch(frames, shape, threads, 6)))
      const cpu = await cpuSeconds(async () => {
        walls[threads - 1].push(await wallOf(async () => (flows[threads - 1] = await work(frames, threads))))
      })
      cpus[threads - 1].push(cpu)
    }
  const [one, two] = walls.map(median)
  const reach = (2 * median(spins[0])) / median(spins[1])
  const calls = median(apart[0]) / median(apart[1])
  const same = Buffer.from(flows[0].buffer).equals(Buffer.from(flows[1].buffer))
  return {
    name: `${shape.width}x${shape.height} box, ${what}, two threads`,
    ours: two,
    peer: one,
    peerName: 'one thread',
    unit: 'ms wall',
    ratio: one / two,
    quality: {
      'two spinning threads reach': reach,
      'ratio, calibrated': (2 * one) / two / reach,
      'separate calls, two at a time, reach': calls,
      'CPU time of two threads to that of one': median(cpus[1].map((cpu, i) => cpu / cpus[0][i])),
      'same bytes': same ? 'yes' : 'no',
    },
  }
}

async function wallOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** Wall time in which so many threads each do the same counting. */
async function spin(threads: number): Promise<number> {
  const program = `
    const { parentPort } = require('node:worker_threads')
    parentPort.once('message', () => { let x = 0; for (let i = 0; i < 6e7; i++) x = (x * 31 + i) | 0; parentPort.postMessage(x) })
    parentPort.postMessage('ready')`
  const workers = Array.from({ length: threads }, () => new Worker(program, { eval: true }))
  const said = (worker: Worker) => new Promise((resolve) => worker.once('message', resolve))
  await Promise.all(workers.map(said))
  const started = performance.now()
  await Promise.all(
    workers.map((worker) => {
      worker.postMessage('go')
      return said(worker)
    }),
  )
  const wall = performance.now() - started
  await Promise.all(workers.map((worker) => worker.terminate()))
  return wall
}
