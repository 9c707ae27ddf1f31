import { dashed, type Option, type Options } from '../runtime/option.js'
import { SELECTORS, selectorOf, WEIGHT_RULES, weightRuleHelp } from '../select/index.js'
import { SELECTION } from '../select/options.js'
import {
  type CommandFacts,
  defaultOf,
  headingOf,
  headingsOf,
  placeholderOf,
  type Switch,
  switchesOf,
} from './command.js'
import { COMMON } from './common.js'
import { compareCommand } from './compare.js'
import { dataCommand } from './data.js'
import { distillCommand } from './distill.js'
import { doctorCommand } from './doctor.js'
import { exportCommand } from './export.js'
import { flowCommand } from './flow.js'
import { infomapCommand } from './infomap.js'
import { phantomCommand } from './phantom.js'
import { probeCommand } from './probe.js'

/** All commands, in the order of the docs. */
export const COMMANDS: readonly CommandFacts[] = [
  distillCommand,
  compareCommand,
  exportCommand,
  dataCommand,
  phantomCommand,
  probeCommand,
  flowCommand,
  infomapCommand,
  doctorCommand,
]

/** docs/options.md: every option of every command, and what the names stand for. */
export function optionsPage(): string {
  return `${[
    '# Options',
    '<!-- Written by `npm run docs:options` from the tables in lib/options/; edit those. -->',
    'What every command takes, and what holds where it is not given. The library calls an option by the same words ' +
      '(`--test-fraction` is `testFraction`); where it does not, that is said. `--help` behind a command says the same.',
    ...COMMANDS.flatMap(commandSection),
    '## Every command',
    table(
      ['option', 'what'],
      switchesOf(COMMON).map(({ flag, help }) => [code(flag), help]),
    ),
    '## Selectors',
    '`--selector`, `--selectors` and `select(name, ...)` take these names; in comparisons and in `select` each also ' +
      'with `+swap` behind it: clips are then exchanged while that lowers the TRAIN loss of a small student.',
    table(
      ['name', 'in reports', 'chooses from each class'],
      SELECTORS.map((name) => {
        const { label, help } = selectorOf(name)
        return [code(name), label, help]
      }),
    ),
    '`select` is a function of the library alone. Its options:',
    table(
      ['option', 'value', 'default', 'what'],
      Object.entries(SELECTION).map(([name, option]) => {
        return [code(name), range(option), defaultCell(option), option.help]
      }),
    ),
    '## Sample weights',
    table(
      ['name', 'weights'],
      WEIGHT_RULES.map((rule) => [code(rule), weightRuleHelp(rule)]),
    ),
  ].join('\n\n')}\n`
}

function commandSection({ name, help, operands, options, groups }: CommandFacts): string[] {
  const words = operands.map(({ name, optional }) => (optional ? `[${name}]` : `<${name}>`))
  const headings = groups ?? headingsOf(options)
  const switches = switchesOf(options, headings).filter(({ old }) => !old)
  return [
    `## infomotion ${name}`,
    `${capital(help)}.`,
    code(['infomotion', name, ...required(options), ...words].join(' ')),
    ...(operands.length > 0 ? [operands.map(({ help }, i) => `- ${code(words[i])}: ${help}`).join('\n')] : []),
    ...headings.flatMap((heading) => {
      const rows = switches.filter(({ option }) => headingOf(option) === heading).map(row)
      return [...(headings.length > 1 ? [`### ${heading}`] : []), table(['option', 'value', 'default', 'what'], rows)]
    }),
  ]
}

function row({ flag, name, part, option, help }: Switch): string[] {
  const typed = `${option.short ? `-${option.short}, ` : ''}${flag} ${placeholderOf(option)}`.trimEnd()
  const called = part ? `${name}: { ${part} }` : name
  const other = part || option.argument !== undefined || flag.replace('--no-', '--') !== `--${dashed(name)}`
  const library = other ? ` (library: ${code(option.argument ?? called)})` : ''
  return [code(typed), range(option), part ? '' : defaultCell(option), `${help}${library}`]
}

function range({ kind, unit }: Option): string {
  return kind.placeholder === undefined ? '' : `${kind.range}${unit ? `, ${unit}` : ''}`
}

function defaultCell(option: Option): string {
  return option.presence === 'required' ? '**required**' : (defaultOf(option) ?? '')
}

function required(options: Options): string[] {
  return switchesOf(options).flatMap(({ flag, option }) =>
    option.presence === 'required' ? [`${flag} ${placeholderOf(option)}`] : [],
  )
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const code = (text: string) => `\`${text}\``
const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)
