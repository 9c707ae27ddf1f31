import type { Command } from 'commander'
import { type DistillResult, distill } from '../distill.js'
import { evaluationTable } from '../evaluate/table.js'
import { distillCommand } from '../options/distill.js'
import { tilingName } from '../video/made.js'
import { addCommand } from './options.js'
import { abortSignal, finish, progressBar, say } from './output.js'

/** `infomotion distill DATASET --out DIR --vpc N`: the whole method (lib/distill.ts). */
export function register(program: Command): void {
  addCommand(program, distillCommand, async ([dataset], options) => {
    const result = await distill(dataset, {
      ...options,
      signal: abortSignal(),
      onProgress: progressBar(),
      onWarning: (warning) => say(`warning: ${warning}`),
      onNote: say,
    })
    finish(result, () => summary(result, options.out))
  })
}

function summary(result: DistillResult, out: string): string {
  const width = Math.max(5, ...result.classes.map(({ name }) => name.length))
  const lines = [
    `${'class'.padEnd(width)}  clips  modules  selected  codelength`,
    ...result.classes.map(
      ({ name, clips, modules, selected, codelength }) =>
        `${name.padEnd(width)}  ${String(clips).padStart(5)}  ${String(modules ?? '-').padStart(7)}  ` +
        `${String(selected ?? '-').padStart(8)}  ${(codelength === null ? '-' : `${codelength.toFixed(3)} bits`).padStart(10)}`,
    ),
  ]
  if (result.evaluation) lines.push('', evaluationTable(result.evaluation))
  for (const notice of result.notices) lines.push('', notice)
  if (result.embeddings) {
    const { file, dim, matchedBy } = result.embeddings
    lines.push('', `embeddings: ${file}, ${dim} numbers a clip, matched by ${matchedBy}`)
  }
  const { composition } = result
  const composed = composition && composition.tiles ** 2 * composition.stretches > 1 && tilesOf(composition)
  const size = result.effectiveSampleSize
  const effective = size === null ? '' : ` (effective sample size ${size.toFixed(1)})`
  const what = composed ? `composed videos (${composed})` : 'clips selected'
  lines.push('', `${result.selected} ${what}${effective} in ${result.seconds.toFixed(1)} s; see ${out}`)
  return lines.join('\n')
}

/** "2x2 tiles, chosen by cross-validation on TRAIN among 12". */
function tilesOf({ tiles, stretches, search }: NonNullable<DistillResult['composition']>): string {
  const name = tilingName({ side: tiles, stretches })
  return `${name} tiles${search ? `, chosen by cross-validation on TRAIN among ${search.scores.length}` : ''}`
}
