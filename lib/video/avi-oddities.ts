import type { Avi } from './avi.js'
import type { Frames, Oddity, OddityKind } from './types.js'

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

/** That JPEGs without a container were given a rate. */
export const bareRate = (fps: number): Oddity => ({
  kind: 'rate',
  text: `JPEGs without a container have no frame rate: ${fps} fps is assumed.`,
})

/** What a reader of a Motion JPEG AVI should know of it. */
export function aviOddities(
  { promised, fps, layout }: Avi,
  { found, resyncs, complete }: AviFindings,
  { damagedFrames, count }: Pick<Frames, 'damagedFrames' | 'count'>,
): Oddity[] {
  const odd: [OddityKind, boolean, string][] = [
    ['rate', fps === undefined, 'The header names no frame rate between 0 and 1000 fps: 30 fps is assumed.'],
    [
      promised > found ? 'damaged' : 'surplus',
      complete && promised > 0 && promised !== found,
      promise(promised, found),
    ],
    ['chunks', resyncs > 0, `The chunks are damaged in ${resyncs} places; reading went on at the next frame.`],
    [
      'decoder',
      layout.chunks > 1,
      'Each chunk holds one field of a picture: two make a frame, at half the rate that the header names.',
    ],
    [
      'damaged',
      damagedFrames > 0,
      `${damagedFrames} of ${count} frames are damaged; the good frame before each stands in for it.`,
    ],
  ]
  return odd.filter(([, found]) => found).map(([kind, , text]) => ({ kind, text }))
}
