import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { extractFeatures } from '#lib/features/extract.js'
import { describeClip } from '#lib/features/index.js'
import { farneback } from '#lib/flow/index.js'
import { knn, similarityGraph } from '#lib/graph/index.js'
import type { DeviceReport } from '#lib/runtime/device.js'
import { readClip } from '#lib/video/index.js'
import { fixture, root, temporary } from './support.js'

// The plugin is loaded once a process, so each case is a process of its own.

/** The plugin with its kernels on the host: native/test/emulated_plugin.cc. */
const emulated = join(root, 'build', 'core', 'libinfomotion_emulated.so')

/** What the module `code` prints as JSON. */
async function run<T>(code: string, INFOMOTION_CUDA?: string, INFOMOTION_EMULATED = ''): Promise<T> {
  const env = { ...process.env, INFOMOTION_CUDA, INFOMOTION_EMULATED }
  if (INFOMOTION_CUDA === undefined) delete env.INFOMOTION_CUDA
  const module = `import { devices } from '#lib/runtime/device.js'; ${code}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', module], {
    cwd: root,
    env,
  })
  return JSON.parse(stdout) as T
}

const status = async (plugin?: string, fault?: string) =>
  (await run<DeviceReport>('console.log(JSON.stringify(await devices()))', plugin, fault)).cuda

t.test(
  'a plugin that is not there, switched off, damaged, of another version, without a driver, or wrong: each with its reason',
  async (t) => {
    const folder = temporary(t)
    const damaged = join(folder, 'damaged.so')
    writeFileSync(damaged, 'no library')
    const cases: [string, RegExp, string?][] = [
      ['0', /^switched off by INFOMOTION_CUDA=0$/],
      ['off', /^switched off/],
      [join(folder, 'absent.so'), /does not load: .*absent\.so: cannot open/],
      [damaged, /does not load: .*damaged\.so/],
      ['libm.so.6', /libm\.so\.6 is no plugin of infomotion/],
      [emulated, /interface version 999, expected \d+: take the plugin of the same version/, 'version'],
      [emulated, /^no NVIDIA driver is installed here$/, 'no-driver'],
      [emulated, /^the device computes another flow than the CPU \(0\.010/, 'wrong'],
    ]
    for (const [plugin, reason, fault] of cases) {
      const cuda = await status(plugin, fault)
      t.equal(cuda.available, false)
      t.match(cuda.reason, reason)
      if (!fault) t.same(cuda.devices, [])
    }
  },
)

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

t.test('without a GPU: cuda is an error with the reason, auto the CPU with the reason', async (t) => {
  const { flow, error, graph, features } = await run<Record<string, Record<string, string>>>(
    `import { farneback } from '#lib/flow/index.js'
     import { knn } from '#lib/graph/index.js'
     import { describeClip } from '#lib/features/index.js'
     const frames = new Uint8Array(2 * 32 * 32)
     const shape = { width: 32, height: 32, fps: 30 }
     const values = new Float32Array(4 * 4).map((_, i) => i % 5)
     const failure = async (promise) => promise.then(() => ({}), ({ name, code, message }) => ({ name, code, message }))
     const { flow: _, ...flow } = await farneback(frames, shape)
     console.log(JSON.stringify({
       flow,
       error: await failure(farneback(frames, shape, { device: 'cuda' })),
       graph: await failure(knn({ rows: 4, dim: 4, values }, 2, { device: 'cuda' })),
       features: await failure(describeClip(frames, shape, { device: 'cuda' })),
     }))`,
    '0',
  )
  const reason = 'switched off by INFOMOTION_CUDA=0'
  t.match(flow, { device: 'cpu', deviceReason: reason })
  for (const thrown of [error, graph, features]) {
    t.match(thrown, { name: 'InfomotionError', code: 'CUDA_UNAVAILABLE' })
    t.match(thrown.message, reason)
  }
})

t.test('a device that is none of the three is refused by name', async (t) => {
  const frames = new Uint8Array(2 * 32 * 32)
  const features = { rows: 2, dim: 2, values: new Float32Array([1, 2, 3, 4]) }
  const wrong = { code: 'INVALID_ARGUMENT', message: /one of auto, cpu, cuda for device but received "gpu"/ }
  const options = { device: 'gpu' as never }
  await t.rejects(farneback(frames, { width: 32, height: 32 }, options), wrong)
  await t.rejects(describeClip(frames, { width: 32, height: 32, fps: 30 }, options), wrong)
  await t.rejects(similarityGraph(features, options), wrong)
  await t.rejects(extractFeatures([], { cache: temporary(t), decode: readClip, ...options }), wrong)
  await t.rejects(knn(features, 1, { search: 'approximate', device: 'cuda' }), {
    code: 'INVALID_ARGUMENT',
    message: /auto or cpu, where an approximate search runs, for device/,
  })
})

t.test("the plugin from Node: flow, cells and neighbours are the CPU's; strides, first guesses, abort", async (t) => {
  const found = await run<Record<string, number | string | string[] | boolean>>(
    `import { farneback } from '#lib/flow/index.js'
     import { knn, similarityGraph } from '#lib/graph/index.js'
     import { describeClip } from '#lib/features/index.js'
     const [width, height, count] = [70, 50, 9]
     const grey = (x, y, t) => 128 + 60 * Math.sin((x - t) / 5) + 50 * Math.cos((y + 0.4 * t) / 6 + x / 30)
     const frames = Uint8Array.from({ length: count * height * width }, (_, i) =>
       grey(i % width, Math.floor(i / width) % height, Math.floor(i / width / height)))
     const wide = new Float32Array(count * height * 80 + 80)
     for (let row = 0; row < count * height; row++) wide.set(frames.subarray(row * width, (row + 1) * width), row * 80)
     const initialFlow = Float32Array.from({ length: (count - 1) * height * width * 2 }, (_, i) => (i % 7) / 7)
     const apart = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Infinity)
     const both = async (call) => { const [a, b] = [await call('cpu'), await call('cuda')]; return { a, b } }
     const flows = await both((device) => farneback(frames, { width, height }, { device }))
     const told = []
     const padded = await farneback(wide, { width, height, frames: count, rowStride: 80, frameStride: 80 * height },
       { device: 'cuda', onProgress: ({ done, total }) => told.push(done + '/' + total) })
     const guided = await both((device) => farneback(frames, { width, height }, { device, initialFlow, iterations: 1, gaussian: true }))
     const features = await both((device) => describeClip(frames, { width, height, fps: 50 }, { device, volume: { side: 12 } }))
     const values = Float32Array.from({ length: 300 * 12 }, (_, i) => Math.sin(i * i))
     const near = await both((device) => knn({ rows: 300, dim: 12, values }, 6, { device, metric: 'euclid' }))
     const graph = await both((device) => similarityGraph({ rows: 300, dim: 12, values }, { device }))
     const controller = new AbortController()
     const aborted = farneback(new Uint8Array(60 * 200 * 200), { width: 200, height: 200 }, { device: 'cuda', signal: controller.signal })
     setTimeout(() => controller.abort(), 50)
     console.log(JSON.stringify({
       devices: [flows.b.device, features.b.device, near.b.device],
       flow: apart(flows.a.flow, flows.b.flow), padded: apart(flows.b.flow, padded.flow), told,
       guided: apart(guided.a.flow, guided.b.flow), change: apart(flows.a.flow, guided.a.flow),
       motion: apart(features.a.motion, features.b.motion) / Math.max(...features.a.motion),
       volume: apart(features.a.volume.values, features.b.volume.values),
       neighbours: apart(near.a.neighbours, near.b.neighbours) + apart(near.a.distances, near.b.distances),
       graph: apart(graph.a.targets, graph.b.targets) + apart(graph.a.weights, graph.b.weights),
       aborted: await aborted.then(() => 'done', ({ code }) => code),
     }))`,
    emulated,
  )
  t.same(found.devices, ['cuda', 'cuda', 'cuda'])
  t.ok((found.flow as number) <= 1e-3, `flow ${found.flow} px apart`)
  t.ok((found.guided as number) <= 1e-3, `flow from a first guess ${found.guided} px apart`)
  t.ok((found.change as number) > 0.01, 'the first guess matters')
  t.equal(found.padded, 0)
  t.same((found.told as string[]).at(-1), '8/8')
  t.ok((found.motion as number) <= 1e-4, `descriptor ${found.motion} apart`)
  t.ok((found.volume as number) <= 1)
  t.same([found.neighbours, found.graph, found.aborted], [0, 0, 'ABORTED'])
})

t.test('a device too small for the frames: cuda is an error, auto goes over to the CPU', async (t) => {
  const { used, failed } = await run<Record<string, Record<string, string>>>(
    `import { farneback } from '#lib/flow/index.js'
     const frames = new Uint8Array(2 * 400 * 400)
     const { flow: _, ...used } = await farneback(frames, { width: 400, height: 400 })
     const failed = await farneback(frames, { width: 400, height: 400 }, { device: 'cuda' }).catch(({ code, message }) => ({ code, message }))
     console.log(JSON.stringify({ used, failed }))`,
    emulated,
    'small',
  )
  t.equal(used.device, 'cpu')
  t.match(used.deviceReason, /bytes of device memory/)
  t.equal(failed.code, 'CUDA_OUT_OF_MEMORY')
})

t.test('what a GPU extracts is cached apart', async (t) => {
  const cache = temporary(t)
  const devices = await run<string[]>(
    `import { readdirSync } from 'node:fs'
     import { extractFeatures } from '#lib/features/extract.js'
     import { readClip } from '#lib/video/index.js'
     const clips = [{ id: 'a', path: ${JSON.stringify(fixture('video', 'trunc.avi'))} }]
     const used = []
     for (const device of ['cpu', 'cuda', 'auto', 'cpu'])
       used.push((await extractFeatures(clips, { cache: ${JSON.stringify(cache)}, decode: readClip, device })).device)
     console.log(JSON.stringify([...used, String(readdirSync(${JSON.stringify(cache)}).length)]))`,
    emulated,
  )
  t.same(devices, ['cpu', 'cuda', 'cuda', 'cpu', '2'])
})

/** Runs the plugin's stand-alone check (native/bench/cuda_bench.cc) in its short form. */
async function check(...args: string[]): Promise<{ status: number; lines: string[] }> {
  const program = join(root, 'build', 'core', 'cuda_bench')
  const env = { ...process.env }
  delete env.INFOMOTION_CUDA
  return new Promise((resolve) => {
    execFile(program, ['--quick', ...args], { env, maxBuffer: 2 ** 26 }, (error, out) => {
      resolve({ status: error ? Number(error.code ?? -1) : 0, lines: out.trim().split('\n') })
    })
  })
}

t.test('the stand-alone check: golden cases, batches, neighbours, a measurement', async (t) => {
  const { status, lines } = await check(emulated)
  t.equal(status, 0)
  t.equal(lines.at(-1), 'all agrees')
  const rows = lines.slice(0, -1).map((line) => JSON.parse(line))
  t.equal(rows.filter(({ name, agrees }) => /^golden .*: (OpenCV|CPU)$/.test(name) && agrees).length, 18)
  t.ok(rows.filter(({ agrees }) => agrees === false).length === 0)
  t.match(rows.at(-1), { name: 'flow 112x112 gaussian', pairs: 7, bytesPerPair: 3064320 })
})

t.test('the stand-alone check on this machine: run on its GPU, or the reason and status 77', async (t) => {
  const { status, lines } = await check()
  t.comment(lines.at(-1))
  if (status === 77) t.match(lines[0], /^not run on a GPU: ./)
  else t.same([status, lines.at(-1)], [0, 'all agrees'])
})

t.test('the built plugin loads without a GPU and says why it cannot be used', async (t) => {
  const { available, reason, runtime, plugin } = await status()
  if (!existsSync(plugin ?? '')) {
    t.match(reason, /no CUDA plugin: .* is not there/)
    return t.comment('not run on a GPU: no CUDA plugin was built (npm run compile:cuda, which needs nvcc)')
  }
  t.match(runtime, /^CUDA \d+\.\d+$/)
  if (available) return t.comment('run on a GPU')
  t.match(reason, /driver|CUDA device|capability/)
  t.comment(`not run on a GPU: ${reason}`)
})
