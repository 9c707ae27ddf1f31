import { InfomotionError } from '../runtime/errors.js'
import { entryOf, invalid } from '../runtime/expect.js'
import type { Split } from './types.js'

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

/**
 * Assigns labels to classes.
 *
 * @param labels as they stand in the source
 * @param splits for `quantile:K`, whose bounds are the K-quantiles of the TRAIN labels; undefined: of all labels
 * @param noun what the labels are, for the names of `quantile` and `edges` classes
 * @returns class names, and the class of each label; -1 for a label that is empty, no number or out of range
 */
export function assignClasses(
  labels: string[],
  scheme: ClassScheme,
  splits: Split[] | undefined,
  noun: string,
): { classes: string[]; classIndex: Int32Array } {
  if (scheme === 'labels') return assignNames(labels)
  const values = labels.map((label) => (label === '' ? Number.NaN : Number(label)))
  const bins = binsOf(scheme, values, splits, noun)
  const classIndex = Int32Array.from(values, (value) => {
    if (!Number.isFinite(value) || value < bins.range[0] || value > bins.range[1]) return -1
    return bins.starts.reduce((index, starts, i) => (starts(value) ? i + 1 : index), 0)
  })
  return { classes: bins.names, classIndex }
}

function assignNames(labels: string[]): { classes: string[]; classIndex: Int32Array } {
  const names = [...new Set(labels)].filter((label) => label !== '')
  const numeric = names.every((name) => Number.isFinite(Number(name)))
  const classes = numeric ? names.sort((a, b) => Number(a) - Number(b)) : names.sort()
  if (numeric && classes.length > 20) {
    throw new InfomotionError(
      'DATASET_LABELS_NUMERIC',
      `The labels are ${classes.length} different numbers (${classes.slice(0, 3).join(', ')}, ...): too many for a class each. ` +
        'Group them with the class scheme ef5, ef3, ef2, quantile:K or edges:a,b,...',
    )
  }
  const index = new Map(classes.map((name, i) => [name, i]))
  return { classes, classIndex: Int32Array.from(labels, (label) => index.get(label) ?? -1) }
}

function binsOf(scheme: ClassScheme, values: number[], splits: Split[] | undefined, noun: string): Bins {
  const clinical = entryOf(EJECTION_FRACTION, scheme)
  if (clinical) return clinical
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
