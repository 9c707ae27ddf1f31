import { type Command, Option } from 'commander'
import { type CommandFacts, defaultOf, headingOf, placeholderOf, type Switch, switchesOf } from '../options/command.js'
import { COMMON } from '../options/common.js'
import { InfomotionError } from '../runtime/errors.js'
import { InvalidArgument } from '../runtime/expect.js'
import { dashed, type Given, modernOptions, type Options } from '../runtime/option.js'
import { say } from './output.js'

/**
 * A command as the table of its options has it (lib/options/). `run` is given what stands behind its name, and its options
 * by the library's names, read and checked; those that were not given are left to the library's defaults. What the library
 * says of a wrong argument is said in terms of the command line.
 */
export function addCommand<O extends Options>(
  program: Command,
  { name, help, operands, options, groups }: CommandFacts<O>,
  run: (operands: string[], given: Given<O>) => Promise<void>,
): void {
  const command = program.command(name).description(help)
  for (const { name, help, optional } of operands) command.argument(optional ? `[${name}]` : `<${name}>`, help)
  const switches = switchesOf(options, groups).map((found) => ({ ...found, typed: typedOption(found) }))
  for (const { typed } of switches) command.addOption(typed)
  addCommon(command)
  const names = new Map([
    ...operands.map(({ name, argument = name }) => [argument, `<${name}>`] as const),
    ...switches.map(({ name, part, flag }) => [part ? `${name}.${part}` : name, flag] as const),
    ...switches.flatMap(({ option, flag }) => (option.argument ? [[option.argument, flag] as const] : [])),
  ])
  command.action(async (...called: unknown[]) => {
    const values = called[operands.length] as Record<string, unknown>
    try {
      await run(called.slice(0, operands.length) as string[], read(options, switches, values, names) as Given<O>)
    } catch (error) {
      throw error instanceof InvalidArgument ? error.asTyped(names.get(error.argument) ?? error.argument) : error
    }
  })
}

/** The options that every command takes, and the program before a command's name. */
export function addCommon(command: Command): void {
  for (const found of switchesOf(COMMON)) command.addOption(typedOption(found))
}

function typedOption({ flag, option, help, part, old }: Switch): Option {
  const { kind, short, presence } = option
  const otherwise = part ? undefined : defaultOf(option)
  const notes = presence === 'required' ? ' (required)' : otherwise === undefined ? '' : ` (default: ${otherwise})`
  const choices = kind.choices === undefined ? '' : `: ${kind.choices}`
  const letter = short && !old ? `-${short}, ` : ''
  const typed = new Option(`${letter}${flag} ${placeholderOf(option)}`.trimEnd(), `${help}${choices}${notes}`)
  return typed.helpGroup(`${headingOf(option)}:`).hideHelp(old === true)
}

/** The options that were typed, by the library's names of today, checked. */
function read(
  options: Options,
  switches: readonly (Switch & { typed: Option })[],
  values: Readonly<Record<string, unknown>>,
  names: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const { typed, flag, name, part, option } of switches) {
    const given = values[typed.attributeName()]
    if (given === undefined || (typed.negate && given === true)) continue
    const value = typeof given === 'string' ? option.kind.parse(given, flag) : given
    found[name] = part ? { ...(found[name] as object), [part]: value } : value
  }
  const nameOf = (name: string) => names.get(name) ?? `--${dashed(name)}`
  const given = modernOptions(options, found, nameOf, (warning) => say(`warning: ${warning}`))
  for (const [name, value] of Object.entries(given)) options[name].kind.check(value, name)
  for (const { name, option, flag, help } of switches) {
    if (option.presence !== 'required' || given[name] !== undefined) continue
    throw new InfomotionError(
      'INVALID_ARGUMENT',
      `Expected ${flag} ${placeholderOf(option)}, which is required: ${help}.`,
    )
  }
  return given
}
