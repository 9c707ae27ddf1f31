import { type Command, InvalidArgumentError } from 'commander'
import { type DistillOptions, type DistillResult, distill, STAGES } from '../distill.js'
import { evaluationTable } from '../evaluate/table.js'
import { abortSignal, finish, progressBar, say } from './output.js'

/** `infomotion distill DATASET --out DIR --vpc N`: the whole method (lib/distill.ts). */
export function register(program: Command): void {
  program
    .command('distill')
    .description('distil a labelled video folder to N weighted clips a class, train a student on them, and report')
    .argument('<dataset>', 'folder (EchoNet-Dynamic layout, a CSV, or a folder per class) or CSV file')
    .requiredOption('-o, --out <dir>', 'where the distilled set, manifest.json and the report go')
    .requiredOption('-n, --vpc <n>', 'videos per class', integer)
    .option('--until <stage>', `stop after a stage: ${STAGES.join(', ')}`, 'report')
    .option(
      '--classes <scheme>',
      'ef5, ef3, ef2, quantile:K, edges:a,b,..., or labels (default: ef5 for EF, else labels)',
    )
    .option('--path-column <name>', 'CSV column of the video files')
    .option('--label-column <name>', 'CSV column of the labels')
    .option('--split-column <name>', 'CSV column of the splits')
    .option('--group-column <name>', 'CSV column of the groups (patients) that must not straddle splits')
    .option('--test-fraction <x>', 'share of the groups for testing where the data set has no splits', Number, 0.2)
    .option('--seed <n>', 'seed of the split, the search, the draws and the students', integer, 1)
    .option('--neighbours <k>', 'nearest neighbours in the class graphs', integer, 10)
    .option('--trials <n>', 'trials of the map-equation search', integer, 10)
    .option('--random-draws <n>', 'random selections to compare with', integer, 10)
    .option('--materialize <how>', 'selected clips: copy, link, or list (a table only)', 'copy')
    .option('--backend <name>', 'video decoder: auto, mjpeg, ffmpeg', 'auto')
    .option('--cache <dir>', 'feature cache, to share between runs (default: DIR/cache)')
    .option('--allow-missing', 'go on without the clips whose files are missing')
    .option('--strict', 'fail where a clip cannot be decoded or a class has fewer clips than asked for')
    .action(async (dataset: string, flags: Flags) => {
      const { pathColumn, labelColumn, splitColumn, groupColumn, json: _, ...options } = flags
      const columns = { path: pathColumn, label: labelColumn, split: splitColumn, group: groupColumn }
      const given = Object.fromEntries(Object.entries(columns).filter(([, name]) => name !== undefined))
      const result = await distill(dataset, {
        ...options,
        ...(Object.keys(given).length > 0 ? { columns: given } : {}),
        signal: abortSignal(),
        onProgress: progressBar(),
        onWarning: (warning) => say(`warning: ${warning}`),
      })
      finish(result, () => summary(result, flags.out))
    })
}

type Flags = DistillOptions & {
  pathColumn?: string
  labelColumn?: string
  splitColumn?: string
  groupColumn?: string
  json?: boolean
}

function integer(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value)) throw new InvalidArgumentError('Expected an integer.')
  return value
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
  lines.push('', `${result.selected} clips selected in ${result.seconds.toFixed(1)} s; see ${out}`)
  return lines.join('\n')
}
