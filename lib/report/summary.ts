import type { EvaluationRow, Interval } from '../evaluate/types.js'
import { entryOf } from '../runtime/expect.js'
import { selectorOf } from '../select/index.js'
import type { ReportInput } from './types.js'

/** What stands beside selections, as people read it. */
const others: Record<string, string> = {
  full: 'all training clips',
  'full-balanced': 'all training clips, classes balanced',
  majority: 'majority class',
}

/** How a set differs from the composed one of its selector. */
const variants: Record<string, string> = { plain: ', plain clips', uncut: ', by a loader that does not cut tiles' }

/** "infomap+swap" -> "Infomap modules, refined"; "infomap:plain" -> "Infomap modules, plain clips". */
export function selectorName(selector: string): string {
  const [way, variant = ''] = selector.split(':')
  const [base, refined] = way.split('+')
  const name = entryOf(others, base) ?? selectorOf(base)?.label ?? base
  return `${name}${refined === 'swap' ? ', refined' : ''}${entryOf(variants, variant) ?? ''}`
}
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** A fraction as a percentage with one decimal: 0.4567 -> "45.7 %". */
export const percent = (fraction: number): string => `${number(100 * fraction)} %`

/** With one decimal and a true minus sign, so that columns align. */
export const number = (value: number, decimals = 1): string => value.toFixed(decimals).replace(/^-/, '\u2212')

/** A difference of fractions in percentage points, with its sign. */
export const points = (difference: number): string => `${difference >= 0 ? '+' : ''}${number(100 * difference)}`

export const count = (n: number, noun: string): string => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`

/** The features that the headline student sees; rows with others are controls. */
export function mainFeatures({ evaluation, selector }: ReportInput): string | undefined {
  return (evaluation?.rows.find((row) => row.selector === selector) ?? evaluation?.rows[0])?.features
}

/** The row of a selector with the features of the headline. */
export function mainRow(input: ReportInput, selector: string): EvaluationRow | undefined {
  const features = mainFeatures(input)
  return input.evaluation?.rows.find((row) => row.selector === selector && row.features === features)
}

/**
 * What the run found, in sentences: the paired difference to random selection with its interval first (of composed videos,
 * what they reach beside plain ones and all clips), then what it must be held against. The same text heads report.html and
 * stands in report.json.
 */
export function summary(input: ReportInput): string[] {
  const { classes, evaluation, items, majority, selector } = input
  const from = input.pool ? ` of the pool ${input.pool.name}` : ''
  const pool = classes.reduce((sum, { clips }) => sum + clips, 0)
  const made = items.filter(({ kind }) => kind === 'made').length
  const tiles = items.flatMap((item) => item.tiles ?? [])
  const inside = new Set(tiles.map(({ parent }) => parent)).size
  const holding = `, which hold ${inside.toLocaleString('en')} clips,`
  const how = tiles.length > 0 ? `${holding} distilled` : made > 0 ? `, ${made} of them made, distilled` : ' chosen'
  const chosen = `${count(items.length, tiles.length > 0 ? 'video' : 'clip')}${how} from ${pool.toLocaleString('en')}${from} in ${classes.length} classes`
  const row = mainRow(input, selector)
  if (!evaluation || !row) return [`${chosen}. No student was evaluated in this run.`]

  const plain = mainRow(input, `${selector}:plain`)
  const beside = ['random', 'kmedoids', `${selector}:plain`, 'full']
    .filter((other) => other !== selector)
    .map((other) => mainRow(input, other))
    .filter((other) => other !== undefined)
    .map((other) => {
      const difference =
        other.differenceToRandom && other !== plain
          ? ` (${points(other.differenceToRandom.mean)} points to random)`
          : ''
      return `${selectorName(other.selector)} ${percent(other.balancedAccuracy.mean)}${difference}`
    })
  const full = mainRow(input, 'full')
  const reached = ({ balancedAccuracy }: EvaluationRow) => percent(balancedAccuracy.mean)
  const versus = row.differenceToRandom && versusRandom(row.differenceToRandom)
  return [
    ...(plain && full
      ? [
          `${chosen} train a student to ${reached(row)} balanced accuracy; as many plain clips reach ${reached(plain)}, all ${count(full.clips, 'clip')} ${reached(full)}.`,
          ...(inside === pool
            ? ['Every clip is inside, so that no choice could have been another.']
            : versus
              ? [`They ${versus}.`]
              : []),
        ]
      : [versus ? `${chosen} ${versus}.` : `${chosen}.`]),
    `Balanced accuracy on ${count(evaluation.testClips, 'test clip')}: ${percent(row.balancedAccuracy.mean)}. ` +
      `Beside it: ${[...beside, `chance ${percent(evaluation.chance)}`].join(', ')}.`,
    `Plain accuracy: ${percent(row.accuracy.mean)}; always answering the majority class (${majority.class}) ` +
      `has ${percent(majority.accuracy)}.`,
  ]
}

function versusRandom({ mean, low, high }: Interval): string {
  const found =
    low <= 0 && high >= 0
      ? 'train a student that cannot be told from one trained on a random choice of as many'
      : `train a ${mean > 0 ? 'better' : 'worse'} student than a random choice of as many`
  return `${found}: ${points(mean)} points of balanced accuracy (95 % interval ${points(low)} to ${points(high)})`
}
