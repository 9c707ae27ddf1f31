// What an encoder is worth: linear students on its embedding, on that of the same network with random weights, on the
// motion descriptor, and on descriptor and embedding side by side; on all of TRAIN and on a few random clips a class.
// `node scripts/models/evaluate-encoder.mjs DATASET [--encoder NAME] [--classes SCHEME] [--seeds 3] [--draws 10] [--vpc 5]`
// Random weights: normalisation statistics measured on the data set's own clips (no labels), three networks averaged.
// Balanced accuracy on TEST, percent: mean (standard deviation over draws and split seeds). Needs the build.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readDataSet } from '../../dist/dataset/index.js'
import { score } from '../../dist/evaluate/index.js'
import { embedClips } from '../../dist/features/embed.js'
import { createEncoder } from '../../dist/features/encoder.js'
import { extractFeatures } from '../../dist/features/extract.js'
import { descriptorLayout, normaliseBlocks } from '../../dist/features/index.js'
import { takeRows } from '../../dist/runtime/features.js'
import { Random } from '../../dist/runtime/random.js'
import { measureScaling, predict, trainStudent } from '../../dist/train/index.js'
import { readClip } from '../../dist/video/index.js'
import { encoderOf, trainMotionCnn } from './motion-cnn.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    encoder: { type: 'string' },
    classes: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    draws: { type: 'string', default: '10' },
    vpc: { type: 'string', default: '5' },
    cache: { type: 'string' },
  },
})
const [seeds, draws, vpc] = [values.seeds, values.draws, values.vpc].map(Number)
const RANDOM_NETWORKS = 3
const CALIBRATION = { clips: 128, steps: 30 }

/** Rows at length 1, so that neither side outweighs the other. */
function unit({ rows, dim, values }) {
  const out = Float32Array.from(values)
  for (let row = 0; row < rows; row++) {
    const cells = out.subarray(row * dim, (row + 1) * dim)
    const norm = Math.hypot(...cells)
    if (norm > 0) for (let i = 0; i < dim; i++) cells[i] /= norm
  }
  return { rows, dim, values: out }
}

function beside(a, b) {
  const dim = a.dim + b.dim
  const values = new Float32Array(a.rows * dim)
  for (let row = 0; row < a.rows; row++) {
    values.set(a.values.subarray(row * a.dim, (row + 1) * a.dim), row * dim)
    values.set(b.values.subarray(row * b.dim, (row + 1) * b.dim), row * dim + a.dim)
  }
  return { rows: a.rows, dim, values }
}

/** The embeddings of the data set's clips by a model, and clips a second of one worker. */
async function embed(extracted, model, folder) {
  const encoder = await createEncoder({ model, workers: 1 })
  const started = process.cpuUsage()
  const features = await embedClips(extracted, encoder, join(folder, encoder.key), (row) => `of row ${row}`, {})
  const { user, system } = process.cpuUsage(started)
  await encoder.close()
  return { features: unit(features), name: encoder.name, rate: (1e6 * features.rows) / (user + system) }
}

/** The same network before training, as a file; its normalisations know the data set, no weight does. */
async function randomModel(volumes, seed, folder) {
  const untrained = { learningRate: 1e-30, weightDecay: 0, steps: CALIBRATION.steps, seed: 1000 + seed }
  const student = await trainMotionCnn(volumes, new Array(volumes.length).fill(50), untrained)
  const { file, input, output } = encoderOf(student, 'random')
  const path = join(folder, `random-${seed}.onnx`)
  await writeFile(path, file)
  await writeFile(path.replace('.onnx', '.json'), JSON.stringify({ input, output }))
  return path
}

const folder = await mkdtemp(join(tmpdir(), 'infomotion-encoder-'))
try {
  const dataSetOf = (seed) => readDataSet(positionals[0], { classes: values.classes, seed })
  const first = await dataSetOf(1)
  const probe = await createEncoder({ model: values.encoder })
  const { volume } = probe
  await probe.close()
  const cache = values.cache ?? folder
  const extracted = await extractFeatures(first.clips, { cache, decode: readClip, volumes: volume })
  console.error(`${extracted.clips.length} clips read`)

  const { features: trained, name, rate } = await embed(extracted, values.encoder, folder)
  const shown = Math.min(CALIBRATION.clips, extracted.clips.length)
  const volumes = await Promise.all(Array.from({ length: shown }, (_, row) => extracted.volume(row)))
  const random = []
  for (let seed = 0; seed < RANDOM_NETWORKS; seed++)
    random.push((await embed(extracted, await randomModel(volumes, seed, folder), folder)).features)
  const motion = unit(normaliseBlocks(extracted.motion, descriptorLayout()))
  const spaces = [
    ['descriptor', [motion]],
    [name, [trained]],
    ['random weights', random],
    [`descriptor + ${name}`, [beside(motion, trained)]],
    ['descriptor + random weights', random.map((features) => beside(motion, features))],
  ].map(([name, variants]) => ({ name, variants, full: [], few: [] }))

  const classes = first.classes.length
  for (let seed = 1; seed <= seeds; seed++) {
    const { clips } = await dataSetOf(seed)
    const labels = Uint32Array.from(extracted.clips, (clip) => clips[clip].classIndex)
    const rowsOf = (split) =>
      Uint32Array.from(labels.keys()).filter((row) => clips[extracted.clips[row]].split === split)
    const [train, test] = [rowsOf('train'), rowsOf('test')]
    const draw = (number) =>
      Array.from({ length: classes }, (_, c) => {
        const mine = train.filter((row) => labels[row] === c)
        const chosen = new Random(seed, 'evaluate-encoder', number, c).sample(mine.length, Math.min(vpc, mine.length))
        return chosen.map((i) => mine[i])
      }).flat()
    for (const { variants, full, few } of spaces) {
      for (const features of variants) {
        const accuracy = async (rows) => {
          const options = { seed, scaling: measureScaling(takeRows(features, train)), emptyClasses: 'allow' }
          const targets = { classes, labels: Uint32Array.from(rows, (row) => labels[row]) }
          const weights = new Float32Array(rows.length).fill(1)
          const student = await trainStudent(takeRows(features, Uint32Array.from(rows)), targets, weights, options)
          const answers = await predict(student, takeRows(features, test))
          return (
            100 *
            score(
              answers,
              Array.from(test, (row) => labels[row]),
              classes,
            ).balancedAccuracy
          )
        }
        full.push(await accuracy(train))
        few.push(...(await Promise.all(Array.from({ length: draws }, (_, number) => accuracy(draw(number))))))
      }
    }
    console.error(`seed ${seed}: ${train.length} clips in TRAIN, ${test.length} in TEST`)
  }

  const said = (numbers) => {
    const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length
    const deviation = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, numbers.length - 1))
    return `${mean.toFixed(1)} (${deviation.toFixed(1)})`
  }
  console.log(`| features | all of TRAIN | ${vpc} random clips a class |\n|---|---|---|`)
  for (const { name, full, few } of spaces) console.log(`| ${name} | ${said(full)} | ${said(few)} |`)
  console.log(
    `\nchance ${(100 / classes).toFixed(1)}; ${name}: ${rate.toFixed(1)} clips/s of CPU time, volumes read from disk`,
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}
