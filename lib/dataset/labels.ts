import { groupBy } from '../runtime/group.js'
import { DECIMAL } from '../runtime/kinds.js'

/** How people and programs spell labels: what is missing, what is one number, what differs by spelling only. */

/** What pandas and R write for a missing value (pandas.read_csv, `na_values`), in any case. */
const MISSING = new Set(
  [
    '',
    '#n/a',
    '#n/a n/a',
    '#na',
    '-1.#ind',
    '-1.#qnan',
    '-nan',
    '1.#ind',
    '1.#qnan',
    '<na>',
    'n/a',
    'na',
    'nan',
  ].concat(['null', 'nat']),
)

/** What may be a class ("none", "mild", "severe") as well as a missing label. */
const DOUBTFUL = new Set(['none', '-', '--', '?', '.', 'missing', 'unknown', 'undefined', 'not available', 'nil'])

const INVISIBLE = /[\s\p{Cf}\p{Cc}]+/gu

/** Whether a value of a table says that there is none. */
export function isMissing(value: string): boolean {
  const word = value.replace(INVISIBLE, ' ').trim()
  return word === 'None' || MISSING.has(word.toLowerCase())
}

/** Whether a label that is taken for a class may have been meant as missing. */
export function isDoubtful(label: string): boolean {
  return DOUBTFUL.has(label.trim().toLowerCase())
}

/** The same text for all spellings of a number (1, 01, 1.0, 1e0); undefined for what is none, or has more digits than a double. */
export function numberKey(text: string): string | undefined {
  if (!DECIMAL.test(text)) return undefined
  const digits = text.replace(/e.*$/i, '').replace(/[^\d]/g, '').replace(/^0+/, '')
  const value = Number(text)
  return digits.length <= 15 && Number.isFinite(value) ? String(value === 0 ? 0 : value) : undefined
}

/** The same text for labels that people would read as one: equal numbers, or equal but for case, spaces and Unicode form. */
export function sameKey(label: string): string {
  const plain = label
    .normalize('NFKC')
    .replace(/\p{Cf}+/gu, '')
    .replace(INVISIBLE, ' ')
    .trim()
  return numberKey(plain) ?? plain.toUpperCase().toLowerCase().normalize('NFKC')
}

/** A number with a decimal comma, as tables have them whose values are separated by something else, with a point. */
export function decimalPoint(text: string): string {
  return text.replace(/^([+-]?\d+),(\d+)$/, '$1.$2')
}

/** A label in quotes, with what cannot be seen written out. */
export function shown(label: string): string {
  const hidden = /[\p{Cf}\p{Cc}\p{M}]|(?! )\p{Z}/gu
  return `"${label.replace(hidden, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)}"`
}

/** The labels that would be read as one, several spellings each. */
export function spellings(labels: Iterable<string>): string[][] {
  const found = groupBy(new Set(labels), sameKey)
  return [...found.values()].filter((same) => same.length > 1)
}

/** "a, b and 3 more": the first entries of a list. */
export function firstOf(list: readonly string[], count = 5): string {
  const more = list.length > count ? ` and ${list.length - count} more` : ''
  return list.slice(0, count).join(', ') + more
}
