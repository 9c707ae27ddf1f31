import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Random } from '#lib/runtime/random.js'
import { Peer } from './peer.js'
import { pythonPeer, root } from './support.js'

/** A clip's frames on disk, and where its flow is wanted. */
export interface FlowRequest {
  frames: string
  out: string
  width: number
  height: number
  gaussian: boolean
}

/** A process with OpenCV. */
export class OpenCvPeer extends Peer {
  /** PyPI's (opencv_peer.py); undefined where it cannot be had. */
  static async start(): Promise<OpenCvPeer | undefined> {
    const python = await pythonPeer(['opencv-python-headless', 'numpy'])
    if (!python) return undefined
    return new OpenCvPeer(python, [join(root, 'scripts', 'bench', 'opencv_peer.py')]).ready()
  }

  /** The one installed here (Debian's; native/bench/flow_peer.cc), for flow alone; undefined where there is none. */
  static async installed(): Promise<OpenCvPeer | undefined> {
    const cmake = (...args: string[]) => execFileSync('cmake', args, { cwd: root, stdio: 'ignore' })
    try {
      cmake('-S', 'native', '-B', 'build/core', '-DCMAKE_BUILD_TYPE=Release')
      cmake('--build', 'build/core', '--target', 'flow_peer')
    } catch {
      return undefined
    }
    return new OpenCvPeer(join(root, 'build', 'core', 'flow_peer'), [], (request) => {
      const { frames, out, width, height, gaussian } = request as FlowRequest
      return `${frames} ${out} ${width} ${height} ${Number(gaussian)}`
    }).ready()
  }

  /** CPU seconds of the flow of all the clip's pairs, which then lies in `out`. */
  async flow(request: FlowRequest): Promise<number> {
    return (await this.ask<{ seconds: number }>({ do: 'flow', ...request })).seconds
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
