import type { Frames } from './types.js'

/** What of a clip is kept. */
export const MASKS = ['none', 'sector'] as const
export type Mask = (typeof MASKS)[number]

export async function withMask(clip: Frames, _signal?: AbortSignal): Promise<Frames> {
  return clip
}
