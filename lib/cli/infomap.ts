import { basename, dirname, join } from 'node:path'
import type { Command } from 'commander'
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
import { flowModelOf } from '../infomap/options.js'
import { infomapCommand } from '../options/infomap.js'
import { makeFolder, writeWhole } from '../run/store.js'
import { InfomotionError } from '../runtime/errors.js'
import { checkOptions, type Resolved } from '../runtime/option.js'
import { addCommand } from './options.js'
import { abortSignal, expectApart, finish, isJson, progressBar, say } from './output.js'

type Options = Resolved<typeof infomapCommand.options>

/** `infomotion infomap NET [FOLDER]`: communities of a network file by the map equation. Options are named as Infomap's. */
export function register(program: Command): void {
  addCommand(program, infomapCommand, ([network, folder], given) =>
    run(network, folder, checkOptions(infomapCommand.options, given)),
  )
}

async function run(path: string, folder: string | undefined, options: Options): Promise<void> {
  const started = performance.now()
  const signal = abortSignal()
  const files = outputs(path, folder, options)
  await expectApart([...files.map(({ path }) => path), ...(options.map ? [options.map] : [])], [path])
  if (!options.infomap && !options.clusterData)
    throw wrong('--no-infomap needs a partition to evaluate: --cluster-data FILE.')
  const flow = flowOf(options)
  const { weightThreshold, nodeLimit } = options
  const network = await readNetwork(path === '-' ? '/dev/stdin' : path, { weightThreshold, nodeLimit, signal })
  if (network.nodes === 0)
    throw new InfomotionError(
      'NETWORK_UNREADABLE',
      `${basename(path)} has no links and no vertices: expected a network.`,
    )
  if (network.targets.length === 0) say(`warning ${basename(path)} has no links.`)
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
    : await codelength(network, options.twoLevel ? given!.slice(0, 1) : given!, { ...flow, signal })
  const links =
    options.map || files.some(({ format }) => format === 'ftree')
      ? await moduleLinks(network, result.hierarchy, { ...flow, signal })
      : undefined
  const directed = flowModelOf(flow) !== 'undirected'
  await write(files, network, result, { ...options, directed, links })
  tell(network, result, started, options.silent)
}

const wrong = (message: string) => new InfomotionError('INVALID_ARGUMENT', message)

function flowOf(options: Options): WalkOptions {
  if (options.directed && options.flowModel === 'undirected') throw wrong('--directed or --flow-model undirected?')
  return {
    flowModel: options.flowModel ?? (options.directed ? 'directed' : 'undirected'),
    variableMarkovTime: options.variableMarkovTime,
    variableMarkovMinScale: options.variableMarkovMinScale,
    nodeWeightsAsFlow: options.useNodeWeightsAsFlow,
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
  const listed = [...new Set(options.output)].map((format) => {
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

function tell({ nodes, ids }: NamedNetwork, code: Codelength, started: number, silent = false): void {
  const { links, codelength: bits, oneLevelCodelength, levels, topModules } = code
  const seconds = (performance.now() - started) / 1000
  // As in a .clu file: ids and the numbers of their top modules, from 1.
  const top = code.hierarchy[0].modules
  const modules = () => Object.fromEntries(Array.from(ids, (id, node) => [id, top[node] + 1]))
  const numbers = { nodes, links, codelength: bits, oneLevelCodelength, levels, topModules, seconds }
  finish({ ...numbers, ...(isJson() && { modules: modules() }) }, () => {
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
