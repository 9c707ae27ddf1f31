// The map-equation search beside Infomap, native (PyPI) and WebAssembly (npm): CPU time and peak memory of reading the
// same link list, flow and one two-level trial, one thread, in turn; mean codelengths in the same row. Starting
// processes and loading modules is not counted; our side is native/bench/infomap_bench.cc. Then two threads beside one
// (wall time, beside what two processes reach), the digits, and with --full how it scales.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { type SimilarityGraph, similarityGraph } from 'infomotion/graph'
import { infomap, readNetwork } from 'infomotion/infomap'
import { type Native, native } from '#lib/runtime/native.js'
import { cacheFolder, median, npmPeer, options, pythonPeer, type Row, report, root } from './support.js'

interface Network {
  name: string
  path: string
  directed: boolean
  /** Runs, where they are long; 0: without peers. */
  rounds?: number
}

/** Of one run: CPU time and growth of the peak memory. */
interface Answer {
  seconds: number
  codelength: number
  peakKilobytes: number
}

/** What infomap_bench prints. */
interface Ours {
  nodes: number
  links: number
  codelength: number
  cpuSeconds: number
  wallSeconds: number
  peakKilobytes: number
}

interface Peer {
  name: string
  version: string
  reason?: string
  start?: () => ChildProcess
}

