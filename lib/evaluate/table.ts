import type { Evaluation, EvaluationRow, Interval } from './types.js'

/**
 * An evaluation as plain text of at most 100 columns, in percent and points: one line a row, chance below, and what
 * the intervals mean.
 *
 * @example
 * ```js
 * console.log(evaluationTable(await evaluate(input, run)))
 * ```
 */
export function evaluationTable(evaluation: Evaluation): string {
  const { rows, splits } = evaluation
  return [...columns([HEAD, ...rows.map((row) => cellsOf(row, splits ?? 1))], 2), ...notesOf(evaluation)].join('\n')
}

/**
 * Evaluations of several budgets as one table: a line a budget and selector, of the students' main features, and below
 * what does not depend on the budget.
 */
export function budgetTable(budgets: readonly { student: string; vpc: number; evaluation: Evaluation }[]): string {
  const students = [...new Set(budgets.map(({ student }) => student))]
  return students
    .map((student) => {
      const own = budgets.filter((budget) => budget.student === student)
      const splits = own[0].evaluation.splits ?? 1
      const main = (row: EvaluationRow) => row.features === own[0].evaluation.rows[0].features
      const isWhole = ({ selector }: EvaluationRow) => selector.startsWith('full') || selector === 'majority'
      const lines = own.flatMap(({ vpc, evaluation: { rows } }) =>
        rows.filter((row) => main(row) && !isWhole(row)).map((row) => [String(vpc), ...cellsOf(row, splits)]),
      )
      const { rows } = own[0].evaluation
      const whole = rows.filter((row) => isWhole(row) && (main(row) || row.features === 'none'))
      const all = [['vpc', ...HEAD], ...lines, ...whole.map((row) => ['-', ...cellsOf(row, splits)])]
      return [...columns(all, 3), ...notesOf(own[0].evaluation)].join('\n')
    })
    .join('\n\n')
}

const HEAD = ['selector', 'features', 'clips', 'balanced accuracy', 'minus random', 'accuracy', 'F1', 'AUC']

/** Columns of text: the first ones to the left, numbers to the right. */
function columns(cells: string[][], text: number): string[] {
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)))
  return cells.map((line) =>
    line.map((cell, c) => (c < text ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  '),
  )
}

/** What the numbers of a table mean. */
function notesOf({ splits, student, testClips, chance, warnings }: Evaluation): string[] {
  const intervals = splits
    ? `95 % over ${splits} splits (corrected for overlap)`
    : '95 % bootstrap over the test clips, whole groups together'
  return [
    `Chance ${percent(chance)} balanced accuracy. Student ${student}, ${testClips} test clips${splits ? ` in each of ${splits} splits` : ''}.`,
    `In brackets: ${intervals}.`,
    ...(warnings ?? []).flatMap((warning) => wrap(`Note: ${warning}`)),
  ]
}

function cellsOf(row: EvaluationRow, splits: number): string[] {
  const draws = row.runs.length / splits
  return [
    draws > 1 ? `${row.selector} x${draws}` : row.selector,
    row.features === 'none' ? '-' : row.features,
    row.clips === 0 ? '-' : row.samples === undefined ? String(row.clips) : `${row.clips} (${row.samples})`,
    interval(row.balancedAccuracy, percent),
    row.differenceToRandom ? interval(row.differenceToRandom, signed) : '-',
    percent(row.accuracy.mean),
    percent(row.macroF1.mean),
    row.auc ? row.auc.mean.toFixed(3) : '-',
  ]
}

const interval = ({ mean, low, high }: Interval, format: (value: number) => string) =>
  `${format(mean)} [${format(low)}, ${format(high)}]`

const percent = (fraction: number) => (100 * fraction).toFixed(1)

/** With its sign, also where it rounds to zero from below. */
const signed = (fraction: number) => `${fraction >= 0 ? '+' : ''}${percent(fraction)}`

/** Breaks a sentence into indented lines. */
function wrap(text: string): string[] {
  const lines = text.match(/.{1,96}(?:\s+|$)|\S+/g) ?? []
  return lines.map((line, i) => `${i === 0 ? '' : '  '}${line.trimEnd()}`)
}
