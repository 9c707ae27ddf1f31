import type { Phase } from './cycle.js'
import type { Patient } from './patient.js'

/**
 * How tissue moves. A point has coordinates along the ventricle's axis (`along`, 0 at the apex, growing to the valve) and
 * across it (`across`, positive to the free wall), in px. The map from end diastole ("material") to now, and back, is
 * closed-form: across first, then along, each piecewise linear.
 *
 * With contraction g the cavity's half width is multiplied by (1-EF)^(g (1-q)/2) and its length by (1-EF)^(g q), q =
 * `lengthwise`: by the disk rule its volume falls by (1-EF)^g, to exactly 1-EF at end systole.
 */
export class Motion {
  /** Cavity's half width now over end diastole's. */
  readonly narrowing: number
  /** How far the valve plane has come towards the apex, px. */
  readonly descent: number
  private readonly atrialWidening: number
  /** How far below the valve its descent is felt, px. */
  private readonly reach: number
  private readonly length: number
  private readonly originX: number
  private readonly originY: number
  private readonly cos: number
  private readonly sin: number

  constructor(
    private readonly patient: Patient,
    readonly phase: Phase,
    seconds: number,
  ) {
    const { ef, ventricle, atrium, pose, probe } = patient
    const g = phase.contraction
    this.length = ventricle.length
    this.narrowing = (1 - ef) ** ((g * (1 - ventricle.lengthwise)) / 2)
    this.descent = ventricle.length * (1 - (1 - ef) ** (g * ventricle.lengthwise))
    this.atrialWidening = 1 + 0.1 * g
    this.reach = atrium.length + 12
    const sway = Math.sin(2 * Math.PI * probe.hertz * seconds + probe.phase)
    const lean = pose.tilt + probe.turn * Math.cos(2 * Math.PI * probe.hertz * seconds)
    this.originX = pose.x + probe.x * sway + probe.swing[0] * g
    this.originY = pose.y + probe.y * sway + probe.swing[1] * g
    this.cos = Math.cos(lean)
    this.sin = Math.sin(lean)
  }

  /** Pixel of a point at (along, across) now: writes x, y to out[0], out[1]. */
  toImage(along: number, across: number, out: Float64Array): void {
    out[0] = this.originX + along * this.sin + across * this.cos
    out[1] = this.originY + along * this.cos - across * this.sin
  }

  /** The reverse of {@link toImage}. */
  fromImage(x: number, y: number, out: Float64Array): void {
    const dx = x - this.originX
    const dy = y - this.originY
    out[0] = dx * this.sin + dy * this.cos
    out[1] = dx * this.cos - dy * this.sin
  }

  /** Where the material point (along, across) is now. */
  forward(along: number, across: number, out: Float64Array): void {
    const { length, reach } = this
    const inner = cavityHalfWidth(this.patient, along)
    const side = across < 0 ? -1 : 1
    const wall = across < 0 ? this.patient.wall.septum : this.patient.wall.free
    const inward = (1 - this.scale(along)) * inner
    const outward = this.patient.wall.follows * inward
    const distance = Math.abs(across)
    let moved = distance
    if (distance < inner) moved -= (inward * distance) / inner
    else if (distance < inner + wall) moved -= inward + ((outward - inward) * (distance - inner)) / wall
    else if (distance < inner + wall + FADE) moved -= outward * (1 - (distance - inner - wall) / FADE)
    const descent = this.descent * share(moved)
    let shifted = along
    if (along > 0 && along < length) shifted -= (descent * along) / length
    else if (along >= length && along < length + reach) shifted -= descent * (1 - (along - length) / reach)
    out[0] = shifted
    out[1] = side * moved
  }

  /** The material point that is at (along, across) now. */
  backward(along: number, across: number, out: Float64Array): void {
    const { length, reach } = this
    const moved = Math.abs(across)
    const descent = this.descent * share(moved)
    let material = along
    if (along > 0 && along < length - descent) material = along / (1 - descent / length)
    else if (along >= length - descent && along < length + reach)
      material = (along + descent + (descent * length) / reach) / (1 + descent / reach)
    const inner = cavityHalfWidth(this.patient, material)
    const wall = across < 0 ? this.patient.wall.septum : this.patient.wall.free
    const inward = (1 - this.scale(material)) * inner
    const outward = this.patient.wall.follows * inward
    const innerNow = inner - inward
    const outerNow = inner + wall - outward
    let distance = moved
    if (moved < innerNow) distance = (moved * inner) / innerNow
    else if (moved < outerNow) distance = inner + ((moved - innerNow) * wall) / (outerNow - innerNow)
    else if (moved < inner + wall + FADE) distance = inner + wall + ((moved - outerNow) * FADE) / (FADE + outward)
    out[0] = material
    out[1] = across < 0 ? -distance : distance
  }

  /** Width now over width at end diastole: the ventricle's up to the valve, then over to the atrium's. */
  private scale(along: number): number {
    const beyond = (along - this.length) / 8
    if (beyond <= 0) return this.narrowing
    return beyond < 1 ? this.narrowing + (this.atrialWidening - this.narrowing) * beyond : this.atrialWidening
  }
}

/** Width, px, over which the motion of the outer wall fades. */
const FADE = 22

/** Share of the valve's descent that points this far from the axis take part in: all up to 30 px, a third from 60. */
function share(distance: number): number {
  return distance <= 30 ? 1 : distance >= 60 ? 1 / 3 : 1 - (distance - 30) / 45
}

/** The ellipse's centre lies at this share of the ventricle's length; the valve cuts it off. */
const CENTRE = 0.62

/** Half width of the cavity at end diastole, px; beyond the valve that of its ring. */
export function cavityHalfWidth({ ventricle }: Patient, along: number): number {
  if (along <= 0) return 0
  const off = (Math.min(along / ventricle.length, 1) - CENTRE) / CENTRE
  return ventricle.halfWidth * Math.sqrt(1 - off * off)
}

/** Half width of the heart's outer contour on one side at end diastole, px; 0 above it. */
export function outerHalfWidth({ ventricle, wall }: Patient, along: number, side: 'septum' | 'free'): number {
  const centre = CENTRE * ventricle.length
  const off = (Math.min(along, ventricle.length) - centre) / (centre + wall.apex)
  return off <= -1 ? 0 : (ventricle.halfWidth + wall[side]) * Math.sqrt(1 - off * off)
}
