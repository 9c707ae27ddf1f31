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
  const { rows, splits, student, testClips, chance, warnings } = evaluation
  const head = ['selector', 'features', 'clips', 'balanced accuracy', 'minus random', 'accuracy', 'F1', 'AUC']
  const cells = [head, ...rows.map((row) => cellsOf(row, splits ?? 1))]
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column].length)))
  const lines = cells.map((line) =>
    line.map((cell, c) => (c < 2 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  '),
  )
  const intervals = splits
    ? `95 % over ${splits} splits (corrected for overlap)`
    : '95 % bootstrap over the test clips, whole groups together'
  return [
    ...lines,
    `Chance ${percent(chance)} balanced accuracy. Student ${student}, ${testClips} test clips${splits ? ` in each of ${splits} splits` : ''}.`,
    `In brackets: ${intervals}.`,
    ...(warnings ?? []).flatMap((warning) => wrap(`Note: ${warning}`)),
  ].join('\n')
}

function cellsOf(row: EvaluationRow, splits: number): string[] {
  const draws = row.runs.length / splits
  return [
    draws > 1 ? `${row.selector} x${draws}` : row.selector,
    row.features === 'none' ? '-' : row.features,
    row.clips === 0 ? '-' : String(row.clips),
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
