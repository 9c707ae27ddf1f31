// How far Farneback flow is from the truth on echo, and which parameters come nearest: phantoms' tissue moves by a
// displacement that is known in every pixel. `npm run truth:flow` prints the tables of docs/flow.md (Markdown); needs the
// build. `--grid` lists every set tried. About a minute of CPU time; the same numbers on one instruction set.
// The frames are those that the pipeline sees: through JPEG of quality 90, as `infomotion phantom` writes them.
import { parseArgs } from 'node:util'
import pMap from 'p-map'
import { resolveFlow } from '../../dist/features/volume.js'
import { FARNEBACK_DEFAULTS, farneback } from '../../dist/flow/index.js'
import { drawPatient, SIZE } from '../../dist/phantom/patient.js'
import { scanOf, trueFlow } from '../../dist/phantom/render.js'
import { decodeJpeg, encodeJpegs } from '../../dist/video/jpeg.js'

const { values } = parseArgs({ options: { grid: { type: 'boolean', default: false } } })
const PIXELS = SIZE * SIZE
/** None that anything is trained or evaluated on; one for the choice, one for the tables. */
const SEEDS = { choice: 2001, tables: 2002 }
const [PATIENTS, PAIRS] = [12, 6]

/** Lower bounds of the true speeds that errors are told apart by, px/frame. */
const SPEEDS = [0, 0.25, 0.5, 1, 2]
const UNKNOWN = 255

/** Pairs of consecutive frames, spread over each patient's clip, and their true flow. */
async function pairsOf(seed, { variety = 'usual', fps, noise } = {}) {
  const patients = Array.from({ length: PATIENTS }, async (_, index) => {
    const patient = drawPatient(seed, 'TRUTH', index, variety)
    if (fps) patient.scan = { ...patient.scan, fps, frames: 2 * fps }
    if (noise !== undefined) patient.image.noise = noise
    const scan = scanOf(patient, seed, 'TRUTH', index)
    const pairs = Array.from({ length: PAIRS }, async (_, k) => {
      const first = Math.floor(((k + 0.5) * (scan.phases.length - 1)) / PAIRS)
      const frames = new Uint8Array(2 * PIXELS)
      for (const i of [0, 1]) {
        const frame = frames.subarray(i * PIXELS, (i + 1) * PIXELS)
        scan.draw(first + i, frame)
        frame.set(await throughJpeg(frame))
      }
      const truth = trueFlow(scan, first, first + 1)
      return { frames, truth, speed: speedsOf(truth) }
    })
    return Promise.all(pairs)
  })
  return (await Promise.all(patients)).flat()
}

/** Which of {@link SPEEDS} each pixel has. */
function speedsOf(truth) {
  return Uint8Array.from({ length: PIXELS }, (_, pixel) => {
    const speed = Math.hypot(truth[2 * pixel], truth[2 * pixel + 1])
    return speed > 1e9 ? UNKNOWN : SPEEDS.findLastIndex((least) => speed >= least)
  })
}

async function throughJpeg(frame) {
  const [jpeg] = await encodeJpegs({ pixels: frame, width: SIZE, height: SIZE, channels: 1, quality: 90 })
  return (await decodeJpeg(jpeg)).pixels
}

/**
 * Mean endpoint error in px: of the pixels of each speed, of all, and `balanced`, the mean over the speeds, so that the
 * many pixels that hardly move do not decide alone. And CPU milliseconds a pair.
 */
async function errorOf(pairs, options) {
  const [sums, counts] = [SPEEDS, SPEEDS].map(({ length }) => new Float64Array(length))
  const before = process.cpuUsage()
  const flows = await pMap(
    pairs,
    async ({ frames }) => (await farneback(frames, { width: SIZE, height: SIZE }, options)).flow,
    { concurrency: 4 },
  )
  const { user, system } = process.cpuUsage(before)
  const milliseconds = (user + system) / 1000 / pairs.length
  for (const [pair, { truth, speed }] of pairs.entries()) {
    const flow = flows[pair]
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      if (speed[pixel] === UNKNOWN) continue
      sums[speed[pixel]] += Math.hypot(flow[2 * pixel] - truth[2 * pixel], flow[2 * pixel + 1] - truth[2 * pixel + 1])
      counts[speed[pixel]]++
    }
  }
  const total = (numbers) => numbers.reduce((a, b) => a + b, 0)
  // A speed that less than one pixel in a thousand has says nothing.
  const speeds = [...sums].map((sum, bin) => (counts[bin] > total(counts) / 1000 ? sum / counts[bin] : Number.NaN))
  const known = speeds.filter((error) => !Number.isNaN(error))
  const balanced = total(known) / known.length
  return { all: total(sums) / total(counts), balanced, speeds, milliseconds }
}

