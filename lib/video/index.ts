export { type ReadClipOptions, readClip, readJpegFrames } from './clip.js'
export { BACKENDS, type Backend, type Frames } from './types.js'
export { writeClip, writePictures } from './write.js'
