// Visit rates of a walker by following it for 2^60 lazy steps: squaring a dense matrix. It shares nothing with the addon.
import type { Codelength } from 'infomotion/infomap'
import type { Case } from './infomap-cases.js'

const STEPS = 60 // squarings
const APART = 1e-11

/** Whether the visit rates are those of the walk, where they can be said: a walk with unrecorded or recorded teleportation. */
export function isExact({ network, walk }: Case, { flow }: Codelength): boolean {
  const { nodes, sources, targets, weights, bipartite, nodeWeights } = network
  const directed = walk.directed || walk.flowModel === 'directed'
  if (!directed || bipartite || walk.regularized || walk.nodeWeightsAsFlow) return false
  const table = () => Array.from({ length: nodes }, () => new Float64Array(nodes))
  const links = table()
  for (const [i, u] of sources.entries())
    if (u !== targets[i] || !walk.noSelfLinks) links[u][targets[i]] += weights?.[i] ?? 1
  const out = links.map(total)
  const into = out.map((_, v) => links.reduce((sum, row) => sum + row[v], 0))
  const landing = walk.toNodes
    ? Array.from(out, (_, u) => nodeWeights?.[u] ?? 1)
    : walk.recordedTeleportation
      ? into
      : out
  const all = total(landing)
  const rate = walk.teleportation ?? 0.15
  let step = links.map((row, u) =>
    row.map((weight, v) => {
      const share = out[u] > 0 ? ((1 - rate) * weight) / out[u] : 0
      const next = share + (out[u] > 0 ? rate : 1) * (landing[v] / all)
      return next / 2 + (u === v ? 0.5 : 0)
    }),
  )
  for (let i = 0; i < STEPS; i++) {
    const squared = table()
    for (const [u, row] of squared.entries()) {
      for (const [k, share] of step[u].entries())
        if (share > 0) for (let v = 0; v < nodes; v++) row[v] += share * step[k][v]
      const sum = total(row)
      for (let v = 0; v < nodes; v++) row[v] /= sum
    }
    step = squared
  }
  const start = rate === 0 ? out.map((weight, u) => weight + into[u] - links[u][u]) : landing
  const rates = out.map((_, v) => start.reduce((sum, share, u) => sum + share * step[u][v], 0) / total(start))
  if (walk.recordedTeleportation) return rates.every((q, u) => Math.abs(q - flow[u]) <= APART)
  const linked = rates.reduce((sum, q, u) => sum + (out[u] > 0 ? q : 0), 0)
  const visits = out.map((_, v) =>
    rates.reduce((sum, q, u) => sum + (links[u][v] > 0 ? (q * links[u][v]) / out[u] : 0), 0),
  )
  return visits.every((p, v) => Math.abs(p / linked - flow[v]) <= APART)
}

const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0)
