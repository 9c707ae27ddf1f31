import { throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOptions } from '../runtime/expect.js'
import { Random } from '../runtime/random.js'
import { unitRows } from './cosine.js'
import { kMedoids } from './medoid.js'
import { collect } from './selection.js'
import type { Features, Selection, SelectionClass, SelectOptions } from './types.js'
import { voronoiWeights } from './weights.js'

/**
 * Class-balanced random selection: `perClass` clips of each class, uniformly without replacement, all of weight 1. The
 * partner that every other selector is compared with; take at least ten draws.
 *
 * @param options.draw - number of the draw; each (seed, draw) is another independent selection. Default 0
 * @example
 * ```js
 * const rows = Uint32Array.from({ length: 40 }, (_, i) => i)
 * const { representatives } = selectRandom([{ name: 'normal', rows }], { perClass: 5, seed: 1, draw: 3 })
 * ```
 */
export function selectRandom(
  classes: SelectionClass[],
  options: { perClass: number; seed?: number; draw?: number },
): Selection {
  expectOptions(options, 'selectRandom', ['perClass', 'seed', 'draw'])
  const perClass = expectInteger(options.perClass, 'perClass', 1)
  const seed = expectInteger(options.seed ?? 0, 'seed', 0, 0xffffffff)
  const draw = expectInteger(options.draw ?? 0, 'draw', 0, 0xffffffff)
  return collect(
    'random',
    perClass,
    classes.map(({ name, rows }, c) => {
      const chosen = new Random(seed, 'random', c, draw).sample(rows.length, Math.min(perClass, rows.length))
      return { name, rows, chosen, weights: chosen.map(() => 1) }
    }),
  )
}

/**
 * k-medoids of each class by cosine distance (PAM's BUILD, FasterPAM's swaps), weighted by Voronoi counts as
 * `selectInfomap` is: the same without graph and communities. Deterministic. Needs 4 n^2 bytes for a class of n clips.
 */
export async function selectKMedoids(
  features: Features,
  classes: SelectionClass[],
  options: SelectOptions,
): Promise<Selection> {
  expectOptions(options, 'selectKMedoids', ['perClass', 'weightFloor', 'signal', 'onProgress'])
  const perClass = expectInteger(options.perClass, 'perClass', 1)
  const floor = expectNumber(options.weightFloor ?? 0.25, 'weightFloor', 0, 1)
  const results = []
  for (const { name, rows } of classes) {
    throwIfAborted(options.signal)
    const points = unitRows(features, rows)
    const chosen = await kMedoids(points, Math.min(perClass, rows.length), options.signal)
    results.push({ name, rows, chosen, weights: voronoiWeights(points, chosen, floor) })
    options.onProgress?.({ stage: 'select', done: results.length, total: classes.length, unit: 'classes' })
  }
  return collect('kmedoids', perClass, results)
}
