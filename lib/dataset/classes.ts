import { InfomotionError } from '../runtime/errors.js'
import { entryOf, invalid } from '../runtime/expect.js'
import { decimalPoint, firstOf, isDoubtful, numberKey, shown, spellings } from './labels.js'
import type { DataSet, Split } from './types.js'

/** How labels become classes. */
export type ClassScheme = 'ef5' | 'ef3' | 'ef2' | 'labels' | `quantile:${number}` | `edges:${string}`

/** What there is of them, in words. */
export const CLASS_SCHEMES = 'ef5, ef3, ef2, labels, quantile:K, or edges:a,b,... with rising numbers'

/** Classes of a number, by their lower bounds: class i holds values from `from[i]` up to the next class's. */
interface Bins {
  names: string[]
  /** A value belongs to the last class whose test it passes. Class 0 takes what is left. */
  starts: ((value: number) => boolean)[]
  /** Values outside are unusable. */
  range: [number, number]
}

const percent: [number, number] = [0, 100]
const from = (edge: number) => (value: number) => value >= edge
const above = (edge: number) => (value: number) => value > edge

/**
 * The clinical scales of the ejection fraction in percent: `ef5` [0,30) [30,40) [40,50) [50,70] (70,100], `ef3` below
 * 40, [40,50), from 50 (reduced, mildly reduced, preserved), `ef2` below and from 50.
 */
const EJECTION_FRACTION: Record<string, Bins> = {
  ef5: {
    names: ['EF <30', 'EF 30-40', 'EF 40-50', 'EF 50-70', 'EF >70'],
    starts: [from(30), from(40), from(50), above(70)],
    range: percent,
  },
  ef3: { names: ['EF <40', 'EF 40-50', 'EF >=50'], starts: [from(40), from(50)], range: percent },
  ef2: { names: ['EF <50', 'EF >=50'], starts: [from(50)], range: percent },
}

/** The class of each label. */
export interface Assignment {
  classes: string[]
  /** -1 for a label that is empty, no number or out of range. */
  classIndex: Int32Array
  /** What is odd about the labels, each a sentence. */
  warnings: string[]
}

/**
 * Assigns labels to classes.
 *
 * @param labels as they stand in the source; '' where there is none
 * @param splits for `quantile:K`, whose bounds are the K-quantiles of the TRAIN labels; undefined: of all labels
 * @param noun what the labels are, for the names of `quantile` and `edges` classes
 * @param efScale what labels are multiplied by to be percent, for the scales of the ejection fraction
 * @param numbered labels are numbers of classes, as lists have them, however many
 */
export function assignClasses(
  labels: string[],
  scheme: ClassScheme,
  splits: Split[] | undefined,
  noun: string,
  efScale?: number,
  numbered = false,
): Assignment {
  const clinical = entryOf(EJECTION_FRACTION, scheme)
  if (efScale !== undefined && !clinical)
    throw invalid(`classes ${Object.keys(EJECTION_FRACTION).join(', ')}, which are in percent,`, 'efScale', scheme)
  if (scheme === 'labels') return assignNames(labels, numbered)
  const values = labels.map((label) => (label === '' ? Number.NaN : Number(label)))
  const scaled = efScale === undefined ? values : values.map((value) => inPercent(value, efScale))
  const bins = clinical ?? binsOf(scheme, scaled, splits, noun)
  const classIndex = Int32Array.from(scaled, (value) => {
    if (!Number.isFinite(value) || value < bins.range[0] || value > bins.range[1]) return -1
    return bins.starts.reduce((index, starts, i) => (starts(value) ? i + 1 : index), 0)
  })
  return { classes: bins.names, classIndex, warnings: clinical ? checkFractions(scaled, noun, efScale) : [] }
}

/** 0.29 * 100 is 28.999999999999996: a label on the edge of a class must not fall below it. */
export function inPercent(value: number, efScale: number): number {
  return Number((value * efScale).toPrecision(12))
}

/** An ejection fraction that is written as a fraction would put every heart into the class of the sickest. */
function checkFractions(values: number[], noun: string, efScale = 1): string[] {
  const known = values.filter(Number.isFinite)
  const small = known.filter((value) => value >= 0 && value <= 1)
  const odd = small.filter((value) => value > 0)
  // a few slips or codes (1.02, 999, -1) do not make percentages of the others
  if (known.length > 0 && (small.length === known.length || 2 * odd.length > known.length))
    throw new InfomotionError(
      'DATASET_EF_FRACTION',
      `${small.length === known.length ? 'All' : `${small.length} of`} ${known.length} numbers of ${noun} lie between 0 and 1, where the ejection fraction in percent is expected. ` +
        `If they are fractions, read them with --ef-scale ${100 * efScale} (option efScale); if they are something else, ` +
        'name the column of the ejection fraction or another class scheme.',
    )
  if (odd.length === 0) return []
  return [
    `${odd.length} of ${known.length} numbers of ${noun} are at most 1 percent (${firstOf(odd.map(String))}): fractions among percentages?`,
  ]
}

