import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { infomotion, needs, reference, temporary } from './support.js'

/** The clips that a data set is distilled to, with their weights, by an instruction set. */
async function selected(data: string, out: string, isa: string): Promise<string[]> {
  const args = ['distill', data, '--out', out, '--vpc', '2', '--until', 'synthesize', '--json']
  const { status, err } = await infomotion(args, { INFOMOTION_ISA: isa })
  if (status !== 0) throw new Error(err)
  const { items } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
    items: { path: string; weight: number }[]
  }
  return items.map(({ path, weight }) => `${path} ${weight.toFixed(6)}`)
}

t.test('the same clips are selected on every instruction set: phantom', async (t) => {
  const folder = temporary(t)
  const data = join(folder, 'phantom')
  await infomotion(['phantom', data, '--train', '20', '--test', '10', '--seed', '6'])
  const scalar = await selected(data, join(folder, 'scalar'), 'scalar')
  t.equal(scalar.length, 10)
  // one that this processor lacks is the widest it has
  for (const isa of ['avx2', 'avx512', 'neon']) t.same(await selected(data, join(folder, isa), isa), scalar, isa)
})

const lung = reference('lung-ultrasound', 'clips.csv')
t.test('the same clips are selected on every instruction set: lung', needs(lung, 'lung-ultrasound'), async (t) => {
  const folder = temporary(t)
  const scalar = await selected(lung!, join(folder, 'scalar'), 'scalar')
  t.equal(scalar.length, 8)
  t.same(await selected(lung!, join(folder, 'avx2'), 'avx2'), scalar)
})
