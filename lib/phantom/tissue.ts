import type { Random } from '../runtime/random.js'
import { cavityHalfWidth, outerHalfWidth } from './motion.js'
import type { Patient } from './patient.js'

/** Material pixels to an image pixel, each way. */
export const OVERSAMPLE = 2
/** Extent of the material image, px: along the axis from FROM_ALONG, across it from FROM_ACROSS. */
export const FROM_ALONG = -34
export const FROM_ACROSS = -80
export const COLUMNS = 150 * OVERSAMPLE
export const ROWS = 146 * OVERSAMPLE

/** Mean grey levels. */
const BLOOD = 14
const MUSCLE = 88
const PERICARDIUM = 165
const ATRIAL_WALL = 92
const VALVE = 150
const AROUND = 52

/**
 * The tissue at end diastole, speckle and all, in grey levels; rows along the ventricle's axis, columns across. Every
 * frame shows this one image, moved.
 */
export function drawTissue(patient: Patient, random: Random): Float32Array {
  const tissue = drawAnatomy(patient, random)
  for (let pass = 0; pass < 3; pass++) blur(tissue, COLUMNS, ROWS)
  const patches = drawWaves(random, 9, 0.16)
  const speckle = drawSpeckle(random, patient.image.speckle)
  const { pose, sector, image } = patient
  const [sin, cos] = [Math.sin(pose.tilt), Math.cos(pose.tilt)]
  for (let row = 0; row < ROWS; row++) {
    const along = FROM_ALONG + row / OVERSAMPLE
    for (let column = 0; column < COLUMNS; column++) {
      const across = FROM_ACROSS + column / OVERSAMPLE
      const dx = pose.x + along * sin + across * cos - sector.x
      const dy = pose.y + along * cos - across * sin - sector.y
      if (Math.abs(dx) > dy + 30) continue // far outside the sector
      const i = row * COLUMNS + column
      const mean = tissue[i]
      // Muscle is patchy; blood scatters little, so its speckle hardly shows.
      const share = Math.min(mean / MUSCLE, 1)
      const patch = share * patches[i]
      const depth = image.contrast * (0.2 + 0.8 * share)
      tissue[i] = mean + patch + depth * speckle(Math.sqrt(dx * dx + dy * dy), Math.atan2(dx, dy))
    }
  }
  return tissue
}

/** Mean grey levels of the four chambers, their walls and what is around. */
function drawAnatomy(patient: Patient, random: Random): Float32Array {
  const { ventricle, atrium, right } = patient
  const out = new Float32Array(COLUMNS * ROWS)
  const around = drawWaves(random, 9, 0.09)
  const valve = ventricle.length
  const ring = cavityHalfWidth(patient, valve)
  const septum = outerHalfWidth(patient, valve, 'septum')
  const atria = [
    { across: 1, along: valve + 0.46 * atrium.length, halfWidth: atrium.halfWidth },
    { across: -septum - 0.75 * right.halfWidth, along: valve + 0.44 * atrium.length, halfWidth: 0.8 * right.halfWidth },
  ]
  for (let row = 0; row < ROWS; row++) {
    const along = FROM_ALONG + row / OVERSAMPLE
    const inner = along < valve ? cavityHalfWidth(patient, along) : 0
    const outer = { septum: outerHalfWidth(patient, along, 'septum'), free: outerHalfWidth(patient, along, 'free') }
    const start = (1 - right.length) * valve
    const taper = Math.min(Math.max((along - start) / (valve - start), 0), 1)
    const rightWidth = along < 0.98 * valve ? 1.5 * right.halfWidth * taper ** 0.6 : 0
    for (let column = 0; column < COLUMNS; column++) {
      const across = FROM_ACROSS + column / OVERSAMPLE
      const distance = Math.abs(across)
      const edge = across < 0 ? outer.septum : outer.free
      let grey = AROUND + around[row * COLUMNS + column] - (across > 0 ? 18 : 0) // lung beside the free wall
      if (along < valve + 1.5 && distance < edge) {
        grey = distance < inner ? BLOOD : MUSCLE
      } else if (along < valve + 1.5 && edge > 0) {
        const beyond = distance - edge
        if (across > 0 || along < start) {
          if (beyond < 2) grey = PERICARDIUM
        } else if (beyond < rightWidth) grey = BLOOD
        else if (beyond < rightWidth + 3.5) grey = MUSCLE
        else if (beyond < rightWidth + 5) grey = PERICARDIUM - 25
      }
      if (along > valve - 1) {
        for (const { across: middle, along: centre, halfWidth } of atria) {
          const u = (across - middle) / halfWidth
          const v = (along - centre) / (0.54 * atrium.length)
          const inside = u * u + v * v
          if (inside < 1) grey = BLOOD
          else if (inside < 1.28 && grey !== BLOOD) grey = ATRIAL_WALL
        }
      }
      // The tricuspid valve, and the fibrous ends of the mitral ring.
      if (across < -septum && across > -septum - 1.5 * right.halfWidth && Math.abs(along - 0.98 * valve) < 0.8)
        grey = VALVE
      if ((along - valve) ** 2 + (distance - ring - 1) ** 2 < 4) grey = VALVE
      out[row * COLUMNS + column] = grey
    }
  }
  return out
}

