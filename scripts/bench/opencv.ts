import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { Random } from '#lib/runtime/random.js'
import { pythonPeer, root } from './support.js'

/** A python process with OpenCV that answers one request at a time (opencv_peer.py). */
export class OpenCvPeer {
  versions: Record<string, string> = {}
  private readonly answers: AsyncIterator<string>

  private constructor(
    private readonly process: ChildProcess,
    lines: Interface,
  ) {
    this.answers = lines[Symbol.asyncIterator]()
  }

  /** undefined where OpenCV cannot be had. */
  static async start(): Promise<OpenCvPeer | undefined> {
    const python = await pythonPeer(['opencv-python-headless', 'numpy'])
    if (!python) return undefined
    const env = {
      ...process.env,
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
      OPENCV_FFMPEG_CAPTURE_OPTIONS: 'threads;1',
    }
    const child = spawn(python, [join(root, 'scripts', 'bench', 'opencv_peer.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env,
    })
    const peer = new OpenCvPeer(child, createInterface({ input: child.stdout! }))
    peer.versions = await peer.answer()
    return peer
  }

  async ask<T>(request: object): Promise<T> {
    this.process.stdin!.write(`${JSON.stringify(request)}\n`)
    return this.answer()
  }

  stop(): void {
    this.process.stdin!.end()
  }

  private async answer<T>(): Promise<T> {
    const { value, done } = await this.answers.next()
    if (done) throw new Error('the python process ended')
    return JSON.parse(value)
  }
}

/** Frames of a speckle texture that beats (grows and shrinks), turns and drifts a little. */
export function speckle(width: number, height: number, count: number): Uint8Array {
  const random = new Random(5, 'bench')
  const lattice = Float32Array.from({ length: 256 * 256 }, () => random.uniform())
  const noise = (x: number, y: number) => {
    const [ix, iy] = [Math.floor(x), Math.floor(y)]
    const [fx, fy] = [x - ix, y - iy]
    const at = (i: number, j: number) => lattice[((iy + j) & 255) * 256 + ((ix + i) & 255)]
    return (1 - fy) * ((1 - fx) * at(0, 0) + fx * at(1, 0)) + fy * ((1 - fx) * at(0, 1) + fx * at(1, 1))
  }
  const frames = new Uint8Array(count * height * width)
  for (let t = 0; t < count; t++) {
    const beat = Math.sin((2 * Math.PI * t) / 40)
    const scale = 1 + 0.06 * beat
    const [c, s] = [scale * Math.cos(0.04 * beat), scale * Math.sin(0.04 * beat)]
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [dx, dy] = [x - width / 2, y - height / 2]
        const px = c * dx - s * dy + 0.3 * t + 500
        const py = s * dx + c * dy + 500
        frames[(t * height + y) * width + x] =
          230 * (0.6 * noise(px / 5, py / 5) + 0.4 * noise(px / 2.2, py / 2.2)) + 12
      }
  }
  return frames
}
