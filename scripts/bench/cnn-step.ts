// Some training steps of the CNN student on one batch, as a program of its own, so that its memory can be measured:
// FILE (cnn.ts wrote it) -> {seconds, loss, memory} as JSON. Its peer is cnn_peer.py.
import { readFileSync } from 'node:fs'
import { decodeModel, encodeModel, schedule, trainingStep } from 'infomotion/onnx'
import { withSession } from '#lib/runtime/onnx.js'
import { cpuSeconds } from './support.js'

const [path, model] = process.argv.slice(2)
const { batch, dims, classes, warm, steps, rate, weightDecay } = JSON.parse(readFileSync(`${path}.json`, 'utf8'))
const data = readFileSync(path)
const clips = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
const step = trainingStep(decodeModel(readFileSync(model)), {
  optimizer: { kind: 'adamw', weightDecay },
  lengths: { N: batch },
})
const targets = new Float32Array(batch * classes)
for (let i = 0; i < batch; i++) targets[i * classes + (i % classes)] = 1
const state = step.state.map(({ input, output, initial }) => ({
  ...{ input, output, dims: initial.dims },
  data: initial.data as Float32Array,
}))

await withSession(encodeModel(step.model), state, async (session) => {
  const scalars = schedule(step.optimizer, new Float64Array(warm + steps).fill(rate))
  const train = (first: number, count: number) =>
    session.train({
      samples: {
        clips: { values: clips.slice(), dims },
        targets: { values: targets.slice(), dims: [classes] },
        weights: { values: new Float32Array(batch).fill(1), dims: [] },
      },
      order: Int32Array.from({ length: batch }, (_, i) => i),
      batch,
      steps: count,
      scalars: Object.fromEntries(Object.entries(scalars).map(([k, v]) => [k, v.slice(first, first + count)])),
      loss: step.loss,
    })
  await train(0, warm)
  let losses = new Float32Array()
  const seconds = await cpuSeconds(async () => {
    losses = (await train(warm, steps)) as Float32Array<ArrayBuffer>
  })
  const memory = process.resourceUsage().maxRSS / 1024
  console.log(JSON.stringify({ seconds: seconds / steps, loss: losses[steps - 1], memory }))
})
