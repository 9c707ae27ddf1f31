import type { EvaluationRow, Interval } from '../../evaluate/types.js'
import { capital, number, points, selectorName } from '../summary.js'
import type { Comparison } from '../types.js'
import { budgetChart, type Series } from './budget.js'
import { document } from './document.js'
import { type Html, html } from './html.js'
import { helpFromElsewhere, kindOf, SYNTHETIC } from './page.js'
import { hundred, recordTable, table, withInterval } from './tables.js'

type Budget = Comparison['budgets'][number]

/** Accuracy against budget: a chart and a table a student, then what was compared and how. */
export function comparisonPage(comparison: Comparison): string {
  const { budgets, synthetic, notices, warnings, versions, options } = comparison
  const students = [...new Set(budgets.map(({ student }) => student))]
  return document({
    title: `Selectors compared on ${comparison.dataSet}`,
    kind: kindOf(comparison),
    banners: [...(synthetic ? [SYNTHETIC] : []), ...notices],
    lead: leadOf(comparison),
    sections: [
      ...students.map((student) => {
        const own = budgets.filter((budget) => budget.student === student)
        return [student, `Student: ${student}`, studentSection(own)] as [string, string, Html]
      }),
      ['limits', 'How to read this', limits(comparison)],
      [
        'run',
        'This run',
        html`${warnings.length > 0 && html`<h3>Warnings</h3><ul>${warnings.map((text) => html`<li>${text}</li>`)}</ul>`}
<div class="pair">${recordTable('Options', options)}${recordTable('Versions', versions)}</div>`,
      ],
    ],
    version: versions.infomotion,
    numbers: 'comparison.json',
  })
}

/** Rows of the students' main features; the others are controls. */
const mainRows = ({ evaluation: { rows } }: Budget): EvaluationRow[] =>
  rows.filter(({ features }) => features === rows[0].features)

const isFull = ({ selector }: EvaluationRow) => selector.startsWith('full')

/** For each student, the selector that is best against random selection, and whether that can be told from chance. */
function leadOf({ budgets }: Comparison): string[] {
  return budgets.flatMap((budget) => {
    const { student, vpc } = budget
    const rows = mainRows(budget).filter((row) => row.differenceToRandom)
    const clear = rows.filter((row) => row.differenceToRandom!.low > 0).map((row) => selectorName(row.selector))
    const worse = rows.filter((row) => row.differenceToRandom!.high < 0).map((row) => selectorName(row.selector))
    const said = [
      clear.length > 0
        ? `better than random selection: ${clear.join(', ')}`
        : 'none is clearly better than random selection',
      ...(worse.length > 0 ? [`worse: ${worse.join(', ')}`] : []),
    ]
    return [`Student ${student}, ${vpc} a class: ${said.join('; ')}.`]
  })
}

function studentSection(budgets: Budget[]): Html {
  const [{ evaluation }] = budgets
  const full = evaluation.rows.find(({ selector }) => selector === 'full')
  const levels = [
    { name: 'chance', at: evaluation.chance },
    ...(full ? [{ name: 'all training clips', at: full.balancedAccuracy.mean }] : []),
  ]
  const controls = budgets.map(({ vpc, evaluation }) => ({
    vpc,
    rows: evaluation.rows.filter(({ features }) => features !== evaluation.rows[0].features && features !== 'none'),
  }))
  return html`
<h3>Balanced accuracy, %</h3>
${budgetChart(
  'Balanced accuracy against videos per class',
  seriesOf(budgets, (row) => row.balancedAccuracy),
  levels,
)}
<h3>Difference to random selection, points</h3>
${budgetChart(
  'Difference to random selection against videos per class',
  seriesOf(budgets, (row) => row.differenceToRandom),
  [{ name: 'random', at: 0 }],
)}
${rowsTable(
  `Students on ${evaluation.rows[0].features}, ${evaluation.testClips} test clips`,
  budgets.map((budget) => ({ vpc: budget.vpc, rows: mainRows(budget).filter((row) => !isFull(row)) })),
  evaluation.rows.filter((row) => row.features === evaluation.rows[0].features && isFull(row)),
)}
${
  controls.some(({ rows }) => rows.length > 0) &&
  html`<details><summary>Students that see something else</summary>
${rowsTable('The same training clips, other features', controls)}</details>`
}`
}

