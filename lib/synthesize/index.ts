export { plainItems, synthesize } from './synthesize.js'
export type { DistilledItem, DistilledSet, MadeClip, SourceClip } from './types.js'
