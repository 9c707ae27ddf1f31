import type { Interval } from '../../evaluate/types.js'
import { number } from '../summary.js'
import { type Html, html } from './html.js'

/** One horizontal axis that the plots of a column share, in fractions. */
export interface Axis {
  low: number
  high: number
  /** Where a vertical line stands: chance, the majority class, no difference. */
  lines: { at: number; kind: 'chance' | 'majority' }[]
}

/** px: with three plots a row, a table fits a window of 1024. */
const WIDTH = 80
const HEIGHT = 24
const MARGIN = 8

/** An axis over all intervals and lines given, widened to whole steps of ten points. */
export function axisOver(intervals: (Interval | undefined)[], lines: Axis['lines']): Axis {
  const values = [...intervals.flatMap((i) => (i ? [i.low, i.mean, i.high] : [])), ...lines.map(({ at }) => at)]
  const low = Math.floor(Math.min(...values) * 10 - 1e-9) / 10
  const high = Math.ceil(Math.max(...values) * 10 + 1e-9) / 10
  return { low, high, lines }
}

const x = (value: number, { low, high }: Axis): string =>
  (MARGIN + ((value - low) / (high - low)) * (WIDTH - 2 * MARGIN)).toFixed(1)

/** A dot at the mean and a whisker over the interval. The numbers stand beside it, so it is hidden from screen readers. */
export function intervalPlot({ mean, low, high }: Interval, axis: Axis): Html {
  const y = HEIGHT / 2
  return plot(html`
    ${axis.lines.map(({ at, kind }) => html`<line class="${kind}" x1="${x(at, axis)}" x2="${x(at, axis)}" y1="0" y2="${HEIGHT}"/>`)}
    <line class="whisker" x1="${x(low, axis)}" x2="${x(high, axis)}" y1="${y}" y2="${y}"/>
    <circle class="dot" cx="${x(mean, axis)}" cy="${y}" r="4"/>`)
}

/** The axis itself, for the foot of the column: its ends and its lines, in percent. */
export function axisPlot(axis: Axis): Html {
  const label = (value: number, anchor: string) =>
    html`<text x="${x(value, axis)}" y="17" text-anchor="${anchor}">${number(100 * value, 0)}</text>`
  return plot(html`
    <line class="axis" x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="2" y2="2"/>
    ${axis.lines.map(({ at, kind }) => html`<line class="${kind}" x1="${x(at, axis)}" x2="${x(at, axis)}" y1="0" y2="5"/>`)}
    ${label(axis.low, 'start')}${label(axis.high, 'end')}`)
}

function plot(content: Html): Html {
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true">${content}</svg>`
}
