import { cosine, type UnitRows } from './cosine.js'
import { fillToLevel } from './quota.js'

/**
 * Sample weights of a class's representatives by Voronoi counts: how many clips of the class each is nearest to by
 * cosine (ties to the earlier one), scaled to mean 1. These are CRAIG's weights (Mirzasoleiman, Bilmes and Leskovec
 * 2020) on the features. No weight falls below `floor`, so that a rare kind of clip is still heard:
 * w_r = max(floor, L * count_r), with the L that makes the mean 1.
 *
 * @param chosen - representatives, as indices into `points`
 * @param floor - least weight, from 0 to 1 (1 makes all weights 1)
 */
export function voronoiWeights(points: UnitRows, chosen: readonly number[], floor: number): number[] {
  const counts = chosen.map(() => 0)
  for (let i = 0; i < points.count; i++) {
    let nearest = 0
    let best = Number.NEGATIVE_INFINITY
    chosen.forEach((representative, r) => {
      const similarity = representative === i ? 2 : cosine(points, i, representative)
      if (similarity > best) {
        best = similarity
        nearest = r
      }
    })
    counts[nearest]++
  }
  return fillToLevel(
    counts,
    chosen.map(() => floor),
    chosen.map(() => chosen.length),
    chosen.length,
  )
}
