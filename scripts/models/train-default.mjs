// `npm run train:default-model`: makes models/motion-cnn.onnx from nothing, and its entry in models/zoo.json. Draws the
// training clips (phantoms of wide variety), turns them into volumes, trains, and writes the file. Needs the build
// (npm run compile). The same seeds give the same bytes on one instruction set. About 15 minutes of CPU time.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pMap from 'p-map'
import { readDataSet } from '../../dist/dataset/index.js'
import { volumeOf } from '../../dist/features/volume.js'
import { writePhantom } from '../../dist/phantom/index.js'
import { sha256, toJson } from '../../dist/run/store.js'
import { native } from '../../dist/runtime/native.js'
import { readClip } from '../../dist/video/index.js'
import { encoderOf, FLOW, PHANTOM, SETTINGS, trainMotionCnn } from './motion-cnn.mjs'

const NAME = 'motion-cnn'
const models = fileURLToPath(new URL('../../models/', import.meta.url))
const { values } = parseArgs({ options: { out: { type: 'string', default: models } } })
const seconds = () => ((performance.now() - started) / 1000).toFixed(0)
const started = performance.now()

const folder = await mkdtemp(join(tmpdir(), 'infomotion-model-'))
try {
  await writePhantom(folder, PHANTOM)
  const { clips } = await readDataSet(folder)
  console.error(`${clips.length} clips drawn after ${seconds()} s`)
  const read = async ({ path }) => {
    const { frames, width, height, fps } = await readClip(path)
    return volumeOf(frames, { width, height, fps }, { flow: FLOW })
  }
  const volumes = await pMap(clips, read, { concurrency: native().threads + 1 })
  console.error(`turned into volumes after ${seconds()} s`)

  let said = 0
  const onProgress = ({ done, total }) => {
    if (done === said || (done - said < 100 && done < total)) return
    console.error(`step ${done} of ${total} after ${seconds()} s`)
    said = done
  }
  const efs = clips.map(({ label }) => Number(label))
  const student = await trainMotionCnn(volumes, efs, {}, { onProgress })
  const { file, opset, input, output } = encoderOf(student, NAME)
  const entry = {
    ...{ name: NAME, file: `${NAME}.onnx`, sha256: sha256(file), licence: 'MIT' },
    source: 'scripts/models/train-default.mjs',
    opset,
    trainedOn: `${clips.length} synthetic echo clips of wide variety (seed ${PHANTOM.seed}), on their ejection fractions`,
    ...{ card: `${NAME}.md`, input, output },
  }
  await writeFile(join(values.out, entry.file), file)
  const list = join(values.out, 'zoo.json')
  const zoo = await readFile(list, 'utf8').then(JSON.parse, () => ({ schema: 2, models: [] }))
  const place = zoo.models.findIndex(({ name }) => name === NAME)
  zoo.models.splice(Math.max(place, 0), place < 0 ? 0 : 1, entry)
  await writeFile(list, toJson(zoo))
  const losses = [student.losses.slice(0, 20), student.losses.slice(-20)]
  const [first, last] = losses.map((part) => (part.reduce((a, b) => a + b) / part.length).toFixed(3))
  console.error(
    `${entry.file}: ${file.length} bytes, loss ${first} -> ${last} in ${SETTINGS.steps} steps, ${seconds()} s`,
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}
