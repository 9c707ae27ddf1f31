/** The stages at which a run can stop, in their order. */
export const STAGES = ['features', 'graph', 'infomap', 'select', 'synthesize', 'train', 'evaluate', 'report'] as const
export type Stage = (typeof STAGES)[number]
