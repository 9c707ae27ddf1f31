import type { Codelength } from './infomap.js'

/** A module as files show it: what it is called, and what is directly inside. */
export interface TreeModule {
  /** Ranks from the top, from 1: "2:1"; "root" holds the top modules. */
  path: string
  /** Where {@link Codelength.hierarchy} has it first (the root: nowhere). */
  level: number
  module: number
  /** Modules inside, of level `inside`, by rank; or none. */
  children: readonly number[]
  /** Level of the children; one below the finest where the children are nodes. */
  inside: number
}

/**
 * A hierarchy of modules in the order in which files list it: modules from the top down, those of one parent by falling
 * flow, and so the nodes in a module, ties by number. A module that is alone in its parent is that
 * parent, so paths leave it out.
 */
export class Tree {
  /** By level, by module: "1:2". */
  readonly paths: string[][] = []
  /** By level: the modules in order. */
  readonly order: number[][] = []
  /** By level, by module: modules inside, at the next level. */
  private readonly inside: number[][][] = []
  /** Nodes by finest module, each module's by rank: those of module m at starts[m] ... starts[m + 1] - 1. */
  private readonly nodes: Uint32Array
  private readonly starts: Uint32Array

  constructor(private readonly code: Pick<Codelength, 'hierarchy' | 'flow'>) {
    const { hierarchy, flow } = code
    for (const [l, level] of hierarchy.entries()) {
      const { parents, count } = level
      const falling = Array.from({ length: count }, (_, m) => m).sort((a, b) => level.flow[b] - level.flow[a] || a - b)
      const paths: string[] = []
      if (l === 0) {
        for (const [rank, m] of falling.entries()) paths[m] = `${rank + 1}`
        this.paths.push(paths)
        this.order.push(falling)
        continue
      }
      const inside: number[][] = Array.from({ length: hierarchy[l - 1].count }, () => [])
      for (const m of falling) inside[parents[m]].push(m)
      for (const [parent, children] of inside.entries()) {
        const path = this.paths[l - 1][parent]
        for (const [rank, m] of children.entries()) paths[m] = children.length === 1 ? path : `${path}:${rank + 1}`
      }
      this.inside.push(inside)
      this.paths.push(paths)
      this.order.push(this.order[l - 1].flatMap((parent) => inside[parent]))
    }
    const { modules, count } = hierarchy[hierarchy.length - 1]
    this.starts = new Uint32Array(count + 1)
    for (const m of modules) this.starts[m + 1]++
    for (let m = 0; m < count; m++) this.starts[m + 1] += this.starts[m]
    const next = this.starts.slice()
    this.nodes = new Uint32Array(modules.length)
    for (let node = 0; node < modules.length; node++) this.nodes[next[modules[node]]++] = node
    for (let m = 0; m < count; m++) this.nodesOf(m).sort((a, b) => flow[b] - flow[a] || a - b)
  }

  /** The nodes of a finest module, by rank. */
  nodesOf(finest: number): Uint32Array {
    return this.nodes.subarray(this.starts[finest], this.starts[finest + 1])
  }

  /** The root, then all modules, each before those inside it. */
  *modules(): Generator<TreeModule> {
    const { hierarchy } = this.code
    yield { path: 'root', level: -1, module: 0, children: this.order[0], inside: 0 }
    // Modules still to come, the next one last.
    const left = this.order[0].map((module) => ({ level: 0, module })).reverse()
    for (let next = left.pop(); next; next = left.pop()) {
      const { level, module } = next
      let [l, children] = [level, [module] as readonly number[]]
      let last = module
      while (children.length === 1 && l < hierarchy.length) {
        last = children[0]
        children = l < hierarchy.length - 1 ? this.inside[l][last] : []
        l++
      }
      if (children.length === 0) children = Array.from(this.nodesOf(last))
      else for (const child of [...children].reverse()) left.push({ level: l, module: child })
      yield { path: this.paths[level][module], level, module, children, inside: l }
    }
  }
}
