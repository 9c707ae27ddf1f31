// Farneback flow beside OpenCV's: CPU time of one thread, both fed the same frames in turn, and how far the results lie
// apart. "pair": two frames a call; "sequence": one call for the whole clip, where each frame is expanded once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { farneback } from 'infomotion/flow'
import { OpenCvPeer, speckle } from './opencv.js'
import { cpuSeconds, median, options, type Row, report } from './support.js'

const { quick, full } = options()
const sizes = [
  { width: 112, height: 112, count: 41 },
  { width: 256, height: 256, count: 9 },
  { width: 640, height: 480, count: 3 },
  ...(full ? [{ width: 1920, height: 1080, count: 3 }] : []),
]
const rounds = quick ? 5 : full ? 40 : 15

const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
const peer = await OpenCvPeer.start()
const rows: Row[] = []
try {
  for (const { width, height, count } of sizes)
    for (const gaussian of [false, true]) rows.push(...(await compare(width, height, count, gaussian)))
} finally {
  peer?.stop()
  rmSync(folder, { recursive: true, force: true })
}
report(rows, peer?.versions ?? {})

async function compare(width: number, height: number, count: number, gaussian: boolean): Promise<Row[]> {
  const frames = speckle(width, height, count)
  const shape = { width, height }
  const pixels = width * height
  const pairs = count - 1
  const path = join(folder, 'frames.raw')
  const out = join(folder, 'flow.raw')
  writeFileSync(path, frames)

  const times = { pair: [] as number[], sequence: [] as number[], peer: [] as number[] }
  let ours = new Float32Array()
  for (let round = 0; round < rounds; round++) {
    const pair = await cpuSeconds(async () => {
      for (let i = 0; i < pairs; i++)
        await farneback(frames.subarray(i * pixels, (i + 2) * pixels), shape, { gaussian })
    })
    const sequence = await cpuSeconds(async () => {
      ours = (await farneback(frames, shape, { gaussian })).flow as Float32Array<ArrayBuffer>
    })
    times.pair.push(pair)
    times.sequence.push(sequence)
    if (!peer) continue
    const { seconds } = await peer.ask<{ seconds: number }>({ do: 'flow', frames: path, out, width, height, gaussian })
    times.peer.push(seconds)
  }

  const ms = (seconds: number[]) => (1000 * median(seconds)) / pairs
  return (['pair', 'sequence'] as const).map((kind) => ({
    name: `${width}x${height} ${gaussian ? 'gauss' : 'box'}, ${kind}`,
    ours: ms(times[kind]),
    peer: peer ? ms(times.peer) : null,
    peerName: 'OpenCV calcOpticalFlowFarneback',
    unit: 'ms CPU/pair',
    ratio: peer ? ms(times.peer) / ms(times[kind]) : null,
    quality: peer ? difference(ours, readFileSync(out)) : {},
    ...(peer ? {} : { reason: 'opencv-python-headless could not be installed' }),
  }))
}

function difference(ours: Float32Array, file: Buffer): Record<string, number> {
  const theirs = new Float32Array(file.buffer, file.byteOffset, ours.length)
  let max = 0
  let sum = 0
  for (let i = 0; i < ours.length; i++) {
    const apart = Math.abs(ours[i] - theirs[i])
    max = Math.max(max, apart)
    sum += apart
  }
  return { 'max difference, px': max, 'mean difference, px': sum / ours.length }
}
