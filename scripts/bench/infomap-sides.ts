// The two sides of bench:infomap: the networks, our program (native/bench/infomap_bench.cc) and Infomap's packages, each in
// a process of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { cacheFolder, npmPeer, pythonPeer, root } from './support.js'

export interface Network {
  name: string
  path: string
  directed: boolean
  /** Modules inside modules; else two levels. */
  nested?: boolean
  /** Runs, where they are long. */
  rounds?: number
  /** WebAssembly would take more than ten minutes. */
  nativeOnly?: boolean
}

/** Of one run: CPU time and growth of the peak memory. */
export interface Answer {
  seconds: number
  codelength: number
  peakKilobytes: number
}

/** What infomap_bench prints. */
export interface Ours {
  nodes: number
  links: number
  codelength: number
  cpuSeconds: number
  wallSeconds: number
  peakKilobytes: number
}

export interface Peer {
  name: string
  version: string
  reason?: string
  start?: () => ChildProcess
}

// ---- Networks: generated ones, and those of the reference data where it is present.

const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

export function referenceFolder(): string {
  return process.env.INFOMOTION_REFERENCE ?? join(root, '..', 'shared', 'reference')
}

/** `name` or `name:d` as a plain text file, or undefined where it is absent. */
export function unpacked(from: string, item: string, rounds?: number): Network | undefined {
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
export function generated(nodes: number): Network {
  const path = join(cacheFolder(), `knn-${nodes}.txt`)
  if (!existsSync(path)) execFileSync(program('knn_network'), [`${nodes}`, '1', path])
  return { name: `generated kNN of ${nodes}`, path, directed: false }
}

// ---- Programs

export function program(name: string): string {
  return join(root, 'build', 'core', name)
}

export function build(): void {
  const cmake = (...args: string[]) =>
    execFileSync('cmake', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  cmake('-S', 'native', '-B', 'build/core', '-DCMAKE_BUILD_TYPE=Release')
  cmake('--build', 'build/core', '--target', 'infomap_bench', 'knn_network')
}

export function search({ path, directed, nested }: Network, ...args: string[]): Ours {
  const all = [path, ...args, ...(nested ? [] : ['-2']), ...(directed ? ['-d'] : [])]
  return JSON.parse(execFileSync(program('infomap_bench'), all, { encoding: 'utf8' }))
}

/** Asks a process that answers each line "seed d|u[n] path" with a line of JSON. */
export function ask(process: ChildProcess) {
  if (!process.stdin || !process.stdout) throw new Error('a peer without pipes')
  const { stdin } = process
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  return {
    process,
    async ask(seed: number, { directed, nested, path }: Network): Promise<Answer> {
      stdin.write(`${seed} ${directed ? 'd' : 'u'}${nested ? 'n' : ''} ${path}\n`)
      const { value, done } = await answers.next()
      if (done) throw new Error(`a peer ended without an answer for ${path}`)
      return JSON.parse(value) as Answer
    },
  }
}

function serve(command: string, args: string[]): () => ChildProcess {
  return () => spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
}

export async function nativePeer(): Promise<Peer> {
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

export async function wasmPeer(): Promise<Peer> {
  const name = 'Infomap (npm, WebAssembly)'
  const home = await npmPeer(['@mapequation/infomap'])
  if (!home) return { name, version: 'absent', reason: '@mapequation/infomap could not be installed from npm' }
  const manifest = readFileSync(join(home, 'node_modules', '@mapequation', 'infomap', 'package.json'), 'utf8')
  const script = join(root, 'scripts', 'bench', 'infomap-peer.mjs')
  return { name, version: JSON.parse(manifest).version, start: serve(process.execPath, [script, home]) }
}
