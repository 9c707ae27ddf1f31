export { decodersOf, type ReadClipOptions, readClip, readJpegFrames } from './clip.js'
export {
  BACKENDS,
  type Backend,
  type Frames,
  type Oddity,
  type OddityKind,
  type ReadOptions,
  type Segment,
} from './types.js'
export { writeClip, writePictures } from './write.js'
