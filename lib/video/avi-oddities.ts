import type { Avi } from './avi.js'
import { ASSUMED_FPS, type Frames, type Oddity, type OddityKind } from './types.js'

/** What was found of an AVI's frames. */
export interface AviFindings {
  /** Frames, damaged ones too. */
  found: number
  /** How often the chunks were lost. */
  resyncs: number
  /** The whole file was looked at. */
  complete: boolean
}

/** That a header and its file differ. */
export const promise = (promised: number, found: number) =>
  `The header promises ${promised} frames, the file holds ${found}.`

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
  { promised, fps }: Avi,
  { found, resyncs, complete }: AviFindings,
  { damagedFrames, count }: Pick<Frames, 'damagedFrames' | 'count'>,
  given?: number,
): Oddity[] {
  const assumed = `The header names no frame rate between 0 and 1000 fps: ${ASSUMED_FPS} fps is assumed.`
  const odd: [OddityKind, boolean, string][] = [
    ['rate', (fps ?? given) === undefined, assumed],
    [
      promised > found ? 'damaged' : 'surplus',
      complete && promised > 0 && promised !== found,
      promise(promised, found),
    ],
    ['chunks', resyncs > 0, `The chunks are damaged in ${resyncs} places; reading went on at the next frame.`],
    [
      'damaged',
      damagedFrames > 0,
      `${damagedFrames} of ${count} frames are damaged; the good frame before each stands in for it.`,
    ],
  ]
  return odd.filter(([, found]) => found).map(([kind, , text]) => ({ kind, text }))
}
