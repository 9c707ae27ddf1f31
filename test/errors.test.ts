import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { distill, readDataSet, writeClip, writeDataSet } from 'infomotion'
import t from 'tap'
import { asInfomotionError } from '#lib/runtime/errors.js'
import { needs, root, temporary } from './support.js'

// Errors of whole runs and of the surroundings, which no stage's own tests provoke. test/docs.test.ts watches that each
// code of docs/errors.md is tested somewhere.

/** What a program says on stdout, in a process with little memory (KiB of address space) or other variables. */
async function said(code: string, { memory = 'unlimited', env = {} as NodeJS.ProcessEnv } = {}): Promise<string> {
  const limited = `ulimit -v ${memory} && exec "$0" --input-type=module --eval "$1"`
  const options = { cwd: root, env: { ...process.env, NODE_OPTIONS: '', ...env } }
  return (await promisify(execFile)('sh', ['-c', limited, process.execPath, code], options)).stdout.trim()
}

const code = 'const code = (error) => console.log(error.code, error.message);'

t.test(
  'OUT_OF_MEMORY: the addon says so, and the process lives',
  needs(process.platform === 'linux', 'Linux'),
  async (t) => {
    const out = await said(
      `${code} import { farneback, FlowSequence } from 'infomotion/flow'
    try { new FlowSequence({ width: 32768, height: 32768 }) } catch (error) { code(error) }
    for (const frames of [4, 2])
      await farneback(new Uint8Array(frames * 12000 * 8000), { width: 12000, height: 8000 }).catch(code)
    const { flow } = await farneback(new Uint8Array(2 * 64 * 64), { width: 64, height: 64 })
    console.log(flow.length)`,
      { memory: '4000000' },
    )
    t.match(
      out,
      /^OUT_OF_MEMORY .*frames of this size.*\nOUT_OF_MEMORY .*smaller batches.*\nOUT_OF_MEMORY .*fewer frames at a time.*\n8192$/,
    )
  },
)

t.test('INTERNAL: what nobody foresaw keeps its message', async (t) => {
  const cause = new TypeError('x is not a function')
  t.match(asInfomotionError(cause), { code: 'INTERNAL', message: 'x is not a function', cause })
  t.match(asInfomotionError('a string'), { code: 'INTERNAL', message: 'a string' })
})

t.test('NO_READABLE_CLIP, CLASS_TOO_SMALL', async (t) => {
  const folder = temporary(t)
  for (const name of ['still', 'moving']) await fs.mkdir(join(folder, 'data', name), { recursive: true })
  for (const name of ['still/a.avi', 'still/b.avi', 'moving/a.avi', 'moving/b.avi'])
    await fs.writeFile(join(folder, 'data', name), 'no video')
  const out = join(folder, 'out')
  const run = () => distill(join(folder, 'data'), { out, vpc: 2, until: 'select', strict: true, testFraction: 0.5 })
  await t.rejects(run(), { code: 'NO_READABLE_CLIP', message: /^Not one of 4 clips .*still|moving/ })
  for (const [speed, name] of ['still/a.avi', 'still/b.avi', 'moving/a.avi', 'moving/b.avi'].entries()) {
    const grey = (x: number, y: number, t: number) => 128 + 100 * Math.sin((x - speed * t) / 4) * Math.cos(y / 4)
    const frames = Uint8Array.from({ length: 4 * 1024 }, (_, i) => grey(i & 31, (i >> 5) & 31, i >> 10))
    await writeClip(join(folder, 'data', name), { frames, count: 4, width: 32, height: 32 }, { fps: 25 })
  }
  await t.rejects(run(), { code: 'CLASS_TOO_SMALL', message: /has 1 TRAIN clips for 2 videos per class/ })
})

t.test('DATASET_LINK_FAILED: a file system without symbolic links', async (t) => {
  const folder = temporary(t)
  for (const name of ['a', 'b']) {
    await fs.mkdir(join(folder, 'data', name), { recursive: true })
    for (const clip of ['1.avi', '2.avi']) await fs.writeFile(join(folder, 'data', name, clip), '-')
  }
  const dataSet = await readDataSet(join(folder, 'data'), { testFraction: 0.5, seed: 1 })
  const index = dataSet.clips.findIndex(({ split }) => split === 'train')
  const { symlink } = fs
  t.teardown(() => {
    fs.symlink = symlink
    syncBuiltinESMExports()
  })
  fs.symlink = () => Promise.reject(Object.assign(new Error('operation not permitted'), { code: 'EPERM' }))
  syncBuiltinESMExports()
  await t.rejects(writeDataSet(join(folder, 'out'), dataSet, [{ index, weight: 1 }], { materialize: 'link' }), {
    code: 'DATASET_LINK_FAILED',
    message: /takes no symbolic link \(EPERM\)\. Write the set with materialize "list"/,
  })
})
