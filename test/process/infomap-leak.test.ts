import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { root } from '../support.js'

// Memory of the addon is not the garbage collector's: what a call leaves behind shows in the process only. Each round
// reads a network and a partition, searches, evaluates, and lets calls fail. V8's own heap grows for some 1000 rounds, and may
// take another 30 MiB at once later on, on a busy machine; what leaks grows all the time. So of three spells of 750 rounds
// the one that leaves least may not leave 10 KiB a round (the network alone is 50).
const code = `
  import { codelength, infomap, moduleLinks, parseNetwork, parsePartition } from 'infomotion/infomap'
  import { residentMiB } from './build/test/scripts/soak/resident.js'
  const text = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) % 400 + ' ' + (i * i) % 400 + ' ' + (i % 9 + 1)).join('\\n'))
  const clu = Buffer.from(Array.from({ length: 400 }, (_, i) => i + ' ' + (i % 20)).join('\\n'))
  const refused = async (promise) => { try { await promise } catch { return } throw new Error('not refused') }
  async function round(seed) {
    const network = await parseNetwork(text)
    const result = await infomap(network, { trials: 1, seed, twoLevel: seed % 2 === 0, directed: seed % 3 === 0 })
    const given = await parsePartition(clu, 'p.clu', network).catch(() => [new Uint32Array(network.nodes)])
    await codelength(network, given)
    await moduleLinks(network, result.hierarchy)
    await refused(parseNetwork(Buffer.from('1 2\\n1 x\\n')))
    await refused(infomap({ sources: new Uint32Array([0]), targets: new Uint32Array([1]), weights: new Float64Array([NaN]) }))
    await refused(infomap(network, { signal: AbortSignal.abort() }))
  }
  for (let i = 0; i < 1000; i++) await round(i)
  const resident = [await residentMiB()]
  for (let spell = 0; spell < 3; spell++) {
    for (let i = 0; i < 750; i++) await round(i)
    resident.push(await residentMiB())
  }
  console.log(JSON.stringify(resident))
`

t.test('reading and searching leave no memory behind', { timeout: 300_000 }, async (t) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-semi-space-size=2', '--input-type=module', '-e', code],
    {
      cwd: root,
    },
  )
  const resident = JSON.parse(stdout) as number[]
  const grown = resident.slice(1).map((after, spell) => after - resident[spell])
  t.ok(
    Math.min(...grown) < 7.5,
    `${resident.map((mib) => mib.toFixed(1)).join(', ')} MiB after 1000, 1750, 2500, 3250 rounds`,
  )
})
