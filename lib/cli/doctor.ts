import type { Command } from 'commander'
import pc from 'picocolors'
import { type Diagnosis, doctor, type Finding } from '../doctor.js'
import { doctorCommand } from '../options/doctor.js'
import { printable } from '../runtime/text.js'
import { addCommand } from './options.js'
import { finish } from './output.js'

/** `infomotion doctor`: what this machine has for infomotion, what is missing, and the command for it. */
export function register(program: Command): void {
  addCommand(program, doctorCommand, async () => {
    const diagnosis = await doctor()
    finish(diagnosis, () => describe(diagnosis), { coloured: true })
    if (!diagnosis.healthy) process.exitCode = 1
  })
}

function describe({ healthy, versions, platform, instructionSet, devices, findings }: Diagnosis): string {
  const lines = [`infomotion ${versions.infomotion}, Node ${versions.node}, ${platform}`]
  if (devices) {
    const { cpu, cuda } = devices
    lines.push(`CPU: ${instructionSet} instructions, ${cpu.threads} threads`)
    const gpus = cuda.devices.map(
      ({ name, capability, memory }) => `${name} (${capability}, ${Math.round(memory / 2 ** 30)} GiB)`,
    )
    lines.push(
      `GPU: ${cuda.available ? `${gpus.join(', ')}, ${cuda.runtime}` : `none to use: ${printable(cuda.reason ?? '')}`}`,
    )
  }
  lines.push('', ...findings.flatMap(line), '')
  lines.push(healthy ? 'All that is needed is here and works.' : 'Something is broken: see above.')
  return lines.join('\n')
}

function line({ name, status, version, use, required, reason, cure }: Finding): string[] {
  const colour = status === 'works' ? pc.green : status === 'broken' || required ? pc.red : pc.yellow
  const what = printable([name, version].filter(Boolean).join(' '))
  return [
    `  ${colour(status.padEnd(7))} ${what.padEnd(26)} ${pc.dim(use)}`,
    ...[reason, cure].filter((text) => text !== undefined).map((text) => `          ${printable(text)}`),
  ]
}