function seriesOf(budgets: Budget[], value: (row: EvaluationRow) => Interval | undefined): Series[] {
  const rows = budgets.flatMap(mainRows).filter((row) => !isFull(row))
  return [...new Set(rows.map(({ selector }) => selector))]
    .map((selector) => ({
      name: capital(selectorName(selector)),
      points: budgets.flatMap((budget) => {
        const row = mainRows(budget).find((row) => row.selector === selector)
        const found = row && value(row)
        return found ? [{ budget: budget.vpc, value: found }] : []
      }),
    }))
    .filter(({ points }) => points.length > 0)
}

/** One table: the rows of each budget, and those that are the same for all. */
function rowsTable(
  caption: string,
  budgets: { vpc: number | string; rows: EvaluationRow[] }[],
  whole: EvaluationRow[] = [],
): Html {
  const features = new Set(budgets.flatMap(({ rows }) => rows.map(({ features }) => features))).size > 1
  return table(
    caption,
    html`
<thead><tr><th scope="col" class="number">Videos a class</th><th scope="col">Trained on</th>
${features && html`<th scope="col">Sees</th>`}<th scope="col" class="number">Clips</th>
<th scope="col" class="number">Balanced accuracy, %</th><th scope="col" class="number">Difference to random, points</th>
<th scope="col" class="number">Accuracy, %</th><th scope="col" class="number">Macro-F1, %</th><th scope="col" class="number">AUC</th></tr></thead>
<tbody>${[...budgets, { vpc: '\u2013', rows: whole }].map(({ vpc, rows }) =>
      rows.map(
        (row) => html`
<tr><td class="number">${vpc}</td><th scope="row">${capital(selectorName(row.selector))}
<small>${row.runs.length > 1 && `mean of ${row.runs.length} runs`}</small></th>${features && html`<td>${row.features}</td>`}
<td class="number">${row.clips}</td><td class="number">${withInterval(row.balancedAccuracy, hundred)}</td>
<td class="number">${row.differenceToRandom ? withInterval(row.differenceToRandom, points) : '\u2013'}</td>
<td class="number">${withInterval(row.accuracy, hundred)}</td><td class="number">${withInterval(row.macroF1, hundred)}</td>
<td class="number">${row.auc ? withInterval(row.auc, (value) => number(value, 3)) : '\u2013'}</td></tr>`,
      ),
    )}</tbody>`,
    'metrics',
  )
}

function limits({ splits, budgets, majority, options }: Comparison): Html {
  const runs = budgets[0].evaluation.splits
  return html`
<p>Each row is students trained on the clips that one selector chose from TRAIN, with their sample weights, and tested on
clips that neither selection nor training has seen. ${helpFromElsewhere(options, Math.max(0, ...budgets.flatMap(({ teachers = [] }) => teachers)))}The difference to random selection is in points of balanced
accuracy, paired over the same test clips; an interval that holds zero means that this comparison cannot tell the two apart.</p>
<p>Intervals (95 %): ${
    splits === 'given'
      ? 'bootstrap over the test clips, whole groups (patients) together, of the mean over all seeds and draws; they do not cover another split.'
      : `over ${runs ?? 1} splits by group, corrected for the clips that the splits share (Nadeau and Bengio 2003).`
  } Several selectors and budgets are compared at once: among twenty comparisons, one interval is expected to miss zero by luck.</p>
<p>Always answering the majority class (${majority.class}) has ${number(100 * majority.accuracy)} % accuracy.
Nothing here has been checked for clinical use.</p>`
}
