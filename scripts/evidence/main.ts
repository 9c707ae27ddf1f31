import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Comparison, compare, distill } from 'infomotion'
import { root } from '../bench/support.js'
import { nameOf, type Piece, planOf } from './plan.js'
import { type EvidenceRow, rowsOf, withoutBudget } from './rows.js'
import { type EvidenceSet, echonet, QUICK, SETS, WORK } from './sets.js'
import { tellWork } from './work.js'

// `npm run evidence`: what distilled sets are worth, by comparisons on every set that is on this machine, one after the other.
// Each can be stopped and goes on; one that has ended is not run again (`--fresh`: it is). The rows go to
// docs/evidence/SET.json, from where `node scripts/docs/tables.mjs` makes the tables and the picture of docs/evidence.md.
//
//   --quick         one small set, in a minute: whether all of this still works. Writes no documentation
//   --only WORD     pieces whose names hold the word (lung, linear, cnn, auto), several by commas
//   --fresh         run again what has ended
//   --echonet DIR   EchoNet-Dynamic, which is under an agreement: 25 videos. Says first what it takes; its rows stay here, and are printed
const { values } = parseArgs({
  options: {
    ...{ quick: { type: 'boolean' }, fresh: { type: 'boolean' }, echonet: { type: 'string' } },
    only: { type: 'string', default: '' },
  },
})
const words = values.only.split(',').filter((word) => word !== '')

/** The comparison of a piece: of a run that has ended, or by running it. */
async function comparisonOf(piece: Piece, path: string): Promise<Comparison> {
  const name = nameOf(piece)
  const out = join(WORK, 'pieces', name)
  const known = join(WORK, 'pieces', `${name}.options.json`)
  const wanted = JSON.stringify(piece.options)
  const ended = existsSync(known) && readFileSync(known, 'utf8') === wanted
  if (ended && !values.fresh) return JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
  const started = [Date.now(), process.cpuUsage()] as const
  const cache = join(WORK, 'cache', piece.set.name)
  const comparison = await compare(path, { ...piece.options, out, cache })
  writeFileSync(known, wanted)
  const { user, system } = process.cpuUsage(started[1])
  console.error(
    `${name}: ${seconds(Date.now() - started[0])} s, ${seconds((user + system) / 1000)} s of CPU, ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(1)} GB at most`,
  )
  return comparison
}

const seconds = (ms: number) => (ms / 1000).toFixed(0)

/** What a report says of its stages. */
interface Timings {
  timings: { stage: string; cpuSeconds: number }[]
}

/** CPU seconds of the whole way on a set, nothing known before: as it is, and with plain clips. */
async function costOf({ name }: EvidenceSet, path: string): Promise<Record<string, Record<string, number>>> {
  const file = join(WORK, 'pieces', `${name}-cost.json`)
  if (existsSync(file) && !values.fresh) return JSON.parse(readFileSync(file, 'utf8'))
  const costs: Record<string, Record<string, number>> = {}
  for (const synthesize of ['none', 'compose'] as const) {
    const out = join(WORK, 'pieces', `${name}-cost-${synthesize}`)
    const cache = join(WORK, 'cache', `${name}-cost-${synthesize}-${Date.now()}`)
    await distill(path, { out, cache, vpc: 5, synthesize })
    const { timings } = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Timings
    costs[synthesize] = Object.fromEntries(
      timings.map(({ stage, cpuSeconds }) => [stage, Math.round(cpuSeconds * 10) / 10]),
    )
  }
  writeFileSync(file, JSON.stringify(costs))
  return costs
}

mkdirSync(join(WORK, 'pieces'), { recursive: true })
const SETS_NOW = values.echonet ? [echonet(values.echonet)] : values.quick ? QUICK : SETS
for (const set of SETS_NOW) {
  const pieces = planOf([set], values.quick ?? false)
  const path = await set.find()
  if (path === undefined) {
    console.error(`${set.name}: not on this machine, left out.`)
    continue
  }
  if (values.echonet) await tellWork(path, join(WORK, 'cache', set.name))
  const rows: EvidenceRow[] = []
  const found: Comparison[] = []
  for (const piece of pieces) {
    const asked = words.length === 0 || words.every((word) => nameOf(piece).includes(word))
    if (!asked && !existsSync(join(WORK, 'pieces', `${nameOf(piece)}.options.json`))) continue
    const comparison = await comparisonOf(piece, path)
    for (const row of rowsOf(piece, comparison)) {
      const same = (other: EvidenceRow) =>
        other.selector === row.selector && other.features === row.features && other.student === row.student
      if (!withoutBudget(row) || !rows.some(same)) rows.push(row)
    }
    found.push(comparison)
  }
  if (found.length === 0) continue
  const [{ classes, splits, majority, versions, budgets }] = found
  const document = {
    ...{ name: set.name, what: set.what, classes: classes.length, splits, seeds: set.seeds },
    ...{ testClips: budgets[0].evaluation.testClips, chance: budgets[0].evaluation.chance, majority },
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
    ...{ versions, ...(!values.echonet && { cost: await costOf(set, path) }), rows },
  }
  const file =
    values.quick || values.echonet ? join(WORK, `${set.name}.json`) : join(root, 'docs', 'evidence', `${set.name}.json`)
  writeFileSync(file, `${JSON.stringify(document, undefined, 1)}\n`)
  console.error(`${set.name}: ${rows.length} rows in ${file}`)
  if (values.echonet) printRows(rows)
}

/** What students see first; always answering the largest class; in percent, and the error in percent of ejection fraction. */
function printRows(rows: readonly EvidenceRow[]): void {
  const shown = rows.filter(({ student, features, selector }) => {
    return selector === 'majority' || features === rows.find((row) => row.student === student)!.features
  })
  console.table(
    shown.map(({ student, tiling, selector, videos, samples, accuracy, plainAccuracy, absoluteError }) => ({
      ...{
        student,
        tiling,
        selector,
        videos,
        samples,
        balanced: accuracy.mean,
        low: accuracy.low,
        high: accuracy.high,
      },
      ...{ accuracy: plainAccuracy, 'EF error': absoluteError },
    })),
  )
}
