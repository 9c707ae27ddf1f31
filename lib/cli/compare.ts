import type { Command } from 'commander'
import { compare } from '../compare.js'
import { budgetTable } from '../evaluate/table.js'
import { compareCommand } from '../options/compare.js'
import { addCommand } from './options.js'
import { abortSignal, finish, progressBar, say } from './output.js'

/** `infomotion compare DATASET --out DIR`: selectors over budgets, seeds and students (lib/compare.ts). */
export function register(program: Command): void {
  addCommand(program, compareCommand, async ([dataset], options) => {
    const comparison = await compare(dataset, {
      ...options,
      signal: abortSignal(),
      onProgress: progressBar(),
      onWarning: (warning) => say(`warning: ${warning}`),
      onNote: say,
    })
    finish(comparison, () =>
      [
        budgetTable(comparison.budgets),
        ...comparison.notices,
        `${comparison.budgets.length} tables in ${comparison.seconds.toFixed(0)} s; see ${options.out}`,
      ].join('\n\n'),
    )
  })
}
