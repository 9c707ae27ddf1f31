import { cellsWhere, cross, type Grid, type Point } from './regions.js'

type Edge = readonly [from: Point, to: Point]

/**
 * The cells of the fan or rectangle that a convex hull is the visible part of. Deep tissue is often too dark to be seen, and
 * then corners of the hull are cut off. What holds of a sector: its sides run straight and part from each other on the way
 * down, and it ends at one depth, on a circle around the point where the sides meet. So the edges that part are kept, the
 * others are replaced by that circle through the hull's deepest corner (of parallel sides, by a line), and nothing reaches
 * beyond the hull's own box.
 */
export function fanOf(hull: readonly Point[], grid: Grid): Uint8Array {
  const edges = hull.map((from, i): Edge => [from, hull[(i + 1) % hull.length]])
  // clockwise on the screen: the left side runs up, the right side down
  const left = edges.filter(([from, to]) => to[1] < from[1] && to[0] >= from[0])
  const right = edges.filter(([from, to]) => to[1] > from[1] && to[0] >= from[0])
  const above = edges.filter(([from, to]) => to[1] === from[1] && to[0] > from[0])
  const kept = [...left, ...right, ...above]
  const [xs, ys] = [0, 1].map((axis) => hull.map((point) => point[axis]))
  const [first, last, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const apex = meeting(longest(left, grid), longest(right, grid))
  const depthOf = ([x, y]: Point) =>
    apex && apex[1] <= top + (bottom - top) / 4 ? Math.hypot(x - apex[0], y - apex[1]) : y
  const deepest = Math.max(...hull.map(depthOf))
  return cellsWhere(grid, (point) => {
    const [x, y] = point
    if (x < first || x > last || y < top || y > bottom || depthOf(point) > deepest) return false
    return kept.every(([from, to]) => cross(from, to, point) >= 0)
  })
}

/** The longest of the edges that do not lie along a side of the grid: there the picture is cut off. */
function longest(edges: readonly Edge[], { columns }: Grid): Edge | undefined {
  const inner = edges.filter(([from, to]) => from[0] !== to[0] || (from[0] > 0 && from[0] < columns - 1))
  const length = ([from, to]: Edge) => Math.hypot(to[0] - from[0], to[1] - from[1])
  return inner.reduce<Edge | undefined>((best, edge) => (!best || length(edge) > length(best) ? edge : best), undefined)
}

/** Sides that part by less than this, in radians, count as parallel: 10 degrees. */
const PARALLEL = Math.PI / 18

/** Where the lines through two edges meet; undefined for parallel ones. */
function meeting(a: Edge | undefined, b: Edge | undefined): Point | undefined {
  if (!a || !b) return undefined
  const [[x1, y1], [x2, y2]] = a
  const [[x3, y3], [x4, y4]] = b
  const [ux, uy, vx, vy] = [x2 - x1, y2 - y1, x4 - x3, y4 - y3]
  const turn = ux * vy - uy * vx
  if (Math.abs(turn) < Math.sin(PARALLEL) * Math.hypot(ux, uy) * Math.hypot(vx, vy)) return undefined
  const along = ((x3 - x1) * vy - (y3 - y1) * vx) / turn
  return [x1 + along * ux, y1 + along * uy]
}
