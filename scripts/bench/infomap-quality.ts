// Codelengths beside Infomap's on every reference network that is present: the mean of single trials with N seeds, both
// sides measured here; and the best of 10 beside the reference's best of 10 (of one trial, where it has no more). CPU
// times are in the same rows.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask, type Network, type Peer, referenceFolder, search, unpacked } from './infomap-sides.js'
import { median, type Row } from './support.js'

type Runs = Record<string, { codelength: number } | undefined>

const BEST_OF = 10

export async function codelengths(peer: Peer, seeds: number, quick: boolean): Promise<Row[]> {
  const folder = join(referenceFolder(), 'networks')
  const reference: Record<string, { edges: number; runs: Runs }> = JSON.parse(
    readFileSync(join(folder, 'reference.json'), 'utf8'),
  )
  const rows: Row[] = []
  for (const kind of quick ? ['two_level'] : ['two_level', 'multilevel']) {
    const single: number[] = []
    const best: number[] = []
    for (const [name, { edges, runs }] of Object.entries(reference)) {
      if (quick && edges > 500_000) continue
      for (const direction of ['undirected', 'directed']) {
        const known = runs[`${kind}_${direction}_N${BEST_OF}`] ?? runs[`${kind}_${direction}_N1`]
        const network = known && unpacked(folder, direction === 'directed' ? `${name}:d` : name)
        if (!network) continue
        network.nested = kind === 'multilevel'
        const row = await compare(peer, network, seeds, known.codelength)
        rows.push({ ...row, name: `${name}, ${direction}, ${network.nested ? 'nested' : 'two-level'}` })
        if (row.ratio !== null) single.push(1 / row.ratio)
        best.push(row.quality['best of 10 / reference'] as number)
      }
    }
    const mean = (ratios: number[]) => Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length)
    rows.push({
      name: `all ${best.length}, ${kind === 'multilevel' ? 'nested' : 'two-level'}: geometric means of the ratios`,
      ours: mean(single),
      peer: single.length ? 1 : null,
      peerName: peer.name,
      unit: "of the peer's codelength",
      ratio: single.length ? 1 / mean(single) : null,
      quality: { worst: Math.max(...single), 'best of 10 / reference': mean(best), 'worst of them': Math.max(...best) },
      ...(peer.reason && { reason: peer.reason }),
    })
  }
  return rows
}

async function compare(peer: Peer, network: Network, seeds: number, known: number): Promise<Row> {
  const seed = (i: number) => 123 + i
  const running = peer.start && ask(peer.start())
  const ours = Array.from({ length: Math.max(seeds, BEST_OF) }, (_, i) => search(network, '--seed', `${seed(i)}`))
  const theirs = []
  if (running) for (let i = 0; i < seeds; i++) theirs.push(await running.ask(seed(i), network))
  running?.process.kill()
  const mean = (runs: { codelength: number }[]) => runs.reduce((sum, r) => sum + r.codelength, 0) / runs.length
  const mine = mean(ours.slice(0, seeds))
  const best = Math.min(...ours.slice(0, BEST_OF).map(({ codelength }) => codelength))
  return {
    name: network.name,
    ours: mine,
    peer: running ? mean(theirs) : null,
    peerName: peer.name,
    unit: `bits, mean of ${seeds} single trials`,
    ratio: running ? mean(theirs) / mine : null,
    quality: {
      'best of 10': best,
      'best of 10 / reference': best / known,
      'ms CPU/trial': 1000 * median(ours.map(({ cpuSeconds }) => cpuSeconds)),
      ...(running && { "peer's": 1000 * median(theirs.map(({ seconds }) => seconds)) }),
    },
    ...(peer.reason && { reason: peer.reason }),
  }
}