const run = promisify(execFile)
const { quick, full } = options()
const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
try {
  const peers = [await nativePeer(), await wasmPeer()]
  build()
  const rows: Row[] = []
  for (const network of networks()) rows.push(...(await compare(peers, network)))
  rows.push(...(await twoThreads()), await callOverhead(), ...(await digits()))
  if (full) rows.push(...scaling())
  report(rows, Object.fromEntries(peers.map(({ name, version }) => [name, version])))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function compare(peers: Peer[], network: Network): Promise<Row[]> {
  const { rounds = quick ? 1 : full ? 10 : 5, directed } = network
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
  const rows = [await threadRow('8 trials', small, ['-N', '8'])]
  if (full) rows.push(await threadRow('inside one trial', generated(1_000_000), []))
  return rows
}

async function threadRow(what: string, network: Network, args: string[]): Promise<Row> {
  const alone = search(network, ...args)
  const side = await Promise.all([0, 1].map(() => run(program('infomap_bench'), [network.path, '-2', ...args])))
  const ceiling = (2 * alone.wallSeconds) / Math.max(...side.map(({ stdout }) => JSON.parse(stdout).wallSeconds))
  const two = search(network, ...args, '--num-threads', '2')
  return {
    name: `${network.name}, ${what}, two threads`,
    ours: 1000 * two.wallSeconds,
    peer: 1000 * alone.wallSeconds,
    peerName: 'one thread',
    unit: 'ms wall',
    ratio: alone.wallSeconds / two.wallSeconds,
    quality: {
      'two processes reach': ceiling,
      'same codelength': two.codelength === alone.codelength ? 'yes' : 'no',
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

// ---- Digits: classes even and odd, whose subclasses are the digits.

async function digits(): Promise<Row[]> {
  const path = join(referenceFolder(), 'embeddings', 'digits.csv.gz')
  if (!existsSync(path)) return []
  const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n')
  const points = rows.map((row) => row.split(',').map(Number))
  const louvain = await npmPeer(['graphology', 'graphology-communities-louvain'])
  const answers: Row[] = []
  for (const parity of [0, 1]) {
    const mine = points.filter((point) => point[64] % 2 === parity)
    const labels = mine.map((point) => point[64])
    const values = Float32Array.from(mine.flatMap((point) => point.slice(0, 64)))
    const graph = await similarityGraph({ rows: mine.length, dim: 64, values })
    const { modules } = await infomap(graph, { twoLevel: true, seed: 123 })
    const ours = agreement([...modules], labels)
    const peer = louvain ? agreement(louvainModules(louvain, graph), labels) : null
    answers.push({
      name: `digits, ${parity ? 'odd' : 'even'}`,
      ours,
      peer,
      peerName: 'Louvain (graphology)',
      unit: 'NMI with the digit',
      ratio: peer === null ? null : ours / peer,
      quality: { modules: new Set(modules).size },
      ...(peer === null && { reason: 'graphology-communities-louvain could not be installed from npm' }),
    })
  }
  return answers
}

function louvainModules(home: string, { offsets, targets, weights }: SimilarityGraph): number[] {
  const require = createRequire(join(home, 'index.js'))
  const { UndirectedGraph } = require('graphology')
  const louvain = require('graphology-communities-louvain')
  const graph = new UndirectedGraph()
  const nodes = offsets.length - 1
  for (let u = 0; u < nodes; u++) graph.addNode(u)
  for (let u = 0; u < nodes; u++)
    for (let l = offsets[u]; l < offsets[u + 1]; l++)
      if (targets[l] > u) graph.addEdge(u, targets[l], { weight: weights[l] })
  const communities = louvain(graph)
  return Array.from({ length: nodes }, (_, u) => communities[u])
}

/** Normalized mutual information: 2 I(A; B) / (H(A) + H(B)). */
function agreement(a: number[], b: number[]): number {
  const entropy = (keys: unknown[]) => {
    const counts = new Map<unknown, number>()
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
    return [...counts.values()].reduce((sum, n) => sum - (n / keys.length) * Math.log(n / keys.length), 0)
  }
  const [one, other, both] = [entropy(a), entropy(b), entropy(a.map((x, i) => `${x} ${b[i]}`))]
  return (2 * (one + other - both)) / (one + other)
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
    full ? { ...generated(1_000_000), rounds: 1 } : undefined,
  ]
  return list.filter((network) => network !== undefined)
}

function referenceFolder(): string {
  return process.env.INFOMOTION_REFERENCE ?? join(root, '..', 'shared', 'reference')
}

/** `name` or `name:d` as a plain text file, or undefined where it is absent. */
function unpacked(from: string, item: string, rounds?: number): Network | undefined {
  const [name, d] = item.split(':')
  const plain = join(from, `${name}.txt`)
  const directed = d !== undefined
  if (existsSync(plain)) return { name, path: plain, directed, rounds }
  if (!existsSync(`${plain}.gz`)) return undefined
  const path = join(folder, `${name}.txt`)
  writeFileSync(path, gunzipSync(readFileSync(`${plain}.gz`)))
  return { name, path, directed, rounds }
}

/** A similarity graph of native/bench/knn_network.cc, kept in the cache. */
function generated(nodes: number): Network {
  const path = join(cacheFolder(), `knn-${nodes}.txt`)
  if (!existsSync(path)) execFileSync(program('knn_network'), [`${nodes}`, '1', path])
  return { name: `generated kNN of ${nodes}`, path, directed: false }
}

// ---- The two sides

function program(name: string): string {
  return join(root, 'build', 'core', name)
}

function build(): void {
  const cmake = (...args: string[]) =>
    execFileSync('cmake', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  cmake('-S', 'native', '-B', 'build/core', '-DCMAKE_BUILD_TYPE=Release')
  cmake('--build', 'build/core', '--target', 'infomap_bench', 'knn_network')
}

function search({ path, directed }: Network, ...args: string[]): Ours {
  const all = [path, '-2', ...args, ...(directed ? ['-d'] : [])]
  return JSON.parse(execFileSync(program('infomap_bench'), all, { encoding: 'utf8' }))
}

/** Asks a process that answers each line "seed d|u path" with a line of JSON. */
function ask(process: ChildProcess) {
  if (!process.stdin || !process.stdout) throw new Error('a peer without pipes')
  const { stdin } = process
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  return {
    process,
    async ask(seed: number, { directed, path }: Network): Promise<Answer> {
      stdin.write(`${seed} ${directed ? 'd' : 'u'} ${path}\n`)
      const { value, done } = await answers.next()
      if (done) throw new Error(`a peer ended without an answer for ${path}`)
      return JSON.parse(value) as Answer
    },
  }
}

function serve(command: string, args: string[]): () => ChildProcess {
  return () => spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function nativePeer(): Promise<Peer> {
  const name = 'Infomap (PyPI)'
  const python = await pythonPeer(['infomap'])
  if (!python) return { name, version: 'absent', reason: 'infomap could not be installed from PyPI' }
  const version = execFileSync(python, ['-c', 'from importlib.metadata import version; print(version("infomap"))'])
  return {
    name,
    version: `${version}`.trim(),
    start: serve(python, [join(root, 'scripts', 'bench', 'infomap_peer.py')]),
  }
}

async function wasmPeer(): Promise<Peer> {
  const name = 'Infomap (npm, WebAssembly)'
  const home = await npmPeer(['@mapequation/infomap'])
  if (!home) return { name, version: 'absent', reason: '@mapequation/infomap could not be installed from npm' }
  const manifest = readFileSync(join(home, 'node_modules', '@mapequation', 'infomap', 'package.json'), 'utf8')
  const script = join(root, 'scripts', 'bench', 'infomap_peer.mjs')
  return { name, version: JSON.parse(manifest).version, start: serve(process.execPath, [script, home]) }
}
