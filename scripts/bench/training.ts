// Training beside PyTorch, one thread each, in turn, CPU time: a whole training of the linear student (the same data,
// batches, steps and optimizer; how far apart the results lie), steps of the CNN student (cnn.ts), and the event
// loop meanwhile (event-loop.ts).
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Random } from '#lib/runtime/random.js'
import { trainStudent } from '#lib/train/index.js'
import { linearLearningRate, linearOptimizer } from '#lib/train/linear.js'
import { scheduleTraining } from '#lib/train/plan.js'
import { measureCnn } from './cnn.js'
import { measureEventLoop } from './event-loop.js'
import { cpuSeconds, median, options, pythonPeer, type Row, report, root } from './support.js'

const { quick, full } = options()
const rounds = quick ? 1 : full ? 10 : 3
const TRAININGS = 3 // a round, as in training_peer.py
const TORCH = '2.13.0'
/** A distilled set, a larger one, and the TRAIN split of EchoNet-Dynamic. */
const sizes = [
  { rows: 25, dim: 256, classes: 5 },
  ...(quick ? [] : [{ rows: 200, dim: 512, classes: 5 }]),
  { rows: 7465, dim: 512, classes: 5 },
]

const python = await pythonPeer([`torch==${TORCH}`, 'numpy'])
const folder = mkdtempSync(join(tmpdir(), 'infomotion-bench-'))
const rows: Row[] = []
try {
  for (const size of sizes) rows.push(await measure(size))
  for (const size of quick ? (['small'] as const) : (['small', 'medium'] as const))
    rows.push(await measureCnn(size, { python, folder, rounds, steps: quick ? 4 : 10 }))
  rows.push(await measureEventLoop(rounds, quick ? 8 : 40))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const { version } = JSON.parse(readFileSync(join(root, 'node_modules/onnxruntime-node/package.json'), 'utf8'))
report(rows, { 'onnxruntime-node': version, ...(python ? { torch: TORCH } : {}) })

async function measure({ rows, dim, classes }: (typeof sizes)[number]): Promise<Row> {
  const random = new Random(1, 'training')
  const labels = Uint32Array.from({ length: rows }, (_, row) => row % classes)
  const centres = Float32Array.from({ length: classes * dim }, () => 0.2 * random.gaussian())
  const values = Float32Array.from({ length: rows * dim }, (_, i) => {
    return centres[labels[Math.floor(i / dim)] * dim + (i % dim)] + random.gaussian()
  })
  const weights = Float32Array.from({ length: rows }, () => 0.5 + random.uniform())
  const train = () => trainStudent({ rows, dim, values }, { classes, labels }, weights, { scaling: 'none' })

  const plan = { optimizer: linearOptimizer(), learningRate: linearLearningRate(dim), batch: 256, seed: 0 }
  const { batch, batches, steps, order, rates } = scheduleTraining(weights, plan)
  const oneHot = new Float32Array(rows * classes)
  labels.forEach((label, row) => {
    oneHot[row * classes + label] = 1
  })
  const data = join(folder, `${rows}.bin`)
  const arrays = [values, oneHot, weights, Float32Array.from(rates), order]
  writeFileSync(data, Buffer.concat(arrays.map(({ buffer }) => new Uint8Array(buffer))))
  const { epsilon, weightDecay } = plan.optimizer
  const args = [data, rows, dim, classes, batch, order.length / batch, steps, weightDecay, epsilon].map(String)

  const [ours, theirs]: number[][] = [[], []]
  let student = await train() // untimed: the worker starts
  let answer: { seconds: number[]; loss: number; weight: number[]; bias: number[] } | undefined
  for (let round = 0; round < rounds; round++) {
    for (let training = 0; training < TRAININGS; training++) {
      ours.push(
        await cpuSeconds(async () => {
          student = await train()
        }),
      )
    }
    if (!python) continue
    const script = join(root, 'scripts', 'bench', 'training_peer.py')
    const { stdout } = await promisify(execFile)(python, [script, ...args], { maxBuffer: 2 ** 26 })
    answer = JSON.parse(stdout)
    theirs.push(...answer!.seconds)
  }
  const { weight, bias } = student.parameters
  const milliseconds = 1000 * median(ours)
  return {
    name: `${rows} x ${dim}, ${classes} classes: ${steps} steps of ${batch}`,
    ours: milliseconds,
    peer: answer ? 1000 * median(theirs) : null,
    peerName: 'PyTorch, eager, fused AdamW',
    unit: 'ms CPU time a training',
    ratio: answer ? (1000 * median(theirs)) / milliseconds : null,
    quality: {
      'final loss': lossOf(values, oneHot, weights, weight, bias),
      ...(answer
        ? {
            'final loss, peer': answer.loss,
            'largest difference of a parameter': Math.max(apart(weight, answer.weight), apart(bias, answer.bias)),
          }
        : {}),
      batches,
    },
    ...(answer ? {} : { reason: `torch ${TORCH} could not be installed` }),
  }
}

function apart(a: Float32Array, b: number[]): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}

/** The weighted mean cross-entropy of a linear student over all rows. */
function lossOf(x: Float32Array, oneHot: Float32Array, w: Float32Array, weight: Float32Array, bias: Float32Array) {
  const [classes, rows] = [bias.length, w.length]
  const dim = x.length / rows
  let [sum, total] = [0, 0]
  for (let row = 0; row < rows; row++) {
    const logits = Array.from(bias)
    for (let j = 0; j < dim; j++) {
      for (let c = 0; c < classes; c++) logits[c] += x[row * dim + j] * weight[j * classes + c]
    }
    const most = Math.max(...logits)
    const log = most + Math.log(logits.reduce((s, z) => s + Math.exp(z - most), 0))
    for (let c = 0; c < classes; c++) sum += w[row] * oneHot[row * classes + c] * (log - logits[c])
    total += w[row]
  }
  return sum / total
}
