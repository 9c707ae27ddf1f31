import { DECIMAL } from '../runtime/kinds.js'
import { decimalPoint, isMissing } from './labels.js'

/** How tables write where in its video a clip starts and ends. */

/** What the words of a column's name say of the unit. */
export type TimeUnit = 'seconds' | 'milliseconds' | 'frames'

/**
 * Words that may stand before and behind "start" and "end"; "start_date" is no place in a video. None is made of others, so
 * that there is one way only to read a name.
 */
const BEFORE = '(?:clip|seg|segment|sub|t|ts|time|frame|video|event|action|label|temporal|trim|cut|cycle|beat)*'
const BEHIND = '(?:time|stamp|frame|f|fr|idx|index|s|sec|second|m|milli|in|pos|position|at|point|no|num|number|pts)*'
const named = (words: string) => new RegExp(`^${BEFORE}(?:${words})${BEHIND}$`)
const START = named('start|begin|beginning|onset|from|first')
const END = named('end|ending|stop|finish|offset|to|until|last')
const DURATION = named('duration|dur|length|len')
/** In and out points of an editor, and t0 with t1. */
const PAIRS = [
  [named('in'), named('out')],
  [/^(?:t|ts|time|frame|f)0$/, /^(?:t|ts|time|frame|f)1$/],
  [/^(?:t|ts|time|frame|f)1$/, /^(?:t|ts|time|frame|f)2$/],
] as const

/** "startFrame", "start_frame", "Start frame" -> ["start", "frame"]. */
function wordsOf(name: string): string[] {
  return name
    .normalize('NFKC')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
}

/** No name of a column is longer than that; a hostile header may have any. */
const MAX_NAME = 60
const glued = (name: string) => (name.length > MAX_NAME ? '' : wordsOf(name).join(''))

/** Whether a column is called a duration rather than an end. */
export const isDuration = (name: string) => DURATION.test(glued(name))

/** Whether the frame that a column names is the last of the clip, not the one behind it. */
export const isLast = (name: string) => wordsOf(name).some((word) => /^last(frame|idx|index)?$/.test(word))

/** Whether a column is called as starts, ends and durations are. */
export function isTimeName(name: string): boolean {
  const is = [START, END, DURATION, ...PAIRS.flat()]
  return is.some((words) => words.test(glued(name)))
}

/** The columns that are called a start. */
export function startColumns(names: readonly string[]): string[] {
  const found = names.filter((name) => START.test(glued(name)))
  if (found.length > 0) return found
  const pair = PAIRS.find(([start, end]) => [start, end].every((is) => names.some((name) => is.test(glued(name)))))
  return pair ? names.filter((name) => pair[0].test(glued(name))) : []
}

/** The columns that are called an end, else a duration; those of the unit of `starts` where there are such. */
export function endColumns(names: readonly string[], starts: readonly string[]): string[] {
  const others = names.filter((name) => !starts.includes(name))
  const among = (is: (name: string) => boolean) => {
    const found = others.filter(is)
    const alike = found.filter((name) => starts.length === 1 && unitNamed(name) === unitNamed(starts[0]))
    return alike.length > 0 ? alike : found
  }
  const ends = among((name) => END.test(glued(name)))
  if (ends.length > 0) return ends
  const pair = PAIRS.find(([start]) => starts.some((name) => start.test(glued(name))))
  const paired = pair ? among((name) => pair[1].test(glued(name))) : []
  return paired.length > 0 ? paired : among(isDuration)
}

/** The unit that a column's name tells. */
export function unitNamed(name: string): TimeUnit | undefined {
  const words = wordsOf(name).join(' ')
  if (/frame|\bf\b|\bfr\b|idx|index/.test(words)) return 'frames'
  if (/\bms\b|msec|milli/.test(words)) return 'milliseconds'
  if (/\b(s|secs?|seconds?|t|ts)\b|time|(start|end|stop|begin)(s|secs?|seconds?)$/.test(words)) return 'seconds'
  return undefined
}

/** A time in a table: seconds or a frame as a number, or h:m:s, m:s. Undefined for what is none. */
export function parseTime(text: string, delimiter: string): number | undefined {
  const parts = text.trim().split(':')
  const last = delimiter === ',' ? parts[parts.length - 1] : decimalPoint(parts[parts.length - 1])
  if (parts.length > 3 || !DECIMAL.test(last)) return undefined
  const whole = parts.slice(0, -1)
  if (whole.length > 0 && (whole.some((part) => !/^\d{1,4}$/.test(part)) || /^[+-]/.test(last))) return undefined
  const [seconds, minutes = 0, hours = 0] = [Number(last), ...whole.reverse().map(Number)]
  if (whole.length > 0 && (seconds >= 60 || (whole.length > 1 && minutes >= 60))) return undefined
  const time = seconds + 60 * minutes + 3600 * hours
  return Number.isFinite(time) ? Number(time.toPrecision(12)) : undefined
}

/** Whether most of the values that are there are times, and at least one is. */
export function isTimes(values: readonly string[], delimiter: string): boolean {
  const known = values.filter((value) => !isMissing(value))
  const times = known.filter((value) => parseTime(value, delimiter) !== undefined)
  return times.length > 0 && 2 * times.length > known.length
}
