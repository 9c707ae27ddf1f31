import { invalid } from '../runtime/expect.js'
import type { MadeClip, Tiling } from './types.js'

export const tilesIn = ({ side, stretches }: Tiling): number => side * side * stretches

/** "2x2", "2x2x4" (the last: stretches of time). */
export const tilingName = ({ side, stretches }: Tiling): string =>
  `${side}x${side}${stretches > 1 ? `x${stretches}` : ''}`

/** The frames of a made clip, which may have to be made first. */
export async function framesOf(
  { name, frames, count, width, height }: MadeClip,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const made = typeof frames === 'function' ? await frames(signal) : frames
  if (made.length !== count * width * height)
    throw invalid(`${count} x ${height} x ${width} bytes`, `the frames of ${name}`, made)
  return made
}
