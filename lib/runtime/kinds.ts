import { expectBoolean, expectInteger, expectNumber, expectOneOf, expectOptions, invalid } from './expect.js'

/**
 * A kind of value that an option can take: how the library checks it, and how it is read from a command line. `Old` are
 * values that were renamed, and are taken for one more version.
 */
export interface Kind<T, Old = never> {
  /** What stands for the value in a usage line: "n" in `--seed <n>`. Undefined: a flag, which takes none. */
  placeholder?: string
  /** What it may be, in words. */
  range: string
  /** What there is to choose from, where that is worth listing in help. */
  choices?: string
  /** The value that was typed; its range is left to `check`. `name` is the option's, for errors. */
  parse(text: string, name: string): unknown
  /** @throws `INVALID_ARGUMENT` */
  check(value: unknown, name: string): T
  /** The value with renamed words in place of old ones, each of which is told. */
  modern?(value: unknown, renamed: (old: string, now: string) => void): unknown
  /** An option of several parts, each an option of its own on the command line (`--path-column`). */
  parts?: Readonly<Record<string, string>>
  /** Never there: carries the type. */
  old?: Old
}

/** true or false; on the command line its name alone. */
export function flag(): Kind<boolean> {
  return { range: 'true or false', parse: () => true, check: expectBoolean }
}

/** A number from `min` to `max`. */
export function number(min = -Infinity, max = Infinity): Kind<number> {
  return {
    placeholder: 'x',
    range: between('number', min, max),
    parse: parseNumber,
    check: (value, name) => expectNumber(value, name, min, max),
  }
}

/** A number between `low` and `high`, both excluded. */
export function numberBetween(low: number, high: number): Kind<number> {
  const range = `a number between ${low} and ${high}, both excluded`
  const check = (value: unknown, name: string) => {
    if (typeof value === 'number' && value > low && value < high) return value
    throw invalid(`${range},`, name, value)
  }
  return { placeholder: 'x', range, parse: parseNumber, check }
}

/** An integer from `min` to `max`. */
export function integer(min: number = Number.MIN_SAFE_INTEGER, max: number = Number.MAX_SAFE_INTEGER): Kind<number> {
  return {
    placeholder: 'n',
    range: between('integer', min, max),
    parse: parseInteger,
    check: (value, name) => expectInteger(value, name, min, max),
  }
}

/** A seed: as wide as the random numbers' state is keyed by. */
export const seed = (): Kind<number> => integer(0, 0xffffffff)

/** A text that is not empty: `what` it is, as "a folder". */
export function text(placeholder: string, what: string): Kind<string> {
  const check = (value: unknown, name: string) => {
    if (typeof value === 'string' && value !== '') return value
    throw invalid(what, name, value)
  }
  return { placeholder, range: what, parse: (typed) => typed, check }
}

/** One of some words. `renamed`: words of earlier versions, with what they are called now. */
export function oneOf<T extends string>(words: readonly T[]): Kind<T>
export function oneOf<T extends string, Old extends string>(
  words: readonly T[],
  renamed: Readonly<Record<Old, NoInfer<T>>>,
): Kind<T, Old>
export function oneOf<T extends string>(
  words: readonly T[],
  renamed: Readonly<Record<string, T>> = {},
): Kind<T, string> {
  return {
    placeholder: 'name',
    range: words.join(', '),
    choices: words.join(', '),
    parse: (typed) => typed,
    check: (value, name) => expectOneOf(value, name, words),
    modern: (value, tell) => {
      if (typeof value !== 'string' || !Object.hasOwn(renamed, value)) return value
      tell(value, renamed[value])
      return renamed[value]
    },
  }
}

/** "auto", or one of some numbers. */
export function autoOr<T extends number>(numbers: readonly T[]): Kind<'auto' | T> {
  const range = `auto, ${numbers.join(', ')}`
  const check = (value: unknown, name: string) => {
    if (value === 'auto' || numbers.includes(value as T)) return value as 'auto' | T
    throw invalid(range, name, value)
  }
  return { placeholder: 'n', range, parse: (typed) => (typed === 'auto' ? typed : Number(typed)), check }
}

/** "auto", or what a kind takes. */
export function orAuto<T>(kind: Kind<T>): Kind<'auto' | T> {
  return {
    placeholder: kind.placeholder,
    range: `auto, or ${kind.range}`,
    parse: (typed, name) => (typed === 'auto' ? typed : kind.parse(typed, name)),
    check: (value, name) => (value === 'auto' ? value : kind.check(value, name)),
  }
}

