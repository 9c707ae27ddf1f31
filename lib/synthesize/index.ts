export { commonShape, fits, mixedWarnings, SIDES, STRETCHES } from './layout.js'
export { makerOf, plainItems, type SynthesizeOptions, synthesize } from './synthesize.js'
export { coded, type DecodeClip, expandItems, type TileMaker } from './tile.js'
export type { ClipShape, DistilledItem, DistilledSet, Tile } from './types.js'
