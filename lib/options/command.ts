import { dashed, flagOf, type Option, type Options } from '../runtime/option.js'

/** A command, as it is called, helped with and documented. */
export interface CommandFacts<O extends Options = Options> {
  name: string
  /** What it does. */
  help: string
  /** What stands behind its name, in this order. `argument`: what the library calls it in errors. */
  operands: readonly { name: string; help: string; optional?: boolean; argument?: string }[]
  options: O
  /** The order of the headings. Default: as they come. */
  groups?: readonly string[]
}

/** A command with the type of its options kept. */
export function command<O extends Options>(facts: CommandFacts<O>): CommandFacts<O> {
  return facts
}

/** One option of the command line: an option of the library, or a part of one. */
export interface Switch {
  /** As `--test-fraction`. */
  flag: string
  option: Option
  /** The library's name. */
  name: string
  /** The part that it sets, of an option that has parts. */
  part?: string
  help: string
  /** An old name, which is taken but not shown. */
  old?: boolean
}

/** The options of a command line in the order of help: by heading, required ones first. */
export function switchesOf(options: Options, groups: readonly string[] = headingsOf(options)): Switch[] {
  const order = (option: Option) => 2 * groups.indexOf(headingOf(option)) + Number(option.presence !== 'required')
  const sorted = Object.entries(options).sort(([, a], [, b]) => order(a) - order(b))
  return sorted.flatMap(([name, option]): Switch[] => {
    const { kind, help, was = [] } = option
    const parts = Object.entries(kind.parts ?? {}).map(([part, help]) => ({
      ...{ flag: `--${part}-${dashed(name).replace(/s$/, '')}`, option, name, part, help },
    }))
    const whole = { flag: flagOf(name, option), option, name, help }
    const old = was.map((word) => ({
      ...whole,
      flag: flagOf(word, { ...option, long: undefined }),
      name: word,
      old: true,
    }))
    return [...(kind.parts ? parts : [whole]), ...old]
  })
}

/** The heading of an option; one of options that name none. */
export function headingOf({ group = 'Options' }: Option): string {
  return group
}

export function headingsOf(options: Options): string[] {
  return [...new Set(Object.values(options).map(headingOf))]
}

/** What stands behind an option on the command line: "<px>"; "" for a flag. */
export function placeholderOf({ kind, unit }: Option): string {
  return kind.placeholder === undefined ? '' : `<${unit ?? kind.placeholder}>`
}

/** What holds where an option is not given, in words; undefined where that is nothing. */
export function defaultOf({ absent, default: otherwise, kind }: Option): string | undefined {
  if (absent !== undefined) return absent
  if (otherwise === undefined || kind.placeholder === undefined) return undefined
  return Array.isArray(otherwise) ? otherwise.join(',') : String(otherwise)
}
