import type { EvaluationRow, Interval } from '../../evaluate/types.js'
import { sorted } from '../json.js'
import { capital, count, mainFeatures, mainRow, number, points, selectorName } from '../summary.js'
import type { ReportInput } from '../types.js'
import { type Html, html } from './html.js'
import { type Axis, axisOver, axisPlot, intervalPlot } from './interval.js'

/** A table that scrolls sideways inside its own frame where the page is narrow. */
export function table(caption: string, content: Html, kind: 'plain' | 'metrics' | 'heat' = 'plain'): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
<table class="${kind}"><caption><span>${caption}</span></caption>${content}</table></div>`
}

/** The tables of selectors and of controls. */
export function selectorTables(input: ReportInput): Html {
  const { evaluation } = input
  if (!evaluation) return html`<p>No student was evaluated in this run.</p>`
  const features = mainFeatures(input)
  const isControl = (row: EvaluationRow) => row.features !== features && row.selector !== 'majority'
  const controls = evaluation.rows.filter(isControl)
  const axes = {
    balanced: axisOver(
      evaluation.rows.map((row) => row.balancedAccuracy),
      [{ at: evaluation.chance, kind: 'chance' }],
    ),
    difference: axisOver(
      evaluation.rows.map((row) => row.differenceToRandom),
      [{ at: 0, kind: 'chance' }],
    ),
    accuracy: axisOver(
      evaluation.rows.map((row) => row.accuracy),
      [{ at: input.majority.accuracy, kind: 'majority' }],
    ),
  }
  return html`
${metricsTable(
  `Students on ${count(evaluation.testClips, 'test clip')}, features: ${features}`,
  evaluation.rows.filter((row) => !isControl(row)),
  axes,
  input,
)}
<p class="note">Small numbers are 95 % intervals: ${
    evaluation.splits
      ? `over ${evaluation.splits} splits, corrected for the clips they share`
      : 'bootstrap over the test clips, whole groups together'
  }. Dashed lines: chance (balanced accuracy), no difference (difference to random), the majority class (accuracy). The
difference to random is in points of balanced accuracy, paired over the same test clips. Student: ${evaluation.student}.</p>
${(evaluation.warnings ?? []).map((text) => html`<p class="note">Note: ${text}</p>`)}
${
  controls.length > 0 &&
  html`<h3>Controls</h3>
<p>The same training clips, but students that see something else: a part of the features above, or features without
optical flow (mean frame, deviation over time, grey levels). Where the latter do as well as in the table above, this data
set does not show that motion is used.</p>
${metricsTable(`Controls on the same ${count(evaluation.testClips, 'test clip')}`, controls, axes, input)}`
}`
}

interface Axes {
  balanced: Axis
  difference: Axis
  accuracy: Axis
}

function metricsTable(caption: string, rows: EvaluationRow[], axes: Axes, input: ReportInput): Html {
  const differences = rows.some(({ differenceToRandom }) => differenceToRandom)
  const aucs = rows.some(({ auc }) => auc)
  return table(
    caption,
    html`
<thead><tr><th scope="col">Trained on</th><th scope="col" class="number">Clips</th>
<th scope="colgroup" colspan="2">Balanced accuracy, %</th>
${differences && html`<th scope="colgroup" colspan="2">Difference to random, points</th>`}
<th scope="colgroup" colspan="2">Accuracy, %</th><th scope="col" class="number">Macro-F1, %</th>
${aucs && html`<th scope="col" class="number">AUC</th>`}</tr></thead>
<tbody>${rows.map(
      (row) => html`
<tr class="${row === mainRow(input, input.selector) && 'chosen'}"><th scope="row">${capital(selectorName(row.selector))}
<small>${described(row, input)}</small></th>
<td class="number">${row.clips || '\u2013'}${row.samples !== undefined && html` <small>${row.samples} tiles</small>`}</td>
${measured(row.balancedAccuracy, axes.balanced, hundred)}
${differences && measured(row.differenceToRandom, axes.difference, points)}
${measured(row.accuracy, axes.accuracy, hundred)}
<td class="number">${withInterval(row.macroF1, hundred)}</td>
${aucs && html`<td class="number">${row.auc ? withInterval(row.auc, (value) => number(value, 3)) : '\u2013'}</td>`}</tr>`,
    )}</tbody>
