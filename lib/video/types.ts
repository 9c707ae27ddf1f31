/** Decoders by name; "auto" chooses by a file's content and by what is installed. */
export const BACKENDS = ['auto', 'mjpeg', 'ffmpeg', 'opencv'] as const
export type Backend = (typeof BACKENDS)[number]

/** A decoded clip: luma only, which is all that motion needs. */
export interface Frames {
  /** count * height * width bytes, frame by frame, row by row; 0 is black, 255 is white. */
  frames: Uint8Array
  count: number
  width: number
  height: number
  /** Frames per second. */
  fps: number
  /** What decoded it: "mjpeg" in this process, "ffmpeg" or "opencv". Decoders differ by a grey level here and there. */
  backend: Exclude<Backend, 'auto'>
  /** How many of the frames could not be decoded in full; the nearest good frame before stands in for each. */
  damagedFrames: number
  /** Things found odd and gone on with, each a sentence. */
  warnings: string[]
}

/** Widest and highest frame that is decoded; a header that claims more is taken for damage. */
export const MAX_SIDE = 16384

/** Most bytes of luma that one clip may decode to: 2 GiB. */
export const MAX_CLIP_BYTES = 2 ** 31
