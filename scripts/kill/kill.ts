import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Random } from '#lib/runtime/random.js'

/** A command that writes into a folder, and how it goes when it is left alone. */
export interface Undisturbed {
  /** Arguments of the command line, but for `--out` and `--cache`. */
  args: string[]
  /** The cache it starts from; undefined: an empty one. */
  from?: string
  /** What it wrote: see {@link written}. */
  files: Record<string, string>
  /** CPU seconds of the process from its start to its end. */
  cpu: number
  /** Seconds from the first sign of the distilled set to the end. */
  writing: number
}

/**
 * When a process is killed: after so many seconds of CPU time (a busy machine shifts no moment), or so many seconds after
 * it began to write its result.
 */
export type Moment = { cpu: number } | { writing: number }

export interface Killed {
  moment: Moment
  /** What was there: the stage whose products are the last. */
  left: string
  /** What is wrong after the kill, or after the same command went on to its end; empty if nothing. */
  faults: string[]
}

/** The results of `distill` and `compare`, by the name that says a result is whole. */
const MARKS = ['manifest.json', 'report.json', 'comparison.json', 'FileList.csv', 'student.onnx']

/** Runs the command to its end, in `folder`/out and `folder`/cache. */
export async function undisturbed(cli: string, args: string[], folder: string, from?: string): Promise<Undisturbed> {
  const { out, argsThere } = begin(folder, args, from)
  const run = start(cli, argsThere)
  let began = 0
  let cpu = 0
  const stop = onResult(out, () => {
    began ||= performance.now()
  })
  const timer = setInterval(() => {
    const now = cpuSeconds(run.process.pid!)
    if (now < Infinity) cpu = now
  }, 5)
  const code = await run.end
  clearInterval(timer)
  stop()
  if (code !== 0) throw new Error(`the undisturbed run ended with ${code}: ${run.said()}`)
  return { args, from, files: written(out), cpu, writing: (performance.now() - began) / 1000 }
}

/** The moment of trial i, drawn evenly over the whole run, or over the time in which the result is written. */
export function momentOf(seed: number, i: number, whole: Undisturbed, where: 'anywhere' | 'writing'): Moment {
  const share = new Random(seed, 'kill', i).uniform()
  return where === 'anywhere' ? { cpu: share * whole.cpu } : { writing: share * whole.writing }
}

/**
 * Kills the command at a moment, with all its threads and children, looks at what it left, and lets the same command go
 * on to its end.
 */
export async function killAndResume(cli: string, whole: Undisturbed, moment: Moment, folder: string): Promise<Killed> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { out, argsThere } = begin(folder, whole.args, whole.from)
    if (!(await killed(cli, argsThere, out, moment))) {
      moment = 'cpu' in moment ? { cpu: moment.cpu * 0.9 } : { writing: moment.writing * 0.7 } // it was faster this time
      continue
    }
    const left = MARKS.filter((name) => existsSync(join(out, name))).join(' ') || 'no result'
    const faults = halfWritten(out, whole)
    const again = start(cli, argsThere)
    const code = await again.end
    if (code !== 0) faults.push(`the resumed run ended with ${code}: ${again.said()}`)
    else faults.push(...differences(written(out), whole.files))
    return { moment, left, faults }
  }
  throw new Error(
    `The run had ended before it could be killed, ${ATTEMPTS} times; at last at ${JSON.stringify(moment)}.`,
  )
}

const ATTEMPTS = 6

function begin(folder: string, args: string[], from?: string): { out: string; argsThere: string[] } {
  rmSync(folder, { recursive: true, force: true })
  const [out, cache] = [join(folder, 'out'), join(folder, 'cache')]
  if (from) cpSync(from, cache, { recursive: true })
  return { out, argsThere: [...args, '--out', out, '--cache', cache] }
}

/** Starts the command and kills it at its moment; false if it ended before. */
async function killed(cli: string, args: string[], out: string, moment: Moment): Promise<boolean> {
  const run = start(cli, args)
  const pid = run.process.pid!
  let ended = false
  run.end.then(() => {
    ended = true
  })
  if ('cpu' in moment) {
    while (!ended && cpuSeconds(pid) < moment.cpu) await setTimeout(1)
    await setTimeout((moment.cpu * 1000) % 10) // CPU time is told in hundredths of a second
  } else {
    const began = new Promise<void>((resolve) => {
      const stop = onResult(out, () => {
        stop()
        resolve()
      })
    })
    await Promise.race([began, run.end])
    await setTimeout(moment.writing * 1000)
  }
  if (ended) return false
  process.kill(-pid, 'SIGKILL')
  await run.end
  return run.process.signalCode === 'SIGKILL'
}

function start(
  cli: string,
  args: string[],
): { process: ChildProcess; end: Promise<number | null>; said: () => string } {
  // a group of its own, so that its children die with it
  const process_ = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let said = ''
  process_.stderr!.on('data', (data) => {
    said += data
  })
  const end = new Promise<number | null>((resolve) => process_.on('close', resolve))
  return { process: process_, end, said: () => said.slice(-1000) }
}

/** Calls back once the folder has something of a distilled set. */
function onResult(out: string, act: () => void): () => void {
  const timer = setInterval(() => {
    if (existsSync(out) && readdirSync(out).some((name) => name.startsWith('.partial-'))) act()
  }, 1)
  return () => clearInterval(timer)
}

/** User and system time of a process so far (proc(5)), in seconds; of one that is gone, infinity. */
function cpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Infinity
  }
}

/** Whole results that are none: each file that says it is one, and does not look as it should. */
function halfWritten(out: string, { files }: Undisturbed): string[] {
  if (!existsSync(out)) return []
  const now = written(out)
  const faults = Object.keys(now)
    .filter((name) => MARKS.includes(name) && now[name] !== files[name])
    .map((name) => `after the kill ${name} is not what it should be`)
  const clips = Object.keys(files).filter((name) => name.startsWith('Videos/'))
  const set = 'FileList.csv' in now || 'manifest.json' in now
  if (set && clips.some((name) => now[name] !== files[name]))
    faults.push('after the kill a set says it is whole, and is not')
  if ('report.json' in now && now['report.html'] !== files['report.html']) faults.push('report.json has no page')
  if ('manifest.json' in now && !('FileList.csv' in now)) faults.push('manifest.json without a table')
  return faults
}

/** Names of the files in which two folders differ, in sentences. */
export function differences(now: Record<string, string>, then: Record<string, string>): string[] {
  const names = [...new Set([...Object.keys(now), ...Object.keys(then)])].sort()
  return names.filter((name) => now[name] !== then[name]).map((name) => `${name} differs from the undisturbed run's`)
}

/** Every file of a folder by its digest, links by where they lead; times, which reports tell, count as equal. */
export function written(out: string): Record<string, string> {
  const names = (readdirSync(out, { recursive: true }) as string[]).sort()
  const digests: Record<string, string> = {}
  for (const name of names) {
    const path = join(out, name)
    const facts = lstatSync(path)
    if (facts.isSymbolicLink()) digests[name] = `-> ${readlinkSync(path)}`
    else if (facts.isFile())
      digests[name] = createHash('sha256')
        .update(timeless(name, readFileSync(path)))
        .digest('hex')
  }
  return digests
}

function timeless(name: string, content: Buffer): Buffer | string {
  if (/^(report|comparison)\.json$/.test(name))
    return JSON.stringify({ ...JSON.parse(`${content}`), timings: 0, seconds: 0 })
  if (/^(report|comparison)\.html$/.test(name))
    return `${content}`.replace(/Time by stage, in seconds[\s\S]*?<\/table>/, '')
  return content
}
