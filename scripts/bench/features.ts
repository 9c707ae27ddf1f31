// From a file to its motion descriptor (decode, flow, statistics) beside the same way in OpenCV and numpy: CPU time of one
// clip of EchoNet's format, 112x112, 175 frames, Motion JPEG, both in turn; and how far the descriptors lie apart.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeClip, descriptorLayout } from '#lib/features/index.js'
import { FARNEBACK_DEFAULTS } from '#lib/flow/index.js'
import { readClip, writeClip } from '#lib/video/index.js'
import { OpenCvPeer, speckle } from './opencv.js'
import { cpuSeconds, median, options, type Row, report } from './support.js'

const { quick, full } = options()
const rounds = quick ? 5 : full ? 40 : 15
const SIZE = 112
const FRAMES = 175

const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
const path = join(folder, 'clip.avi')
const peer = await OpenCvPeer.start()
const times = { decode: [] as number[], describe: [] as number[], peer: [] as number[] }
let ours = new Float32Array()
let theirs: number[] = []
try {
  const frames = speckle(SIZE, SIZE, FRAMES)
  await writeClip(path, { frames, count: FRAMES, width: SIZE, height: SIZE }, { fps: 50 })
  for (let round = 0; round < rounds; round++) {
    let clip = await readClip(path)
    times.decode.push(
      await cpuSeconds(async () => {
        clip = await readClip(path)
      }),
    )
    times.describe.push(
      await cpuSeconds(async () => {
        // OpenCV's border, so that the numbers can be compared.
        const { motion } = await describeClip(clip.frames, clip, { flow: FARNEBACK_DEFAULTS })
        ours = motion as Float32Array<ArrayBuffer>
      }),
    )
    if (!peer) continue
    const answer = await peer.ask<{ seconds: number; descriptor: number[] }>({ do: 'clip', path })
    times.peer.push(answer.seconds)
    theirs = answer.descriptor
  }
} finally {
  peer?.stop()
  rmSync(folder, { recursive: true, force: true })
}

const seconds = median(times.decode) + median(times.describe)
const row: Row = {
  name: `${SIZE}x${SIZE}, ${FRAMES} frames: decode, flow, descriptor`,
  ours: 1 / seconds,
  peer: peer ? 1 / median(times.peer) : null,
  peerName: 'OpenCV VideoCapture + calcOpticalFlowFarneback + numpy',
  unit: 'clips/s of one core (CPU time)',
  ratio: peer ? median(times.peer) / seconds : null,
  quality: {
    'decode, ms': 1000 * median(times.decode),
    'flow and descriptor, ms': 1000 * median(times.describe),
    ...(peer ? { 'descriptor difference, relative': relativeDifference() } : {}),
  },
  ...(peer ? {} : { reason: 'opencv-python-headless could not be installed' }),
}
report([row], peer?.versions ?? {})

/** |ours - theirs| / |theirs| (L2), the largest over the descriptor's blocks. */
function relativeDifference(): number {
  const { dim, blocks } = descriptorLayout()
  if (theirs.length !== dim) throw new Error(`the peer has ${theirs.length} numbers, not ${dim}`)
  const norm = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  const of = ({ offset, length }: (typeof blocks)[number]) => {
    const block = theirs.slice(offset, offset + length)
    return norm(block.map((value, i) => value - ours[offset + i])) / norm(block)
  }
  return Math.max(...blocks.map(of))
}
