export { plainItems, synthesize } from './synthesize.js'
export type { DistilledItem, DistilledSet } from './types.js'
