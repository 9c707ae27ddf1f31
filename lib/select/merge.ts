import type { UnitRows } from '../matrix/cosine.js'

/**
 * Merges modules until `target` are left, by Ward's criterion on their flow-weighted centroids: the two modules are
 * joined whose union adds least to the flow-weighted sum of squares,
 *
 *   D(a, b) = w_a w_b / (w_a + w_b) * |c_a - c_b|^2,   w = flow of the module, c = sum of flow_i x_i / w,
 *
 * with x_i the clips as unit vectors (squared distance = 2 - 2 cosine). After a join the costs follow by the
 * recurrence of Lance and Williams (1967) for Ward (1963):
 *
 *   D(ab, k) = ((w_a + w_k) D(a, k) + (w_b + w_k) D(b, k) - w_k D(a, b)) / (w_a + w_b + w_k).
 *
 * @param points - clips as unit vectors
 * @param flow - of each clip
 * @param modules - lists of clips, each with a positive sum of flow
 * @returns lists of clips, in descending order of flow
 */
export function mergeModules(
  points: UnitRows,
  flow: ArrayLike<number>,
  modules: number[][],
  target: number,
): number[][] {
  const weight = modules.map((members) => moduleFlow(members, flow))
  const cost = wardCosts(points, flow, modules, weight)
  const merged = modules.map((members) => [...members])
  const alive = modules.map(() => true)
  const nearest = modules.map(() => -1) // the cheapest partner among the modules after it
  const seek = (i: number) => {
    nearest[i] = -1
    for (let j = i + 1; j < modules.length; j++)
      if (alive[j] && (nearest[i] === -1 || cost[i][j] < cost[i][nearest[i]])) nearest[i] = j
  }
  modules.forEach((_, i) => {
    seek(i)
  })
  for (let left = modules.length; left > target; left--) {
    let a = -1
    for (let i = 0; i < modules.length; i++)
      if (alive[i] && nearest[i] !== -1 && (a === -1 || cost[i][nearest[i]] < cost[a][nearest[a]])) a = i
    const b = nearest[a]
    alive[b] = false
    for (let k = 0; k < modules.length; k++) {
      if (!alive[k] || k === a) continue
      cost[a][k] = cost[k][a] =
        ((weight[a] + weight[k]) * cost[a][k] + (weight[b] + weight[k]) * cost[b][k] - weight[k] * cost[a][b]) /
        (weight[a] + weight[b] + weight[k])
    }
    weight[a] += weight[b]
    merged[a].push(...merged[b])
    for (let i = 0; i < modules.length; i++) {
      if (!alive[i]) continue
      if (i === a || nearest[i] === a || nearest[i] === b) seek(i)
      else if (i < a && cost[i][a] < cost[i][nearest[i]]) nearest[i] = a
    }
  }
  return modules
    .flatMap((_, m) => (alive[m] ? [m] : []))
    .sort((a, b) => weight[b] - weight[a] || a - b)
    .map((m) => merged[m].sort((i, j) => i - j))
}

/** Sum of the flow of a module's clips. */
export function moduleFlow(members: readonly number[], flow: ArrayLike<number>): number {
  return members.reduce((sum, i) => sum + flow[i], 0)
}

/** What joining each two modules would add to the sum of squares. */
function wardCosts(
  { dim, values }: UnitRows,
  flow: ArrayLike<number>,
  modules: readonly number[][],
  weight: readonly number[],
): Float64Array[] {
  const centroids = modules.map((members, m) => {
    const centroid = new Float64Array(dim)
    for (const i of members) for (let k = 0; k < dim; k++) centroid[k] += (flow[i] / weight[m]) * values[i * dim + k]
    return centroid
  })
  const cost = modules.map(() => new Float64Array(modules.length))
  for (let a = 0; a < modules.length; a++) {
    for (let b = 0; b < a; b++) {
      let squares = 0
      for (let k = 0; k < dim; k++) squares += (centroids[a][k] - centroids[b][k]) ** 2
      cost[a][b] = cost[b][a] = ((weight[a] * weight[b]) / (weight[a] + weight[b])) * squares
    }
  }
  return cost
}
