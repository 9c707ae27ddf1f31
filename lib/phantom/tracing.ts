import { cavityHalfWidth } from './motion.js'
import { motionAt, type Scan } from './render.js'

/** The ventricle's outline in one frame, as EchoNet's tables have it: the long axis, then DISKS chords across it. */
export interface Tracing {
  frame: number
  /** [x1, y1, x2, y2] in px; the axis from the apex to the valve, then the chords in that order. */
  lines: [number, number, number, number][]
}

/** Chords, and disks of the volume rule. */
const DISKS = 20

/** Traces the first frame of end systole and the end diastole nearest to it. */
export function traceScan(scan: Scan): { systole: Tracing; diastole: Tracing } {
  const contractions = scan.phases.map(({ contraction }) => contraction)
  const systole = contractions.indexOf(Math.max(...contractions))
  const least = Math.min(...contractions)
  let diastole = contractions.indexOf(least)
  contractions.forEach((contraction, frame) => {
    if (contraction === least && Math.abs(frame - systole) < Math.abs(diastole - systole)) diastole = frame
  })
  return { systole: trace(scan, systole), diastole: trace(scan, diastole) }
}

function trace({ patient, phases }: Scan, frame: number): Tracing {
  const motion = motionAt(patient, phases, frame)
  const { length } = patient.ventricle
  const ends = new Float64Array(4)
  const line = (along1: number, across1: number, along2: number, across2: number): Tracing['lines'][0] => {
    motion.toImage(along1, across1, ends.subarray(0, 2))
    motion.toImage(along2, across2, ends.subarray(2))
    return [ends[0], ends[1], ends[2], ends[3]]
  }
  const now = length - motion.descent
  const chords = Array.from({ length: DISKS }, (_, i) => {
    const part = (i + 0.5) / DISKS
    const half = cavityHalfWidth(patient, part * length) * motion.narrowing
    return line(part * now, -half, part * now, half)
  })
  return { frame, lines: [line(0, 0, now, 0), ...chords] }
}

/**
 * Volume of a traced ventricle in ml by the single-plane method of disks (modified Simpson's rule): each chord is the
 * diameter of a round disk, all as thick as the long axis has chords: V = pi/4 * sum(d^2) * L/n.
 */
export function diskVolume(lines: Tracing['lines'], mmPerPixel: number): number {
  const [axis, ...chords] = lines.map(([x1, y1, x2, y2]) => Math.hypot(x2 - x1, y2 - y1) * mmPerPixel)
  const squares = chords.reduce((sum, chord) => sum + chord * chord, 0)
  return ((Math.PI / 4) * squares * (axis / chords.length)) / 1000
}
