import type { Command } from 'commander'
import { type CompareOptions, compare } from '../compare.js'
import { budgetTable } from '../evaluate/table.js'
import { addMethodOptions, integer, libraryOptions, listOption, type MethodFlags } from './options.js'
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
    .addOption(
      listOption(
        '--selectors <names>',
        'infomap, kmedoids, kcenter, herding, facility, pagerank, random, each also with +swap',
        'infomap,infomap+swap,kmedoids,random+swap',
        (name) => name,
      ),
    )
    .addOption(listOption('-n, --vpc <list>', 'videos per class, one budget or more', '1,2,5,10', integer))
    .option(
      '--seeds <n>',
      'seeds, counted from --seed; each draws another split where the data set has none',
      integer,
      5,
    )
    .addOption(
      listOption(
        '--student <names>',
        'linear (on the features); cnn, cnn-medium, cnn-large (on grey levels and flow)',
        'linear',
        (name) => name,
      ),
    )
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
