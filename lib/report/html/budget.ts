import { scaleLinear, scalePoint } from 'd3-scale'
import { line, symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from 'd3-shape'
import type { Interval } from '../../evaluate/types.js'
import { number } from '../summary.js'
import { type Html, html } from './html.js'

/** One selector: what it reaches at each budget. */
export interface Series {
  name: string
  points: { budget: number; value: Interval }[]
}

/** A level that holds for every budget: chance, all clips, no difference. */
export interface Level {
  name: string
  at: number
}

const WIDTH = 640
const HEIGHT = 300
const MARGIN = { top: 12, right: 16, bottom: 44, left: 52 }
const SYMBOLS = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond]
/** Distance between the series at one budget, so that their intervals do not hide each other, in px. */
const DODGE = 7

/** Means with 95 % intervals over the budgets, one line a series; the numbers stand in a table beside it. */
export function budgetChart(label: string, series: readonly Series[], levels: readonly Level[]): Html {
  const budgets = [...new Set(series.flatMap(({ points }) => points.map(({ budget }) => budget)))].sort((a, b) => a - b)
  const values = series.flatMap(({ points }) => points.flatMap(({ value: { low, high } }) => [low, high]))
  const extent = [...values, ...levels.map(({ at }) => at)]
  const x = scalePoint(budgets, [MARGIN.left, WIDTH - MARGIN.right]).padding(0.4)
  const y = scaleLinear([Math.min(...extent), Math.max(...extent)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(6)
  const px = (value: number) => value.toFixed(1)
  const right = WIDTH - MARGIN.right
  return html`<figure class="chart">
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${y.ticks(6).map(
  (tick) => html`<line class="axis" x1="${MARGIN.left}" x2="${right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>
<text x="${MARGIN.left - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${number(100 * tick, 0)}</text>`,
)}
${budgets.map((budget) => html`<text x="${px(x(budget)!)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${budget}</text>`)}
<text x="${px((MARGIN.left + right) / 2)}" y="${HEIGHT - 6}" text-anchor="middle">videos per class</text>
${levels.map(
  ({ name, at }) => html`<line class="chance" x1="${MARGIN.left}" x2="${right}" y1="${px(y(at))}" y2="${px(y(at))}"/>
<text x="${MARGIN.left + 4}" y="${px(y(at) - 4)}">${name}</text>`,
)}
${series.map(({ points }, s) => {
  const shift = (s - (series.length - 1) / 2) * DODGE
  const at = points.map(({ budget, value }) => ({ ...value, x: x(budget)! + shift }))
  const path = line<(typeof at)[number]>(
    (p) => p.x,
    (p) => y(p.mean),
  )(at)!
  return html`<g class="series s${s % COLOURS}"><path class="line" d="${path}"/>
${at.map(
  (p) => html`<line x1="${px(p.x)}" x2="${px(p.x)}" y1="${px(y(p.low))}" y2="${px(y(p.high))}"/>
<path class="mark" transform="translate(${px(p.x)} ${px(y(p.mean))})" d="${mark(s)}"/>`,
)}</g>`
})}
</svg>
<figcaption>${series.map(
    ({ name }, s) =>
      html`<span><svg class="key" viewBox="-8 -8 16 16" aria-hidden="true"><g class="series s${s % COLOURS}"><path class="mark" d="${mark(s)}"/></g></svg>${name}</span>`,
  )}</figcaption></figure>`
}

/** Colours that the style sheet has for series. */
export const COLOURS = 6

const mark = (s: number): string => symbol(SYMBOLS[s % SYMBOLS.length], 56)()!
