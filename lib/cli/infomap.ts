import { writeFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { type Codelength, codelength, infomap, readClu, readNetwork, toClu, toTree } from '../infomap/index.js'
import { InfomotionError } from '../runtime/errors.js'
import { abortSignal, finish, progressBar } from './output.js'

interface Options {
  directed?: boolean
  twoLevel?: boolean
  seed: number
  numTrials: number
  numThreads: number
  infomap: boolean
  clusterData?: string
  clu?: string
  tree?: string
}

/** `infomotion infomap NET`: communities of a network file by the map equation. Options are named as Infomap's. */
export function register(program: Command): void {
  program
    .command('infomap')
    .description('communities of a network (link list or Pajek, .gz too) by the map equation')
    .argument('<network>', 'file of "source target [weight]" lines, or Pajek')
    .option('-d, --directed', 'links have a direction (default: undirected)')
    .option('-2, --two-level', 'one level of modules (default: modules inside modules)')
    .option('-s, --seed <number>', 'same seed, same result', wholeNumber, 123)
    .option('-N, --num-trials <number>', 'independent searches; the best is taken', wholeNumber, 10)
    .option('--num-threads <number>', 'trials at a time (0: one a processor)', wholeNumber, 0)
    .option('-c, --cluster-data <file>', 'with --no-infomap: the partition (.clu) to evaluate')
    .option('--no-infomap', 'no search: the codelength of --cluster-data')
    .option('--clu <file>', 'write the modules as "node_id module flow"')
    .option('--tree <file>', 'write the modules as "path flow name node_id"')
    .action(run)
}

async function run(path: string, options: Options): Promise<void> {
  const started = performance.now()
  const { directed = false, twoLevel = false, seed, numTrials: trials, numThreads: threads } = options
  const signal = abortSignal()
  expectConsistent(options)
  const network = await readNetwork(path, { signal })
  if (options.clusterData) {
    const modules = await readClu(options.clusterData, network, { signal })
    const code = await codelength(network, modules, { directed, signal })
    return tell(network.nodes, code, started)
  }
  const result = await infomap(network, {
    directed,
    twoLevel,
    trials,
    seed,
    threads,
    signal,
    onProgress: progressBar(),
  })
  if (options.clu) await writeFile(options.clu, toClu(network, result))
  if (options.tree) await writeFile(options.tree, toTree(network, result))
  tell(network.nodes, result, started)
}

function expectConsistent({ infomap: search, clusterData, clu, tree }: Options): void {
  const wrong = (message: string) => new InfomotionError('INVALID_ARGUMENT', message)
  if (!search && !clusterData) throw wrong('--no-infomap needs a partition to evaluate: --cluster-data FILE.clu.')
  if (search && clusterData)
    throw wrong('--cluster-data evaluates a given partition: say --no-infomap too. A search cannot start from one yet.')
  if (!search && (clu || tree)) throw wrong('--clu and --tree write what a search finds; --no-infomap makes none.')
}

function tell(nodes: number, code: Codelength, started: number): void {
  const { links, codelength: bits, oneLevelCodelength, levels, topModules } = code
  const seconds = (performance.now() - started) / 1000
  finish({ nodes, links, codelength: bits, oneLevelCodelength, levels, topModules, seconds }, () => {
    const saved = oneLevelCodelength > 0 ? (100 * (1 - bits / oneLevelCodelength)).toFixed(1) : '0'
    return [
      `${nodes} nodes, ${links} links, ${topModules} modules`,
      `codelength ${bits.toFixed(6)} bits, ${saved} % below one module's ${oneLevelCodelength.toFixed(6)}`,
      `${seconds.toFixed(2)} s`,
    ].join('\n')
  })
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}
