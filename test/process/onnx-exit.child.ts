// The programs that onnx-exit.test.ts starts: node onnx-exit.child.js SCENARIO MILLISECONDS, counted from the first
// sign of training, or from the start where they are negative.
import { isMainThread, Worker } from 'node:worker_threads'
import { predict, trainCnn, trainStudent } from '#lib/train/index.js'

const [scenario, milliseconds = '0'] = process.argv.slice(2)

/** Two students at once, on two workers; a step of 2000 rows takes long enough to be interrupted inside. */
function train(rows: number, epochs: number, signal?: AbortSignal, onProgress?: () => void) {
  const dim = 500
  const values = Float32Array.from({ length: rows * dim }, (_, i) => (i * 7919) % 1000)
  const labels = Uint32Array.from({ length: rows }, (_, i) => i % 5)
  const weights = new Float32Array(rows).fill(1)
  const options = { batch: rows, epochs }
  const once = () =>
    trainStudent({ rows, dim, values }, { classes: 5, labels }, weights, options, { signal, onProgress })
  return Promise.all([once(), once()])
}

/** A CNN, whose samples are made on the addon's threads while the worker trains on those before. */
function trainNetwork(onProgress: () => void) {
  const [frames, side] = [32, 56]
  const volumes = [0, 1].map((seed) => {
    const values = Uint8Array.from({ length: frames * 3 * side * side }, (_, i) => (i * 7919 + seed) % 256)
    return { values, frames, side }
  })
  const weights = Float32Array.of(1, 1)
  return trainCnn(volumes, { classes: 2, labels: [0, 1] }, weights, { steps: 10_000 }, { onProgress })
}

/** Trains without end, and does something meanwhile. */
async function midTraining(act: () => void, signal?: AbortSignal): Promise<void> {
  const delay = Number(milliseconds)
  let timed = delay < 0
  if (timed) setTimeout(act, -delay)
  const onProgress = () => {
    if (!timed) setTimeout(act, delay)
    timed = true
  }
  await train(2000, 20000, signal, onProgress).catch((error) => console.log(error.code))
}

switch (scenario) {
  case 'finish': {
    const [student] = await train(50, 20)
    const probabilities = await predict(student, { rows: 1, dim: 500, values: new Float32Array(500) })
    console.log(probabilities.length)
    break
  }
  case 'exit':
    await midTraining(() => process.exit(7))
    break
  case 'cnn-exit':
    await trainNetwork(() => setTimeout(() => process.exit(7), Number(milliseconds)))
    break
  case 'throw':
    await midTraining(() => {
      throw new Error('uncaught')
    })
    break
  case 'abort': {
    const abort = new AbortController()
    await midTraining(() => abort.abort(), abort.signal)
    break
  }
  case 'thread': // in a thread of the user's, which ends itself in mid-training
    if (isMainThread) {
      const thread = new Worker(new URL(import.meta.url), { argv: ['thread', milliseconds] })
      thread.on('exit', (code) => console.log(`thread ${code}`))
    } else await midTraining(() => process.exit(3))
    break
}
