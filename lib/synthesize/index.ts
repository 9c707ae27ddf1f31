export { plainItems, type SynthesizeOptions, synthesize } from './synthesize.js'
export type { DistilledItem, DistilledSet, MadeClip, SourceClip } from './types.js'
