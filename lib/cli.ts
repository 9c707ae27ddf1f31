#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addCommon } from './cli/options.js'
import { configureOutput, fail } from './cli/output.js'
import { InfomotionError } from './runtime/errors.js'

const { version, description } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
  description: string
}

const COMMANDS = ['distill', 'compare', 'export', 'data', 'phantom', 'probe', 'flow', 'infomap', 'doctor'] as const

/** The command line. Commands are files of lib/cli/, loaded only as far as needed to parse the call. */
async function main(): Promise<number> {
  configureOutput({ json: process.argv.includes('--json') })
  const program = new Command('infomotion')
    .description(description)
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: () => {} }) // fail() says it, once
    .showHelpAfterError(false)
  addCommon(program) // --json is understood before and after the command's name
  const named = process.argv.slice(2).find((word) => !word.startsWith('-'))
  const known = COMMANDS.some((name) => name === named)
  for (const name of known ? [named] : COMMANDS) {
    const { register } = (await import(`./cli/${name}.js`)) as { register(program: Command): void }
    register(program)
  }
  try {
    await program.parseAsync()
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0 // --help, --version
      const what =
        error.code === 'commander.help' // no command is given
          ? `expected a command: ${COMMANDS.join(', ')}`
          : error.message.replace(/^error: /, '').replace(/\.$/, '')
      return fail(new InfomotionError('INVALID_ARGUMENT', `${what}. See infomotion ${known ? `${named} ` : ''}--help.`))
    }
    return fail(error)
  }
}

process.exitCode = await main()
