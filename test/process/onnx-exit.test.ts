import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { root, temporary } from '../support.js'

t.setTimeout(120_000)

const child = fileURLToPath(new URL('./onnx-exit.child.js', import.meta.url))

interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** Runs a Node program to its end; one that hangs is killed, which shows as a signal. */
function node(...args: string[]): Promise<Ended> {
  return nodeIn(process.env, ...args)
}
function nodeIn(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, args, { timeout: 60_000, killSignal: 'SIGKILL', env })
    const ended = { stdout: '', stderr: '' }
    process_.stdout.on('data', (data) => {
      ended.stdout += data
    })
    process_.stderr.on('data', (data) => {
      ended.stderr += data
    })
    process_.on('error', reject)
    process_.on('close', (code, signal) => resolve({ code, signal, ...ended }))
  })
}

t.test('a process that has trained ends by itself, its workers idle', async (t) => {
  const { code, signal, stdout } = await node(child, 'finish')
  t.same({ code, signal, stdout }, { code: 0, signal: null, stdout: '5\n' })
})

t.test('ONNX Runtime reports nothing to its makers', async (t) => {
  // What it would send, and the id it sends it under, lie in the user's cache first.
  const home = temporary(t)
  const { code } = await nodeIn({ PATH: process.env.PATH, HOME: home, TMPDIR: home }, child, 'finish')
  t.equal(code, 0)
  t.same(readdirSync(home), [])
  const library = join(root, `node_modules/onnxruntime-node/bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`)
  t.ok(readFileSync(library).includes('ORT_DISABLE_TELEMETRY'), 'the variable that this version reads')
})

// Negative: milliseconds from the start, while workers start and ONNX Runtime loads; others: from mid-training.
for (const delay of [-1, -60, -120, -250, 0, 7, 33]) {
  t.test(`process.exit() ${delay < 0 ? 'at' : 'in training, after'} ${Math.abs(delay)} ms`, async (t) => {
    const { code, signal, stderr } = await node(child, 'exit', String(delay))
    t.same({ code, signal, stderr }, { code: 7, signal: null, stderr: '' })
  })
}

t.test('without ONNX Runtime: an error that says how to get it, before any work', async (t) => {
  const elsewhere = temporary(t)
  cpSync(join(root, 'dist'), join(elsewhere, 'dist'), { recursive: true })
  for (const name of ['package.json', 'build', 'models']) symlinkSync(join(root, name), join(elsewhere, name))
  mkdirSync(join(elsewhere, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== 'onnxruntime-node')
      symlinkSync(join(root, 'node_modules', name), join(elsewhere, 'node_modules', name))
  const run = async (...args: string[]) => {
    const { stdout } = await node(join(elsewhere, 'dist', 'cli.js'), ...args, '--json')
    return JSON.parse(stdout)
  }
  const out = join(elsewhere, 'out')
  const distil = ['distill', join(elsewhere, 'none'), '--out', out, '--vpc', '1']
  for (const args of [
    distil,
    [...distil, '--until', 'train'],
    [...distil, '--until', 'features', '--encoder', 'motion-cnn'],
    ['compare', join(elsewhere, 'none'), '--out', out],
  ]) {
    const { code, message } = (await run(...args)).error
    t.equal(code, 'ONNXRUNTIME_MISSING')
    t.match(message, / ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node$/)
    t.notOk(existsSync(out))
  }
  const plain = ['--until', 'synthesize', '--synthesize', 'none']
  t.equal((await run(...distil, ...plain)).error.code, 'ONNXRUNTIME_MISSING', 'a teacher is to be tried')
  t.equal(
    (await run(...distil, ...plain, '--descriptor', 'relative', '--teacher', '0')).error.code,
    'DATASET_NOT_FOUND',
  ) // it goes on without
  const { healthy, findings } = await run('doctor')
  t.equal(healthy, false, 'the default command needs it')
  t.match(
    findings.find(({ name }: { name: string }) => name === 'onnxruntime-node'),
    { status: 'broken', cure: 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node' },
  )
})
