import type { Command } from 'commander'
import { type DistillOptions, type DistillResult, distill, STAGES } from '../distill.js'
import { evaluationTable } from '../evaluate/table.js'
import { addMethodOptions, integer, libraryOptions, type MethodFlags } from './options.js'
import { abortSignal, finish, progressBar, say } from './output.js'

/** `infomotion distill DATASET --out DIR --vpc N`: the whole method (lib/distill.ts). */
export function register(program: Command): void {
  const command = program
    .command('distill')
    .description('distil a labelled video folder to N weighted clips a class, train a student on them, and report')
    .argument('<dataset>', 'folder (EchoNet-Dynamic layout, a CSV, or a folder per class) or CSV file')
    .requiredOption('-o, --out <dir>', 'where the distilled set, manifest.json and the report go')
    .requiredOption('-n, --vpc <n>', 'videos per class', integer)
    .option('--until <stage>', `stop after a stage: ${STAGES.join(', ')}`, 'report')
    .option('--selector <name>', 'infomap, kmedoids, kcenter, herding, facility, pagerank, random', 'infomap')
    .option('--refine <how>', 'swap: exchange clips while that lowers the TRAIN loss of a small student; none', 'none')
    .option(
      '--student <name>',
      'linear (on the features); cnn, cnn-medium, cnn-large (on grey levels and flow)',
      'linear',
    )
    .option('--materialize <how>', 'selected clips: copy, link, or list (a table only)', 'copy')
    .option(
      '--strict',
      'fail where a clip cannot be decoded, is there twice, or a class has fewer clips than asked for',
    )
  addMethodOptions(command).action(async (dataset: string, flags: MethodFlags<DistillOptions>) => {
    const result = await distill(dataset, {
      ...libraryOptions<DistillOptions>(flags),
      signal: abortSignal(),
      onProgress: progressBar(),
      onWarning: (warning) => say(`warning: ${warning}`),
    })
    finish(result, () => summary(result, flags.out))
  })
}

function summary(result: DistillResult, out: string): string {
  const width = Math.max(5, ...result.classes.map(({ name }) => name.length))
  const lines = [
    `${'class'.padEnd(width)}  clips  modules  selected  codelength`,
    ...result.classes.map(
      ({ name, clips, modules, selected, codelength }) =>
        `${name.padEnd(width)}  ${String(clips).padStart(5)}  ${String(modules ?? '-').padStart(7)}  ` +
        `${String(selected ?? '-').padStart(8)}  ${(codelength === null ? '-' : `${codelength.toFixed(3)} bits`).padStart(10)}`,
    ),
  ]
  if (result.evaluation) lines.push('', evaluationTable(result.evaluation))
  for (const notice of result.notices) lines.push('', notice)
  const size = result.effectiveSampleSize
  const effective = size === null ? '' : ` (effective sample size ${size.toFixed(1)})`
  lines.push('', `${result.selected} clips selected${effective} in ${result.seconds.toFixed(1)} s; see ${out}`)
  return lines.join('\n')
}
