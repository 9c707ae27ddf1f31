// What callers hand over: unknown keys are refused wherever an object is taken, and arrays are told by what they are.
import { runInNewContext } from 'node:vm'
import {
  compare,
  describeClip,
  devices,
  distill,
  evaluate,
  extractFeatures,
  farneback,
  fitPca,
  infomap,
  predict,
  project,
  readClip,
  select,
  similarityGraph,
  synthesize,
  trainStudent,
  volumeOf,
  writeClip,
  writeDataSet,
} from 'infomotion'
import { drawQuiver, encodeFlo, FlowSequence, flowPairs } from 'infomotion/flow'
import { knn } from 'infomotion/graph'
import { moduleLinks, moduleMap } from 'infomotion/infomap'
import t from 'tap'
import { escapeMarkup, printable, printableJson } from '#lib/runtime/text.js'
import { loadSamples } from '#lib/volume/index.js'

const [width, height] = [32, 32]
const frames = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 7919) % 251)
const shape = { width, height }
const clip = { width, height, fps: 30 }
const network = { sources: Uint32Array.of(0, 1, 2), targets: Uint32Array.of(1, 2, 0) }
const rows = Uint32Array.of(0, 1, 2)
const matrix = { rows: 3, dim: 2, values: Float32Array.of(1, 0, 0, 1, 1, 1) }
const level = { flow: Float64Array.of(1), exit: Float64Array.of(0) }
const noLinks = { sources: new Uint32Array(0), targets: new Uint32Array(0), flow: new Float64Array(0) }
const volume = { values: new Uint8Array(2 * 3 * 4 * 4), frames: 2, side: 4 }
const look = { frames: 2, stride: 1, channels: 'both', seed: 1, first: 0 } as const

const source = { id: 'a', path: '/a.avi', label: 'x', classIndex: 0, split: 'train', group: 'a' } as const
const decoded = { ...clip, frames, count: 3, backend: 'mjpeg', damagedFrames: 0, warnings: [] }
const set = {
  root: '/',
  layout: 'csv',
  classes: ['x'],
  scheme: 'labels',
  clips: [],
  splits: 'given',
  synthetic: false,
  warnings: [],
}
const chosen = { selector: 'random', representatives: [], classes: [], effectiveSampleSize: 0, warnings: [] }
const evaluated = { classes: ['x'], full: [], testLabels: [0], testGroups: ['a'], spaces: ['motion'], sets: [] }

/** Calls with one key too many, by what the message must name. */
const misspelt: Record<string, () => unknown> = {
  'extractFeatures: memoryLimit': () =>
    extractFeatures([], { cache: 'never', decode: readClip, memoryLimit: 1e9 } as never),
  'train: columns': () => fitPca({ ...matrix, columns: 2 } as never),
  'shape: winsize': () => farneback(frames, { ...shape, winsize: 9 } as never),
  'shape: signal': () => farneback(frames, { ...shape, signal: AbortSignal.abort() } as never),
  'shape: frameStride': () => new FlowSequence({ ...shape, frameStride: 4 } as never),
  'shape: rate': () => flowPairs([frames], { ...shape, rate: 4 } as never).next(),
  'clip: frameRate': () => describeClip(frames, { ...clip, frameRate: 4 } as never),
  'clip: grid': () => volumeOf(frames, { ...clip, grid: 4 } as never),
  'clip: rate': () => writeClip('never.avi', { frames, count: 3, width, height, rate: 3 } as never, { fps: 30 }),
  'field: u': () => encodeFlo({ flow: new Float32Array(2), width: 1, height: 1, u: 1 } as never),
  'field: scale': () => drawQuiver({ flow: new Float32Array(2), width: 1, height: 1, scale: 1 } as never),
  'graph: directed': () => infomap({ ...network, directed: true } as never),
  'graph: bipartite': () =>
    infomap({ offsets: Uint32Array.of(0, 0), targets: new Uint32Array(0), bipartite: 1 } as never),
  'graph: source': () => moduleLinks({ ...network, source: rows } as never, [rows]),
  'level: labels': () => moduleMap({ ...level, labels: [] } as never, noLinks),
  'links: weights': () => moduleMap(level, { ...noLinks, weights: level.flow } as never),
  'features: columns': () => knn({ ...matrix, columns: 2 } as never, 1),
  'features: k': () => similarityGraph({ ...matrix, k: 2 } as never),
  'features: weights': () =>
    trainStudent({ ...matrix, weights: 1 } as never, { classes: 2, labels: [0, 1, 1] }, new Float32Array(3)),
  'targets: class': () =>
    trainStudent(matrix, { classes: 2, labels: [0, 1, 1], class: 1 } as never, new Float32Array(3).fill(1)),
  'input: labels': () =>
    select('random', { features: matrix, classes: [{ name: 'a', rows }], labels: 1 } as never, { perClass: 1 }),
  'classes[0]: row': () =>
    select('random', { features: matrix, classes: [{ name: 'a', rows, row: 1 }] } as never, { perClass: 1 }),
  'pca: components': async () => project({ ...(await fitPca(matrix)), components: 1 } as never, matrix),
  'devices: gpu': () => devices({ gpu: 0 } as never),
  'clips[0]: file': () =>
    extractFeatures([{ ...source, file: 'x' } as never], { cache: 'never', decode: async () => decoded }),
  'dataSet: clip': () => writeDataSet('never', { ...set, clip: 1 } as never, []),
  'selection: items': () => synthesize([source], { ...chosen, items: [] } as never),
  'input: trainLabels': () => evaluate({ ...evaluated, trainLabels: [] } as never, async () => new Float32Array(0)),
  'volumes[0]: fps': () => loadSamples([{ ...volume, fps: 1 } as never], Int32Array.of(0), look),
}

