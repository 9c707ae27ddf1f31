import { basename, dirname, join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import {
  type Codelength,
  codelength,
  infomap,
  type ModuleLinks,
  moduleLinks,
  moduleMap,
  type NamedNetwork,
  type PartitionFormat,
  readNetwork,
  readPartition,
  type WalkOptions,
  writePartition,
} from '../infomap/index.js'
import { makeFolder, writeWhole } from '../run/store.js'
import { InfomotionError } from '../runtime/errors.js'
import { integer, number } from './options.js'
import { abortSignal, expectApart, finish, progressBar } from './output.js'

interface Options {
  directed?: boolean
  flowModel?: string
  twoLevel?: boolean
  seed: number
  numTrials: number
  numThreads: number
  infomap: boolean
  clusterData?: string
  weightThreshold: number
  selfLinks: boolean
  skipAdjustBipartiteFlow?: boolean
  teleportationProbability: number
  recordedTeleportation?: boolean
  toNodes?: boolean
  regularized?: boolean
  regularizationStrength: number
  entropyCorrected?: boolean
  entropyCorrectionStrength: number
  markovTime: number
  preferredNumberOfModules: number
  clu?: string
  tree?: string
  ftree?: string
  map?: string
  cluLevel: number
  output?: string
  outName?: string
  silent?: boolean
}

/** `infomotion infomap NET [FOLDER]`: communities of a network file by the map equation. Options are named as Infomap's. */
export function register(program: Command): void {
  const command = program
    .command('infomap')
    .description('communities of a network by the map equation; options are named as those of Infomap')
    .argument(
      '<network>',
      'link list ("source target [weight]" lines), Pajek or bipartite; .gz too; a pipe is read to its end',
    )
    .argument('[folder]', 'where --output writes its files (default: the working directory)')
  command
    .optionsGroup('Input:')
    .option('-c, --cluster-data <file>', 'start from this partition (.clu, .tree, .ftree)')
    .option('--no-infomap', 'no search: the codelength of --cluster-data')
    .option('--weight-threshold <number>', 'leave out links of less weight', number, 0)
    .option('--no-self-links', 'leave out links from a node to itself')
    .option('--skip-adjust-bipartite-flow', 'keep the flow of nodes of the second kind (bipartite networks)')
  command
    .optionsGroup('Flow:')
    .option('-d, --directed', 'links have a direction; short for --flow-model directed')
    .option('-f, --flow-model <model>', 'undirected (default) or directed', model)
    .option('-p, --teleportation-probability <number>', 'of directed networks', number, 0.15)
    .option('-e, --recorded-teleportation', 'describe teleportation steps too')
    .option('--to-nodes', 'teleport to all nodes alike, not in proportion to their links')
    .option('--regularized', 'a Bayesian prior: any two nodes may be linked')
    .option('--regularization-strength <number>', 'of that prior', number, 1)
    .option('--markov-time <number>', 'above 1 larger modules, below 1 smaller ones', number, 1)
    .option('--entropy-corrected', 'correct for few observed links: fewer small modules')
    .option('--entropy-correction-strength <number>', 'of that correction', number, 1)
  command
    .optionsGroup('Search:')
    .option('-2, --two-level', 'one level of modules (default: modules inside modules)')
    .option('-s, --seed <number>', 'same seed, same result', integer, 123)
    .option('-N, --num-trials <number>', 'independent searches; the best is taken', integer, 10)
    .option('--num-threads <number>', 'threads at a time (0: one a processor)', integer, 0)
    .option('--preferred-number-of-modules <number>', 'each module more or fewer costs the search one bit', integer, 0)
  command
    .optionsGroup('Output:')
    .option('--clu <file>', 'write "node_id module flow" lines')
    .option('--tree <file>', 'write "path flow name node_id" lines')
    .option('--ftree <file>', 'the tree with the flow between modules, as Network Navigator reads it')
    .option('--map <file>', 'draw the top modules and the flow between them, as SVG')
    .option('--clu-level <number>', '.clu: modules of this level, 1 at the top, -1 the finest', level, 1)
    .option('-o, --output <list>', 'write FOLDER/NAME.FORMAT for each: clu,tree,ftree,csv,json')
    .option('--out-name <name>', 'NAME of these files (default: the network file without extension)')
    .option('--silent', 'no progress, no summary')
    .action(run)
}

async function run(path: string, folder: string | undefined, options: Options): Promise<void> {
  const started = performance.now()
  const signal = abortSignal()
  const files = outputs(path, folder, options)
  await expectApart([...files.map(({ path }) => path), ...(options.map ? [options.map] : [])], [path])
  if (!options.infomap && !options.clusterData)
    throw wrong('--no-infomap needs a partition to evaluate: --cluster-data FILE.')
  const flow = flowOf(options)
  const network = await readNetwork(path, { weightThreshold: options.weightThreshold, signal })
  if (options.skipAdjustBipartiteFlow) delete network.bipartite
  const given = options.clusterData ? await readPartition(options.clusterData, network, { signal }) : undefined
  for (const { path } of files) await makeFolder(dirname(path)) // before the search: it may take long
  const result = options.infomap
    ? await infomap(network, {
        ...flow,
        twoLevel: options.twoLevel,
        trials: options.numTrials,
        seed: options.seed,
        threads: options.numThreads,
        preferredModules: options.preferredNumberOfModules,
        initial: given?.at(-1),
        signal,
        onProgress: options.silent ? undefined : progressBar(),
      })
    : await codelength(network, given!, { ...flow, signal })
  const links =
    options.map || files.some(({ format }) => format === 'ftree')
      ? await moduleLinks(network, result.hierarchy, { ...flow, signal })
      : undefined
  await write(files, network, result, { ...options, directed: flow.directed, links })
  tell(network.nodes, result, started, options.silent)
}

const wrong = (message: string) => new InfomotionError('INVALID_ARGUMENT', message)

function flowOf(options: Options): WalkOptions {
  if (options.directed && options.flowModel === 'undirected') throw wrong('--directed or --flow-model undirected?')
  return {
    directed: options.directed ?? options.flowModel === 'directed',
    teleportation: options.teleportationProbability,
    recordedTeleportation: options.recordedTeleportation,
    toNodes: options.toNodes,
    markovTime: options.markovTime,
    regularized: options.regularized ? options.regularizationStrength : false,
    entropyCorrected: options.entropyCorrected ? options.entropyCorrectionStrength : false,
    noSelfLinks: !options.selfLinks,
  }
}

// ---- Files

interface File {
  path: string
  format: PartitionFormat
}

const FORMATS = ['clu', 'tree', 'ftree', 'csv', 'json'] as const

/** The files to write: --clu FILE and its like, and those of --output. */
function outputs(network: string, folder: string | undefined, options: Options): File[] {
  const named = (['clu', 'tree', 'ftree'] as const).flatMap((format) => {
    const path = options[format]
    return path === undefined ? [] : [{ path, format }]
  })
  if (folder !== undefined && !options.output) throw wrong('A folder for files, but no --output says which.')
  const name =
    options.outName ??
    basename(network)
      .replace(/\.gz$/, '')
      .replace(/\.[^.]+$/, '')
  const listed = [...new Set(options.output?.split(','))].map((word) => {
    const format = FORMATS.find((known) => known === word)
    if (!format) throw wrong(`--output takes a list of ${FORMATS.join(', ')}; "${word}" is none of them.`)
    return { path: join(folder ?? '.', `${name}.${format}`), format }
  })
  return [...named, ...listed]
}

async function write(
  files: File[],
  network: NamedNetwork,
  result: Codelength,
  { directed, cluLevel, links, map }: { directed?: boolean; cluLevel: number; links?: ModuleLinks[]; map?: string },
): Promise<void> {
  const signal = abortSignal()
  for (const { path, format } of files) {
    await writePartition(path, network, result, { format, directed, cluLevel, links, signal })
  }
  if (map)
    await writeWhole(map, moduleMap(result.hierarchy[0], links![0], { directed, labels: labels(network, result) }))
}

/** What modules are called on a map: by the name of the node with most flow, where nodes have names. */
function labels({ names }: NamedNetwork, { hierarchy, flow }: Codelength): string[] | undefined {
  if (!names) return undefined
  const first = new Array<number>(hierarchy[0].count)
  for (const [node, m] of hierarchy[0].modules.entries())
    if (first[m] === undefined || flow[node] > flow[first[m]]) first[m] = node
  return first.map((node) => names[node])
}

// ---- What is said

function tell(nodes: number, code: Codelength, started: number, silent = false): void {
  const { links, codelength: bits, oneLevelCodelength, levels, topModules } = code
  const seconds = (performance.now() - started) / 1000
  finish({ nodes, links, codelength: bits, oneLevelCodelength, levels, topModules, seconds }, () => {
    if (silent) return ''
    const saved = oneLevelCodelength > 0 ? (100 * (1 - bits / oneLevelCodelength)).toFixed(1) : '0'
    const depth = levels > 2 ? `${topModules} top modules, ${levels} levels` : `${topModules} modules`
    return [
      `${nodes} nodes, ${links} links, ${depth}`,
      `codelength ${bits.toFixed(6)} bits, ${saved} % below one module's ${oneLevelCodelength.toFixed(6)}`,
      `${seconds.toFixed(2)} s`,
    ].join('\n')
  })
}

function level(text: string): number {
  const value = integer(text)
  if (value === -1 || value >= 1) return value
  throw new InvalidArgumentError('Expected a level, from 1 at the top, or -1.')
}

function model(text: string): string {
  if (text === 'undirected' || text === 'directed') return text
  throw new InvalidArgumentError('Expected undirected or directed.')
}
