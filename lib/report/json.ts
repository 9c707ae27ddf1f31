import { summary } from './summary.js'
import type { ReportInput, ReportItem } from './types.js'

/**
 * The content of `report.json`, keys in this order. Accuracies are fractions in [0, 1], times seconds, codelengths
 * bits; `evaluation` is null where no student was evaluated. Absolute paths stay out.
 */
export function reportDocument(input: ReportInput): object {
  return {
    schema: 'infomotion.report/1',
    dataSet: { name: input.dataSet, layout: input.layout, synthetic: input.synthetic },
    selector: input.selector,
    effectiveSampleSize: input.effectiveSampleSize,
    ...(input.size && { size: input.size }),
    ...(input.composition && { composition: input.composition }),
    ...(input.descriptor && { descriptor: input.descriptor }),
    ...(input.pool && { pool: input.pool }),
    ...(input.teacher && { teacher: input.teacher }),
    summary: summary(input),
    classes: input.classes,
    items: input.items.map(itemRecord),
    majority: input.majority,
    evaluation: input.evaluation ?? null,
    skipped: input.skipped,
    clipWarnings: input.clipWarnings ?? [],
    warnings: input.warnings,
    notices: input.notices,
    timings: input.timings,
    options: sorted(input.options),
    versions: sorted(input.versions),
  }
}

/** An item as `report.json` and `manifest.json` have it; outside scripts know the visit rate as `flow` too. */
export function itemRecord({ file: _, decoding: __, rank, visitRate, parents, ...item }: ReportItem): object {
  const { path, label, class: name, weight, module, ...rest } = item
  return { path, label, class: name, weight, module, flow: visitRate, visitRate, rank, parents, ...rest }
}

/** By name, so that the same run gives the same file. */
export function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
