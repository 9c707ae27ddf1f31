import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from 'd3-force'
import { expectInteger, expectOptions, invalid } from '../runtime/expect.js'
import { escapeMarkup } from '../runtime/text.js'
import type { ModuleLevel } from './infomap.js'
import type { ModuleLinks } from './links.js'

/** What {@link moduleMap} takes. */
export interface ModuleMapOptions {
  /** Arrows instead of lines. As in the search. Default false. */
  directed?: boolean
  /** Modules shown, those of most flow; what the others have is said below. Default 40. */
  modules?: number
  /** What each module is called. Default: its number, from 1. */
  labels?: readonly string[]
  /** Said by screen readers. Default "Module map". */
  title?: string
  /** px, default 800 and 600. */
  width?: number
  height?: number
}

/**
 * A map of modules, as SVG: circles whose area is the flow inside, with a ring whose share of that area is the flow that
 * leaves; between them lines (arrows, of directed networks) as wide as the flow that passes. The placement is drawn by
 * springs (d3-force): the same modules, the same picture. Colours are attributes, so a page's style sheet may set others.
 *
 * @param level - a level of {@link Codelength.hierarchy}; its modules are shown
 * @param links - the flow between them: `(await moduleLinks(network, result.hierarchy))[0]` for the top
 * @example
 * ```js
 * const result = await infomap(network)
 * const [links] = await moduleLinks(network, result.hierarchy)
 * await writeFile('map.svg', moduleMap(result.hierarchy[0], links))
 * ```
 */
