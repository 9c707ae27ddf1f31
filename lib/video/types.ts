/** Decoders by name; "auto" chooses by a file's content and by what is installed. */
export const BACKENDS = ['auto', 'mjpeg', 'ffmpeg', 'opencv'] as const
export type Backend = (typeof BACKENDS)[number]

/** Formats that are read in this process besides Motion JPEG, where the backend is "auto" (see `formats.ts`). */
export type FormatName = 'dicom' | 'nifti' | 'npy' | 'pictures'

/** Which part of the frames is read: all of it, or the region of the 2-D image that the file itself names (DICOM). */
export const CROPS = ['none', 'region'] as const
export type Crop = (typeof CROPS)[number]

/** A decoded clip: luma only, which is all that motion needs. */
export interface Frames {
  /** count * height * width bytes, frame by frame, row by row; 0 is black, 255 is white. */
  frames: Uint8Array
  count: number
  width: number
  height: number
  /** Frames per second. */
  fps: number
  /** What decoded it: "mjpeg" (libjpeg's accurate DCT) or another format in this process, "ffmpeg" or "opencv", which differ from it by a grey level. */
  backend: Exclude<Backend, 'auto'> | FormatName
  /** The same with its version: "ffmpeg 5.1.9-0+deb12u1". */
  decoder: string
  /** How many of the frames could not be decoded in full; the nearest good frame before stands in for each. */
  damagedFrames: number
  /** Frames that the file's header promises; absent where none is read or it does not say. */
  promisedFrames?: number
  /** Things found odd and gone on with. */
  oddities: Oddity[]
  /** Their sentences. */
  warnings: string[]
}

/** A clip that was made, not recorded: its frames and what belongs to them. It lies in no data set. */
export interface MadeClip {
  kind: 'made'
  /** Its file in a written set, relative to the set's videos, with `/` between its parts: "composed-1.avi". */
  name: string
  /**
   * Luma, count * height * width bytes, frame by frame, row by row; 0 is black, 255 is white. Or what makes them where they
   * are needed: the same each time.
   */
  frames: Uint8Array | ((signal?: AbortSignal) => Promise<Uint8Array>)
  count: number
  width: number
  height: number
  /** Frames per second. */
  fps: number
  /** Names its frames, where that is known before they are made: a key of caches. */
  key?: string
  /** There where it holds several clips beside and after one another. */
  tiling?: Tiling
}

/** How a clip is shared among others: `side` x `side` tiles at a time, in each of `stretches` parts of its length. */
export interface Tiling {
  side: number
  stretches: number
}

/** A part of a clip: a rectangle of its frames in px, from frame `from` on and before frame `to`. */
export interface Place {
  x: number
  y: number
  width: number
  height: number
  from: number
  to: number
}

/** The names of {@link Frames} and {@link ClipStream}: what takes a clip's size or rate takes all that readers give. */
export const CLIP_KEYS: readonly (keyof Frames | keyof ClipStream)[] = [
  'frames',
  'count',
  'width',
  'height',
  'fps',
  'backend',
  'decoder',
  'damagedFrames',
  'promisedFrames',
  'oddities',
  'warnings',
  'close',
]

/**
 * Kinds of oddities: frames that are damaged or fewer than the header promises; more than it promises; AVI chunks that were
 * lost; no frame rate; several that differ; one that varies; pixels that are not square; grey levels that had to be scaled;
 * no region to crop to; files beside the frames that are not read; no sector to mask; what the decoder itself says.
 */
export type OddityKind =
  | ('damaged' | 'surplus' | 'chunks' | 'rate' | 'rates' | 'variable-rate' | 'aspect')
  | ('levels' | 'region' | 'unread' | 'mask' | 'decoder')

/** Something found odd about a clip and gone on with. */
export interface Oddity {
  kind: OddityKind
  /** A sentence. */
  text: string
}

/** A part of a clip: the frames from `start` on and before `end` (default: to the clip's end). */
export interface Segment {
  start: number
  end?: number
  unit: 'seconds' | 'frames'
}

/** A clip that is read frame after frame. */
export interface ClipStream extends Pick<Frames, 'width' | 'height' | 'fps' | 'backend' | 'decoder'> {
  /** How many frames there are, where that is known before. */
  count?: number
  /**
   * height * width bytes each, as {@link Frames} has them one after the other; to be gone through once. Leaving the loop
   * lets the decoder go.
   */
  frames: AsyncIterable<Uint8Array>
  /** As in {@link Frames}: known when the last frame has come. */
  readonly damagedFrames: number
  /** As in {@link Frames}: complete when the last frame has come. */
  readonly oddities: Oddity[]
  /** Lets the decoder go, in the middle of a frame too; after the last frame it need not be called. */
  close(): void
}

/** What readers of a clip take: a signal, and a say in how much memory is taken at once. */
export interface ReadOptions {
  signal?: AbortSignal
  /** Waited for before so many bytes more are taken, so that several calls can keep to a common budget. */
  reserve?: (bytes: number) => Promise<void>
}

/** What a decoder of a format is told. */
export interface DecodeOptions extends ReadOptions {
  maxFrames?: number
  /** Frames a second where the clip names no rate. Default: {@link ASSUMED_FPS}, which is told. */
  fps?: number
  crop?: Crop
}

/** What is taken where neither a clip nor its reader names a frame rate. */
export const ASSUMED_FPS = 30

/** Widest and highest frame that is decoded; a header that claims more is taken for damage. */
export const MAX_SIDE = 16384

/** Most bytes of luma that one clip may decode to: 2 GiB. */
export const MAX_CLIP_BYTES = 2 ** 31
