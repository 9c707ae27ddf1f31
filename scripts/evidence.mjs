// The table of accuracy that README and closing notes quote: distils one data set under several split seeds and puts
// the evaluations together. `node scripts/evidence.mjs DATASET --vpc 5 --seeds 5 [options of infomotion distill]`
// Features are computed once (a cache shared by the seeds). Needs the build (npm run compile).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { distill } from '../dist/distill.js'
import { evaluationTable, summarise } from '../dist/evaluate/index.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    vpc: { type: 'string', default: '5' },
    seeds: { type: 'string', default: '5' },
    classes: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const folder = await mkdtemp(join(tmpdir(), 'infomotion-evidence-'))
try {
  const evaluations = []
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const { evaluation, warnings } = await distill(positionals[0], {
      out: join(folder, String(seed)),
      cache: join(folder, 'cache'),
      vpc: Number(values.vpc),
      classes: values.classes,
      seed,
      materialize: 'list',
      until: 'evaluate',
    })
    if (seed === 1) for (const warning of warnings) console.error(`warning: ${warning}`)
    evaluations.push(evaluation)
    console.error(`seed ${seed} done`)
  }
  const summary = evaluations.length > 1 ? summarise(evaluations) : evaluations[0]
  console.log(values.json ? JSON.stringify(summary) : evaluationTable(summary))
} finally {
  await rm(folder, { recursive: true, force: true })
}
