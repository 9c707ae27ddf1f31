// Volumes: clips as networks see them, how they are kept, and the samples drawn from them.
export { type Augmentation, type Channels, loadSamples, loadViews, type SampleOptions } from './samples.js'
export { VolumeStore } from './store.js'
export * from './volume.js'
