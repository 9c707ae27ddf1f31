import { writeWhole } from '../run/store.js'
import { asBytes } from '../runtime/arrays.js'
import { expectInteger, expectNumber, expectOptions, invalid } from '../runtime/expect.js'
import { encodePng } from '../vendor/png.js'
import { expectField, type FlowField, isKnown } from './flo.js'

/** A picture in colour. */
export interface Picture {
  /** `[height, width, 3]`: red, green, blue. */
  pixels: Uint8Array
  width: number
  height: number
}

/** A picture as a PNG file. */
export function encodePicture({ pixels, width, height }: Picture): Uint8Array {
  return encodePng({ width, height, data: pixels, channels: 3, depth: 8 })
}

/** Writes a picture as a PNG file, whole or not at all. */
export async function writePicture(path: string, picture: Picture): Promise<void> {
  await writeWhole(path, encodePicture(picture))
}

/** The speed in px that this share of the known vectors does not exceed; 0 where none is known. 1: the fastest. */
export function speedOf({ flow }: FlowField, share: number): number {
  const squares = new Float32Array(flow.length / 2)
  let known = 0
  for (let i = 0; i < flow.length; i += 2)
    if (isKnown(flow, i)) squares[known++] = flow[i] * flow[i] + flow[i + 1] * flow[i + 1]
  if (known === 0) return 0
  return Math.sqrt(squares.subarray(0, known).sort()[Math.ceil(share * known) - 1])
}

/** Steps of hue between the six pure colours, chosen by how many the eye tells apart (see {@link colourFlow}). */
const HUES = [
  { from: [255, 0, 0], rising: 1, steps: 15 }, // red to yellow
  { from: [255, 255, 0], falling: 0, steps: 6 }, // yellow to green
  { from: [0, 255, 0], rising: 2, steps: 4 }, // green to cyan
  { from: [0, 255, 255], falling: 1, steps: 11 }, // cyan to blue
  { from: [0, 0, 255], rising: 0, steps: 13 }, // blue to magenta
  { from: [255, 0, 255], falling: 2, steps: 6 }, // magenta to red
]

const WHEEL = HUES.flatMap(({ from, rising, falling, steps }) =>
  Array.from({ length: steps }, (_, step) => {
    const level = Math.floor((255 * step) / steps)
    return from.map((value, channel) => (channel === rising ? level : channel === falling ? 255 - level : value))
  }),
)

/**
 * Flow as colour, by the convention of the Middlebury benchmark: the hue is the direction on a wheel of 55 colours (red
 * to the right, yellow down, cyan to the left, blue and violet up), white is no motion, and full colour is `max`; faster
 * motion is darkened, unknown flow is black.
 *
 * Source: S. Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 92, 2011, section 4.2.
 *
 * @param options - `max`: speed in px of full colour; default the fastest in the field
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 * @example
 * ```js
 * import { colourFlow, encodePicture } from 'infomotion/flow'
 *
 * const flow = Float32Array.from({ length: 2 * 65 * 65 }, (_, i) => (i % 2 ? Math.floor(i / 130) : (i >> 1) % 65) - 32)
 * const png = encodePicture(colourFlow({ flow, width: 65, height: 65 }, { max: 32 })) // the wheel itself
 * ```
 */
export function colourFlow(field: FlowField, options: { max?: number } = {}): Picture {
  const { flow, width, height } = expectField(field)
  expectOptions(options, 'colourFlow', ['max'])
  const max = expectSpeed(options.max, field)
  const pixels = new Uint8Array(width * height * 3)
  for (let i = 0, at = 0; i < flow.length; i += 2, at += 3) {
    if (!isKnown(flow, i)) continue
    const [u, v] = [flow[i] / max, flow[i + 1] / max]
    const speed = Math.hypot(u, v)
    const hue = ((Math.atan2(-v, -u) / Math.PI + 1) / 2) * (WHEEL.length - 1)
    const [below, part] = [Math.floor(hue), hue % 1]
    for (let channel = 0; channel < 3; channel++) {
      const pure = ((1 - part) * WHEEL[below][channel] + part * WHEEL[(below + 1) % WHEEL.length][channel]) / 255
      pixels[at + channel] = Math.floor(255 * (speed <= 1 ? 1 - speed * (1 - pure) : 0.75 * pure))
    }
  }
  return { pixels, width, height }
}

/** How {@link drawQuiver} draws. */
export interface QuiverOptions {
  /** [height, width] grey levels to draw on. Default: black. */
  frame?: Uint8Array | Uint8ClampedArray
  /** Side of the cells, px: each has one arrow, its mean flow. Default 8. */
  step?: number
  /** Speed in px whose arrow is as long as a cell. Default: that of the fastest cell. */
  max?: number
  /** Pixels of the picture to one of the field, each way. Default: as many as make its shorter side 448 or more. */
  zoom?: number
}

/** Shorter side of a picture of arrows, px, that `zoom` aims at. */
const READABLE = 448
const ARROW = [255, 214, 0]

