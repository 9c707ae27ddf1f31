import { InfomotionError } from '../runtime/errors.js'
import { groupBy } from '../runtime/group.js'
import { tilesIn, tilingName } from '../video/made.js'
import type { Place, Tiling } from '../video/types.js'
import type { ClipShape } from './types.js'

/** The least side of a tile in px, and frames of a stretch: less shows no motion. */
const LEAST = 8

/**
 * Sides of tiles are whole JPEG blocks, and so are the places where they begin: then no block holds pixels of two tiles,
 * and what a tile decodes to does not depend on the tiles beside it.
 */
const BLOCK = 8

/** Most tiles on a side, and stretches of time, that are tried and taken. */
export const SIDES = [1, 2, 3, 4] as const
export const STRETCHES = [1, 2, 4] as const

/** What a composed clip is like: of the commonest size and rate of the clips, and of their median length. */
export function commonShape(clips: readonly ClipShape[]): ClipShape {
  const [width, height] = commonest(clips.map(({ width, height }) => [width, height]))
  const [fps] = commonest(clips.map(({ fps }) => [fps]))
  const lengths = clips.map(({ frames }) => frames).sort((a, b) => a - b)
  return { width, height, fps, frames: lengths[Math.floor((lengths.length - 1) / 2)] }
}

/** The value that occurs most often; of equals the first. */
function commonest(values: readonly number[][]): number[] {
  const groups = [...groupBy(values, (value) => value.join()).values()]
  return groups.reduce((most, group) => (group.length > most.length ? group : most))[0]
}

/** Sentences about clips of other sizes and rates than those of the composed ones. */
export function mixedWarnings(clips: readonly ClipShape[], shape: ClipShape): string[] {
  const sizes = clips.filter(({ width, height }) => width !== shape.width || height !== shape.height).length
  const rates = clips.filter(({ fps }) => fps !== shape.fps).length
  return [
    ...(sizes > 0
      ? [
          `${sizes} of ${clips.length} clips to choose from are not of ${shape.width} x ${shape.height} px: in composed clips they are fitted into tiles of that shape, and each tile tells the size that it is to have.`,
        ]
      : []),
    ...(rates > 0
      ? [
          `${rates} of ${clips.length} clips to choose from do not have ${shape.fps} frames/s: composed clips, which have, show their frames one by one, and each tile tells its own rate.`,
        ]
      : []),
  ]
}

/** Whether tiles would be large and long enough to show motion. */
export function fits(shape: ClipShape, { side, stretches }: Tiling): boolean {
  const { width, height } = tileSize(shape, side)
  return Math.min(width, height) >= LEAST && (stretches === 1 || Math.floor(shape.frames / stretches) >= LEAST)
}

/**
 * The places of a composed clip's tiles: stretch after stretch, in each row by row.
 *
 * @throws `TILES_TOO_SMALL`
 */
export function placesIn(shape: ClipShape, tiling: Tiling): Place[] {
  const { side, stretches } = tiling
  if (!fits(shape, tiling))
    throw new InfomotionError(
      'TILES_TOO_SMALL',
      `Tiles of ${tilingName(tiling)} in clips of ${shape.width} x ${shape.height} px and ${shape.frames} frames would be less than ${LEAST} px ` +
        `wide or high, or ${LEAST} frames long. Take fewer tiles (--tiles) or stretches (--stretches).`,
    )
  const { width, height } = tileSize(shape, side)
  return Array.from({ length: tilesIn(tiling) }, (_, i) => {
    const stretch = Math.floor(i / (side * side))
    return {
      x: (i % side) * width,
      y: (Math.floor(i / side) % side) * height,
      ...{ width, height },
      from: Math.floor((stretch * shape.frames) / stretches),
      to: Math.floor(((stretch + 1) * shape.frames) / stretches),
    }
  })
}

/** A clip that is not divided keeps its size. */
function tileSize({ width, height }: ClipShape, side: number) {
  const whole = (n: number) => (side === 1 ? n : Math.floor(n / side / BLOCK) * BLOCK)
  return { width: whole(width), height: whole(height) }
}
