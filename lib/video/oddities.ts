import type { Crop, Oddity } from './types.js'

/** What a reader should know where a header promises another number of frames than there are; 0: it does not say. */
export function countOddities(promised: number, found: number): Oddity[] {
  if (promised === 0 || promised === found) return []
  const text = `The header promises ${promised} frames, the file holds ${found}.`
  return [{ kind: promised > found ? 'damaged' : 'surplus', text }]
}

/** What a reader should know of frames that others stand in for. */
export function damageOddities(damaged: number, count: number): Oddity[] {
  if (damaged === 0) return []
  const text = `${damaged} of ${count} frames are damaged; the good frame before each stands in for it.`
  return [{ kind: 'damaged', text }]
}

/** What a reader should know who asked for the region of the image, of a clip that names none. */
export function cropOddities(crop: Crop | undefined): Oddity[] {
  if (crop !== 'region') return []
  return [{ kind: 'region', text: 'The file names no region of its 2-D image: whole frames are read.' }]
}
