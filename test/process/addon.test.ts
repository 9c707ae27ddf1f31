import { spawn } from 'node:child_process'
import t from 'tap'
import { root } from '../support.js'

// What native jobs mean to the process that started them; how it may end meanwhile is stages.test.ts's.

/** One long job of each kind: seconds of work each, more of them than threads. */
const jobs = `
  import { farneback } from 'infomotion/flow'
  import { knn } from 'infomotion/graph'
  import { infomap } from 'infomotion/infomap'
  const frames = Uint8Array.from({ length: 60 * 320 * 240 }, (_, i) => (i * i) >> 7)
  const values = Float32Array.from({ length: 6000 * 256 }, (_, i) => Math.sin(i * i))
  const links = Uint32Array.from({ length: 400000 }, (_, i) => (i * 2654435761) % 20000)
  const start = () => [
    farneback(frames, { width: 320, height: 240 }),
    farneback(new Uint8Array(new SharedArrayBuffer(60 * 320 * 240)), { width: 320, height: 240 }),
    knn({ rows: 6000, dim: 256, values }, 10),
    infomap({ sources: links.subarray(0, 200000), targets: links.subarray(200000) }, { twoLevel: true, trials: 50 }),
    farneback(frames, { width: 320, height: 240 }),
  ]
`

async function run(
  code: string,
): Promise<{ code: number | null; signal: string | null; out: string; seconds: number }> {
  const started = performance.now()
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root })
  let out = ''
  child.stdout.on('data', (data) => {
    out += data
  })
  child.stderr.on('data', (data) => {
    out += data
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, out, seconds: (performance.now() - started) / 1000 })
    })
  })
}

t.test('pending jobs keep the process alive, and nothing else does', async (t) => {
  const result = await run(`
    import { farneback } from 'infomotion/flow'
    farneback(new Uint8Array(20 * 112 * 112), { width: 112, height: 112 }).then(({ flow }) => console.log(flow.length))`)
  t.same([result.code, result.out], [0, `${19 * 112 * 112 * 2}\n`])
})

t.test('the event loop stays free while jobs run', async (t) => {
  const result = await run(`${jobs}
    import { monitorEventLoopDelay } from 'node:perf_hooks'
    const all = start()
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    await Promise.race(all.slice(0, 1))
    console.log(delay.percentile(50) / 1e6)
    process.exit(0)`)
  t.equal(result.code, 0, result.out)
  t.ok(Number(result.out) < 50, `median delay ${result.out.trim()} ms`)
})