const said = (px) => (Number.isNaN(px) ? '-' : px.toFixed(3))
const nameOf = ({ gaussian, winsize, polyN, polySigma, iterations, levels }) =>
  `${gaussian ? 'Gaussian' : 'box'} ${winsize}, polyN ${polyN}, polySigma ${polySigma}, ${iterations} iterations, ${levels} levels`

/** A Markdown table. */
function print(title, head, rows) {
  console.log(`\n${title}\n\n| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`)
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
}

const grid = []
const windows = [
  ...[11, 15, 19, 23, 27, 33].map((winsize) => ({ gaussian: false, winsize })),
  ...[21, 31, 41, 51].map((winsize) => ({ gaussian: true, winsize })),
]
for (const [polyN, polySigma] of [
  [3, 0.8],
  [5, 1.1],
  [5, 1.2],
])
  for (const window of windows)
    for (const iterations of [1, 2, 3])
      for (const levels of [0, 1])
        grid.push({ ...FARNEBACK_DEFAULTS, ...window, border: 'symmetric', polyN, polySigma, iterations, levels })

const scans = {
  usual: await pairsOf(SEEDS.choice),
  wide: await pairsOf(SEEDS.choice, { variety: 'wide' }),
  '15 fps': await pairsOf(SEEDS.choice, { fps: 15 }),
}
const tried = []
for (const options of grid) {
  const errors = []
  for (const pairs of Object.values(scans)) errors.push(await errorOf(pairs, options))
  const mean = (pick) => errors.reduce((sum, error) => sum + pick(error), 0) / errors.length
  tried.push({
    options,
    errors,
    score: mean(({ balanced }) => balanced),
    milliseconds: mean(({ milliseconds }) => milliseconds),
  })
}
tried.sort((a, b) => a.score - b.score)
const row = ({ options, errors, score, milliseconds }) => [
  nameOf(options),
  score.toFixed(3),
  ...errors.map(({ balanced }) => balanced.toFixed(3)),
  milliseconds.toFixed(2),
]
// Among equals the fewest iterations (cost), then the smallest box: phantoms move smoothly, hearts may less so.
const near = tried.filter(({ score }) => score <= 1.05 * tried[0].score)
const effort = ({ options: { gaussian, iterations, winsize } }) => (gaussian ? 1e6 : 0) + 1e3 * iterations + winsize
near.sort((a, b) => effort(a) - effort(b))
const same = (a, b) => ['gaussian', 'winsize', 'polyN', 'polySigma', 'iterations'].every((key) => a[key] === b[key])
const opencv = tried.find(({ options }) => same(options, FARNEBACK_DEFAULTS) && options.levels === 1)
print(
  `Balanced endpoint error, px, of ${tried.length} sets: the best ten, the choice within 5 % of the best, OpenCV's defaults`,
  ['parameters', 'mean', ...Object.keys(scans), 'CPU ms a pair'],
  [...(values.grid ? tried : tried.slice(0, 10)), near[0], opencv].map(row),
)

const sets = { "OpenCV's defaults": { ...FARNEBACK_DEFAULTS, border: 'symmetric' }, "the pipeline's": resolveFlow() }
async function compare(title, first, conditions) {
  const rows = []
  for (const [name, condition] of conditions) {
    const pairs = await pairsOf(SEEDS.tables, condition)
    for (const [set, options] of Object.entries(sets)) {
      const { all, balanced, speeds } = await errorOf(pairs, options)
      rows.push([name, set, ...speeds.map(said), said(all), said(balanced)])
    }
  }
  const bins = SPEEDS.map((least, i) => `${least} to ${SPEEDS[i + 1] ?? ''} px`.replace(/ to {2}px/, ' px and more'))
  print(title, [first, 'parameters', ...bins, 'all', 'balanced'], rows)
}
await compare('By frame rate (endpoint error, px, by true speed; other patients)', 'fps', [
  ...[15, 20, 30, 50, 80].map((fps) => [fps, { fps }]),
])
await compare(
  'By noise',
  'standard deviation, grey levels',
  [0, 5, 10, 20].map((noise) => [noise, { noise }]),
)
await compare(
  'By scanner',
  'scans',
  ['usual', 'wide'].map((variety) => [variety, { variety }]),
)