t.test('a key that nobody reads is refused wherever an object is taken', async (t) => {
  for (const [what, call] of Object.entries(misspelt)) {
    const [name, key] = what.split(': ')
    const error = await Promise.resolve()
      .then(call)
      .then(
        () => undefined,
        (thrown) => thrown,
      )
    t.equal(error?.code, 'INVALID_ARGUMENT', what)
    t.ok(error?.message.includes(`"${key}" for ${name}`), `${what}: ${error?.message}`)
  }
})

t.test('what is no object, or no list, is named', async (t) => {
  for (const call of [
    () => evaluate(undefined as never, async () => new Float32Array(0)),
    () => evaluate({ ...evaluated, sets: undefined } as never, async () => new Float32Array(0)),
    () => synthesize([], {} as never),
    () => writeDataSet('never', {} as never, []),
    () => project({} as never, {} as never),
    () => select('random', {} as never, { perClass: 1 }),
    () => select('random', null as never, { perClass: 1 }),
    () => extractFeatures([] as never, undefined as never),
    () => extractFeatures([7] as never, { cache: 'never', decode: async () => decoded }),
  ] satisfies (() => Promise<unknown>)[] as (() => Promise<unknown>)[])
    await t.rejects(Promise.resolve().then(call), { code: 'INVALID_ARGUMENT' }, String(call))
})

t.test('what one function gives the next one takes', async (t) => {
  const field = await farneback(frames, shape)
  t.ok(encodeFlo({ ...field, flow: field.flow.subarray(0, 2 * width * height) }).length > 0, 'a result of farneback')
  const graph = await similarityGraph(matrix)
  t.ok((await infomap(graph)).modules.length === 3, 'a similarity graph with its warnings')
  t.ok((await describeClip(frames, decoded)).motion.length > 0, 'what readClip gives')
})

t.test('bytes of a canvas (Uint8ClampedArray) are bytes', async (t) => {
  const clamped = new Uint8ClampedArray(frames)
  t.same((await farneback(clamped, shape)).flow, (await farneback(frames, shape)).flow, 'farneback')
  const [one, other] = [new FlowSequence(shape), new FlowSequence(shape)]
  const size = width * height
  for (let i = 0; i < 2; i++)
    t.same(
      await one.push(clamped.subarray(i * size, (i + 1) * size)),
      await other.push(frames.subarray(i * size, (i + 1) * size)),
      `frame ${i} pushed`,
    )
  t.same((await describeClip(clamped, clip)).motion, (await describeClip(frames, clip)).motion, 'describeClip')
  t.same((await volumeOf(clamped, clip)).values, (await volumeOf(frames, clip)).values, 'volumeOf')
  const field = { flow: new Float32Array(2 * size).fill(1), width, height }
  const frame = frames.subarray(0, size)
  t.same(drawQuiver(field, { frame: new Uint8ClampedArray(frame) }), drawQuiver(field, { frame }), 'drawQuiver')
})

t.test('arrays of another realm (a vm context) are arrays', async (t) => {
  const foreign = <T>(code: string, values: ArrayLike<number>): T => runInNewContext(code, { values })
  const bytes = foreign<Uint8Array>('Uint8Array.from(values)', Array.from(frames))
  t.notOk(bytes instanceof Uint8Array)
  t.same((await farneback(bytes, shape)).flow, (await farneback(frames, shape)).flow, 'farneback')
  const list = (values: Uint32Array) => foreign<Uint32Array>('Uint32Array.from(values)', Array.from(values))
  const found = await infomap({ sources: list(network.sources), targets: list(network.targets) })
  t.equal(found.modules.length, 3, 'infomap')
  const values = foreign<Float32Array>('Float32Array.from(values)', Array.from(matrix.values))
  t.same((await knn({ ...matrix, values }, 1)).neighbours, (await knn(matrix, 1)).neighbours, 'knn')
  const weights = foreign<Float32Array>('Float32Array.from(values)', [1, 1, 1])
  const student = await trainStudent({ ...matrix, values }, { classes: 2, labels: [0, 1, 1] }, weights, { epochs: 2 })
  t.equal((await predict(student, matrix)).length, 6, 'trainStudent')
})

t.test('text from outside cannot steer a terminal or break a document', (t) => {
  t.equal(printable('a\x1b]0;x\x07\x1b[2J\r\u202eb\ttab\nline'), 'a\\x1b]0;x\\x07\\x1b[2J\\x0d\\u202eb\ttab\nline')
  t.equal(printable('\x9b2Jcafé 🫀 日本'), '\\x9b2Jcafé 🫀 日本')
  t.equal(printableJson('\x9b\x1b\u202e é"'), '"\\u009b\\u001b\\u202e é\\""')
  t.equal(JSON.parse(printableJson({ label: '\x9b\x1b\u202e\n' })).label, '\x9b\x1b\u202e\n')
  t.equal(escapeMarkup('<a b="c">&\'`'), '&#60;a b=&#34;c&#34;&#62;&#38;&#39;&#96;')
  t.equal(escapeMarkup('x\x1by\ud800z🫀\uffff\t'), 'x\ufffdy\ufffdz🫀\ufffd\t')
  const svg = moduleMap(level, noLinks, { labels: ['a\x1b\x00b'], title: '\x07' })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  t.notMatch(svg, /[\x00-\x08\x0b-\x1f]/)
  t.end()
})

t.test('what must be told where results go is told so', async (t) => {
  for (const call of [distill, compare] as ((path: string, options?: unknown) => Promise<unknown>)[])
    for (const options of [undefined, null, 'out', []])
      await t.rejects(call('set', options), {
        code: 'INVALID_ARGUMENT',
        message: /an object of options for (distill|compare)/,
      })
})
