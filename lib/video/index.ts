export { decodersOf, readClip } from './clip.js'
export { findSector, type Mask } from './mask.js'
export { DECODING, decodingKey } from './options.js'
export type { ReadClipOptions } from './request.js'
export type { ClipSource } from './source.js'
export { openClip } from './stream.js'
export {
  BACKENDS,
  type Backend,
  type ClipStream,
  type Frames,
  type MadeClip,
  type Oddity,
  type OddityKind,
  type ReadOptions,
  type Segment,
} from './types.js'
export { writeClip, writePictures } from './write.js'
