// The map-equation search beside Infomap, native (PyPI) and WebAssembly (npm): CPU time of reading the same link list,
// flow and one two-level trial, one thread, in turn; mean codelengths in the same row. Starting Python or Node and
// loading their modules is not counted; our side is native/bench/infomap_bench.cc, its whole process.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { similarityGraph } from 'infomotion/graph'
import { infomap, readNetwork } from 'infomotion/infomap'
import { type Native, native } from '#lib/runtime/native.js'
import { Random } from '#lib/runtime/random.js'
import { median, npmPeer, options, pythonPeer, type Row, report, root } from './support.js'

interface Network {
  name: string
  path: string
  directed: boolean
}

interface Answer {
  seconds: number
  codelength: number
}

const { quick, full } = options()
const rounds = quick ? 1 : full ? 10 : 5
const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
const peers = [await startNative(), await startWasm()]
try {
  const program = buildOurs()
  const rows: Row[] = []
  for (const network of await networks()) rows.push(...(await compare(program, network)))
  rows.push(await callOverhead())
  report(rows, Object.fromEntries(peers.map(({ name, version }) => [name, version])))
} finally {
  for (const { process } of peers) process?.kill()
  rmSync(folder, { recursive: true, force: true })
}

async function compare(program: string, { name, path, directed }: Network): Promise<Row[]> {
  const ours: Answer[] = []
  const theirs: Answer[][] = peers.map(() => [])
  for (let round = 0; round < rounds; round++) {
    const seed = 123 + round
    const args = [path, '-2', '--seed', `${seed}`, ...(directed ? ['-d'] : [])]
    const { cpuSeconds, codelength } = JSON.parse(execFileSync(program, args, { encoding: 'utf8' }))
    ours.push({ seconds: cpuSeconds, codelength })
    for (const [i, { ask }] of peers.entries()) if (ask) theirs[i].push(await ask(seed, directed, path))
  }
  const time = (answers: Answer[]) => 1000 * median(answers.map(({ seconds }) => seconds))
  const bits = (answers: Answer[]) => answers.reduce((sum, { codelength }) => sum + codelength, 0) / answers.length
  return peers.map(({ name: peerName, ask, reason }, i) => ({
    name: directed ? `${name}, directed` : name,
    ours: time(ours),
    peer: ask ? time(theirs[i]) : null,
    peerName,
    unit: 'ms CPU/trial',
    ratio: ask ? time(theirs[i]) / time(ours) : null,
    quality: {
      'codelength, bits': bits(ours),
      ...(ask && { "peer's": bits(theirs[i]), 'difference, %': 100 * (bits(ours) / bits(theirs[i]) - 1) }),
    },
    ...(reason && { reason }),
  }))
}

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

// ---- Networks: generated ones, and those of the reference data where it is present.

async function networks(): Promise<Network[]> {
  const fixtures = join(root, 'test', 'fixtures', 'networks')
  const reference = join(process.env.INFOMOTION_REFERENCE ?? join(root, '..', 'shared', 'reference'), 'networks')
  const small = quick ? [] : ['karate', 'power', 'wiki-Vote:d']
  const large = full ? ['knn100k_und', 'lfr100k_mu4'] : []
  const list = [
    ...['lfr1k_mu3', 'knn1k_dir:d', 'ppdir1k:d'].map((item) => unpacked(fixtures, item)),
    ...[...small, 'ca-GrQc', 'knn10k_und', 'lfr10k_mu4', ...large].map((item) => unpacked(reference, item)),
  ]
  return [...list.filter((network) => network !== undefined), await generatedKnn(quick ? 3000 : 10_000)]
}

/** `name` or `name:d` as a plain text file, or undefined where it is absent. */
function unpacked(from: string, item: string): Network | undefined {
  const [name, d] = item.split(':')
  const plain = join(from, `${name}.txt`)
  if (existsSync(plain)) return { name, path: plain, directed: d !== undefined }
  if (!existsSync(`${plain}.gz`)) return undefined
  const path = join(folder, `${name}.txt`)
  writeFileSync(path, gunzipSync(readFileSync(`${plain}.gz`)))
  return { name, path, directed: d !== undefined }
}

/** The kind of graph the pipeline makes: 10 nearest neighbours by cosine of points around 60 centres. */
async function generatedKnn(rows: number): Promise<Network> {
  const dim = 16
  const random = new Random(1)
  const centres = Array.from({ length: 60 * dim }, () => random.gaussian())
  const values = new Float32Array(rows * dim)
  for (let i = 0; i < rows; i++) {
    const centre = random.below(60)
    for (let d = 0; d < dim; d++) values[i * dim + d] = centres[centre * dim + d] + 0.8 * random.gaussian()
  }
  const { offsets, targets, weights } = await similarityGraph({ rows, dim, values })
  const lines: string[] = []
  for (let i = 0; i < rows; i++)
    for (let l = offsets[i]; l < offsets[i + 1]; l++)
      if (targets[l] > i) lines.push(`${i} ${targets[l]} ${weights[l].toFixed(6)}`)
  const path = join(folder, 'knn.txt')
  writeFileSync(path, `${lines.join('\n')}\n`)
  return { name: `generated kNN of ${rows}`, path, directed: false }
}

// ---- The two sides

function buildOurs(): string {
  const cmake = (...args: string[]) =>
    execFileSync('cmake', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  cmake('-S', 'native', '-B', 'build/core', '-DCMAKE_BUILD_TYPE=Release')
  cmake('--build', 'build/core', '--target', 'infomap_bench')
  return join(root, 'build', 'core', 'infomap_bench')
}

interface Peer {
  name: string
  version: string
  reason?: string
  process?: ChildProcess
  ask?: (seed: number, directed: boolean, path: string) => Promise<Answer>
}

/** A process that answers each line "seed d|u path" with a line of JSON. */
function serve(name: string, version: string, command: string, args: string[]): Peer {
  const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  const ask = async (seed: number, directed: boolean, path: string) => {
    process.stdin.write(`${seed} ${directed ? 'd' : 'u'} ${path}\n`)
    const { value, done } = await answers.next()
    if (done) throw new Error(`${name} ended without an answer for ${path}`)
    return JSON.parse(value) as Answer
  }
  return { name, version, process, ask }
}

async function startNative(): Promise<Peer> {
  const name = 'Infomap (PyPI)'
  const python = await pythonPeer(['infomap'])
  if (!python) return { name, version: 'absent', reason: 'infomap could not be installed from PyPI' }
  const version = execFileSync(python, ['-c', 'from importlib.metadata import version; print(version("infomap"))'])
  return serve(name, `${version}`.trim(), python, [join(root, 'scripts', 'bench', 'infomap_peer.py')])
}

async function startWasm(): Promise<Peer> {
  const name = 'Infomap (npm, WebAssembly)'
  const home = await npmPeer(['@mapequation/infomap'])
  if (!home) return { name, version: 'absent', reason: '@mapequation/infomap could not be installed from npm' }
  const manifest = readFileSync(join(home, 'node_modules', '@mapequation', 'infomap', 'package.json'), 'utf8')
  return serve(name, JSON.parse(manifest).version, process.execPath, [
    join(root, 'scripts', 'bench', 'infomap_peer.mjs'),
    home,
  ])
}
