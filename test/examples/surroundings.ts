import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as infomotion from 'infomotion'
import * as flow from 'infomotion/flow'
import * as graph from 'infomotion/graph'
import * as engine from 'infomotion/infomap'
import * as onnx from 'infomotion/onnx'
import { plainItems } from '#lib/synthesize/index.js'
import { root } from '../support.js'

type Names = Record<string, unknown>

/** What the examples use of opencv4nodejs, which is not installed here. */
class Mat {
  constructor(
    private readonly data: Buffer,
    readonly rows: number,
    readonly cols: number,
    readonly type: number,
  ) {}
  getData = () => this.data
  copy = () => this
  cvtColor = () => this
  at = (row: number, column: number) => this.data.readFloatLE(8 * (row * this.cols + column))
}
const grey = () => new Mat(Buffer.alloc(64 * 48, 100), 48, 64, 0)
// A graph of graphology, as far as it is used.
class Graph {
  private readonly links: [string, string, { weight: number }][] = []
  mergeEdge = (source: string, target: string, attributes: { weight: number }) =>
    this.links.push([source, target, attributes])
  forEachNode(callback: (node: string) => void) {
    for (const node of new Set(this.links.flatMap((link) => link.slice(0, 2) as string[]))) callback(node)
  }
  forEachEdge(callback: (edge: string, attributes: object, source: string, target: string) => void) {
    for (const [i, [source, target, attributes]] of this.links.entries()) callback(`${i}`, attributes, source, target)
  }
}
const cv = { imread: grey, Mat, IMREAD_GRAYSCALE: 0, COLOR_BGR2GRAY: 6 }

/**
 * What the examples of the documentation name without importing or making it: the public functions, files in the
 * current folder (a phantom stands in for EchoNet-Dynamic), and the usual variables of someone who has come so far.
 * `of` adds what the examples of one source file see: that file's own exports.
 */
export async function exampleNames(): Promise<{ everywhere: Names; of(file: string): Promise<Names> }> {
  const { readClip, readDataSet, volumeOf, describeClip } = infomotion
  await infomotion.writePhantom('EchoNet-Dynamic', { train: 10, test: 5, seed: 2 })
  const dataSet = await readDataSet('EchoNet-Dynamic')
  const [first, second] = (await readdir('EchoNet-Dynamic/Videos')).sort()
  await mkdir('Videos', { recursive: true })
  await copyFile(join('EchoNet-Dynamic/Videos', first), 'Videos/0X1A.avi')
  const paths = [first, second].map((name) => join('EchoNet-Dynamic/Videos', name))
  const clips = await Promise.all(paths.map((path) => readClip(path)))
  const volumes = await Promise.all(clips.map(({ frames, ...clip }) => volumeOf(frames, clip)))
  const { motion } = await describeClip(clips[0].frames, clips[0])

  const [width, height] = [16, 12]
  await flow.writeFlow('flow10.flo', { flow: new Float32Array(width * height * 2), width, height })
  await copyFile(join(root, 'models', 'motion-cnn.onnx'), 'encoder.onnx')
  await infomotion.writeNpy('embeddings.npy', new Float32Array(6), { shape: [2, 3] })
  await writeFile('karate.txt', '0 1\n0 2\n1 2\n2 3\n3 4\n3 5\n4 5\n')
  const network = await engine.readNetwork('karate.txt')
  await engine.writePartition('karate.tree', network, await engine.infomap(network))

  // a linear network of a clip, and its loss
  const g = new onnx.GraphBuilder('net')
  const pooled = g.node('Flatten', [g.node('GlobalAveragePool', [g.input('video', ['N', 3, 4, 8, 8])])])
  const weight = g.initializer('weight', onnx.float32([3, 2], [1, 2, 3, 4, 5, 6]))
  const logits = g.node('MatMul', [pooled, weight], {}, 'logits')
  g.output(logits)
  const model = g.build()
  g.output(g.node('ReduceMean', [g.node('Mul', [logits, logits])], { keepdims: { int: 0 } }, 'loss'))

  const labels = [0, 1]
  const classes = ['normal', 'reduced']
  const trainClips = dataSet.clips.filter(({ split }) => split === 'train')
  const rowsOf = (labels: number[], c: number) =>
    Uint32Array.from(labels.flatMap((label, i) => (label === c ? [i] : [])))
  const pick = (names: string[], labels: number[]) => {
    const features = { rows: labels.length, dim: 1, values: new Float32Array(labels.length).fill(1) }
    const classes = names.map((name, c) => ({ name, rows: rowsOf(labels, c) }))
    return infomotion.select('random', { features, classes }, { perClass: 1, seed: 1, draw: 0 })
  }
  const features = { rows: 2, dim: 1, values: Float32Array.of(-1, 1) }
  const trainLabels = [0, 0, 1, 1]
  const four = plainItems(trainLabels.map((classIndex, i) => ({ ...dataSet.clips[i], classIndex })))
  const chosen = { selector: 'random', items: [four[0], four[2]], effectiveSampleSize: 2 }
  const everywhere: Names = {
    ...{ readFile, writeFile },
    ...infomotion,
    ...flow,
    ...graph,
    ...engine,
    ...onnx,
    ...{ dataSet, paths, clips, volumes, volume: volumes[0], motion, labels, features, weights: Float32Array.of(1, 1) },
    ...{ flow: new Float32Array(width * height * 2), pairs: 1, width, height, network },
    Graph,
    ...{ cv, capture: { read: grey }, sequence: new flow.FlowSequence({ width: 64, height: 48 }) },
    ...{ model, file: onnx.encodeModel(g.build()), trained: { weight: new Float32Array(6) } },
    ...{
      trainClips,
      selection: await pick(
        dataSet.classes,
        trainClips.map(({ classIndex }) => classIndex),
      ),
    },
    // for evaluate: four TRAIN clips and two to be tested on, and a student that knows nothing
    input: {
      ...{ classes, full: four, testLabels: [0, 1], testGroups: ['a', 'b'] },
      ...{ spaces: ['motion'], sets: [chosen, { ...chosen, selector: 'infomap' }] },
    },
    run: async () => Float32Array.of(0.5, 0.5, 0.5, 0.5),
  }
  const report = {
    ...{ dataSet: 'EchoNet-Dynamic', layout: dataSet.layout, synthetic: true, selector: 'infomap' },
    ...{ effectiveSampleSize: 0, classes: [], items: [], majority: { class: 'normal', accuracy: 0.5 }, skipped: [] },
    ...{ warnings: [], notices: [], timings: [], options: {}, versions: {} },
  }
  return {
    everywhere,
    async of(file) {
      const source = /^lib\/(.*)\.ts$/.exec(file)?.[1]
      const own = source ? await import(pathToFileURL(join(root, 'dist', `${source}.js`)).href) : {}
      return {
        ...own,
        ...(source === 'report/report' && { input: report }),
        ...(source === 'onnx/training' && { file: onnx.encodeModel(model) }), // its output is to be trained, not its loss
      }
    },
  }
}
