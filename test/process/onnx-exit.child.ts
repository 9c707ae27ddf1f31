// The programs that onnx-exit.test.ts starts: node onnx-exit.child.js SCENARIO MILLISECONDS, counted from the first
// sign of training, or from the start where they are negative.
import { predict, trainStudent } from '#lib/train/index.js'

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
}
