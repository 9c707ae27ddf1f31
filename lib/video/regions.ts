/** Sets of cells on a grid, a byte a cell, row by row: 1 for those that belong to the set. */
export interface Grid {
  columns: number
  rows: number
}

/** The mean over 3 x 3 cells; at the sides, over those that are there. */
export function smoothed(values: Float32Array, { columns, rows }: Grid): Float32Array {
  const means = new Float32Array(values.length)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0
      let count = 0
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, rows - 1); v++)
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, columns - 1); u++, count++) sum += values[v * columns + u]
      means[y * columns + x] = sum / count
    }
  }
  return means
}

/**
 * Takes away what is thinner than 2 * radius + 1 cells (an opening by a square), after gaps of up to 2 * radius cells, as
 * between grains of speckle, were filled (a closing). Beyond the sides of the grid the set goes on as at the sides.
 */
export function opened(set: Uint8Array, grid: Grid, radius: number): Uint8Array {
  const closed = shrunk(grown(set, grid, radius), grid, radius)
  return grown(shrunk(closed, grid, radius), grid, radius)
}

export const grown = (set: Uint8Array, grid: Grid, radius: number) => windowed(set, grid, radius, (count) => count > 0)
const shrunk = (set: Uint8Array, grid: Grid, radius: number) =>
  windowed(set, grid, radius, (count, cells) => count === cells)

/** Asks of each cell how many of the (2 radius + 1)^2 around it belong to the set; a square is a row of columns. */
function windowed(
  set: Uint8Array,
  { columns, rows }: Grid,
  radius: number,
  keep: (count: number, cells: number) => boolean,
): Uint8Array {
  const along = (from: Uint8Array, length: number, lines: number, step: number, line: number): Uint8Array => {
    const to = new Uint8Array(from.length)
    for (let l = 0; l < lines; l++) {
      for (let i = 0; i < length; i++) {
        const [first, last] = [Math.max(i - radius, 0), Math.min(i + radius, length - 1)]
        let count = 0
        for (let j = first; j <= last; j++) count += from[l * line + j * step]
        to[l * line + i * step] = keep(count, last - first + 1) ? 1 : 0
      }
    }
    return to
  }
  return along(along(set, columns, rows, 1, columns), rows, columns, columns, 1)
}

/** The parts of columns that are at least so many cells tall; beyond the sides of the grid they go on. */
export function tallIn(set: Uint8Array, { columns, rows }: Grid, least: number): Uint8Array {
  const tall = new Uint8Array(set.length)
  for (let x = 0; x < columns; x++) {
    for (let y = 0, start = -1; y <= rows; y++) {
      const inside = y < rows && set[y * columns + x] === 1
      if (inside && start < 0) start = y
      if (inside || start < 0) continue
      if (y - start >= least || start === 0) for (let i = start; i < y; i++) tall[i * columns + x] = 1
      start = -1
    }
  }
  return tall
}

/** Fills what the sides of the grid cannot be reached from. */
export function withoutHoles(set: Uint8Array, grid: Grid): Uint8Array {
  const { columns, rows } = grid
  const outside = new Uint8Array(set.length)
  const start: number[] = []
  for (let x = 0; x < columns; x++) start.push(x, (rows - 1) * columns + x)
  for (let y = 0; y < rows; y++) start.push(y * columns, (y + 1) * columns - 1)
  for (const at of start) if (!set[at] && !outside[at]) flood(at, grid, (i) => !set[i], outside)
  return outside.map((one) => 1 - one)
}

/** Marks the cells that can be reached from one over its four neighbours; gives them. */
function flood(start: number, { columns, rows }: Grid, open: (at: number) => boolean, marked: Uint8Array): number[] {
  const found = [start]
  marked[start] = 1
  for (let next = 0; next < found.length; next++) {
    const at = found[next]
    const x = at % columns
    for (const to of [x > 0 ? at - 1 : -1, x < columns - 1 ? at + 1 : -1, at - columns, at + columns]) {
      if (to < 0 || to >= columns * rows || marked[to] || !open(to)) continue
      marked[to] = 1
      found.push(to)
    }
  }
  return found
}

/** The connected regions of at least so many cells. */
export function largeRegions(set: Uint8Array, grid: Grid, least: number): Uint8Array {
  const marked = new Uint8Array(set.length)
  const large = new Uint8Array(set.length)
  for (let at = 0; at < set.length; at++) {
    if (!set[at] || marked[at]) continue
    const region = flood(at, grid, (i) => set[i] === 1, marked)
    if (region.length >= least) for (const i of region) large[i] = 1
  }
  return large
}

export type Point = readonly [x: number, y: number]

/** The corners of the convex hull of a set widened by `margin` cells to each side (Andrew's monotone chain), clockwise on the screen. */
export function hullOf(set: Uint8Array, { columns, rows }: Grid, margin: number): Point[] {
  // the first and the last cell of each row are all that a hull can turn at
  const points: Point[] = []
  for (let y = 0; y < rows; y++) {
    const row = set.subarray(y * columns, (y + 1) * columns)
    const [first, last] = [row.indexOf(1), row.lastIndexOf(1)]
    if (first >= 0) points.push([first - margin, y], [last + margin, y])
  }
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const chain = (ordered: readonly Point[]) => {
    const turns: Point[] = []
    for (const point of ordered) {
      while (turns.length > 1 && cross(turns[turns.length - 2], turns[turns.length - 1], point) <= 0) turns.pop()
      turns.push(point)
    }
    return turns.slice(0, -1)
  }
  return [...chain(points), ...chain([...points].reverse())]
}

/** The cells whose middle `holds` says of. */
export function cellsWhere({ columns, rows }: Grid, holds: (point: Point) => boolean): Uint8Array {
  return Uint8Array.from({ length: columns * rows }, (_, i) => (holds([i % columns, Math.floor(i / columns)]) ? 1 : 0))
}

/** Twice the area of a triangle; positive where c lies to the right of the way from a to b, on a screen whose y points down. */
export function cross(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}
