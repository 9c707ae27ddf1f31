import { yieldToEventLoop } from '../runtime/yield.js'
import { fanOf } from './fan.js'
import {
  cellsWhere,
  cross,
  type Grid,
  grown,
  hullOf,
  largeRegions,
  opened,
  smoothed,
  tallIn,
  withoutHoles,
} from './regions.js'
import type { Frames } from './types.js'

/** What of a clip is kept. */
export const MASKS = ['none', 'sector'] as const
export type Mask = (typeof MASKS)[number]

/** Cells along the longer side of the grid that a clip is looked at on: fine enough for an edge, coarse enough to be fast. */
const CELLS = 192
/** Frames that are looked at, evenly over the clip: enough for quantiles, and for a heart beat of any length. */
const LOOKED_AT = 48
/** Fewer frames do not tell what moves. */
const FEWEST = 5

/** Grey levels between a pixel's 20th and 80th percentile over time from which on it moves; coding errors stay below. */
const MOVES = 2
/** The same of what is lit, in the mean over 3 x 3 cells: what is drawn on the screen does not flicker at all. */
const FLICKERS = 0.3
/** Grey levels above the background from which on a pixel is lit; the ringing of JPEG beside an edge stays below. */
const LIT = 5

/**
 * Radius of what is too thin to be a sector, in cells: traces, letters, lines and bars of up to 5 cells (2.6 % of the
 * longer side) across.
 */
const THIN = 2

/**
 * Share of the frame's height that each column of a sector has in it at least: a trace that scrolls fills a band that is
 * lower. The corners of a fan are too; they come back as far as they are away by half of that.
 */
const TALL = 0.1

/** Shares of the frame: smaller is no sector, larger leaves nothing worth masking. */
const SMALLEST = 0.08
const LARGEST = 0.97
/** Regions that are smaller are no part of a sector. */
const PART = 0.015
/** How much of its convex hull a sector fills at least, shadows in it and the curved face of a probe included. */
const SOLID = 0.6
/** Side of JPEG's blocks, px: coding errors of what moves reach as far. */
const JPEG_BLOCK = 8
/** How much that flickers may lie outside, as a share of the sector: of its area, and of its brightness. */
const LOST = 0.05
/** How much of what is outside is background at least: still, and of one grey level. In ordinary video it is a picture too. */
const QUIET = 0.6

/** Where the ultrasound sector is, or why none is found. */
export interface Sector {
  /** height * width bytes: 1 inside. */
  inside?: Uint8Array
  /** A sentence. */
  why?: string
}

/**
 * Finds the ultrasound sector of a clip, a fan or a rectangle, by what happens over the whole clip. Tissue is lit or moves
 * all the time; the background does neither; a trace that sweeps or scrolls is at any one pixel for a short time only, which
 * quantiles do not see, and letters, lines and scales are thin. What remains of tissue once the thin is taken away (an
 * opening) falls into regions. The sector is the convex hull of the one that moves most, so that shadows, chambers and
 * vessels, however dark, are inside.
 */
export async function findSector(
  clip: Pick<Frames, 'frames' | 'count' | 'width' | 'height'>,
  signal?: AbortSignal,
): Promise<Sector> {
  const { count, width, height } = clip
  if (count < FEWEST) return { why: `${count} frames do not tell what moves.` }
  const grid = await statistics(clip, signal)
  const { columns, rows, moves, level } = grid
  const cells = columns * rows
  const tall = Math.ceil(TALL * rows)
  const still = Uint8Array.from(moves, (by) => (by < MOVES / 2 ? 1 : 0))
  const background = modeOf(level, still)
  if (background === undefined) return { why: 'The whole frame moves.' }
  const motion = smoothed(moves, grid)
  const active = Uint8Array.from(motion, (by) => (by >= MOVES ? 1 : 0))
  // Darker than the background is black tissue on a grey screen; brighter, and without any flicker, is drawn on it.
  const lit = Uint8Array.from(level, (grey, i) => {
    const seen = grey <= background - LIT || (grey >= background + LIT && motion[i] >= FLICKERS)
    return active[i] || seen ? 1 : 0
  })
  const flickers = Uint8Array.from(motion, (by) => (by >= FLICKERS ? 1 : 0))
  const faint = largeRegions(tallIn(opened(flickers, grid, 1), grid, tall), grid, PART * cells)
  // Menus and panels may touch the sector: then only what moves is of it.
  for (const tissue of [lit, active]) {
    const thick = opened(tissue, grid, THIN)
    const parts = largeRegions(tallIn(thick, grid, tall), grid, PART * cells)
    const region = withoutHoles(
      grown(parts, grid, Math.ceil(tall / 2)).map((near, i) => near & thick[i]),
      grid,
    )
    const hull = hullOf(region, grid, 1)
    if (hull.length < 3) continue
    const sector = fanOf(hull, grid)
    const area = sum(sector)
    if (area < SMALLEST * cells) continue
    if (area > LARGEST * cells) return { why: 'The whole frame is lit or moves.' }
    const within = cellsWhere(grid, (point) =>
      hull.every((corner, i) => cross(corner, hull[(i + 1) % hull.length], point) >= 0),
    )
    if (sum(region) < SOLID * sum(within)) continue
    // Where much goes on flickering outside, farther than a block of JPEG, tissue is too dark to tell its end.
    const around = grown(sector, grid, Math.ceil(JPEG_BLOCK / grid.side))
    if (sum(faint.map((one, i) => one & (1 - around[i]))) > LOST * area) continue
    // ... and so it is where as much of the brightness would be lost, however near: dark tissue is not the sector's end.
    const above = level.map((grey) => Math.abs(grey - background))
    const lost = sum(above.map((light, i) => (faint[i] && !sector[i] ? light : 0)))
    if (lost > LOST * sum(above.map((light, i) => (sector[i] ? light : 0)))) continue
    const quiet = sector.filter((inside, i) => !inside && still[i] && Math.abs(level[i] - background) < LIT).length
    if (quiet < QUIET * (cells - area)) continue
    return { inside: atFullSize(sector, grid, width, height) }
  }
  return { why: 'No region that moves has the shape of a sector on a still background.' }
}