/**
 * Flow as arrows over the frame that it starts from: one a cell, from its middle, the mean of its known vectors.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 * @example
 * ```js
 * import { drawQuiver, encodePicture } from 'infomotion/flow'
 *
 * const flow = Float32Array.from({ length: 2 * 64 * 48 }, (_, i) => (i % 2 ? 0.5 : 1)) // to the right and down a little
 * const picture = drawQuiver({ flow, width: 64, height: 48 }, { step: 8, zoom: 6 })
 * console.log(picture.width, encodePicture(picture).length) // 384
 * ```
 */
export function drawQuiver(field: FlowField, options: QuiverOptions = {}): Picture {
  const { width, height } = expectField(field)
  expectOptions(options, 'drawQuiver', ['frame', 'step', 'max', 'zoom'])
  const frame = asBytes(options.frame)
  if (options.frame !== undefined && frame?.length !== width * height)
    throw invalid(`a Uint8Array of ${width} x ${height} = ${width * height} grey levels`, 'frame', options.frame)
  const step = expectInteger(options.step ?? 8, 'step', 1)
  const zoom = expectInteger(options.zoom ?? Math.ceil(READABLE / Math.min(width, height)), 'zoom', 1, 64)
  const cells = cellsOf(field, step)
  const max = expectSpeed(options.max, { flow: Float32Array.from(cells.flatMap(({ u, v }) => [u, v])), width, height })
  const picture = enlarge(frame, width, height, zoom)
  for (const { x, y, u, v } of cells) {
    const scale = (step * zoom) / max
    drawArrow(picture, (x + 0.5) * zoom, (y + 0.5) * zoom, u * scale, v * scale)
  }
  return picture
}

interface Cell {
  /** Its middle, px. */
  x: number
  y: number
  u: number
  v: number
}

function cellsOf({ flow, width, height }: FlowField, step: number): Cell[] {
  const cells: Cell[] = []
  for (let top = 0; top < height; top += step)
    for (let left = 0; left < width; left += step) {
      const [right, bottom] = [Math.min(left + step, width), Math.min(top + step, height)]
      let [u, v, known] = [0, 0, 0]
      for (let y = top; y < bottom; y++)
        for (let x = left; x < right; x++) {
          const i = 2 * (y * width + x)
          if (!isKnown(flow, i)) continue
          u += flow[i]
          v += flow[i + 1]
          known++
        }
      if (known > 0) cells.push({ x: (left + right - 1) / 2, y: (top + bottom - 1) / 2, u: u / known, v: v / known })
    }
  return cells
}

function enlarge(frame: Uint8Array | undefined, width: number, height: number, zoom: number): Picture {
  const picture = {
    pixels: new Uint8Array(width * zoom * height * zoom * 3),
    width: width * zoom,
    height: height * zoom,
  }
  if (!frame) return picture
  for (let y = 0, at = 0; y < picture.height; y++)
    for (let x = 0; x < picture.width; x++, at += 3)
      picture.pixels.fill(frame[Math.floor(y / zoom) * width + Math.floor(x / zoom)], at, at + 3)
  return picture
}

/** A shaft and two barbs; a dot where there is next to no motion. */
function drawArrow(picture: Picture, x: number, y: number, dx: number, dy: number): void {
  drawLine(picture, x, y, x + dx, y + dy)
  const barb = Math.min(0.35 * Math.hypot(dx, dy), 7)
  if (barb < 1) return
  const angle = Math.atan2(dy, dx)
  for (const turn of [-2.6, 2.6])
    drawLine(picture, x + dx, y + dy, x + dx + barb * Math.cos(angle + turn), y + dy + barb * Math.sin(angle + turn))
}

/** A soft line, about 1.5 px wide. */
function drawLine({ pixels, width, height }: Picture, x1: number, y1: number, x2: number, y2: number): void {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const length2 = dx * dx + dy * dy
  const left = Math.max(0, Math.floor(Math.min(x1, x2)) - 2)
  const right = Math.min(width - 1, Math.ceil(Math.max(x1, x2)) + 2)
  const bottom = Math.min(height - 1, Math.ceil(Math.max(y1, y2)) + 2)
  for (let y = Math.max(0, Math.floor(Math.min(y1, y2)) - 2); y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const [px, py] = [x + 0.5 - x1, y + 0.5 - y1]
      const along = length2 > 0 ? Math.min(Math.max((px * dx + py * dy) / length2, 0), 1) : 0
      const share = Math.min(Math.max(1.25 - Math.hypot(px - along * dx, py - along * dy), 0), 1)
      if (share === 0) continue
      const at = 3 * (y * width + x)
      for (let channel = 0; channel < 3; channel++)
        pixels[at + channel] = Math.round((1 - share) * pixels[at + channel] + share * ARROW[channel])
    }
}

/** The speed that is drawn in full: as given, or the field's fastest (1 px where nothing moves). */
function expectSpeed(max: number | undefined, field: FlowField): number {
  return max === undefined ? speedOf(field, 1) || 1 : expectNumber(max, 'max', Number.MIN_VALUE)
}
