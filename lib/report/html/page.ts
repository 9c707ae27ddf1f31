import { createHash } from 'node:crypto'
import { summary } from '../summary.js'
import type { ReportInput } from '../types.js'
import { clipGallery, type Preview } from './clips.js'
import { confusionMatrices, recallTable } from './confusion.js'
import { type Html, html, trusted } from './html.js'
import { player } from './player.js'
import { style } from './style.js'
import { classesTable, recordTable, selectorTables, timingsTable } from './tables.js'

/**
 * The report as one page that needs nothing else: no network, and a policy that refuses every script and style but its
 * own, by their hashes. `previews` are the frames of `input.items`, in their order.
 */
export function reportPage(input: ReportInput, previews: readonly Preview[]): string {
  const sections = [
    ['results', 'How well it trains', selectorTables(input)],
    input.evaluation && ['classes-seen', 'Class by class', html`${recallTable(input)}${confusionMatrices(input)}`],
    ['modules', 'Classes and motion modules', classesTable(input)],
    ['clips', 'The distilled set', clipGallery(input, previews)],
    ['limits', 'What is measured and what is not', limits(input)],
    ['run', 'This run', run(input)],
  ].filter((section) => section !== undefined) as [string, string, Html][]
  const policy = `default-src 'none'; img-src data:; style-src '${hash(style)}'; script-src '${hash(player)}'; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Distilled set of ${input.dataSet}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#results">Skip to the results</a>
<header>
<h1>Distilled set of ${input.dataSet}</h1>
<p class="kind">${input.synthetic ? 'Synthetic phantom data' : 'Labelled video'}, ${layouts[input.layout]}</p>
${banners(input).map((text) => html`<p class="banner" role="note">${text}</p>`)}
<div class="lead">${summary(input).map((sentence) => html`<p>${sentence.replaceAll(' %', '\u00a0%')}</p>`)}</div>
<nav aria-label="Sections"><ul>${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main>${sections.map(
    ([id, title, content]) => html`
<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}
</section>`,
  )}
</main>
<footer>Made by infomotion ${input.versions.infomotion}, after InfoMotion (arXiv 2512.09422).
The numbers of this page stand in report.json beside it.</footer>
<script>${trusted(player)}</script>
</body>
</html>
`.text
}

const layouts = { echonet: 'EchoNet layout', csv: 'CSV table', folder: 'a folder per class' }

const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

/** What must be known before anything else on the page. */
function banners({ synthetic, layout, items, notices }: ReportInput): string[] {
  const embeds = items.some(({ file }) => file !== undefined)
  const banners: string[] = []
  if (synthetic) {
    banners.push(
      'Synthetic phantom data: drawn by a program, not recorded from patients. These numbers say whether the method ' +
        'works as built; they say nothing about real echocardiography.',
    )
  } else if (embeds && layout === 'echonet') {
    banners.push(
      'This page embeds frames of the source clips. EchoNet clips must not be passed on, and so neither must this page.',
    )
  } else if (embeds) {
    banners.push('This page embeds frames of the source clips: pass it on only where their licence allows it.')
  }
  return [...banners, ...notices]
}

function limits({ evaluation }: ReportInput): Html {
  return html`
${
  evaluation &&
  html`<p>Measured: students without pretraining, trained on the clips of one row only with their sample weights, and
tested on the test split, which neither selection nor training has seen. All students of a table see the same features,
projected and scaled by all training clips without their labels. Random selection is drawn class by class, as many clips
as the distilled set has. The intervals cover ${evaluation.splits ? 'other splits of this data set' : 'other test clips'};
they do not cover ${!evaluation.splits && 'another split, '}other labels, another student, or data from elsewhere.</p>
<p>The headline is the difference to random selection, because on small sets a few clips of any kind reach much of the
accuracy of all of them. Balanced accuracy counts every class alike: always answering the most frequent class, which can
look good in plain accuracy, has there what guessing has.</p>`
}
<p>The method is made <em>after</em> InfoMotion (arXiv 2512.09422): motion features, a graph for each class, Infomap
communities, representative videos, reweighted training. Of that paper the abstract and summaries were at hand, no code.
Flow, features, quotas, weights and student are this package\u2019s own. The paper states 69.38 % test accuracy on
EchoNet-Dynamic with 25 synthetic videos; its classes, its pool of videos, its splits and its student differ from these or
are not known, so that number and those of this page cannot be compared.</p>
<p>Nothing here has been checked for clinical use.</p>`
}

function run(input: ReportInput): Html {
  const { evaluation, skipped } = input
  const warnings = input.warnings.filter((text) => !evaluation?.warnings?.includes(text)) // those stand under its table
  return html`
${warnings.length > 0 && html`<h3>Warnings</h3><ul>${warnings.map((text) => html`<li>${text}</li>`)}</ul>`}
${
  skipped.length > 0 &&
  html`<details><summary>Clips left out: ${skipped.length}</summary>
<ul>${skipped.map(({ path, reason }) => html`<li><span class="path">${path}</span>: ${reason}</li>`)}</ul></details>`
}
<div class="pair">${timingsTable(input)}${recordTable('Options', input.options)}${recordTable('Versions', input.versions)}</div>`
}
