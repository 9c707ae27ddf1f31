import type { Frames } from './types.js'

/** What the deviation is multiplied by to be seen: speckle moves by some 10 grey levels. */
const GAIN = 8

/** The outline of the mask. */
const LINE = [255, 80, 80]

/**
 * What a clip looks like over all of its time: its mean frame, and beside it each pixel's standard deviation over time, 8
 * times as bright, both with the outline of its sector.
 */
export function portraitOf(
  { frames, count, width, height }: Pick<Frames, 'frames' | 'count' | 'width' | 'height'>,
  inside?: Uint8Array,
): { pixels: Uint8Array; width: number; height: number } {
  const pixels = width * height
  const portrait = new Uint8Array(3 * 2 * pixels)
  const isEdge = (x: number, y: number) => {
    const at = y * width + x
    if (!inside?.[at]) return false
    const isSide = x === 0 || y === 0 || x === width - 1 || y === height - 1
    return isSide || !inside[at - 1] || !inside[at + 1] || !inside[at - width] || !inside[at + width]
  }
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let sum = 0
      let squares = 0
      for (let at = i; at < count * pixels; at += pixels) {
        sum += frames[at]
        squares += frames[at] ** 2
      }
      const mean = sum / count
      const deviation = Math.sqrt(Math.max(squares / count - mean ** 2, 0))
      const levels = [mean, Math.min(GAIN * deviation, 255)]
      for (const [side, level] of levels.entries()) {
        const to = 3 * (2 * width * y + side * width + x)
        const grey = Math.round(level)
        portrait.set(isEdge(x, y) ? LINE : [grey, grey, grey], to)
      }
    }
  }
  return { width: 2 * width, height, pixels: portrait }
}
