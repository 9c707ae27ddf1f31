import { count, number } from '../summary.js'
import type { ReportInput } from '../types.js'
import { type Html, html } from './html.js'
import { hundred, table } from './tables.js'

/** What the set costs, how its videos are composed, and what cross-validation said of that. */
export function compositionSection({ size, composition, items }: ReportInput): Html {
  const tiles = items.reduce((sum, item) => sum + (item.tiles?.length ?? 0), 0)
  return html`
${
  size &&
  html`<p>The set has ${count(size.videos, 'video')}, ${count(size.frames, 'frame')}, ${count(size.pixels, 'pixel')}
and ${number(size.bytes / 1e6, 2)} MB.</p>`
}
${
  composition &&
  tiles > 0 &&
  html`<p>Its videos are composed: ${composition.width} x ${composition.height} px, ${count(composition.frames, 'frame')},
${composition.tiles} x ${composition.tiles} tiles at a time${
    composition.stretches > 1 && html`, ${composition.stretches} stretches of time after one another`
  }; ${count(tiles, 'tile')} in all. Students are trained on the tiles, each brought back to the size and rate of its clip and with its
own weight; random sets beside it are composed alike.</p>`
}
${
  composition?.search &&
  html`<p class="note">Chosen by cross-validation on the training clips: ${composition.search.repeats} times
${hundred(composition.search.heldOut)} % of them, whole groups, were held out, and a student (${composition.search.student}) was trained on videos
composed of the rest. The test clips were not looked at.</p>
${table(
  'Balanced accuracy on training clips held out, by tiling',
  html`
<thead><tr><th scope="col">Tiles</th><th scope="col" class="number">Stretches</th>
<th scope="col" class="number">Mean, %</th><th scope="col" class="number">Standard deviation, points</th></tr></thead>
<tbody>${composition.search.scores.map(
    ({ side, stretches, mean, deviation }) => html`
<tr class="${side === composition.tiles && stretches === composition.stretches && 'chosen'}"><th scope="row">${side} x ${side}</th>
<td class="number">${stretches}</td><td class="number">${hundred(mean)}</td><td class="number">${hundred(deviation)}</td></tr>`,
  )}</tbody>`,
)}`
}`
}
