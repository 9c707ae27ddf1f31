/**
 * Evaluation: how a student trained on a distilled set does on the real test clips, always beside random selection, the
 * majority class and all of TRAIN.
 */
export { type EvaluationInput, evaluate } from './evaluate.js'
export { score } from './metrics.js'
export { summarise } from './summarise.js'
export { budgetTable, evaluationTable } from './table.js'
export type * from './types.js'
