export { type SynthesizeOptions, synthesize } from './synthesize.js'
export type { DistilledItem } from './types.js'
