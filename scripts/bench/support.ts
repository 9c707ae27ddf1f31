import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { arch, cpus, homedir, loadavg, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** The repository's root (benchmarks run compiled, from build/test/scripts/bench/). */
export const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** One measurement beside its peer's, made in the same interleaved run. */
export interface Row {
  name: string
  ours: number
  /** null where the peer could not be had; `reason` then says why. */
  peer: number | null
  peerName: string
  unit: string
  /** > 1: ours is better. null without a peer. */
  ratio: number | null
  /** What the speed was bought at, in the same row. */
  quality: Record<string, number | string>
  reason?: string
}

/** `--json`, `--quick` (ends within 45 s), `--full` (takes what it takes). */
export function options(): { json: boolean; quick: boolean; full: boolean } {
  const has = (flag: string) => process.argv.includes(flag)
  return { json: has('--json'), quick: has('--quick'), full: has('--full') }
}

/** Prints the document of the contract on stdout (`--json`), or a table. */
export function report(rows: Row[], versions: Record<string, string>): void {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()}-${arch()}`,
    load: Number(loadavg()[0].toFixed(2)),
  }
  const all = { infomotion: version, node: process.version, ...versions }
  if (options().json) {
    process.stdout.write(`${JSON.stringify({ machine, versions: all, rows })}\n`)
    return
  }
  console.log(
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load}; ${Object.entries(all)
      .map(([k, v]) => `${k} ${v}`)
      .join(', ')}`,
  )
  console.table(
    rows.map(({ name, ours, peer, peerName, unit, ratio, quality, reason }) => ({
      name,
      ours: round(ours),
      peer: peer === null ? (reason ?? 'none') : round(peer),
      peerName,
      unit,
      ratio: ratio === null ? '-' : round(ratio),
      quality: Object.entries(quality)
        .map(([k, v]) => `${k} ${typeof v === 'number' ? round(v) : v}`)
        .join(', '),
    })),
  )
}

const round = (x: number) => Number(x.toPrecision(4))

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** CPU seconds (user and system, all threads) that this process spends in `work`. */
export async function cpuSeconds(work: () => Promise<unknown> | unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/**
 * The same, with the processes that this one started, those that ended and those that stay, to 10 ms. Where there is no
 * /proc (it is Linux's), this process alone.
 */
export async function cpuSecondsOfAll(work: () => Promise<unknown>): Promise<number> {
  const before = secondsOfChildren()
  return (await cpuSeconds(work)) + secondsOfChildren() - before
}

const TICKS = 100 // a second, in all that /proc tells to programs

/** CPU seconds of all processes below this one, by proc(5): fields 14 and 15 its own, 16 and 17 of children that ended. */
function secondsOfChildren(): number {
  if (!existsSync('/proc/self/stat')) return 0
  const stats = new Map<number, number[]>()
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger))
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const [parent, ...rest] = text
        .slice(text.lastIndexOf(')') + 4)
        .split(' ')
        .map(Number)
      stats.set(pid, [parent, ...rest.slice(9, 13)])
    } catch {} // it has ended
  let ticks = 0
  for (const [pid, [, user, system, ofUser, ofSystem]] of stats) {
    let above = pid
    while (above > 1 && above !== process.pid) above = stats.get(above)?.[0] ?? 0
    if (above === process.pid) ticks += ofUser + ofSystem + (pid === process.pid ? 0 : user + system)
  }
  return ticks / TICKS
}

/** Where peers are installed: outside the repository. */
export function cacheFolder(): string {
  const folder = process.env.INFOMOTION_CACHE ?? join(homedir(), '.cache', 'infomotion')
  mkdirSync(folder, { recursive: true })
  return folder
}

/**
 * The python of a cached virtual environment that holds exactly these packages (PyPI), or undefined where they cannot
 * be had. The first call of a set installs it.
 */
export async function pythonPeer(packages: string[]): Promise<string | undefined> {
  const folder = join(cacheFolder(), `python-${packages.join('-').replace(/[^a-z0-9.-]+/gi, '_')}`)
  const python = join(folder, 'bin', 'python')
  const ready = join(folder, 'ready')
  try {
    if (!existsSync(ready)) {
      process.stderr.write(`installing ${packages.join(' ')} into ${folder}\n`)
      await execute('python3', ['-m', 'venv', '--clear', folder])
      await execute(python, ['-m', 'pip', 'install', '--quiet', ...packages], { timeout: 600_000 })
      execFileSync('touch', [ready])
    }
    return python
  } catch (error) {
    process.stderr.write(`no peer: ${(error as Error).message.split('\n')[0]}\n`)
    return undefined
  }
}

/** The folder of a cached npm project that holds these packages, or undefined where they cannot be had. */
export async function npmPeer(packages: string[]): Promise<string | undefined> {
  const folder = join(cacheFolder(), `npm-${packages.join('-').replace(/[^a-z0-9.-]+/gi, '_')}`)
  const ready = join(folder, 'ready')
  try {
    if (!existsSync(ready)) {
      mkdirSync(folder, { recursive: true })
      process.stderr.write(`installing ${packages.join(' ')} into ${folder}\n`)
      await execute('npm', ['install', '--prefix', folder, '--ignore-scripts', '--silent', ...packages], {
        timeout: 600_000,
      })
      execFileSync('touch', [ready])
    }
    return folder
  } catch (error) {
    process.stderr.write(`no peer: ${(error as Error).message.split('\n')[0]}\n`)
    return undefined
  }
}
