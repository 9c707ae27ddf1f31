import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { distill, writePhantom } from 'infomotion'
import t from 'tap'
import { Random } from '#lib/runtime/random.js'
import { temporary } from '../support.js'

// A process, or a worker thread of the user's, may end at any moment and in any way while a stage is at work: no death by
// a signal (an addon that calls back into a dead environment aborts the process), no hang, no process left over.

t.setTimeout(900_000)

const STAGES =
  'phantom decode ffmpeg flow features graph approximate infomap select train cnn encode synthesize evaluate report'.split(
    ' ',
  )

/** How each end looks from outside: exit status, and what is printed. */
const ENDS: Record<string, { code: number; out: RegExp; err: RegExp }> = {
  exit: { code: 7, out: /^$/, err: /^$/ },
  throw: { code: 1, out: /^$/, err: /Error: planned/ },
  abort: { code: 0, out: /^ABORTED\n$/, err: /^$/ },
  'thread-exit': { code: 0, out: /^thread 3\n$/, err: /^$/ },
  'thread-throw': { code: 0, out: /^planned\nthread 1\n$/, err: /^$/ },
  'thread-terminate': { code: 0, out: /^thread 1\n$/, err: /^$/ },
}

/** Longer than any end takes, on a busy machine too. */
const PATIENCE_MS = 90_000
const child = fileURLToPath(new URL('./stages.child.js', import.meta.url))
const MARK = `stages of ${process.pid}`
const random = new Random(20261126, 'stages')

function run(...args: string[]): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const process_ = spawn(process.execPath, [child, ...args], {
      env: { ...process.env, STAGES_TEST: MARK },
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    })
    const said = { out: '', err: '' }
    process_.stdout.on('data', (data) => {
      said.out += data
    })
    process_.stderr.on('data', (data) => {
      said.err += data
    })
    process_.on('close', (code, signal) => resolve({ code, signal, ...said }))
  })
}

/** Numbers of the processes of this machine that were started with our mark (Linux). */
function marked(): string[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(MARK)
    } catch {
      return false // ended meanwhile
    }
  })
}

t.test('the end, in the middle of every stage', async (t) => {
  const folder = temporary(t)
  const data = join(folder, 'phantom')
  await writePhantom(data, { train: 20, test: 10, seed: 4 })
  await distill(data, {
    out: join(folder, 'out'),
    cache: join(folder, 'cache'),
    vpc: 2,
    randomDraws: 3,
    until: 'select',
  })
  for (const stage of STAGES) {
    await t.test(stage, async (t) => {
      for (const [end, { code, out, err }] of Object.entries(ENDS)) {
        const delay = random.below(60)
        const ended = await run(stage, end, String(delay), data)
        t.same(
          { code: ended.code, signal: ended.signal },
          { code, signal: null },
          `${end} after ${delay} ms: ${ended.err}`,
        )
        t.match(ended.out, out)
        t.match(ended.err, err)
        t.notMatch(ended.err, 'terminate called')
      }
    })
  }
  // what they started (ffmpeg, ONNX Runtime's process) ends with them
  for (let wait = 0; marked().length > 0 && wait < 100; wait++) await new Promise((resolve) => setTimeout(resolve, 100))
  t.same(marked(), [], 'no process is left over')
})