export function moduleMap(
  level: Pick<ModuleLevel, 'flow' | 'exit'>,
  links: ModuleLinks,
  options: ModuleMapOptions = {},
): string {
  expectOptions(options, 'moduleMap', ['directed', 'modules', 'labels', 'title', 'width', 'height'])
  expectOptions(level, 'level', MODULE_LEVEL)
  expectOptions(links, 'links', ['sources', 'targets', 'flow'])
  const { directed = false, labels, title = 'Module map' } = options
  const width = expectInteger(options.width ?? 800, 'width', 100, 10_000)
  const height = expectInteger(options.height ?? 600, 'height', 100, 10_000)
  const most = expectInteger(options.modules ?? 40, 'modules', 1, 500)
  if (labels && labels.length !== level.flow.length) throw invalid(`${level.flow.length} labels`, 'labels', labels)
  const { circles, others } = chosen(level, most, labels)
  const lines = between(circles, links, directed)
  place(circles, lines, width, height)
  const parts = [
    ...lines.map((line) => (directed ? arrow(line) : segment(line))),
    ...circles.map(disc),
    ...circles.map(name),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" class="module-map" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif">
<title>${escapeMarkup(title)}</title>
${parts.filter((part) => part !== '').join('\n')}
<text class="legend" x="12" y="${height - 10}" font-size="11" fill="${QUIET}">${escapeMarkup(legend(directed, others))}</text>
</svg>
`
}

/** What a level of a result has. */
const MODULE_LEVEL = ['modules', 'count', 'parents', 'flow', 'enter', 'exit']

interface Circle extends SimulationNodeDatum {
  /** From 0. */
  module: number
  label: string
  what: string
  flow: number
  /** Share of its flow that leaves it a step. */
  leaving: number
  radius: number
  x: number
  y: number
}

interface Line extends SimulationLinkDatum<Circle> {
  source: Circle
  target: Circle
  flow: number
  width: number
}

/** Circles cover this share of the picture, and lines have that length from edge to edge (px, before all is fitted). */
const COVERED = 0.13
const APART = 60
/** Below the map. */
const FOOT = 24
/** Smallest circle that can be seen, widest line, px. */
const SMALLEST = 3
const WIDEST = 14
/** Lines that together carry less than this share of the flow between modules are left out: they would only be grey. */
const NEGLIGIBLE = 0.03

function chosen({ flow, exit }: Pick<ModuleLevel, 'flow' | 'exit'>, most: number, labels?: readonly string[]) {
  const order = Array.from(flow, (_, m) => m).sort((a, b) => flow[b] - flow[a] || a - b)
  const shown = Math.min(most, order.filter((m) => flow[m] > 0).length)
  const circles = order.slice(0, shown).map((m): Circle => {
    const label = labels?.[m] ?? `${m + 1}`
    const what = labels ? label : `Module ${label}`
    const leaving = flow[m] > 0 ? Math.min(1, exit[m] / flow[m]) : 0
    return { module: m, label, what, flow: flow[m], leaving, radius: 0, x: 0, y: 0 }
  })
  const rest = order.slice(shown)
  return { circles, others: { count: rest.length, flow: rest.reduce((sum, m) => sum + flow[m], 0) } }
}

function between(circles: Circle[], { sources, targets, flow }: ModuleLinks, directed: boolean): Line[] {
  const circleOf = new Map(circles.map((circle) => [circle.module, circle]))
  const rank = new Map(circles.map((circle, i) => [circle, i]))
  const lines = new Map<string, Line>()
  let total = 0
  for (let i = 0; i < flow.length; i++) {
    let [source, target] = [circleOf.get(sources[i]), circleOf.get(targets[i])]
    if (!source || !target || source === target) continue
    if (!directed && rank.get(source)! > rank.get(target)!) [source, target] = [target, source]
    const key = `${source.module} ${target.module}`
    const line = lines.get(key) ?? { source, target, flow: 0, width: 0 }
    line.flow += flow[i]
    total += flow[i]
    lines.set(key, line)
  }
  const falling = [...lines.values()].sort((a, b) => b.flow - a.flow)
  const widest = falling[0]?.flow ?? 1
  const shown: Line[] = []
  let left = total
  for (const line of falling) {
    if (left < NEGLIGIBLE * total) break
    left -= line.flow
    shown.push({ ...line, width: Math.max(0.4, (WIDEST * line.flow) / widest) })
  }
  return shown.reverse() // the widest are drawn last, on top
}

/** Fills in radii and places: springs along the links, the stronger the more flow, until they are at rest. */
function place(circles: Circle[], lines: Line[], width: number, height: number): void {
  const all = circles.reduce((sum, { flow }) => sum + flow, 0) || 1
  for (const circle of circles)
    circle.radius = Math.max(SMALLEST, Math.sqrt((COVERED * width * height * circle.flow) / (Math.PI * all)))
  // d3-force starts from a fixed spiral and draws its own random numbers from a fixed seed.
  for (const circle of circles) Object.assign(circle, { x: undefined, y: undefined })
  const widest = Math.max(...lines.map((line) => line.width), 1)
  const springs = lines.map((line) => ({ ...line }))
  forceSimulation(circles)
    .force(
      'links',
      forceLink<Circle, Line>(springs)
        .distance(({ source, target }) => source.radius + target.radius + APART)
        .strength((line) => 0.05 + 0.45 * (line.width / widest)),
    )
    .force(
      'charge',
      forceManyBody<Circle>().strength(({ radius }) => -8 * (radius + 6)),
    )
    .force('apart', forceCollide<Circle>(({ radius }) => radius + 8).iterations(4))
    .force('x', forceX<Circle>(0).strength(0.05 * (height / width)))
    .force('y', forceY<Circle>(0).strength(0.05 * (width / height)))
    .stop()
    .tick(400)
  fit(circles, width, height - FOOT)
}

/** Moves and scales places (not radii beyond what fits) so that the circles fill the picture. */
function fit(circles: Circle[], width: number, height: number): void {
  const margin = 16
  const ends = (of: (circle: Circle) => number, sign: number) =>
    circles.reduce((end, circle) => Math.max(end, sign * of(circle) + circle.radius), -Infinity)
  const [right, left] = [ends(({ x }) => x, 1), -ends(({ x }) => x, -1)]
  const [bottom, top] = [ends(({ y }) => y, 1), -ends(({ y }) => y, -1)]
  if (!(right > left)) return
  const scale = Math.min((width - 2 * margin) / (right - left), (height - 2 * margin) / (bottom - top))
  for (const circle of circles) {
    circle.x = width / 2 + scale * (circle.x - (left + right) / 2)
    circle.y = height / 2 + scale * (circle.y - (top + bottom) / 2)
    circle.radius *= Math.min(1, scale)
  }
}

// ---- Drawing

const BLUE = '#12558f'
const PALE = '#c9dff2'
const GREY = '#8a97a5'
const QUIET = '#55626f'

const n = (value: number) => String(Number(value.toFixed(1)))
const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`

function legend(directed: boolean, { count, flow }: { count: number; flow: number }): string {
  const rest = count > 0 ? ` ${count} smaller modules with ${percent(flow)} of the flow are not shown.` : ''
  return `Area: flow inside; ring: flow that leaves; ${directed ? 'arrows' : 'lines'}: flow between.${rest}`
}

function disc({ x, y, radius, flow, leaving, what }: Circle): string {
  const at = `cx="${n(x)}" cy="${n(y)}"`
  const said = `<title>${escapeMarkup(`${what}: ${percent(flow)} of the flow, ${percent(leaving * flow)} leaves it`)}</title>`
  // The ring's share of the area is the share of the flow that leaves.
  const inner = radius * Math.sqrt(1 - leaving)
  return `<g>${said}<circle class="leaving" ${at} r="${n(radius)}" fill="${BLUE}"/><circle class="inside" ${at} r="${n(inner)}" fill="${PALE}"/></g>`
}

/** The label, in the circle where it fits, else below. */
function name({ x, y, radius, leaving, label }: Circle): string {
  const size = Math.min(16, Math.max(9, radius / 2))
  const inside = label.length * size * 0.6 < 1.7 * radius * Math.sqrt(1 - leaving)
  const short = label.length > 24 ? `${label.slice(0, 23)}\u2026` : label
  const at = `x="${n(x)}" y="${n(inside ? y + size * 0.35 : y + radius + size)}" font-size="${n(size)}"`
  return `<text ${at} text-anchor="middle" fill="#16202a">${escapeMarkup(short)}</text>`
}

function title({ source, target, flow }: Line, sign: string): string {
  return `<title>${escapeMarkup(`${source.what} ${sign} ${target.what}: ${percent(flow)} of the flow`)}</title>`
}

function segment(line: Line): string {
  const { source, target, width } = line
  const ends = `x1="${n(source.x)}" y1="${n(source.y)}" x2="${n(target.x)}" y2="${n(target.y)}"`
  return `<line class="link" ${ends} stroke="${GREY}" stroke-opacity="0.6" stroke-width="${n(width)}">${title(line, '\u2013')}</line>`
}

/** A bent arrow from edge to edge, so that the two directions lie side by side. */
function arrow(line: Line): string {
  const { source, target, width } = line
  const [dx, dy] = [target.x - source.x, target.y - source.y]
  const length = Math.hypot(dx, dy)
  if (length <= source.radius + target.radius) return ''
  const [ux, uy] = [dx / length, dy / length]
  const head = Math.max(6, 1.8 * width)
  const bend = 0.12 * length
  const [cx, cy] = [(source.x + target.x) / 2 - uy * bend, (source.y + target.y) / 2 + ux * bend]
  // Where the tangents of the curve cut the circles.
  const toward = ({ x, y }: Circle, distance: number) => {
    const d = Math.hypot(cx - x, cy - y)
    return [x + ((cx - x) / d) * distance, y + ((cy - y) / d) * distance]
  }
  const [x1, y1] = toward(source, source.radius)
  const [x2, y2] = toward(target, target.radius + head)
  const [tx, ty] = toward(target, target.radius + 1)
  const [nx, ny] = [-(ty - y2) / head, (tx - x2) / head]
  const half = Math.max(3, 0.9 * width)
  const point = (x: number, y: number) => `${n(x)} ${n(y)}`
  const shaft = `<path class="link" d="M${point(x1, y1)}Q${point(cx, cy)} ${point(x2, y2)}" fill="none" stroke="${GREY}" stroke-opacity="0.7" stroke-width="${n(width)}"/>`
  const tip = `<path class="tip" d="M${point(tx, ty)}L${point(x2 + nx * half, y2 + ny * half)}L${point(x2 - nx * half, y2 - ny * half)}Z" fill="${GREY}" fill-opacity="0.9"/>`
  return `<g>${title(line, '\u2192')}${shaft}${tip}</g>`
}
