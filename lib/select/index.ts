/**
 * Selection: which clips stand for a class, and for how many others each. Features and modules in, clips and sample
 * weights out; only ever TRAIN clips.
 */
export { selectKMedoids, selectRandom } from './baselines.js'
export { selectInfomap } from './infomap.js'
export { fitPca, type Pca, project } from './projection.js'
export type { QuotaRule } from './quota.js'
export { takeRows } from './rows.js'
export type * from './types.js'
