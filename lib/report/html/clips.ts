import type { FilmStrip } from '../strip.js'
import { count, number } from '../summary.js'
import type { ReportInput, ReportItem } from '../types.js'
import { type Html, html } from './html.js'

/** A clip's frames, or why there are none. */
export type Preview = FilmStrip | { missing: string }

/** The distilled set, class by class, each clip playable. `previews` stand in the order of `input.items`. */
export function clipGallery(input: ReportInput, previews: readonly Preview[]): Html {
  const playable = previews.some((preview) => 'jpeg' in preview)
  return html`
${
  playable &&
  html`<p class="controls" hidden><button type="button" id="play-all">Pause all</button>
<span class="note">Click a clip to play or pause it; the arrow keys step through its frames.</span></p>
<noscript><p class="note">Scripts are off: the first frame of each clip is shown.</p></noscript>`
}
${input.classes.map(({ name }) => {
  const shown = input.items.map((item, i) => ({ item, preview: previews[i] })).filter(({ item }) => item.class === name)
  return html`
<h3>${name} <small>${count(shown.length, 'clip')}</small></h3>
<ol class="clips">${shown.map(({ item, preview }) => clipCard(item, preview))}</ol>`
})}`
}

function clipCard(item: ReportItem, preview: Preview): Html {
  return html`<li><figure>
${'jpeg' in preview ? player(item, preview) : html`<p class="screen missing">${preview.missing}</p>`}
<figcaption><b>${item.label}</b> <span class="path">${item.path}</span>
<dl><div><dt>Weight</dt><dd>${number(item.weight, 2)}</dd></div>
${item.module >= 0 && html`<div><dt>Module</dt><dd>${item.module + 1}</dd></div>`}
${item.visitRate > 0 && html`<div><dt>Visit rate</dt><dd>${number(100 * item.visitRate, 2)} %</dd></div>`}
<div><dt>Rank</dt><dd>${item.rank + 1}</dd></div>
${item.kind === 'made' && !item.tiles && html`<div><dt>Made of</dt><dd class="path">${item.parents.join(', ') || 'no clip'}</dd></div>`}</dl>
${item.pool !== undefined && html`<small>${fromPool(item)}</small>`}
${item.tiles && tileList(item.tiles)}
${'jpeg' in preview && html`<small>${number(preview.frames / preview.fps)} s at ${number(preview.fps, 0)} fps</small>`}
</figcaption></figure></li>`
}

/** Where a clip of a pool is from. */
function fromPool({ pool, madeFrom = [] }: Pick<ReportItem, 'pool' | 'madeFrom'>): string {
  return `of the pool ${pool}${madeFrom.length > 0 ? `, made from ${madeFrom.join(', ')}` : ''}`
}

/** What a composed video holds, stretch after stretch and row by row. */
function tileList(tiles: NonNullable<ReportItem['tiles']>): Html {
  return html`<details><summary>${count(tiles.length, 'tile')}</summary>
<ol>${tiles.map(
    ({ parent, label, weight, place: { x, y, from, to }, ...source }) =>
      html`<li><b>${label}</b> <span class="path">${parent}</span>${source.pool !== undefined && html`, ${fromPool(source)}`}, weight ${number(weight, 2)}, at ${x}, ${y}, frames ${from} to ${to - 1}</li>`,
  )}</ol></details>`
}

/** The strip stands as an image that shows its first frame; the script draws it on a canvas, frame by frame. */
function player(item: ReportItem, { jpeg, width, height, frames, columns, fps }: FilmStrip): Html {
  return html`<button type="button" class="screen" aria-label="Play clip ${item.path}" aria-pressed="false"
data-frames="${frames}" data-columns="${columns}" data-fps="${fps}"><img src="data:image/jpeg;base64,${jpeg.toString('base64')}"
width="${width}" height="${height}" alt=""><canvas width="${width}" height="${height}" hidden></canvas></button>`
}
