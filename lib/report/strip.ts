import { encodeJpegs } from '../video/jpeg.js'
import type { Frames } from '../video/types.js'

/** The frames of a clip in one JPEG, row by row in a grid: one picture a clip instead of one a frame. */
export interface FilmStrip {
  jpeg: Buffer
  /** Of one frame, in px. */
  width: number
  height: number
  frames: number
  /** Frames beside each other. */
  columns: number
  /** Of the strip: the clip's own, less the frames left out, so that it plays at the speed of life. */
  fps: number
}

/** Most frames in a strip, and its longest frame side: 25 clips then stay below 6 MB. */
const MAX_FRAMES = 48
const MAX_SIDE = 112
/** What a strip should last where the clip does: a beat of a slow heart. */
const SECONDS = 2
/** Frames that must be decoded for that, up to 144 fps. */
export const STRIP_SOURCE_FRAMES = 3 * 2 * MAX_FRAMES
const COLUMNS = 8

/**
 * The beginning of a clip as a film strip: at most 48 frames, none wider or higher than 112 px. Where the rate is so high
 * that these would not last two seconds, every n-th frame (50 fps: every second). Encoded anew from luma, so no metadata
 * of the source comes along.
 */
export async function filmStrip({
  frames,
  count,
  width,
  height,
  fps,
}: Pick<Frames, 'frames' | 'count' | 'width' | 'height' | 'fps'>): Promise<FilmStrip> {
  const step = Math.max(1, Math.round((fps * SECONDS) / MAX_FRAMES))
  const shown = Math.min(MAX_FRAMES, Math.ceil(count / step))
  const columns = Math.min(COLUMNS, shown)
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height))
  const w = Math.max(1, Math.round(width * scale))
  const h = Math.max(1, Math.round(height * scale))
  const stripWidth = columns * w
  const strip = Buffer.alloc(stripWidth * Math.ceil(shown / columns) * h)
  for (let i = 0; i < shown; i++) {
    const frame = frames.subarray(i * step * width * height, (i * step + 1) * width * height)
    const origin = Math.floor(i / columns) * h * stripWidth + (i % columns) * w
    shrink(frame, width, height, w, h, (x, y, luma) => {
      strip[origin + y * stripWidth + x] = luma
    })
  }
  const picture = {
    pixels: strip,
    width: stripWidth,
    height: strip.length / stripWidth,
    channels: 1,
    quality: 75,
  } as const
  const [jpeg] = await encodeJpegs(picture)
  return {
    jpeg: Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length),
    width: w,
    height: h,
    frames: shown,
    columns,
    fps: fps / step,
  }
}

/** Mean over the box of source pixels that each pixel covers. */
function shrink(
  source: Uint8Array,
  width: number,
  height: number,
  w: number,
  h: number,
  put: (x: number, y: number, luma: number) => void,
): void {
  for (let y = 0; y < h; y++) {
    const top = Math.floor((y * height) / h)
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * height) / h))
    for (let x = 0; x < w; x++) {
      const left = Math.floor((x * width) / w)
      const right = Math.max(left + 1, Math.floor(((x + 1) * width) / w))
      let sum = 0
      for (let v = top; v < bottom; v++) for (let u = left; u < right; u++) sum += source[v * width + u]
      put(x, y, Math.round(sum / ((bottom - top) * (right - left))))
    }
  }
}
