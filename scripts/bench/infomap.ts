// The map-equation search beside Infomap, native (PyPI) and WebAssembly (npm): CPU time and peak memory of reading the
// same link list, flow and one two-level trial, one thread, in turn; mean codelengths in the same row. Starting
// processes and loading modules is not counted; our side is native/bench/infomap_bench.cc. Then two threads beside one
// (wall time, beside what two processes reach), the digits, and with --full how it scales. With --seeds N codelengths of
// all reference networks in place of speeds (infomap-quality.ts).
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { infomap, readNetwork } from 'infomotion/infomap'
import { type Native, native } from '#lib/runtime/native.js'
import { digits } from './infomap-digits.js'
import { codelengths } from './infomap-quality.js'
import {
  type Answer,
  ask,
  build,
  generated,
  type Network,
  nativePeer,
  type Ours,
  type Peer,
  program,
  referenceFolder,
  search,
  unpacked,
  wasmPeer,
} from './infomap-sides.js'
import { median, options, type Row, report, root } from './support.js'

const run = promisify(execFile)
const { quick, full } = options()
const seeds = Number(process.argv[process.argv.indexOf('--seeds') + 1]) || 0
build()
const peers = seeds ? [await nativePeer()] : [await nativePeer(), await wasmPeer()]
const rows = seeds ? await codelengths(peers[0], seeds, quick) : await speeds()
report(rows, Object.fromEntries(peers.map(({ name, version }) => [name, version])))

async function speeds(): Promise<Row[]> {
  const rows: Row[] = []
  for (const network of networks()) rows.push(...(await compare(peers, network)))
  rows.push(...(await twoThreads()), await callOverhead(), ...(await digits()))
  if (full) rows.push(...scaling())
  return rows
}

async function compare(all: Peer[], network: Network): Promise<Row[]> {
  const { rounds = quick ? 1 : 5, directed, nativeOnly } = network
  const peers = nativeOnly ? all.slice(0, 1) : all
  const ours: Answer[] = []
  const theirs: Answer[][] = peers.map(() => [])
  const running = peers.map(({ start }) => start && ask(start())) // fresh ones: the peak is this network's
  for (let round = 0; round < rounds; round++) {
    const seed = 123 + round
    const { cpuSeconds, ...rest } = search(network, '--seed', `${seed}`)
    ours.push({ seconds: cpuSeconds, ...rest })
    for (const [i, peer] of running.entries()) if (peer) theirs[i].push(await peer.ask(seed, network))
  }
  for (const peer of running) peer?.process.kill()
  const name = directed ? `${network.name}, directed` : network.name
  const mean = (answers: Answer[]) => answers.reduce((sum, { codelength }) => sum + codelength, 0) / answers.length
  const bits = mean(ours)
  return peers.flatMap(({ name: peerName, start, reason }, i) => {
    const quality = {
      'codelength, bits': bits,
      ...(start && { "peer's": mean(theirs[i]), 'difference, %': 100 * (bits / mean(theirs[i]) - 1) }),
    }
    const row = (unit: string, of: (answer: Answer) => number): Row => {
      const mine = median(ours.map(of))
      const peer = start ? median(theirs[i].map(of)) : null
      const ratio = peer === null ? null : peer / mine
      return { name, ours: mine, peer, peerName, unit, ratio, quality, ...(reason && { reason }) }
    }
    return [row('ms CPU/trial', (a) => 1000 * a.seconds), row('MB peak', (a) => a.peakKilobytes / 1024)]
  })
}

// ---- Two threads, wall time: only as good as the machine lets two processes be.

async function twoThreads(): Promise<Row[]> {
  const small = generated(full ? 10_000 : 3000)
  const rows = [await threadRow('8 trials', small, ['-N', '8'], 5)]
  if (full) rows.push(await threadRow('inside one trial', generated(1_000_000), [], 2))
  return rows
}