<tfoot aria-hidden="true"><tr><td colspan="3"></td><td>${axisPlot(axes.balanced)}</td>
${differences && html`<td></td><td>${axisPlot(axes.difference)}</td>`}<td></td><td>${axisPlot(axes.accuracy)}</td><td colspan="${aucs ? 2 : 1}"></td></tr></tfoot>`,
    'metrics',
  )
}

/** A fraction in percent, without the sign. */
export const hundred = (fraction: number): string => number(100 * fraction)

function described(row: EvaluationRow, input: ReportInput): string {
  const parts = row.features === mainFeatures(input) || row.selector === 'majority' ? [] : [row.features]
  if (row.runs.length > 1) parts.push(`mean of ${row.runs.length} runs`)
  if (row === mainRow(input, input.selector)) parts.push('the distilled set')
  return parts.join(', ')
}

function measured(interval: Interval | undefined, axis: Axis, format: (value: number) => string): Html {
  if (!interval) return html`<td class="number">\u2013</td><td></td>`
  return html`<td class="number">${withInterval(interval, format)}</td><td>${intervalPlot(interval, axis)}</td>`
}

/** A mean with its interval in small print. */
export function withInterval({ mean, low, high }: Interval, format: (value: number) => string): Html {
  return html`${format(mean)} <small>${format(low)} to ${format(high)}</small>`
}

/** The classes, as selection saw them. */
export function classesTable({ classes }: ReportInput): Html {
  const total = (key: 'clips' | 'isolated' | 'selected') => classes.reduce((sum, row) => sum + row[key], 0)
  return table(
    'Training clips, motion modules and selection by class',
    html`
<thead><tr><th scope="col">Class</th><th scope="col" class="number">Clips</th><th scope="col" class="number">Isolated</th>
<th scope="col" class="number">Modules</th><th scope="col" class="number">After merging</th>
<th scope="col" class="number">Selected</th><th scope="col" class="number">Codelength, bits</th></tr></thead>
<tbody>${classes.map(
      (row) => html`
<tr><th scope="row">${row.name}</th><td class="number">${row.clips}</td><td class="number">${row.isolated}</td>
<td class="number">${row.modules}</td><td class="number">${row.merged}</td><td class="number">${row.selected}</td>
<td class="number">${number(row.codelength, 3)}</td></tr>`,
    )}</tbody>
<tfoot><tr><th scope="row">All</th><td class="number">${total('clips')}</td><td class="number">${total('isolated')}</td>
<td></td><td></td><td class="number">${total('selected')}</td><td></td></tr></tfoot>`,
  )
}

export function timingsTable({ timings }: ReportInput): Html {
  const total = (value: (timing: ReportInput['timings'][number]) => number) =>
    number(
      timings.reduce((sum, timing) => sum + value(timing), 0),
      2,
    )
  return table(
    'Time by stage, in seconds',
    html`
<thead><tr><th scope="col">Stage</th><th scope="col" class="number">Wall</th><th scope="col" class="number">CPU</th></tr></thead>
<tbody>${timings.map(
      ({ stage, seconds, cpuSeconds }) => html`
<tr><th scope="row">${stage}</th><td class="number">${number(seconds, 2)}</td><td class="number">${number(cpuSeconds, 2)}</td></tr>`,
    )}</tbody>
<tfoot><tr><th scope="row">All</th><td class="number">${total(({ seconds }) => seconds)}</td>
<td class="number">${total(({ cpuSeconds }) => cpuSeconds)}</td></tr></tfoot>`,
  )
}

/** Names and values: options, versions. */
export function recordTable(caption: string, record: Record<string, unknown>): Html {
  const text = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'default'))
  return table(
    caption,
    html`
<thead><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead>
<tbody>${Object.entries(sorted(record)).map(
      ([name, value]) => html`
<tr><th scope="row">${name}</th><td class="text">${text(value)}</td></tr>`,
    )}</tbody>`,
  )
}
