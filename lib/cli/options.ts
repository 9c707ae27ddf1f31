import { type Command, InvalidArgumentError, Option } from 'commander'
import type { DistillOptions } from '../distill.js'

/** The options that `distill` and `compare` share, with METHOD's defaults (lib/distill/settings.ts). */
export function addMethodOptions(command: Command): Command {
  return command
    .option(
      '--classes <scheme>',
      'ef5, ef3, ef2, quantile:K, edges:a,b,..., or labels (default: ef5 for EF, else labels)',
    )
    .option('--path-column <name>', 'CSV column of the video files')
    .option('--label-column <name>', 'CSV column of the labels')
    .option('--split-column <name>', 'CSV column of the splits')
    .option('--group-column <name>', 'CSV column of the groups (patients) that must not straddle splits')
    .option(
      '--parent-column <name>',
      'CSV column of the clips that clips were made from: whose parent is in TEST leaves TRAIN',
    )
    .option(
      '--split-values <list>',
      'what the values of the split column mean: train=0,val=1,test=2 or train=0|1|2,test=3',
      splitValues,
    )
    .option('--ef-scale <x>', 'what labels are multiplied by to be EF in percent: 100 where they are fractions', number)
    .option('--test-fraction <x>', 'share of the groups for testing where the data set has no splits', number, 0.2)
    .option('--seed <n>', 'seed of the split, the search, the draws and the students', integer, 1)
    .option('--neighbours <k>', 'nearest neighbours in the class graphs', integer, 10)
    .option('--trials <n>', 'trials of the map-equation search', integer, 10)
    .option('--random-draws <n>', 'random selections to compare with', integer, 10)
    .option('--weights <rule>', 'sample weights: voronoi, uniform, flow, prior, inverse', 'voronoi')
    .option(
      '--teacher <share>',
      'share of the answers of a teacher (linear, all of TRAIN) in the labels, 0 to 1',
      number,
      0,
    )
    .option('--steps <n>', 'training steps of a cnn student (default: 240, more for larger sets)', integer)
    .option(
      '--encoder <name>',
      'temporal CNN beside the descriptor: a model of models/zoo.json, an .onnx file, none',
      'none',
    )
    .option('--descriptor-weight <w>', 'of the descriptor in graphs and selection; 0 leaves it out', number, 1)
    .option('--embedding-weight <w>', "of the encoder's embedding in graphs and selection; 0 leaves it out", number, 1)
    .option('--backend <name>', 'video decoder: auto, mjpeg, ffmpeg, opencv (opencv4nodejs)', 'auto')
    .option(
      '--device <name>',
      'where flow and neighbours are computed: auto (a GPU if there is one), cpu, cuda',
      'auto',
    )
    .option('--cache <dir>', 'what is computed once, to share between runs (default: DIR/cache)')
    .option('--allow-missing', 'go on without the clips whose files are missing')
}

/** Flags as commander gives them. */
export type MethodFlags<Options> = Options & {
  out: string
  pathColumn?: string
  labelColumn?: string
  splitColumn?: string
  groupColumn?: string
  parentColumn?: string
  json?: boolean
}

/** Flags as the library takes them. */
export function libraryOptions<Options extends { columns?: DistillOptions['columns'] }>({
  pathColumn,
  labelColumn,
  splitColumn,
  groupColumn,
  parentColumn,
  json: _,
  ...options
}: MethodFlags<Options>): Options {
  const columns = { path: pathColumn, label: labelColumn, split: splitColumn, group: groupColumn, parent: parentColumn }
  const given = Object.fromEntries(Object.entries(columns).filter(([, name]) => name !== undefined))
  return { ...(options as unknown as Options), ...(Object.keys(given).length > 0 ? { columns: given } : {}) }
}

/** A decimal number as people write it; `Number` alone would also take "", "0x10" and "Infinity". */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** An option's number. What range it may have, the library says, in one place for both. */
export function number(text: string): number {
  const value = DECIMAL.test(text.trim()) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.')
  return value
}

/** An option's integer, no larger than a double holds exactly: a seed that is rounded is another seed. */
export function integer(text: string): number {
  const value = DECIMAL.test(text.trim()) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Expected an integer.')
  return value
}

/** "train=0|1,test=2" -> { train: ['0', '1'], test: ['2'] }. */
function splitValues(text: string): Record<string, string[]> {
  const values: Record<string, string[]> = {}
  for (const part of text.split(',')) {
    const [, split, given] = /^\s*(train|val|test)\s*=(.*)$/i.exec(part) ?? []
    if (!given?.trim()) throw new InvalidArgumentError('Expected a list like train=0,val=1,test=2.')
    const name = split.toLowerCase()
    values[name] = [...(values[name] ?? []), ...given.split('|').map((value) => value.trim())]
  }
  return values
}

/** An option that takes a list: "1,2,5" -> [1, 2, 5]. */
export function listOption<T>(flags: string, description: string, given: string, entry: (text: string) => T): Option {
  const list = (text: string) =>
    text.split(',').map((part) => {
      if (part.trim() === '') throw new InvalidArgumentError('Expected a list like a,b,c.')
      return entry(part.trim())
    })
  return new Option(flags, description).argParser(list).default(list(given), given)
}
