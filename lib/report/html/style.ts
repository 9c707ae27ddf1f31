import { COLOURS } from './budget.js'
import { LEVELS } from './confusion.js'

/** Shades from the surface to the accent; text turns over where the other colour reads better. */
const heat = Array.from({ length: LEVELS + 1 }, (_, level) => {
  const mixed = `color-mix(in srgb, var(--heat) ${(100 * level) / LEVELS}%, var(--surface))`
  return `.h${level} { background: ${mixed}; color: var(--heat-text-${level > 6 ? 'high' : 'low'}) }`
}).join('\n')

const series = Array.from({ length: COLOURS }, (_, s) => `.s${s} { --series: var(--series-${s}) }`).join('\n')

/** The style sheet of the page: system fonts, light and dark, one accent. */
export const style = `
:root {
  color-scheme: light dark;
  --surface: #ffffff; --raised: #f5f7f9; --line: #d9dfe5; --text: #16202a; --quiet: #55626f;
  --accent: #12558f; --chosen: #eaf2fa; --warn-line: #b86e00; --warn: #fff6e5;
  --heat: #0b3d6b; --heat-text-low: #16202a; --heat-text-high: #ffffff;
  --series-0: #12558f; --series-1: #b3470b; --series-2: #1c7a4f; --series-3: #7a3f9d; --series-4: #55626f; --series-5: #a01f52;
}
@media (prefers-color-scheme: dark) {
  :root {
    --surface: #12161b; --raised: #1a2027; --line: #323c46; --text: #e6ebf0; --quiet: #9dabb8;
    --accent: #7fb8ec; --chosen: #1a2a3a; --warn-line: #d9982e; --warn: #2b2213;
    --heat: #7fb8ec; --heat-text-low: #ffffff; --heat-text-high: #0b1016;
    --series-0: #7fb8ec; --series-1: #f0a060; --series-2: #6fcf9f; --series-3: #c9a0e8; --series-4: #9dabb8; --series-5: #f08db0;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto } }
body { margin: 0; background: var(--surface); color: var(--text); font: 16px/1.55 system-ui, sans-serif }
body > * { max-width: 1180px; margin-inline: auto; padding-inline: clamp(16px, 4vw, 40px) }
header { padding-top: 40px }
h1 { font-size: clamp(1.6rem, 4vw, 2.2rem); line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 4px; overflow-wrap: anywhere }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 56px 0 12px; padding-top: 16px; border-top: 1px solid var(--line) }
h3 { font-size: 1.05rem; margin: 28px 0 10px }
h3 small { color: var(--quiet); font-weight: 400; margin-left: 6px }
p, ul { max-width: 76ch; margin: 0 0 12px }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.skip { position: absolute; left: -9999px }
.skip:focus { left: 16px; top: 8px }
.kind { color: var(--quiet); margin: 0 0 20px }
.lead { font-size: 1.1rem; line-height: 1.55; border-left: 3px solid var(--accent); padding-left: 16px; margin: 20px 0 }
.lead p { max-width: 70ch; margin: 0 0 6px }
.lead p:first-child { font-weight: 600 }
.note, small { color: var(--quiet); font-size: 0.85rem }
.banner { max-width: none; white-space: pre-wrap; overflow-x: auto; background: var(--warn); border: 1px solid var(--warn-line); border-radius: 6px; padding: 10px 14px; margin: 0 0 12px }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 0; max-width: none; font-size: 0.9rem }
.scroll { overflow-x: auto; margin: 0 0 16px; max-width: 100% }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--quiet); padding: 0 0 8px; font-size: 0.88rem }
th, td { padding: 7px 12px; text-align: left; vertical-align: middle; border-bottom: 1px solid var(--line) }
thead th { font-size: 0.82rem; font-weight: 600; color: var(--quiet); vertical-align: bottom; line-height: 1.3 }
caption span { display: inline-block; max-width: calc(100vw - 40px) }
tbody th, tfoot th { font-weight: 500; min-width: 96px }
tbody th small { display: block; font-weight: 400; line-height: 1.3 }
tfoot th, tfoot td { border-bottom: 0; font-weight: 600 }
td { white-space: nowrap }
td small { font-size: 0.8rem; margin-left: 2px }
th.number, td.number { text-align: right }
td.text { white-space: normal; overflow-wrap: anywhere }
tr.chosen > * { background: var(--chosen) }
tr.chosen th { font-weight: 700 }
.metrics th, .metrics td { padding-inline: 8px }
.metrics tbody th { min-width: 120px; padding-right: 0 }
.metrics td:has(svg) { padding-left: 0 }
.metrics td small { display: block; line-height: 1.2; margin: 0 }
.heat td.number { min-width: 64px; border: 1px solid var(--surface) }
.heat td.hit { font-weight: 700; outline: 2px solid var(--text); outline-offset: -3px }
.pair { display: flex; flex-wrap: wrap; gap: 8px 48px }
svg { display: block; fill: var(--quiet); font-size: 11px; font-weight: 400 }
svg .whisker { stroke: var(--text); stroke-width: 2 }
svg .dot { fill: var(--accent); stroke: var(--surface); stroke-width: 1 }
svg .chance, svg .majority { stroke: var(--quiet); stroke-dasharray: 3 3 }
svg .axis { stroke: var(--line) }
${heat}
${series}
.series { stroke: var(--series); stroke-width: 1.5 }
.series .line { fill: none; opacity: 0.55 }
.series .mark { fill: var(--series); stroke: var(--surface) }
.chart { max-width: 760px; margin: 0 0 20px; overflow-x: auto }
.chart > svg { width: 100%; min-width: 520px; height: auto; font-size: 12px }
.chart figcaption { display: flex; flex-wrap: wrap; gap: 4px 18px; padding-left: 52px }
.chart figcaption span { display: inline-flex; align-items: center; gap: 6px }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 20px }
.maps svg { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 6px }
.module-map .inside { fill: var(--chosen) }
.module-map .leaving { fill: var(--accent) }
.module-map .link { stroke: var(--quiet) }
.module-map text { fill: var(--text) }
.module-map .legend { fill: var(--quiet) }
.key { width: 16px; height: 16px }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; max-width: none }
.controls[hidden] { display: none }
.controls button { font: inherit; color: var(--surface); background: var(--accent); border: 0; border-radius: 6px; padding: 6px 16px; min-width: 104px; cursor: pointer }
.clips { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(152px, 1fr)); gap: 20px 16px; padding: 0; margin: 0 }
figure { margin: 0 }
.screen { position: relative; display: block; width: 100%; aspect-ratio: 1; padding: 0; margin: 0 0 8px; overflow: hidden; background: #000; border: 0; border-radius: 6px; cursor: pointer }
.screen canvas { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain }
.screen img { position: absolute; inset: 0; margin: auto; object-fit: none; object-position: 0 0 }
.screen canvas[hidden], .screen img[hidden] { display: none }
.screen::after { content: ''; position: absolute; left: 8px; bottom: 8px; border: 7px solid transparent; border-left: 11px solid #fff; border-right: 0; filter: drop-shadow(0 0 2px #000) }
.screen[aria-pressed='true']::after { width: 9px; height: 12px; border: solid #fff; border-width: 0 3px; opacity: 0 }
.screen[aria-pressed='true']:hover::after, .screen[aria-pressed='true']:focus-visible::after { opacity: 1 }
.screen.missing { display: grid; place-items: center; background: var(--raised); color: var(--quiet); font-size: 0.85rem; padding: 12px; text-align: center; cursor: default }
.screen.missing::after { content: none }
figcaption { font-size: 0.86rem; line-height: 1.35; font-variant-numeric: tabular-nums }
figcaption .path { color: var(--quiet); overflow-wrap: anywhere }
dl { display: flex; flex-wrap: wrap; gap: 0 10px; margin: 4px 0 2px; font-size: 0.82rem }
dl div { display: flex; gap: 4px }
dt { color: var(--quiet) }
dd { margin: 0 }
details { margin: 0 0 12px }
summary { cursor: pointer; font-weight: 600; padding: 4px 0 }
footer { color: var(--quiet); font-size: 0.88rem; padding-block: 40px 56px }
@media (max-width: 600px) {
  header { padding-top: 24px }
  h2 { margin-top: 40px }
  .clips { grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)) }
  .metrics tbody th, .metrics thead th:first-child { position: sticky; left: 0; z-index: 1; background: var(--surface); max-width: 132px }
  .metrics tr.chosen th { background: var(--chosen) }
  th, td { padding: 6px 8px }
}
@media print { .controls, nav, .screen::after { display: none } .scroll { overflow: visible } }
`
