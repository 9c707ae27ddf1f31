import type { Avi } from './avi.js'
import { countOddities, damageOddities } from './oddities.js'
import { ASSUMED_FPS, type Frames, type Oddity } from './types.js'

/** What was found of an AVI's frames. */
export interface AviFindings {
  /** Frames, damaged ones too. */
  found: number
  /** How often the chunks were lost. */
  resyncs: number
  /** The whole file was looked at. */
  complete: boolean
}

/** JPEGs without a container have no rate: they are given the reader's, or what the decoder assumed is told. */
export function giveRate(clip: { fps: number; oddities: Oddity[] }, fps: number | undefined): void {
  if (fps !== undefined) clip.fps = fps
  else
    clip.oddities.unshift({
      kind: 'rate',
      text: `JPEGs without a container have no frame rate: ${clip.fps} fps is assumed.`,
    })
}

/** What a reader of a Motion JPEG AVI should know of it. `given`: the rate that it takes where the header names none. */
export function aviOddities(
  { promised, fps, layout }: Avi,
  { found, resyncs, complete }: AviFindings,
  { damagedFrames, count }: Pick<Frames, 'damagedFrames' | 'count'>,
  given?: number,
): Oddity[] {
  const odd: Oddity[] = []
  if ((fps ?? given) === undefined) {
    const text = `The header names no frame rate between 0 and 1000 fps: ${ASSUMED_FPS} fps is assumed.`
    odd.push({ kind: 'rate', text })
  }
  if (complete) odd.push(...countOddities(promised, found))
  if (resyncs > 0)
    odd.push({
      kind: 'chunks',
      text: `The chunks are damaged in ${resyncs} places; reading went on at the next frame.`,
    })
  if (layout.chunks > 1)
    odd.push({
      kind: 'decoder',
      text: 'Each chunk holds one field of a picture: two make a frame, at half the rate that the header names.',
    })
  return [...odd, ...damageOddities(damagedFrames, count)]
}
