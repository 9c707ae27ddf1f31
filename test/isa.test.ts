import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { infomotion, needs, reference, temporary } from './support.js'

/** The clips that a data set is distilled to, with their weights, by an instruction set. */
async function selected(data: string, out: string, isa: string): Promise<string[]> {
  const args = ['distill', data, '--out', out, '--vpc', '2', '--synthesize', 'none', '--until', 'synthesize', '--json']
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

t.test('settings that cannot be followed are told, once, and not refused', async (t) => {
  const doctor = async (env: object) => {
    const { out, err } = await infomotion(['doctor', '--json'], env)
    return { isa: JSON.parse(out).instructionSet as string, told: err.match(/INFOMOTION_\w+=\w+ is [^;]*;/g) }
  }
  const { isa, told } = await doctor({ INFOMOTION_ISA: '', INFOMOTION_THREADS: '2' })
  t.equal(told, null)
  t.match(await doctor({ INFOMOTION_ISA: 'avx3', INFOMOTION_THREADS: 'many' }), {
    isa,
    told: [
      "INFOMOTION_ISA=avx3 is none of this processor's instruction sets;",
      'INFOMOTION_THREADS=many is no whole number from 1 to 1024;',
    ],
  })
})

const lung = reference('lung-ultrasound', 'clips.csv')
t.test('the same clips are selected on every instruction set: lung', needs(lung, 'lung-ultrasound'), async (t) => {
  const folder = temporary(t)
  const scalar = await selected(lung!, join(folder, 'scalar'), 'scalar')
  t.equal(scalar.length, 8)
  t.same(await selected(lung!, join(folder, 'avx2'), 'avx2'), scalar)
})
