import type { Command } from 'commander'
import { type DistillResult, distill } from '../distill.js'
import { evaluationTable } from '../evaluate/table.js'
import { distillCommand } from '../options/distill.js'
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
  const size = result.effectiveSampleSize
  const effective = size === null ? '' : ` (effective sample size ${size.toFixed(1)})`
  lines.push('', `${result.selected} clips selected${effective} in ${result.seconds.toFixed(1)} s; see ${out}`)
  return lines.join('\n')
}