/**
 * An image of uneven brightness: three waves of this height, grey levels, and at most so many radians a px. By
 * sin(a + b) = sin a cos b + cos a sin b, sines are taken of rows and columns only.
 */
function drawWaves(random: Random, height: number, most: number): Float32Array {
  const image = new Float32Array(COLUMNS * ROWS)
  for (let wave = 0; wave < 3; wave++) {
    const down = random.range(-most, most) / OVERSAMPLE
    const right = random.range(-most, most) / OVERSAMPLE
    const phase = random.range(0, 2 * Math.PI)
    const sines = Float32Array.from({ length: COLUMNS }, (_, column) => Math.sin(right * column))
    const cosines = Float32Array.from({ length: COLUMNS }, (_, column) => Math.cos(right * column))
    for (let row = 0; row < ROWS; row++) {
      const sin = height * Math.sin(down * row + phase)
      const cos = height * Math.cos(down * row + phase)
      for (let column = 0; column < COLUMNS; column++)
        image[row * COLUMNS + column] += sin * cosines[column] + cos * sines[column]
    }
  }
  return image
}

/** Mean of the three by three neighbours, weighted 1 2 1 both ways. */
function blur(image: Float32Array, width: number, height: number): void {
  const before = new Float32Array(image.length)
  for (let pass = 0; pass < 2; pass++) {
    const step = pass === 0 ? 1 : width
    before.set(image)
    const last = width * height - step
    for (let i = step; i < last; i++) image[i] = (before[i - step] + 2 * before[i] + before[i + step]) / 4
  }
}

/** Polar grid of the speckle: px of depth and radians of angle to a cell, and how far it reaches, for speckles of size 1. */
const DEPTH_STEP = 0.8
const ANGLE_STEP = 0.0125
const DEPTHS = 150
const ANGLES = 160

/**
 * Fully developed speckle: the magnitude of a complex Gaussian field, band-limited by the scanner's pulse (along depth)
 * and beam (across), is Rayleigh distributed (Goodman 1975; Wagner et al. 1983). Cells are laid out in depth and angle,
 * so that speckles widen with depth as they do on a scan. Returns grey levels above the mean, log-compressed: 4 levels a
 * decibel.
 */
function drawSpeckle(random: Random, size: number): (depth: number, angle: number) => number {
  const depths = Math.ceil(DEPTHS / size)
  const angles = Math.ceil(ANGLES / size)
  const real = bandLimited(random, depths, angles)
  const imaginary = bandLimited(random, depths, angles)
  const grey = new Float32Array(depths * angles)
  let power = 0
  for (let i = 0; i < grey.length; i++) power += real[i] ** 2 + imaginary[i] ** 2
  power /= grey.length
  for (let i = 0; i < grey.length; i++) {
    const decibels = 10 * Math.log10((real[i] ** 2 + imaginary[i] ** 2) / power + 1e-9)
    grey[i] = 4 * (Math.max(decibels, -16) + 2.5) // a Rayleigh magnitude is 2.5 dB below its power on average
  }
  return (depth, angle) => {
    const u = Math.min(Math.max(depth / (DEPTH_STEP * size), 0), depths - 1.001)
    const v = Math.min(Math.max(angle / (ANGLE_STEP * size) + angles / 2, 0), angles - 1.001)
    return bilinear(grey, angles, v, u)
  }
}

function bandLimited(random: Random, depths: number, angles: number): Float32Array {
  const field = new Float32Array(depths * angles)
  for (let i = 0; i < field.length; i++) field[i] = random.gaussian()
  for (let pass = 0; pass < 3; pass++) blur(field, angles, depths)
  return field
}

/** The image's value between its pixels; x and y lie inside it. */
export function bilinear(image: Float32Array, width: number, x: number, y: number): number {
  const column = Math.floor(x)
  const row = Math.floor(y)
  const i = row * width + column
  const fx = x - column
  const fy = y - row
  const top = image[i] + fx * (image[i + 1] - image[i])
  const bottom = image[i + width] + fx * (image[i + width + 1] - image[i + width])
  return top + fy * (bottom - top)
}