/**
 * Each label a class; equal numbers (1, 01, 1.0, 1e0: a table that was joined, or had rows without a label) are one, and
 * are called as most of them are spelt.
 */
function assignNames(labels: string[], numbered: boolean): Assignment {
  const counts = new Map<string, Map<string, number>>()
  const keyOf = (label: string) => numberKey(label) ?? label
  for (const label of labels) {
    if (label === '') continue
    const key = keyOf(label)
    const spelt = counts.get(key) ?? new Map<string, number>()
    counts.set(key, spelt.set(label, (spelt.get(label) ?? 0) + 1))
  }
  const nameOf = new Map<string, string>()
  const merged: string[] = []
  for (const [key, spelt] of counts) {
    const names = [...spelt].sort((a, b) => b[1] - a[1]).map(([name]) => name) // stable: the first of equals
    nameOf.set(key, names[0])
    if (names.length > 1) merged.push(names.map(shown).join(' = '))
  }
  const names = [...nameOf.values()]
  const numeric = names.every((name) => Number.isFinite(Number(name)))
  const classes = numeric ? names.sort((a, b) => Number(a) - Number(b)) : names.sort()
  if (numeric && classes.length > 20 && !numbered) {
    throw new InfomotionError(
      'DATASET_LABELS_NUMERIC',
      `The labels are ${classes.length} different numbers (${classes.slice(0, 3).join(', ')}, ...): too many for a class each. ` +
        'Group them with the class scheme ef5, ef3, ef2, quantile:K or edges:a,b,...',
    )
  }
  const index = new Map(classes.map((name, i) => [name, i]))
  const classIndex = Int32Array.from(labels, (label) => index.get(nameOf.get(keyOf(label)) ?? '') ?? -1)
  return { classes, classIndex, warnings: [...checkSpellings(classes), ...checkMerged(merged)] }
}

function checkMerged(merged: string[]): string[] {
  return merged.length === 0 ? [] : [`Labels that are the same number are one class: ${firstOf(merged)}.`]
}

/** Labels that people would read as one, or as none. */
function checkSpellings(classes: string[]): string[] {
  const warnings: string[] = []
  const twins = spellings(classes).map((same) => same.map(shown).join(' and '))
  if (twins.length > 0)
    warnings.push(
      `Classes differ by case, spaces or Unicode form only: ${firstOf(twins)}. If they are one class, spell them alike.`,
    )
  const doubtful = classes.filter(isDoubtful)
  if (doubtful.length > 0)
    warnings.push(
      `${firstOf(doubtful.map(shown))} is taken for a class. If it means that there is no label, leave the cell empty.`,
    )
  return warnings
}

function binsOf(scheme: ClassScheme, values: number[], splits: Split[] | undefined, noun: string): Bins {
  const [kind, rest] = scheme.split(':')
  if (kind === 'quantile') {
    const k = Number(rest)
    if (!Number.isInteger(k) || k < 2 || k > 100) throw invalid('quantile:K with K from 2 to 100', 'classes', scheme)
    const known = values.filter((value, i) => Number.isFinite(value) && (!splits || splits[i] === 'train'))
    return binsAt(quantiles(known, k), noun)
  }
  const edges = (rest ?? '').split(',').map((edge) => (edge.trim() === '' ? Number.NaN : Number(edge)))
  const rising = edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > edges[i - 1]))
  if (kind !== 'edges' || !rising) throw invalid(CLASS_SCHEMES, 'classes', scheme)
  return binsAt(edges, noun)
}

/** A scheme whose bounds are those that a data set's labels gave it, for labels of another. */
export function fixedScheme(scheme: ClassScheme, { clips, splits }: Pick<DataSet, 'clips' | 'splits'>): ClassScheme {
  if (!scheme.startsWith('quantile:')) return scheme
  const own = splits === 'given' ? clips.filter(({ split }) => split === 'train') : clips
  const values = own.map(({ label }) => Number(decimalPoint(label))).filter(Number.isFinite)
  return `edges:${quantiles(values, Number(scheme.split(':')[1])).join(',')}`
}

function binsAt(edges: number[], noun: string): Bins {
  const inner = edges.slice(1).map((edge, i) => `${noun} ${edges[i]}-${edge}`)
  return {
    names: [`${noun} <${edges[0]}`, ...inner, `${noun} >=${edges[edges.length - 1]}`],
    starts: edges.map(from),
    range: [-Infinity, Infinity],
  }
}

/** The k-1 inner quantiles; equal ones (many ties) count once. */
function quantiles(values: number[], k: number): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  const edges = Array.from({ length: k - 1 }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / k)])
  const distinct = [...new Set(edges)].filter((edge) => edge > sorted[0])
  if (distinct.length > 0) return distinct
  throw new InfomotionError(
    'DATASET_LABELS_UNUSABLE',
    `quantile:${k} needs TRAIN labels that are numbers and not all equal, but found ${sorted.length} numbers.`,
  )
}
