import { InfomotionError } from './errors.js'
import { expectOptions, invalid } from './expect.js'
import type { Kind } from './kinds.js'

/** What is said of an option in one place, for library, command line, `--help`, docs/options.md and manifests. */
export interface Facts {
  /** What it is, without its default or what it may be: those are added. */
  help: string
  /** Heading that it stands under in `--help` and the docs. Default: "Options". */
  group?: string
  /** Unit of the value: px, px/frame. */
  unit?: string
  /** What holds where it is not given, for an option without a default of its own. */
  absent?: string
  /** Its letter on the command line. */
  short?: string
  /** Its name on the command line, where that is not its name in the library with dashes. */
  long?: string
  /** What the library calls it in errors, where it is not an option of the library by the same name. */
  argument?: string
  /** Names of earlier versions, taken for one more with a warning. */
  was?: readonly string[]
}

/** Whether an option must be given, has a default, or is undefined where it is not given. */
export type Presence = 'required' | 'default' | 'optional'

/** An option: its kind, and all that is said of it. `Old`: renamed values that are still taken. */
export interface Option<T = unknown, P extends Presence = Presence, Old = unknown> extends Facts {
  kind: Kind<T, Old>
  presence: P
  default?: T
}

/** Options by the library's names. The order is that of help and manifests. */
// biome-ignore lint/suspicious/noExplicitAny: an option takes its own type in (check) and gives it out (default)
export type Options = Readonly<Record<string, Option<any, Presence, any>>>

/** An option with a default. */
export function option<T, Old>(kind: Kind<T, Old>, facts: Facts & { default: NoInfer<T> }): Option<T, 'default', Old>
/** An option that must be given. */
export function option<T, Old>(kind: Kind<T, Old>, facts: Facts & { required: true }): Option<T, 'required', Old>
/** An option that may be absent. */
export function option<T, Old>(kind: Kind<T, Old>, facts: Facts): Option<T, 'optional', Old>
export function option<T, Old>(
  kind: Kind<T, Old>,
  { required, ...facts }: Facts & { default?: T; required?: boolean },
): Option<T, Presence, Old> {
  const presence = required ? 'required' : facts.default === undefined ? 'optional' : 'default'
  return { ...facts, kind, presence }
}

/** What a caller gives: what is required, and anything else. Comments on an option's line show up in editors. */
export type Given<O extends Options> = {
  [K in keyof O as O[K]['presence'] extends 'required' ? K : never]: Taken<O[K]>
} & {
  [K in keyof O as O[K]['presence'] extends 'required' ? never : K]?: Taken<O[K]>
}

type Taken<O> = O extends Option<infer T, Presence, infer Old> ? T | Old : never

/** All options, checked, with the defaults of those that were not given. */
export type Resolved<O extends Options> = {
  [K in keyof O]: O[K] extends Option<infer T, infer P> ? (P extends 'optional' ? T | undefined : T) : never
}

/**
 * Checks options, and gives the others their defaults. Names that nobody reads are refused: a typo must not pass as a
 * default.
 *
 * @param caller - who takes them, for errors
 * @param others - names that the caller reads itself
 * @param onWarning - is told of names and values that have changed; by default Node says it, as a deprecation
 * @throws `INVALID_ARGUMENT`
 */
export function resolveOptions<O extends Options>(
  options: O,
  given: object,
  caller: string,
  others: readonly string[] = [],
  onWarning: (warning: string) => void = deprecated,
): Resolved<O> {
  const old = Object.values(options).flatMap(({ was = [] }) => was)
  expectOptions(given, caller, [...Object.keys(options), ...others], old)
  const modern = modernOptions(options, given as Record<string, unknown>, (name) => name, onWarning)
  return checkOptions(options, modern)
}

/** {@link resolveOptions} of the options alone, whatever else is given. `defaults`: others than those of the options. */
export function checkOptions<O extends Options>(
  options: O,
  given: object,
  defaults: Partial<Resolved<O>> = {},
): Resolved<O> {
  const checked: Record<string, unknown> = {}
  for (const name in options) {
    const { kind, presence, default: otherwise } = options[name]
    const value = (given as Record<string, unknown>)[name]
    if (value !== undefined) checked[name] = kind.check(value, name)
    else if (presence === 'required') throw invalid(kind.range, name, value)
    else checked[name] = defaults[name] ?? otherwise
  }
  return checked as Resolved<O>
}

/** Of many options those of a table, as the function that takes them wants them. */
export function pickOptions<O extends Options>(options: O, { ...given }: Resolved<O>): Resolved<O> {
  return Object.fromEntries(Object.keys(options).map((name) => [name, given[name]])) as Resolved<O>
}

/** The defaults of options that all have one. */
export function defaultsOf<O extends Options>(options: O): Resolved<O> {
  return checkOptions(options, {})
}

function deprecated(warning: string): void {
  process.emitWarning(warning, 'DeprecationWarning')
}

/** Options with the names and values of today. `nameOf`: what the caller calls an option. */
export function modernOptions(
  options: Options,
  given: Readonly<Record<string, unknown>>,
  nameOf: (name: string) => string,
  onWarning: (warning: string) => void,
): Record<string, unknown> {
  const tell = (old: string, now: string) =>
    onWarning(`${old} is now called ${now}; the old name is taken for this version only.`)
  const found: Record<string, unknown> = { ...given }
  for (const [name, { kind, was = [] }] of Object.entries(options)) {
    for (const old of was) {
      if (given[old] === undefined) continue
      if (given[name] !== undefined)
        throw new InfomotionError(
          'INVALID_ARGUMENT',
          `${nameOf(old)} is now called ${nameOf(name)}, and both are given. Leave the old one out.`,
        )
      tell(nameOf(old), nameOf(name))
      found[name] = given[old]
      delete found[old]
    }
    if (found[name] !== undefined && kind.modern)
      found[name] = kind.modern(found[name], (from, to) => tell(`${nameOf(name)} "${from}"`, `"${to}"`))
  }
  return found
}

/** The name of an option on the command line: `--test-fraction`, `--no-self-links`. */
export function flagOf(name: string, { long, default: otherwise, kind }: Option): string {
  const negated = kind.placeholder === undefined && otherwise === true ? 'no-' : ''
  return `--${negated}${long ?? dashed(name)}`
}

/** "testFraction" -> "test-fraction". */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
