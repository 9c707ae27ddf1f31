import type { Avi } from './avi.js'
import { ASSUMED_FPS, type Frames, type Oddity, type OddityKind } from './types.js'

/** What a reader should know where a header promises another number of frames than there are; 0: it does not say. */
export function countOddity(promised: number, found: number): Oddity[] {
  if (promised === 0 || promised === found) return []
  const text = `The header promises ${promised} frames, the file holds ${found}.`
  return [{ kind: promised > found ? 'damaged' : 'surplus', text }]
}

/** What a reader should know of frames that others stand in for. */
export function damageOddity(damaged: number, count: number): Oddity[] {
  if (damaged === 0) return []
  const text = `${damaged} of ${count} frames are damaged; the good frame before each stands in for it.`
  return [{ kind: 'damaged', text }]
}

/** What a reader should know who asked for the region of the image. */
export const regionOddity: Oddity = {
  kind: 'region',
  text: 'The file names no region of its 2-D image: whole frames are read.',
}

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
  { promised, fps }: Avi,
  { found, resyncs, complete }: AviFindings,
  { damagedFrames, count }: Pick<Frames, 'damagedFrames' | 'count'>,
  given?: number,
): Oddity[] {
  const assumed = `The header names no frame rate between 0 and 1000 fps: ${ASSUMED_FPS} fps is assumed.`
  const odd = (kind: OddityKind, isSo: boolean, text: string): Oddity[] => (isSo ? [{ kind, text }] : [])
  return [
    ...odd('rate', (fps ?? given) === undefined, assumed),
    ...countOddity(complete ? promised : 0, found),
    ...odd('chunks', resyncs > 0, `The chunks are damaged in ${resyncs} places; reading went on at the next frame.`),
    ...damageOddity(damagedFrames, count),
  ]
}
