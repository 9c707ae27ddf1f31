import { count, number, summary } from '../summary.js'
import type { ReportInput } from '../types.js'
import { clipGallery, type Preview } from './clips.js'
import { compositionSection } from './composition.js'
import { confusionMatrices, recallTable } from './confusion.js'
import { document } from './document.js'
import { type Html, html, trusted } from './html.js'
import { player } from './player.js'
import { classesTable, recordTable, selectorTables, timingsTable } from './tables.js'

/** The report of a distilled set. `previews` are the frames of `input.items`, in their order. */
export function reportPage(input: ReportInput, previews: readonly Preview[]): string {
  const sections = [
    ['results', 'How well it trains', selectorTables(input)],
    input.evaluation && ['classes-seen', 'Class by class', html`${recallTable(input)}${confusionMatrices(input)}`],
    [
      'modules',
      'Classes and motion modules',
      html`${classesTable(input)}${chosenNotes(input)}${weightsNote(input)}${moduleMaps(input)}`,
    ],
    ['clips', 'The distilled set', html`${compositionSection(input)}${clipGallery(input, previews)}`],
    ['limits', 'What is measured and what is not', limits(input)],
    ['run', 'This run', run(input)],
  ].filter((section) => section !== undefined) as [string, string, Html][]
  return document({
    title: `Distilled set of ${input.dataSet}`,
    kind: kindOf(input),
    banners: banners(input),
    lead: summary(input),
    sections,
    version: input.versions.infomotion,
    numbers: 'report.json',
    script: player,
  })
}

const layouts = { echonet: 'EchoNet layout', camus: 'CAMUS', csv: 'CSV table', folder: 'a folder per class' }

export function kindOf({ synthetic, layout }: Pick<ReportInput, 'synthetic' | 'layout'>): string {
  return `${synthetic ? 'Synthetic phantom data' : 'Labelled video'}, ${layouts[layout]}`
}

/** What was chosen by cross-validation, but for the composition, which has a section. */
function chosenNotes({ descriptor, teacher }: ReportInput): Html {
  const notes = [descriptor, teacher].flatMap((choice) => choice?.note ?? [])
  return html`${notes.map((note) => html`<p class="note">${note}</p>`)}`
}

function weightsNote({ items, effectiveSampleSize }: ReportInput): Html {
  return html`<p class="note">By their sample weights, the ${samplesOf(items)} count like
${number(effectiveSampleSize)} of equal weight (effective sample size).</p>`
}

function samplesOf(items: ReportInput['items']): string {
  const tiles = items.reduce((sum, item) => sum + (item.tiles?.length ?? 0), 0)
  return tiles > 0 ? count(tiles, 'tile') : count(items.length, 'clip')
}

/** The map of each class whose modules are more than one. */
function moduleMaps({ classes, maps = [] }: ReportInput): Html | false {
  const shown = classes.flatMap(({ name, modules }, c) => (modules > 1 && maps[c] ? [{ name, map: maps[c] }] : []))
  if (shown.length === 0) return false
  return html`
<details><summary>Maps of the modules: ${shown.length} ${shown.length === 1 ? 'class' : 'classes'}</summary>
<p class="note">Circles are modules of similar motion, numbered by class; lines are the flow of the random walk between them.</p>
<div class="maps">${shown.map(({ name, map }) => html`<figure><figcaption>${name}</figcaption>${trusted(map)}</figure>`)}</div>
</details>`
}

/** Said of phantom data wherever its numbers stand. */
export const SYNTHETIC =
  'Synthetic phantom data: drawn by a program, not recorded from patients. These numbers say whether the method ' +
  'works as built; they say nothing about real echocardiography.'

/** What must be known before anything else on the page. */
function banners({ synthetic, layout, items, notices }: ReportInput): string[] {
  const embeds = items.some(({ file }) => file !== undefined)
  const banners: string[] = []
  if (synthetic) {
    banners.push(SYNTHETIC)
  } else if (embeds && layout === 'echonet') {
    banners.push(
      'This page embeds frames of the source clips. EchoNet clips must not be passed on, and so neither must this page.',
    )
  } else if (embeds) {
    banners.push('This page embeds frames of the source clips: pass it on only where their licence allows it.')
  }
  return [...banners, ...notices]
}

function limits({ evaluation, options, teacher }: ReportInput): Html {
  return html`
${
  evaluation &&
  html`<p>Measured: students trained from scratch on the clips of one row only with their sample weights, and tested on the
test split, which neither selection nor training has seen. All students of a table see the same; linear students see
features that all training clips have scaled, without their labels. ${helpFromElsewhere(options, teacher?.share)}Random selection is drawn class by
class, as many clips as the distilled set has. The intervals cover ${evaluation.splits ? 'other splits of this data set' : 'other test clips'};
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

/** What students have from elsewhere than their own training clips. */
export function helpFromElsewhere({ encoder, embeddings }: ReportInput['options'], teacher = 0): string {
  return [
    teacher > 0
      ? 'A teacher of all training clips gave a share of the labels: this is no claim about those few clips alone. '
      : '',
    typeof encoder === 'string' && encoder !== 'none'
      ? `The encoder ${encoder} was trained before, on what its card says: this is a pretrained start. `
      : '',
    typeof embeddings === 'string'
      ? `The embedding is out of the file ${embeddings}: what made it may have been trained before, on these clips too. `
      : '',
  ].join('')
}

function run(input: ReportInput): Html {
  const { evaluation, skipped, clipWarnings = [] } = input
  const warnings = input.warnings.filter((text) => !evaluation?.warnings?.includes(text)) // those stand under its table
  return html`
${warnings.length > 0 && html`<h3>Warnings</h3><ul>${warnings.map((text) => html`<li>${text}</li>`)}</ul>`}
${
  skipped.length > 0 &&
  html`<details><summary>Clips left out: ${skipped.length}</summary>
<ul>${skipped.map(({ path, reason }) => html`<li><span class="path">${path}</span>: ${reason}</li>`)}</ul></details>`
}
${
  clipWarnings.length > 0 &&
  html`<details><summary>Odd clips: ${new Set(clipWarnings.map(({ path }) => path)).size}</summary>
<ul>${clipWarnings.map(({ path, text }) => html`<li><span class="path">${path}</span>: ${text}</li>`)}</ul></details>`
}
<div class="pair">${timingsTable(input)}${recordTable('Options', input.options)}${recordTable('Versions', input.versions)}</div>`
}
