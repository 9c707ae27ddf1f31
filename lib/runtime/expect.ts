import { InfomotionError } from './errors.js'

/** The error for a wrong argument (code `INVALID_ARGUMENT`): says it in terms of the library, and keeps the parts. */
export class InvalidArgument extends InfomotionError {
  constructor(
    /** What was expected. */
    readonly expected: string,
    /** The argument or option, as the library calls it. */
    readonly argument: string,
    readonly received: unknown,
    /** The word that was probably meant. */
    readonly meant?: string,
  ) {
    super('INVALID_ARGUMENT', sentence(expected, argument, withType(received), meant))
  }

  /** The same to a person who typed it: the option by the name that it has there, and no types. */
  asTyped(name: string): InfomotionError {
    const typed = sentence(this.expected, name, shown(this.received), this.meant)
    return new InfomotionError(this.code, typed, { cause: this })
  }
}

/** The one message form for a wrong argument: "Expected X for NAME but received V of type T" (code `INVALID_ARGUMENT`). */
export function invalid(expected: string, name: string, received: unknown, meant?: string): InvalidArgument {
  return new InvalidArgument(expected, name, received, meant)
}

function sentence(expected: string, name: string, received: string, meant?: string): string {
  return `Expected ${expected} for ${name} but received ${received}.${meant === undefined ? '' : ` Did you mean "${meant}"?`}`
}

/** A value as it stands in an error message: short. */
function shown(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return `${value.constructor.name}(${(value as unknown as ArrayLike<unknown>).length})`
  }
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`
  if (Array.isArray(value)) return `an array of ${value.length}`
  return value === null ? 'null' : `a value of type ${typeof value}`
}

function withType(value: unknown): string {
  const type = typeof value
  return shown(value) + (type === 'string' || type === 'number' || type === 'boolean' ? ` of type ${type}` : '')
}

/** An integer in [min, max]. */
export function expectInteger(
  value: unknown,
  name: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `between ${min} and ${max}`
  throw invalid(`an integer ${range}`, name, value)
}

/** A finite number in [min, max]. */
export function expectNumber(value: unknown, name: string, min = -Infinity, max = Infinity): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value
  if (min === -Infinity && max === Infinity) throw invalid('a finite number', name, value)
  throw invalid(max === Infinity ? `a number of at least ${min}` : `a number between ${min} and ${max}`, name, value)
}

/** true or false. */
export function expectBoolean(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw invalid('true or false', name, value)
}

/** One of the given words. */
export function expectOneOf<T extends string>(value: unknown, name: string, words: readonly T[]): T {
  if (words.includes(value as T)) return value as T
  const meant = typeof value === 'string' ? nearest(value, words) : undefined
  throw invalid(`one of ${words.join(', ')}`, name, value, meant)
}

/** What a table has under a name out of a file; what every object inherits ("constructor") is not in the table. */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/**
 * The word a typo was meant for: spelt the same but for case, dashes and underscores, or else at most two edits away that
 * leave more than half of it. Of several the nearest, the first of equals.
 */
function nearest(typo: string, words: readonly string[]): string | undefined {
  const plain = (word: string) => word.toLowerCase().replace(/[-_]/g, '')
  const given = plain(typo)
  let found: string | undefined
  let fewest = 3
  for (const word of words) {
    const longest = Math.max(given.length, word.length)
    if (Math.abs(given.length - word.length) >= fewest) continue
    const edits = editDistance(given, plain(word))
    if (edits < fewest && 2 * edits < longest) [found, fewest] = [word, edits]
  }
  return found
}

/** Letters inserted, removed, replaced, or exchanged with the next: the optimal string alignment distance (Boytsov 2011, 2.2). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1])
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1)
    }
  }
  return rows[a.length][b.length]
}

/** Options that must be given, as some of them must. */
export function expectGiven<T extends object>(options: T, name: string): T {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options
  throw invalid('an object of options', name, options)
}

/** An object that a function is given, with no keys but those that it reads or that what makes such objects gives. */
export function expectObject<T extends object>(value: T, name: string, known: readonly string[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('an object', name, value)
  expectOptions(value, name, known)
  return value
}

/** A list, as an array. */
export function expectList<T>(value: readonly T[], name: string): readonly T[] {
  if (Array.isArray(value)) return value
  throw invalid('an array', name, value)
}

/**
 * Refuses option names nobody reads, with the nearest known one: a typo must not pass as a default. `old` names are taken,
 * and not proposed.
 */
export function expectOptions(
  options: object | undefined,
  name: string,
  known: readonly string[],
  old: readonly string[] = [],
): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalid('an object', name, options)
  for (const key of Object.keys(options)) {
    if (known.includes(key) || old.includes(key)) continue
    const near = nearest(key, known)
    const hint = near ? ` Did you mean "${near}"?` : ` Known options: ${known.join(', ')}.`
    throw new InfomotionError('INVALID_ARGUMENT', `Unknown option "${key}" for ${name}.${hint}`)
  }
}
