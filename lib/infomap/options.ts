import { expectUint32 } from '../runtime/arrays.js'
import { expectBoolean, expectNumber, expectOneOf, invalid } from '../runtime/expect.js'
import type { NativeWalkOptions } from '../runtime/native.js'

/** {@link WalkOptions.flowModel}. */
export type FlowModel = 'undirected' | 'directed' | 'undirdir' | 'outdirdir' | 'rawdir' | 'precomputed'
export const FLOW_MODELS: readonly FlowModel[] = [
  'undirected',
  'directed',
  'undirdir',
  'outdirdir',
  'rawdir',
  'precomputed',
]

/** How the random walker whose path is described moves over the network. */
export interface WalkOptions {
  /** Links have a direction, from source (or row) to target: short for `flowModel: 'directed'`. Default false. */
  directed?: boolean
  /**
   * Where the flow comes from. `undirected`, the default, and `directed`: a random walk. `rawdir` (also `undirdir` and `outdirdir`, which
   * Infomap 2.16 treats nearly alike): links have a direction, and their weights are the flow, in proportion. `precomputed`: their weights are
   * the flow as they are, and the nodes' weights the visit rates, in proportion.
   */
  flowModel?: FlowModel
  /** Directed networks: how often the walker teleports, 0..1. Default 0.15. */
  teleportation?: number
  /**
   * Directed networks: teleportation steps are described too, and land on nodes in proportion to their in-weight. Default
   * false: they land in proportion to out-weight and only the steps along links that follow are described.
   */
  recordedTeleportation?: boolean
  /** Directed networks: teleportation lands on all nodes alike, or as their `nodeWeights` say. Default false. */
  toNodes?: boolean
  /** Steps of the walk for each step described: above 1 for larger modules, below for smaller ones. Default 1. */
  markovTime?: number
  /**
   * The Markov time of a link is longer where few links are, by max s / s_i at node i, s_i = max(`variableMarkovMinScale`, log2 k_i), k_i =
   * its visit rate times the number of ends of links: sparse parts of a network are cut up less (Edler and others, arXiv:2211.04287).
   * Default false.
   */
  variableMarkovTime?: boolean
  /** The least s_i. Default 1. */
  variableMarkovMinScale?: number
  /** The nodes' weights, in proportion, are their visit rates, whatever the flow along links. Default false. */
  nodeWeightsAsFlow?: boolean
  /**
   * The links are a sparse sample of those there are: any two nodes may be linked, a priori (Smiljanic, Edler and Rosvall,
   * Phys. Rev. E 102, 012302, 2020). true, or the prior's strength (true is 1). Implies recorded teleportation. Default false.
   */
  regularized?: boolean | number
  /** Links from a node to itself are as if absent. Default false. */
  noSelfLinks?: boolean
  /**
   * Adds to the codelength what entropies of few observed links come out too low (Miller 1955), so that fewer small modules
   * are found. true, or a factor (true is 1). Default false.
   */
  entropyCorrected?: boolean | number
}

/** What holds where they are not given; the strengths are those that `true` stands for. */
export const WALK_DEFAULTS = { teleportation: 0.15, markovTime: 1, variableMarkovMinScale: 1, strength: 1 }

/** Their names. */
export const WALK_OPTIONS = [
  'directed',
  'flowModel',
  'teleportation',
  'recordedTeleportation',
  'toNodes',
  'markovTime',
  'variableMarkovTime',
  'variableMarkovMinScale',
  'nodeWeightsAsFlow',
  'regularized',
  'noSelfLinks',
  'entropyCorrected',
]

/** FlowModel of native/core/infomap/flow.h. */
const NATIVE_MODELS: Record<FlowModel, number> = {
  undirected: 0,
  directed: 0,
  rawdir: 1,
  undirdir: 2,
  outdirdir: 3,
  precomputed: 4,
}

/** All of them given, as the addon takes them. */
export function walkOptions(options: WalkOptions): NativeWalkOptions {
  const flag = (
    name: 'recordedTeleportation' | 'toNodes' | 'variableMarkovTime' | 'nodeWeightsAsFlow' | 'noSelfLinks',
  ) => expectBoolean(options[name] ?? false, name)
  const within = (name: 'teleportation' | 'markovTime' | 'variableMarkovMinScale', least: number, most: number) =>
    expectNumber(options[name] ?? WALK_DEFAULTS[name], name, least, most)
  const flowModel = flowModelOf(options)
  return {
    directed: flowModel !== 'undirected',
    flowModel: NATIVE_MODELS[flowModel],
    teleportation: within('teleportation', 0, 1),
    recordedTeleportation: flag('recordedTeleportation'),
    toNodes: flag('toNodes'),
    markovTime: within('markovTime', 1e-6, 1e6),
    variableMarkovTime: flag('variableMarkovTime'),
    variableMarkovMinScale: within('variableMarkovMinScale', 1e-6, 1e6),
    nodeWeightsAsFlow: flag('nodeWeightsAsFlow'),
    regularization: strength(options.regularized, 'regularized'),
    entropyCorrection: strength(options.entropyCorrected, 'entropyCorrected'),
    noSelfLinks: flag('noSelfLinks'),
  }
}

/** What `directed` and `flowModel` say together. */
export function flowModelOf({ directed, flowModel }: Pick<WalkOptions, 'directed' | 'flowModel'>): FlowModel {
  const isDirected = expectBoolean(directed ?? false, 'directed')
  if (flowModel === undefined) return isDirected ? 'directed' : 'undirected'
  const model = expectOneOf(flowModel, 'flowModel', FLOW_MODELS)
  if (directed !== undefined && isDirected !== (model !== 'undirected'))
    throw invalid(`what goes with directed: ${directed}`, 'flowModel', model)
  return model
}

/** true is the default strength, false 0. */
function strength(value: boolean | number | undefined, name: string): number {
  if (typeof value === 'number') return expectNumber(value, name, 0, 1e6)
  return expectBoolean(value ?? false, name) ? WALK_DEFAULTS.strength : 0
}

export function expectModules(modules: unknown, name: string, nodes: number): Uint32Array {
  const given = expectUint32(modules, name)
  if (given.length !== nodes) throw invalid(`${nodes} modules, one a node,`, name, given)
  return given
}