async function threadRow(what: string, network: Network, args: string[], rounds: number): Promise<Row> {
  // The shortest of each: what else runs on the machine can only lengthen them.
  const least = { alone: Number.POSITIVE_INFINITY, side: Number.POSITIVE_INFINITY, two: Number.POSITIVE_INFINITY }
  let same = true
  for (let round = 0; round < rounds; round++) {
    const alone = search(network, ...args)
    const side = await Promise.all([0, 1].map(() => run(program('infomap_bench'), [network.path, '-2', ...args])))
    const two = search(network, ...args, '--num-threads', '2')
    least.alone = Math.min(least.alone, alone.wallSeconds)
    least.side = Math.min(least.side, Math.max(...side.map(({ stdout }) => JSON.parse(stdout).wallSeconds)))
    least.two = Math.min(least.two, two.wallSeconds)
    same &&= two.codelength === alone.codelength
  }
  return {
    name: `${network.name}, ${what}, two threads`,
    ours: 1000 * least.two,
    peer: 1000 * least.alone,
    peerName: 'one thread',
    unit: 'ms wall',
    ratio: least.alone / least.two,
    quality: {
      'two processes reach': (2 * least.alone) / least.side,
      'same codelength': same ? 'yes' : 'no',
    },
  }
}

// ---- The call from JavaScript

/** What a call from typed arrays takes beside the search: copying in, the way to the pool and back, the result's arrays. */
async function callOverhead(): Promise<Row> {
  const network = await readNetwork(join(root, 'test', 'fixtures', 'networks', 'lfr1k_mu3.txt.gz'))
  const copy = { sources: network.sources.slice(), targets: network.targets.slice(), nodes: network.nodes }
  const addon = native() as { -readonly [K in keyof Native]: Native[K] }
  const search = addon.infomap
  let inside = 0
  addon.infomap = (...args) => {
    const job = search(...args)
    const told = async (promise: typeof job.promise) => {
      const found = await promise
      inside = found.seconds
      return found
    }
    return { ...job, promise: told(job.promise) }
  }
  const beside: number[] = []
  for (let i = 0; i < 200; i++) {
    const started = performance.now()
    await infomap(copy, { twoLevel: true, trials: 1, threads: 1, seed: i })
    beside.push(performance.now() - started - 1000 * inside)
  }
  addon.infomap = search
  return {
    name: `call from typed arrays, ${network.nodes} nodes, ${copy.targets.length} links, beside the search`,
    // the calmest tenth: waking a thread of a busy machine takes what it takes
    ours: beside.sort((a, b) => a - b)[beside.length / 10],
    peer: null,
    peerName: 'none',
    unit: 'ms a call',
    ratio: null,
    quality: { 'search, ms': 1000 * inside },
    reason: 'no peer takes typed arrays',
  }
}

// ---- Scaling: generated similarity graphs of 10^3 to 10^7 links.

function scaling(): Row[] {
  let last: Ours | undefined
  return [140, 1400, 14_000, 140_000, 1_400_000].map((nodes) => {
    const network = generated(nodes)
    const times = Array.from({ length: nodes < 1e6 ? 3 : 1 }, () => search(network))
    const mine = times[times.findIndex(({ cpuSeconds }) => cpuSeconds === median(times.map((t) => t.cpuSeconds)))]
    const slope = (of: (run: Ours) => number) =>
      last ? Math.log(of(mine) / of(last)) / Math.log(mine.links / last.links) : Number.NaN
    const exponents = last && {
      'time ~ links ^': slope((r) => r.cpuSeconds),
      'memory ~ links ^': slope((r) => r.peakKilobytes),
    }
    last = mine
    return {
      name: `${network.name}, ${mine.links} links`,
      ours: 1000 * mine.cpuSeconds,
      peer: null,
      peerName: 'none',
      unit: 'ms CPU/trial',
      ratio: null,
      quality: {
        'MB peak': mine.peakKilobytes / 1024,
        'bytes a link': (1024 * mine.peakKilobytes) / mine.links,
        ...exponents,
      },
      reason: 'scaling',
    }
  })
}

// ---- Networks: generated ones, and those of the reference data where it is present.

function networks(): Network[] {
  const fixtures = join(root, 'test', 'fixtures', 'networks')
  const reference = join(referenceFolder(), 'networks')
  const small = quick ? [] : ['karate', 'power', 'wiki-Vote:d', 'knn10k_dir:d']
  const large = full ? ['knn100k_und', 'lfr100k_mu4'] : []
  const list = [
    ...['lfr1k_mu3', 'knn1k_dir:d', 'ppdir1k:d'].map((item) => unpacked(fixtures, item)),
    ...[...small, 'ca-GrQc', 'knn10k_und', 'lfr10k_mu4'].map((item) => unpacked(reference, item)),
    ...large.map((item) => unpacked(reference, item, 3)),
    generated(quick ? 3000 : 10_000),
    full ? { ...generated(1_000_000), rounds: 1, nativeOnly: true } : undefined,
  ]
  return list.filter((network) => network !== undefined)
}
