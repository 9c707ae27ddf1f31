import { expectUint32 } from '../runtime/arrays.js'
import { InfomotionError } from '../runtime/errors.js'
import { expectBoolean, expectNumber, invalid } from '../runtime/expect.js'
import type { NativeNetwork, NativeWalkOptions } from '../runtime/native.js'

/** How the random walker whose path is described moves over the network. */
export interface WalkOptions {
  /** Links have a direction, from source (or row) to target. Default false. */
  directed?: boolean
  /** Directed networks: how often the walker teleports, 0..1. Default 0.15. */
  teleportation?: number
  /**
   * Directed networks: teleportation steps are described too, and land on nodes in proportion to their in-weight. Default
   * false: they land in proportion to out-weight and only the steps along links that follow are described.
   */
  recordedTeleportation?: boolean
  /** Directed networks: teleportation lands on all nodes alike. Default false. */
  toNodes?: boolean
  /** Steps of the walk for each step described: above 1 for larger modules, below for smaller ones. Default 1. */
  markovTime?: number
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
export const WALK_DEFAULTS = { teleportation: 0.15, markovTime: 1, strength: 1 }

/** Their names. */
export const WALK_OPTIONS = [
  'directed',
  'teleportation',
  'recordedTeleportation',
  'toNodes',
  'markovTime',
  'regularized',
  'noSelfLinks',
  'entropyCorrected',
]

/** All of them given, as the addon takes them, and checked against what the network is. */
export function walkOptions(options: WalkOptions, network: NativeNetwork): NativeWalkOptions {
  const { directed, teleportation, recordedTeleportation, toNodes, markovTime, noSelfLinks } = options
  return {
    directed: expectBoolean(directed ?? false, 'directed'),
    teleportation: expectNumber(teleportation ?? WALK_DEFAULTS.teleportation, 'teleportation', 0, 1),
    recordedTeleportation: expectBoolean(recordedTeleportation ?? false, 'recordedTeleportation'),
    toNodes: expectBoolean(toNodes ?? false, 'toNodes'),
    markovTime: expectNumber(markovTime ?? WALK_DEFAULTS.markovTime, 'markovTime', 1e-6, 1e6),
    regularization: strength(options.regularized, 'regularized'),
    entropyCorrection: strength(options.entropyCorrected, 'entropyCorrected'),
    noSelfLinks: expectBoolean(noSelfLinks ?? false, 'noSelfLinks'),
  }
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
