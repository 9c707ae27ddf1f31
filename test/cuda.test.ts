import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { DeviceReport } from '#lib/runtime/device.js'
import { root, temporary } from './support.js'

// The plugin is loaded once a process, so each case is a process of its own.

/** What the module `code` prints as JSON. */
async function run<T>(code: string, INFOMOTION_CUDA?: string): Promise<T> {
  const env = { ...process.env, INFOMOTION_CUDA }
  if (INFOMOTION_CUDA === undefined) delete env.INFOMOTION_CUDA
  const module = `import { devices } from '#lib/runtime/device.js'; ${code}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', module], {
    cwd: root,
    env,
  })
  return JSON.parse(stdout) as T
}

const status = async (plugin?: string) =>
  (await run<DeviceReport>('console.log(JSON.stringify(await devices()))', plugin)).cuda

t.test('a plugin that is not there, switched off, damaged, or no plugin: each with its reason', async (t) => {
  const folder = temporary(t)
  const damaged = join(folder, 'damaged.so')
  writeFileSync(damaged, 'no library')
  const cases: [string, RegExp][] = [
    ['0', /^switched off by INFOMOTION_CUDA=0$/],
    ['off', /^switched off/],
    [join(folder, 'absent.so'), /does not load: .*absent\.so: cannot open/],
    [damaged, /does not load: .*damaged\.so/],
    ['libm.so.6', /libm\.so\.6 is no plugin of infomotion/],
  ]
  for (const [plugin, reason] of cases) {
    const cuda = await status(plugin)
    t.equal(cuda.available, false)
    t.match(cuda.reason, reason)
    t.same(cuda.devices, [])
  }
})

t.test('devices() asked for many times at once, also from worker threads', async (t) => {
  const reasons = await run<string[]>(
    `import { Worker } from 'node:worker_threads'
     const body = "import { parentPort } from 'node:worker_threads'; import { devices } from '#lib/runtime/device.js'; parentPort.postMessage((await devices()).cuda.reason)"
     const fromWorker = () => new Promise((resolve, reject) => new Worker(body, { eval: true, execArgv: ['--input-type=module'] }).on('message', resolve).on('error', reject))
     const here = Array.from({ length: 8 }, async () => (await devices()).cuda.reason)
     console.log(JSON.stringify(await Promise.all([...here, fromWorker(), fromWorker()])))`,
    '0',
  )
  t.equal(reasons.length, 10)
  for (const reason of reasons) t.equal(reason, 'switched off by INFOMOTION_CUDA=0')
})
