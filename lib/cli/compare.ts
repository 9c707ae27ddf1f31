import type { Command } from 'commander'
import { type CompareOptions, compare } from '../compare.js'
import { budgetTable } from '../evaluate/table.js'
import { addMethodOptions, integer, libraryOptions, list, type MethodFlags } from './options.js'
import { abortSignal, finish, progressBar, say } from './output.js'

/** `infomotion compare DATASET --out DIR`: selectors over budgets, seeds and students (lib/compare.ts). */
export function register(program: Command): void {
  const command = program
    .command('compare')
    .description(
      'compare selectors over budgets, seeds and students: one table with intervals, beside random selection',
    )
    .argument('<dataset>', 'folder (EchoNet-Dynamic layout, a CSV, or a folder per class) or CSV file')
    .requiredOption('-o, --out <dir>', 'where comparison.json and comparison.html go')
    .option(
      '--selectors <names>',
      'infomap, kmedoids, kcenter, herding, facility, pagerank, random, each also with +swap',
      list,
      ['infomap', 'infomap+swap', 'kmedoids', 'random+swap'],
    )
    .option(
      '-n, --vpc <list>',
      'videos per class, one budget or more',
      (text) => list(text).map(integer),
      [1, 2, 5, 10],
    )
    .option(
      '--seeds <n>',
      'seeds, counted from --seed; each draws another split where the data set has none',
      integer,
      5,
    )
    .option('--student <names>', 'linear (on the features), cnn (on grey levels and flow)', list, ['linear'])
  addMethodOptions(command).action(
    async (dataset: string, flags: MethodFlags<CompareOptions> & { student: string[] }) => {
      const { student, ...rest } = flags
      const comparison = await compare(dataset, {
        ...libraryOptions<CompareOptions>(rest),
        students: student as CompareOptions['students'],
        signal: abortSignal(),
        onProgress: progressBar(),
        onWarning: (warning) => say(`warning: ${warning}`),
      })
      finish(comparison, () =>
        [
          budgetTable(comparison.budgets),
          ...comparison.notices,
          `${comparison.budgets.length} tables in ${comparison.seconds.toFixed(0)} s; see ${flags.out}`,
        ].join('\n\n'),
      )
    },
  )
}
