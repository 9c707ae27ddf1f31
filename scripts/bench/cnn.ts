// Training steps of the CNN student beside PyTorch: the same network, parameters, batch and optimizer, one thread each,
// each in a process of its own, in turn; CPU time a step and peak memory.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { encodeModel } from 'infomotion/onnx'
import { Random } from '#lib/runtime/random.js'
import { type CnnSize, cnn } from '#lib/train/r2plus1d.js'
import { median, type Row, root } from './support.js'

const execute = promisify(execFile)

interface Answer {
  /** CPU time of a step. */
  seconds: number
  /** After the last step. */
  loss: number
  /** Peak resident memory of the process, MiB. */
  memory: number
}

export async function measureCnn(
  size: CnnSize,
  { python, folder, rounds, steps }: { python?: string; folder: string; rounds: number; steps: number },
): Promise<Row> {
  const [batch, classes, side] = [8, 5, 56]
  const dims = [3, 16, side, side]
  const network = cnn({ size, channels: dims[0], frames: dims[1], side, classes }, 1)
  const random = new Random(1, 'bench', 'cnn')
  const clips = Float32Array.from({ length: batch * dims.reduce((a, b) => a * b) }, () => random.gaussian())
  const parameters = [...network.initializers].filter(([, { type }]) => type === 'float32')
  const plan = { batch, dims, classes, warm: 2, steps, rate: 0.005, weightDecay: 0.05 }

  const [path, model] = [join(folder, `${size}.bin`), join(folder, `${size}.onnx`)]
  const values = [clips, ...parameters.map(([, { data }]) => data as Float32Array)]
  writeFileSync(path, Buffer.concat(values.map((v) => new Uint8Array(v.buffer, v.byteOffset, v.byteLength))))
  writeFileSync(`${path}.json`, JSON.stringify({ ...plan, names: parameters.map(([name, { dims }]) => [name, dims]) }))
  writeFileSync(model, encodeModel(network))

  const ours: Answer[] = []
  const theirs: Answer[] = []
  const ask = async (command: string, ...args: string[]) => JSON.parse((await execute(command, args)).stdout) as Answer
  for (let round = 0; round < rounds; round++) {
    ours.push(await ask(process.execPath, fileURLToPath(new URL('cnn-step.js', import.meta.url)), path, model))
    if (python) theirs.push(await ask(python, join(root, 'scripts', 'bench', 'cnn_peer.py'), path))
  }
  const of = (answers: Answer[], key: keyof Answer) => median(answers.map((answer) => answer[key]))
  const trained = parameters.filter(([name]) => !/(mean|variance)$/.test(name))
  const count = trained.reduce((sum, [, { data }]) => sum + data.length, 0)
  return {
    name: `CNN ${size} (${(count / 1000).toFixed(0)} k parameters), batch ${batch} x ${dims.join('x')}`,
    ours: 1000 * of(ours, 'seconds'),
    peer: python ? 1000 * of(theirs, 'seconds') : null,
    peerName: 'PyTorch, eager, fused AdamW',
    unit: 'ms CPU time a step',
    ratio: python ? of(theirs, 'seconds') / of(ours, 'seconds') : null,
    quality: {
      'loss after the steps': of(ours, 'loss'),
      'peak memory, MiB': of(ours, 'memory'),
      ...(python ? { 'loss, peer': of(theirs, 'loss'), 'peak memory, peer, MiB': of(theirs, 'memory') } : {}),
    },
    ...(python ? {} : { reason: 'torch could not be installed' }),
  }
}
