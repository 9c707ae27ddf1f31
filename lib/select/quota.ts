/** How the videos of a class are shared among its modules: by flow, by its square root, or alike. */
export type QuotaRule = (typeof QUOTA_RULES)[number]
export const QUOTA_RULES = ['sqrt', 'proportional', 'equal'] as const

/**
 * How many representatives each module gives.
 *
 * Module m has the weight w_m = sqrt(flow), flow or 1, and gives at least one clip and at most all it has:
 * q_m = clamp(L * w_m, 1, size_m), with the level L at which they add up to `total` (water-filling: what full modules
 * cannot give flows on to the others). Fractions are rounded by largest remainder (Hamilton), ties to the earlier
 * module. The sum is exactly `min(total, all clips)`.
 *
 * The square root has the best worst case of the three rules.
 *
 * @param flow - of each module, positive
 * @param sizes - clips of each module, at least 1
 * @param total - at least the number of modules (merge them before: merge.ts)
 */
export function shareQuota(
  flow: readonly number[],
  sizes: readonly number[],
  total: number,
  rule: QuotaRule,
): number[] {
  const weight = { sqrt: Math.sqrt, proportional: (f: number) => f, equal: () => 1 }[rule]
  const wanted = Math.min(
    total,
    sizes.reduce((sum, size) => sum + size, 0),
  )
  const shares = fillToLevel(
    flow.map(weight),
    sizes.map(() => 1),
    sizes,
    wanted,
  )
  const quota = shares.map(Math.floor)
  const rest = wanted - quota.reduce((sum, q) => sum + q, 0)
  const remainder = (m: number) => Math.round((shares[m] - quota[m]) * 1e9) // equal ones stay equal despite rounding
  const order = shares.map((_, m) => m).sort((a, b) => remainder(b) - remainder(a) || a - b)
  for (const m of order.slice(0, rest)) quota[m]++
  return quota
}

/**
 * The shares clamp(L * weight_i, low_i, high_i) with the level L >= 0 at which their sum is `total`, which must lie
 * between the sums of the bounds. The sum is piecewise linear in L, so L is found exactly between two of its corners.
 */
export function fillToLevel(
  weight: readonly number[],
  low: readonly number[],
  high: readonly number[],
  total: number,
): number[] {
  const shares = (level: number) => weight.map((w, i) => Math.min(Math.max(level * w, low[i]), high[i]))
  const sum = (level: number) => shares(level).reduce((s, share) => s + share, 0)
  const corners = weight.flatMap((w, i) => [low[i] / w, high[i] / w]).filter(Number.isFinite)
  corners.sort((a, b) => a - b)
  const above = corners.findIndex((level) => sum(level) >= total)
  const next = above === -1 ? corners.length : above
  const start = next === 0 ? 0 : corners[next - 1]
  const end = next === corners.length ? start : corners[next]
  const slope = (sum(end) - sum(start)) / (end - start)
  return shares(slope > 0 ? start + (total - sum(start)) / slope : end)
}
