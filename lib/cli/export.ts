import type { Command } from 'commander'
import { exportDistilled } from '../export.js'
import { exportCommand } from '../options/export.js'
import { addCommand } from './options.js'
import { abortSignal, finish } from './output.js'

/** `infomotion export DISTILLED --tiles --out DIR`: a distilled set as plain clips (lib/export.ts). */
export function register(program: Command): void {
  addCommand(program, exportCommand, async ([folder], options) => {
    const { clips } = await exportDistilled(folder, { ...options, signal: abortSignal() })
    finish({ clips, out: options.out }, () => `${clips} training clips in ${options.out}`)
  })
}
