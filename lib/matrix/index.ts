// Linear algebra: matrices, their rows and norms, cosine, scaling, principal components.
export { normaliseBlocks, normaliseRows } from './blocks.js'
export { cosine, cosineDistances, type UnitRows, unitRows } from './cosine.js'
export { type Matrix, sideBySide, takeColumns, takeRows } from './matrix.js'
export { fitPca, type Pca, project } from './pca.js'
export { measureScaling, type Scaling, standardise } from './scaling.js'