const sum = (values: Uint8Array) => values.reduce((total, one) => total + one, 0)

/** The level that most of the chosen cells have; undefined where hardly any is chosen. */
function modeOf(level: Uint8Array, chosen: Uint8Array): number | undefined {
  if (sum(chosen) < 0.01 * chosen.length) return undefined
  const votes = new Uint32Array(256)
  chosen.forEach((one, i) => {
    votes[level[i]] += one
  })
  return votes.indexOf(Math.max(...votes))
}

/** What one pixel of each cell, its middle one, does over time. */
interface Statistics extends Grid {
  /** Side of a cell in px. */
  side: number
  /** 80th less 20th percentile. */
  moves: Float32Array
  /** 80th percentile. */
  level: Uint8Array
}

async function statistics(
  { frames, count, width, height }: Pick<Frames, 'frames' | 'count' | 'width' | 'height'>,
  signal?: AbortSignal,
): Promise<Statistics> {
  const side = Math.ceil(Math.max(width, height) / CELLS)
  const [columns, rows] = [Math.ceil(width / side), Math.ceil(height / side)]
  const looked = Math.min(count, LOOKED_AT)
  const starts = Array.from({ length: looked }, (_, i) => Math.floor((i * (count - 1)) / (looked - 1)) * width * height)
  const moves = new Float32Array(columns * rows)
  const level = new Uint8Array(columns * rows)
  const values = new Uint8Array(looked)
  const [low, high] = [0.2, 0.8].map((share) => Math.round(share * (looked - 1)))
  for (let row = 0, cell = 0; row < rows; row++) {
    const y = Math.min(row * side + (side >> 1), height - 1)
    for (let column = 0; column < columns; column++, cell++) {
      const at = y * width + Math.min(column * side + (side >> 1), width - 1)
      for (let i = 0; i < looked; i++) values[i] = frames[starts[i] + at]
      values.sort()
      moves[cell] = values[high] - values[low]
      level[cell] = values[high]
    }
    if (row % 32 === 0) await yieldToEventLoop(signal)
  }
  return { columns, rows, side, moves, level }
}

function atFullSize(mask: Uint8Array, { columns, side }: Statistics, width: number, height: number): Uint8Array {
  const inside = new Uint8Array(width * height)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) inside[at] = mask[Math.floor(y / side) * columns + Math.floor(x / side)]
  return inside
}

/** The clip with what lies outside its sector set to 0; where none is found, as it is, which is told. */
export async function withMask(clip: Frames, signal?: AbortSignal): Promise<Frames> {
  const { inside, why } = await findSector(clip, signal)
  if (!inside) {
    const text = `No ultrasound sector is found, and the clip is left as it is. ${why}`
    return { ...clip, oddities: [...clip.oddities, { kind: 'mask', text }], warnings: [...clip.warnings, text] }
  }
  const { count } = clip
  const frames = new Uint8Array(clip.frames) // the decoder's memory may be shared
  for (let f = 0, at = 0; f < count; f++) {
    for (let i = 0; i < inside.length; i++, at++) if (!inside[i]) frames[at] = 0
    await yieldToEventLoop(signal)
  }
  return { ...clip, frames }
}
