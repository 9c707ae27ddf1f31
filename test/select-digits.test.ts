import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { score } from '#lib/evaluate/index.js'
import { similarityGraph } from '#lib/graph/index.js'
import { infomap } from '#lib/infomap/index.js'
import { fitPca, project } from '#lib/matrix/index.js'
import { type Matrix, takeRows } from '#lib/matrix/matrix.js'
import { Random } from '#lib/runtime/random.js'
import { type ClassModules, type Selection, select } from '#lib/select/index.js'
import { predict, trainStudent } from '#lib/train/index.js'
import { fixture } from './support.js'

t.setTimeout(120_000) // 10 s alone

const indices = (n: number) => Array.from({ length: n }, (_, i) => i)

/** 1,797 digits: 64 numbers each, halved at random into TRAIN and test. The class is even or odd, the digit hidden. */
function digitsSplit(seed: number) {
  const table = gunzipSync(readFileSync(fixture('digits.csv.gz')))
    .toString()
    .trim()
    .split('\n')
  const lines = new Random(seed, 'digits').shuffle(table.map((line) => line.split(',').map(Number)))
  const half = (part: number[][]) => ({
    features: { rows: part.length, dim: 64, values: Float32Array.from(part.flatMap((line) => line.slice(0, 64))) },
    digits: part.map((line) => line[64]),
    labels: part.map((line) => line[64] % 2),
  })
  return { train: half(lines.slice(0, 898)), test: half(lines.slice(898)) }
}

/** The way from features to a selection, as `distill` goes it. */
async function digitsClasses(train: Matrix, labels: number[], seed: number): Promise<ClassModules[]> {
  const classes = [0, 1].map(async (c) => {
    const rows = Uint32Array.from(labels.keys()).filter((i) => labels[i] === c)
    const graph = await similarityGraph(takeRows(train, rows))
    return { name: ['even', 'odd'][c], rows, ...(await infomap(graph, { twoLevel: true, seed })) }
  })
  return Promise.all(classes)
}

t.test('digits, even or odd: beats random selection, and finds the hidden digits', async (t) => {
  const SPLITS = 8
  const DRAWS = 3 // a split: 24 random selections for each number of clips
  const gain = { infomap: { 2: 0, 5: 0 }, 'infomap+swap': { 2: 0, 5: 0 } }
  let covered = 0
  for (let split = 0; split < SPLITS; split++) {
    const { train, test } = digitsSplit(split)
    const pca = await fitPca(train.features)
    const pool = await project(pca, train.features)
    const asked = await project(pca, test.features)
    // One scale for all components: a scale for each would make noise of the small ones as loud as the large ones.
    const scale = Math.sqrt(pca.variance.reduce((sum, v) => sum + v, 0) / pool.dim)
    const scaling = { mean: new Float32Array(pool.dim), scale: new Float32Array(pool.dim).fill(scale) }
    const accuracy = async ({ representatives }: Selection) => {
      const rows = Uint32Array.from(representatives, ({ index }) => index)
      const targets = { classes: 2, labels: representatives.map(({ classIndex }) => classIndex) }
      const weights = Float32Array.from(representatives, ({ weight }) => weight)
      const student = await trainStudent(takeRows(pool, rows), targets, weights, { scaling })
      return 100 * score(await predict(student, asked), test.labels, 2).balancedAccuracy
    }
    const classes = await digitsClasses(pool, train.labels, split)
    for (const perClass of [2, 5] as const) {
      const options = indices(DRAWS).map((draw) => ({ perClass, seed: split, draw }))
      const draws = await Promise.all(options.map((option) => select('random', { features: pool, classes }, option)))
      const random = await Promise.all(draws.map(accuracy))
      for (const name of ['infomap', 'infomap+swap'] as const) {
        const selection = await select(name, { features: pool, classes }, { perClass })
        gain[name][perClass] += ((await accuracy(selection)) - random.reduce((a, b) => a + b) / DRAWS) / SPLITS
        if (name === 'infomap' && perClass === 5)
          covered += new Set(selection.representatives.map(({ index }) => train.digits[index])).size / SPLITS
      }
    }
  }
  for (const perClass of [2, 5] as const) {
    const [plain, swapped] = [gain.infomap[perClass], gain['infomap+swap'][perClass]]
    t.comment(`${perClass} clips a class: ${plain.toFixed(1)}, with swaps ${swapped.toFixed(1)}`)
    t.ok(plain >= 5, `${perClass} clips a class: ${plain.toFixed(1)} points over random`)
    t.ok(swapped >= 10, `${perClass} clips a class, with swaps: ${swapped.toFixed(1)} points over random`)
  }
  t.ok(covered >= 9, `5 clips a class: ${covered} of 10 digits (random: 6.8)`)
})
