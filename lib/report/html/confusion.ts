import type { EvaluationRow } from '../../evaluate/types.js'
import { capital, mainFeatures, mainRow, number, selectorName } from '../summary.js'
import type { ReportInput } from '../types.js'
import { type Html, html } from './html.js'
import { table } from './tables.js'

/** Shades of the heat map: classes h0..h10 of the style sheet (a page without inline styles keeps a strict policy). */
export const LEVELS = 10

const shade = (fraction: number): string => `number h${Math.round(LEVELS * Math.min(1, Math.max(0, fraction)))}`

/** Recall of each class for every selector, mean over its runs. */
export function recallTable(input: ReportInput): Html {
  const { evaluation, classes } = input
  const rows = evaluation?.rows.filter(({ features }) => features === mainFeatures(input)) ?? []
  if (rows.length === 0) return html``
  const tested = meanConfusion(rows[0]).map((row) => row.reduce((sum, n) => sum + n, 0))
  return table(
    'Recall by class, %: of the test clips of a class, those that the student puts into it',
    html`
<thead><tr><th scope="col">Class</th><th scope="col" class="number">Test clips</th>
${rows.map(({ selector }) => html`<th scope="col" class="number">${capital(selectorName(selector))}</th>`)}</tr></thead>
<tbody>${classes.map(
      ({ name }, c) => html`
<tr><th scope="row">${name}</th><td class="number">${Math.round(tested[c] ?? 0)}</td>
${rows.map((row) => recallCell(row, c))}</tr>`,
    )}</tbody>`,
    'heat',
  )
}

function recallCell({ runs }: EvaluationRow, c: number): Html {
  const values = runs.map(({ recall }) => recall[c]).filter((value) => typeof value === 'number')
  if (values.length === 0) return html`<td class="number">\u2013</td>`
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return html`<td class="${shade(mean)}">${number(100 * mean)}</td>`
}

/** The confusion matrix of the distilled set's student, beside that of the student on all training clips. */
export function confusionMatrices(input: ReportInput): Html {
  const rows = [mainRow(input, input.selector), mainRow(input, 'full')].filter((row) => row !== undefined)
  return html`<div class="pair">${rows.map((row) => confusionTable(row, input))}</div>`
}

function confusionTable(row: EvaluationRow, { classes }: ReportInput): Html {
  const confusion = meanConfusion(row)
  const runs = row.runs.length > 1 ? `, mean of ${row.runs.length} runs` : ''
  const decimals = confusion.flat().every(Number.isInteger) ? 0 : 1
  return table(
    `Student on ${selectorName(row.selector)}: test clips${runs}`,
    html`
<thead><tr><th rowspan="2" scope="col">True class</th><th scope="colgroup" colspan="${classes.length}" class="number">Predicted class</th></tr>
<tr>${classes.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${confusion.map((counts, c) => {
      const total = counts.reduce((sum, n) => sum + n, 0)
      return html`
<tr><th scope="row">${classes[c]?.name}</th>${counts.map(
        (n, k) => html`<td class="${shade(total > 0 ? n / total : 0)}${c === k && ' hit'}">${number(n, decimals)}</td>`,
      )}</tr>`
    })}</tbody>`,
    'heat',
  )
}

function meanConfusion({ runs }: EvaluationRow): number[][] {
  return (runs[0]?.confusion ?? []).map((row, i) =>
    row.map((_, j) => runs.reduce((sum, { confusion }) => sum + confusion[i][j], 0) / runs.length),
  )
}
