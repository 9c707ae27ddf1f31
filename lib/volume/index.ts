// Volumes: clips as networks see them, how they are kept, and the samples drawn from them.
export { periodOf } from './rhythm.js'
export { type Augmentation, type Channels, loadSamples, loadViews, type SampleOptions } from './samples.js'
export { VolumeStore } from './store.js'
export { type ClipTime, SAMPLE_FRAMES, strideFor, type Timing, timingOf } from './timing.js'
export * from './volume.js'