/** One entry or more, all of a kind; typed as a,b,c. */
export function list<T, Old>(entry: Kind<T, Old>): Kind<T[], [Old] extends [never] ? never : (T | Old)[]> {
  const check = (value: unknown, name: string) => {
    if (!Array.isArray(value) || value.length === 0) throw invalid('a list of one entry or more', name, value)
    return value.map((part) => entry.check(part, name))
  }
  return {
    placeholder: 'list',
    range: `a list, each ${entry.range}`,
    choices: entry.choices,
    parse: (typed, name) => partsOf(typed, name).map((part) => entry.parse(part, name)),
    check,
    modern: (value, tell) =>
      Array.isArray(value) ? value.map((part) => (entry.modern ? entry.modern(part, tell) : part)) : value,
  }
}

/** Names with a value each, all of a kind; typed as a=1,b=2. `keys`: the names there may be; any where it is left out. */
export function map<T>(entry: Kind<T>, keys?: readonly string[]): Kind<Record<string, T>> {
  const form = `a list like ${keys?.[0] ?? 'a'}=${entry.placeholder},...`
  return {
    placeholder: 'map',
    range: `names${keys ? ` (${keys.join(', ')})` : ''} with ${entry.range} each`,
    choices: keys?.join(', '),
    parse: (typed, name) => {
      const pairs = partsOf(typed, name).map((part) => {
        const at = part.indexOf('=')
        if (at < 1) throw invalid(form, name, typed)
        return [part.slice(0, at).trim(), entry.parse(part.slice(at + 1).trim(), name)] as const
      })
      const twice = pairs.find(([key], i) => pairs.findIndex(([other]) => other === key) !== i)
      if (twice) throw invalid(`each name once ("${twice[0]}" is there twice)`, name, typed)
      return Object.fromEntries(pairs)
    },
    check: (value, name) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(form, name, value)
      if (keys) expectOptions(value, name, keys)
      const entries = Object.entries(value as Record<string, unknown>)
      if (entries.length === 0) throw invalid(form, name, value)
      return Object.fromEntries(entries.map(([key, part]) => [key, entry.check(part, `${name}.${key}`)]))
    },
  }
}

/** Several texts under their own names, each with its help; on the command line an option each. */
export function parts<K extends string>(help: Readonly<Record<K, string>>, what: string): Kind<{ [P in K]?: string }> {
  const names = Object.keys(help) as K[]
  const check = (value: unknown, name: string) => {
    expectOptions(value as object, name, names)
    for (const [part, given] of Object.entries(value as object))
      if (given !== undefined && (typeof given !== 'string' || given === ''))
        throw invalid(what, `${name}.${part}`, given)
    return value as { [P in K]?: string }
  }
  return { placeholder: 'name', range: what, parse: (typed) => typed, check, parts: help }
}

function between(noun: string, min: number, max: number): string {
  const article = noun === 'integer' ? 'an' : 'a'
  const low = min <= Number.MIN_SAFE_INTEGER ? undefined : min
  const high = max >= Number.MAX_SAFE_INTEGER ? undefined : max
  if (low === undefined && high === undefined) return `${article} ${noun}`
  if (high === undefined) return `${article} ${noun} of at least ${low}`
  return `${article} ${noun} from ${low ?? 'any'} to ${high}`
}

function partsOf(typed: string, name: string): string[] {
  const found = typed.split(',').map((part) => part.trim())
  if (found.includes('')) throw invalid('a list like a,b,c', name, typed)
  return found
}

/**
 * A decimal number as people write it; `Number` alone would also take "", "0x10" and "Infinity". There is one way only to
 * match a text: the search is linear in its length.
 */
export const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

function parseNumber(typed: string, name: string): number {
  const value = DECIMAL.test(typed.trim()) ? Number(typed) : Number.NaN
  if (!Number.isFinite(value)) throw invalid('a number', name, typed)
  return value
}

/** No larger than a double holds exactly: a seed that is rounded is another seed. */
function parseInteger(typed: string, name: string): number {
  const value = DECIMAL.test(typed.trim()) ? Number(typed) : Number.NaN
  if (!Number.isSafeInteger(value)) throw invalid('an integer', name, typed)
  return value
}
