import { Random } from '../runtime/random.js'
import { type Phase, phasesOf } from './cycle.js'
import { cavityHalfWidth, Motion } from './motion.js'
import { type Patient, SIZE } from './patient.js'
import { bilinear, COLUMNS, drawTissue, FROM_ACROSS, FROM_ALONG, OVERSAMPLE, ROWS } from './tissue.js'

/** A scan of a made-up patient. */
export interface Scan {
  patient: Patient
  /** One a frame. */
  phases: Phase[]
  /** Renders a frame into SIZE * SIZE bytes. */
  draw(frame: number, out: Uint8Array): void
}

/**
 * Prepares a scan; its frames can then be drawn in any order.
 *
 * @param seed,words name the streams of random numbers (see Random), so a frame depends on these alone
 */
export function scanOf(patient: Patient, seed: number, ...words: (string | number)[]): Scan {
  const random = new Random(seed, 'phantom', 'scan', ...words)
  const tissue = drawTissue(patient, random)
  const phases = phasesOf(patient)
  const { pixels, shade } = viewOf(patient)
  const noise = Float32Array.from({ length: NOISE }, () => random.gaussian() * patient.image.noise)
  const tone = Uint8Array.from({ length: 256 }, (_, level) => Math.round(255 * (level / 255) ** patient.image.gamma))
  const grey = new Float32Array(SIZE * SIZE)
  const point = new Float64Array(2)
  const draw = (frame: number, out: Uint8Array) => {
    const motion = motionAt(patient, phases, frame)
    const shift = new Random(seed, 'phantom', 'noise', ...words, frame).below(NOISE)
    for (let k = 0; k < pixels.length; k++) {
      const pixel = pixels[k]
      motion.fromImage(pixel % SIZE, Math.floor(pixel / SIZE), point)
      motion.backward(point[0], point[1], point)
      const column = clamp((point[1] - FROM_ACROSS) * OVERSAMPLE, 0, COLUMNS - 1.001)
      const row = clamp((point[0] - FROM_ALONG) * OVERSAMPLE, 0, ROWS - 1.001)
      grey[pixel] = bilinear(tissue, COLUMNS, column, row) + shade[k] + noise[(shift + k) & (NOISE - 1)]
    }
    for (const leaflet of leaflets(patient, motion)) drawLine(grey, leaflet, 135 + patient.image.gain)
    for (const pixel of pixels) out[pixel] = tone[clamp(Math.round(grey[pixel]), 0, 255)]
  }
  return { patient, phases, draw }
}

export function motionAt(patient: Patient, phases: Phase[], frame: number): Motion {
  return new Motion(patient, phases[frame], frame / patient.scan.fps)
}

/** Length of the table of noise, a power of two; each frame starts in it elsewhere. */
const NOISE = 1 << 14

/** Flow of pixels that have none: outside the sector, and on the valve, which moves by itself (Middlebury's convention). */
const UNKNOWN = 1e10

/**
 * The true displacement of every pixel from one frame to another, px: SIZE * SIZE pairs (u, v). Pixels outside the sector
 * and on the mitral valve's leaflets have 1e10, which `.flo` readers take for unknown.
 */
export function trueFlow({ patient, phases }: Scan, from: number, to: number): Float32Array {
  const flow = new Float32Array(2 * SIZE * SIZE).fill(UNKNOWN)
  const before = motionAt(patient, phases, from)
  const after = motionAt(patient, phases, to)
  const valve = new Float32Array(SIZE * SIZE)
  for (const leaflet of leaflets(patient, before)) drawLine(valve, leaflet, 100)
  const point = new Float64Array(2)
  for (const pixel of viewOf(patient).pixels) {
    if (valve[pixel] > 10) continue
    const x = pixel % SIZE
    const y = Math.floor(pixel / SIZE)
    before.fromImage(x, y, point)
    before.backward(point[0], point[1], point)
    after.forward(point[0], point[1], point)
    after.toImage(point[0], point[1], point)
    flow[2 * pixel] = point[0] - x
    flow[2 * pixel + 1] = point[1] - y
  }
  return flow
}

/** Pixels inside the scan's sector, and what gain, attenuation and shadows add to their grey levels. */
function viewOf({ sector, image }: Patient): { pixels: Uint16Array; shade: Float32Array } {
  const pixels: number[] = []
  const shade: number[] = []
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const depth = Math.hypot(x - sector.x, y - sector.y)
      const angle = Math.atan2(x - sector.x, y - sector.y)
      if (Math.abs(angle) > sector.halfAngle || depth < sector.near || depth > sector.far) continue
      let grey = image.gain - (image.attenuation * depth) / sector.far
      for (const shadow of image.dropouts) {
        const off = (angle - shadow.angle) / shadow.halfAngle
        const deep = clamp((depth - shadow.from) / 20, 0, 1)
        grey -= shadow.loss * deep * Math.exp(-off * off)
      }
      pixels.push(y * SIZE + x)
      shade.push(grey)
    }
  }
  return { pixels: Uint16Array.from(pixels), shade: Float32Array.from(shade) }
}

type Line = [x1: number, y1: number, x2: number, y2: number]

/** The two leaflets of the mitral valve: across the ring when closed, pointing to the apex when open. */
function leaflets(patient: Patient, motion: Motion): Line[] {
  const along = patient.ventricle.length - motion.descent
  const ring = cavityHalfWidth(patient, patient.ventricle.length) * motion.narrowing
  const angle = -0.12 + 1.3 * motion.phase.valve
  const point = new Float64Array(2)
  return [-1, 1].map((side): Line => {
    const length = ring * (side < 0 ? 1.1 : 0.9)
    motion.toImage(along, side * ring, point)
    const [x1, y1] = point
    motion.toImage(along - length * Math.sin(angle), side * (ring - length * Math.cos(angle)), point)
    return [x1, y1, point[0], point[1]]
  })
}

/** Draws a soft line, about 1.5 px wide, where it is brighter than what is there. */
function drawLine(image: Float32Array, [x1, y1, x2, y2]: Line, grey: number): void {
  const length2 = (x2 - x1) ** 2 + (y2 - y1) ** 2
  const left = Math.max(Math.floor(Math.min(x1, x2)) - 2, 0)
  const right = Math.min(Math.ceil(Math.max(x1, x2)) + 2, SIZE - 1)
  const top = Math.max(Math.floor(Math.min(y1, y2)) - 2, 0)
  const bottom = Math.min(Math.ceil(Math.max(y1, y2)) + 2, SIZE - 1)
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const part = clamp(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length2, 0, 1)
      const distance2 = (x - x1 - part * (x2 - x1)) ** 2 + (y - y1 - part * (y2 - y1)) ** 2
      const i = y * SIZE + x
      image[i] = Math.max(image[i], grey * Math.exp(-distance2 / 1.2))
    }
  }
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : Math.min(value, high)
}
