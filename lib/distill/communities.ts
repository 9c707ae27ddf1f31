import { type SimilarityGraph, similarityGraph } from '../graph/index.js'
import { codelength, infomap, moduleLinks, moduleMap } from '../infomap/index.js'
import { takeRows } from '../matrix/matrix.js'
import type { StageOptions } from '../runtime/progress.js'
import { type ClassModules, type Selection, select, selectorOf } from '../select/index.js'
import type { Fold } from './fold.js'
import type { Method } from './settings.js'

/** One similarity graph a class, of the clips to select from. */
export async function classGraphs(
  { points, classes }: Fold,
  { neighbours, device }: Method,
  { signal, onProgress }: StageOptions,
): Promise<SimilarityGraph[]> {
  const graphs: SimilarityGraph[] = []
  for (const { rows } of classes) {
    graphs.push(await similarityGraph(takeRows(points, rows), { k: neighbours, device, signal }))
    onProgress?.({ stage: 'graph', done: graphs.length, total: classes.length, unit: 'classes' })
  }
  return graphs
}

/** What the class graphs have to say, each sentence with its class. */
export function graphWarnings({ classes }: Fold, graphs: readonly SimilarityGraph[]): string[] {
  return graphs.flatMap(({ warnings }, c) => warnings.map((text) => `Class "${classes[c].name}": ${text}`))
}

/** The communities of each class graph: the partition on which a random walk is described in the fewest bits. */
export async function classModules(
  { classes }: Fold,
  graphs: readonly SimilarityGraph[],
  { trials, seed }: Method,
  { signal, onProgress }: StageOptions,
): Promise<ClassModules[]> {
  const found: ClassModules[] = []
  for (const [c, { name, rows }] of classes.entries()) {
    const { modules, flow, codelength } = await infomap(graphs[c], { twoLevel: true, trials, seed, signal })
    found.push({ name, rows, modules, flow, codelength })
    onProgress?.({ stage: 'infomap', done: c + 1, total: classes.length, unit: 'classes' })
  }
  return found
}

/** A map of the communities of each class, as SVG. */
export async function classMaps(
  graphs: readonly SimilarityGraph[],
  classes: readonly ClassModules[],
): Promise<string[]> {
  const maps: string[] = []
  for (const [c, { name, modules }] of classes.entries()) {
    // numbered as in the selection: every number stands for its module
    const { offsets, targets, weights } = graphs[c]
    const { hierarchy } = await codelength({ offsets, targets, weights }, modules)
    const [links] = await moduleLinks({ offsets, targets, weights }, hierarchy)
    const labels: string[] = []
    for (const [node, m] of hierarchy[0].modules.entries()) labels[m] = `${modules[node] + 1}`
    maps.push(
      moduleMap(hierarchy[0], links, {
        labels,
        modules: 30,
        width: 560,
        height: 420,
        title: `Map of the motion modules of ${name}`,
      }),
    )
  }
  return maps
}

/**
 * The selection of a selector by name. One with weights of its own keeps them, but for weights between classes (prior,
 * inverse), which are not a matter of selection: so random selection, whose clips count alike, stays what the others must
 * beat.
 */
export function selectBy(
  name: string,
  { points: features, judges }: Fold,
  classes: ClassModules[],
  {
    vpc: perClass,
    seed,
    draw,
    weights,
    swapLoss,
  }: Pick<Method, 'seed' | 'weights' | 'swapLoss'> & {
    vpc: number
    draw: number
  },
  stage: StageOptions,
): Promise<Selection> {
  const own = weights === 'prior' || weights === 'inverse' ? undefined : selectorOf(name)?.weights
  return select(
    name,
    { features, classes, judges },
    { perClass, seed, draw, swapLoss, weights: own ?? weights, ...stage },
  )
}
