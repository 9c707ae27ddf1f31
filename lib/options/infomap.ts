import { PARTITION_FORMATS } from '../infomap/formats.js'
import { SEARCH_DEFAULTS } from '../infomap/infomap.js'
import { FLOW_MODELS, WALK_DEFAULTS } from '../infomap/options.js'
import { CLU_LEVEL } from '../infomap/partition.js'
import { WEIGHT_THRESHOLD } from '../infomap/reader.js'
import { invalid } from '../runtime/expect.js'
import { flag, integer, type Kind, list, number, oneOf, text } from '../runtime/kinds.js'
import { type Options, option } from '../runtime/option.js'
import { command } from './command.js'

const { teleportation, markovTime, variableMarkovMinScale, strength } = WALK_DEFAULTS
const { trials, seed, threads, preferredModules } = SEARCH_DEFAULTS
const file = () => text('file', 'a file')
const level: Kind<number> = {
  ...integer(),
  range: 'a level, from 1 at the top, or -1',
  check: (value, name) => {
    if (Number.isInteger(value) && (value === -1 || (value as number) >= 1)) return value as number
    throw invalid(level.range, name, value)
  },
}
const [INPUT, FLOW, SEARCH, OUTPUT] = ['Input', 'Flow', 'Search', 'Output']

/** Named as Infomap names them; ranges are checked by the library, whose names for them are `argument`. */
const INFOMAP = {
  clusterData: option(file(), { short: 'c', group: INPUT, help: 'start from this partition (.clu, .tree, .ftree)' }),
  infomap: option(flag(), { default: true, group: INPUT, help: 'no search: the codelength of --cluster-data' }),
  weightThreshold: option(number(), {
    default: WEIGHT_THRESHOLD,
    group: INPUT,
    help: 'leave out links of less weight',
  }),
  nodeLimit: option(integer(), {
    absent: 'all',
    group: INPUT,
    help: 'leave out nodes with higher ids, and their links',
  }),
  selfLinks: option(flag(), { default: true, group: INPUT, help: 'leave out links from a node to itself' }),
  skipAdjustBipartiteFlow: option(flag(), {
    default: false,
    group: INPUT,
    help: 'keep the flow of nodes of the second kind (bipartite networks)',
  }),

  directed: option(flag(), {
    default: false,
    short: 'd',
    group: FLOW,
    help: 'links have a direction; short for --flow-model directed',
  }),
  flowModel: option(oneOf(FLOW_MODELS), {
    absent: 'undirected',
    short: 'f',
    group: FLOW,
    help: 'a walk along links in both directions or one, or weights that are flow (rawdir in proportion, precomputed as they are)',
  }),
  teleportationProbability: option(number(), {
    default: teleportation,
    argument: 'teleportation',
    short: 'p',
    group: FLOW,
    help: 'how often the walker teleports, in directed networks',
  }),
  recordedTeleportation: option(flag(), {
    default: false,
    short: 'e',
    group: FLOW,
    help: 'describe teleportation steps too',
  }),
  toNodes: option(flag(), {
    default: false,
    group: FLOW,
    help: 'teleport to nodes alike, or as vertex weights say, not in proportion to their links',
  }),
  regularized: option(flag(), { default: false, group: FLOW, help: 'a Bayesian prior: any two nodes may be linked' }),
  regularizationStrength: option(number(), {
    default: strength,
    argument: 'regularized',
    group: FLOW,
    help: 'of that prior',
  }),
  markovTime: option(number(), {
    default: markovTime,
    group: FLOW,
    help: 'above 1 larger modules, below 1 smaller ones',
  }),
  variableMarkovTime: option(flag(), {
    default: false,
    group: FLOW,
    help: 'longer Markov time where links are few: sparse parts are cut up less',
  }),
  variableMarkovMinScale: option(number(), {
    default: variableMarkovMinScale,
    group: FLOW,
    help: 'the least local scale; the time is the greatest scale divided by the local one',
  }),
  useNodeWeightsAsFlow: option(flag(), {
    default: false,
    group: FLOW,
    help: 'visit rates are the vertex weights, in proportion',
  }),
  entropyCorrected: option(flag(), {
    default: false,
    group: FLOW,
    help: 'correct for few observed links: fewer small modules',
  }),
  entropyCorrectionStrength: option(number(), {
    default: strength,
    argument: 'entropyCorrected',
    group: FLOW,
    help: 'of that correction',
  }),

  twoLevel: option(flag(), {
    default: false,
    short: '2',
    group: SEARCH,
    help: 'one level of modules, in place of modules inside modules',
  }),
  seed: option(integer(), { default: seed, short: 's', group: SEARCH, help: 'same seed, same result' }),
  numTrials: option(integer(), {
    default: trials,
    argument: 'trials',
    short: 'N',
    group: SEARCH,
    help: 'independent searches; the best is taken',
  }),
  numThreads: option(integer(), {
    default: threads,
    argument: 'threads',
    group: SEARCH,
    help: 'threads at a time (0: one a processor)',
  }),
  preferredNumberOfModules: option(integer(), {
    default: preferredModules,
    argument: 'preferredModules',
    group: SEARCH,
    help: 'each module more or fewer costs the search one bit (0: none is preferred)',
  }),

  clu: option(file(), { group: OUTPUT, help: 'write "node_id module flow" lines' }),
  tree: option(file(), { group: OUTPUT, help: 'write "path flow name node_id" lines' }),
  ftree: option(file(), {
    group: OUTPUT,
    help: 'the tree with the flow between modules, as Network Navigator reads it',
  }),
  map: option(file(), { group: OUTPUT, help: 'draw the top modules and the flow between them, as SVG' }),
  cluLevel: option(level, {
    default: CLU_LEVEL,
    group: OUTPUT,
    help: '.clu: modules of this level, 1 at the top, -1 the finest',
  }),
  output: option(list(oneOf(PARTITION_FORMATS)), {
    short: 'o',
    group: OUTPUT,
    help: 'write FOLDER/NAME.FORMAT for each',
  }),
  outName: option(text('name', 'a name'), {
    absent: 'the network file without extension',
    group: OUTPUT,
    help: 'NAME of these files',
  }),
  silent: option(flag(), { default: false, group: OUTPUT, help: 'no progress, no summary' }),
} satisfies Options

export const infomapCommand = command({
  name: 'infomap',
  help: 'communities of a network by the map equation; options are named as those of Infomap',
  operands: [
    {
      name: 'network',
      help: 'link list ("source target [weight]" lines), Pajek or bipartite; .gz too; a pipe is read to its end, - is standard input',
    },
    { name: 'folder', help: 'where --output writes its files (default: the working directory)', optional: true },
  ],
  options: INFOMAP,
})
