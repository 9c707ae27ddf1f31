import { join } from 'node:path'
import { compare, distill, writeClip, writePhantom } from 'infomotion'
import { farneback } from 'infomotion/flow'
import { knn, similarityGraph } from 'infomotion/graph'
import type { Case } from './case.js'

/** Calls with wrong options. All are refused before anything is read or written. */
function calls(name: string, call: (options: never, folder: string) => Promise<unknown>, wrong: object[]): Case[] {
  return wrong.map((options) => ({
    what: `${name} ${JSON.stringify(options, (_, value) => (Number.isNaN(value) ? 'NaN' : value))}`,
    read: async (folder) => {
      await call(options as never, folder)
      return 'taken'
    },
    expected: 'INVALID_ARGUMENT',
  }))
}

const given = (folder: string) => ({ out: join(folder, 'out') })
const method = [
  { Seed: 1 },
  { seeed: 1 },
  { seed: -1 },
  { seed: 0.5 },
  { neighbours: 0 },
  { neighbors: 5 },
  { trials: 0 },
  { randomDraws: 0 },
  { random_draws: 5 },
  { backend: 'gstreamer' },
  { encoder: '' },
  { encoder: 7 },
  { descriptorWeight: -1 },
  { descriptorWeight: 0 },
  { embeddingWeight: Number.NaN },
  { weights: 'equal' },
  { weights: 'constructor' },
  { teacher: 1.5 },
  { steps: 0 },
  { components: 0 },
]
const luma = new Uint8Array(2 * 64)
const points = { rows: 3, dim: 2, values: Float32Array.of(1, 0, 0, 1, 1, 1) }

export const optionCases: Case[] = [
  ...calls('distill', (options: object, folder) => distill('none', { ...given(folder), vpc: 1, ...options }), [
    ...method,
    { vpc: 0 },
    { vpc: '5' },
    { vpc: 1.5 },
    { vpc: undefined },
    { out: '' },
    { out: undefined },
    { until: 'reports' },
    { selector: 'kmeans' },
    { selector: 'constructor' },
    { refine: 'yes' },
    { student: 'resnet' },
    { student: 'toString' },
    { materialize: 'move' },
    { class: 'ef5' },
  ]),
  ...calls('compare', (options: object, folder) => compare('none', { ...given(folder), ...options }), [
    ...method,
    { vpc: [0] },
    { vpc: [] },
    { vpc: 5 },
    { seeds: 0 },
    { selectors: [] },
    { selectors: ['kmeans'] },
    { selectors: ['infomap+swop'] },
    { selectors: ['constructor'] },
    { selectors: 'infomap' },
    { students: ['resnet'] },
    { students: [] },
    { student: 'linear' },
    { out: '' },
  ]),
  ...calls(
    'writePhantom',
    (options: Parameters<typeof writePhantom>[1], folder) => writePhantom(join(folder, 'p'), options),
    [{ train: -1 }, { train: 1.5 }, { train: '5' }, { trian: 5 }, { seed: -1 }, { variety: 'none' }],
  ),
  ...calls('farneback', (options: object) => farneback(luma, { width: 8, height: 8 }, options), [
    { pyrScale: 1 },
    { pyrScale: Number.NaN },
    { pyr_scale: 0.5 },
    { levels: -1 },
    { levels: 65 },
    { winsize: 0 },
    { winSize: 15 },
    { iterations: 1e6 },
    { polyN: 0 },
    { polySigma: 0.1 },
    { gaussian: 'yes' },
    { border: 'none' },
    { initialFlow: [0, 0] },
    { initialFlow: new Float32Array(3) },
  ]),
  ...calls('farneback of', (shape: { width: number; height: number }) => farneback(luma, shape), [
    { width: 0, height: 8 },
    { width: 8, height: -8 },
    { width: 8 },
    { width: 7, height: 9 },
    { width: 8, height: 16 },
    { width: 2 ** 31, height: 2 ** 31 },
  ]),
  ...calls(
    'writeClip',
    (options: { fps: number }, folder) => {
      return writeClip(join(folder, 'a.avi'), { frames: luma, count: 2, width: 8, height: 8 }, options)
    },
    [{}, { fps: 0 }, { fps: 1e6 }, { fps: Number.NaN }, { fps: 25, quality: 0 }, { fps: 25, Quality: 90 }],
  ),
  ...calls(
    'writeClip of',
    (clip: { count: number; width: number; height: number }, folder) => {
      return writeClip(join(folder, 'a.avi'), { frames: luma, ...clip }, { fps: 25 })
    },
    [
      { count: 0, width: 8, height: 8 },
      { count: 3, width: 8, height: 8 },
      { count: 2, width: 0, height: 8 },
      { count: 2, width: 20_000, height: 8 },
      { count: 2, width: 8.5, height: 8 },
    ],
  ),
  ...calls('similarityGraph', (options: object) => similarityGraph(points, options), [{ k: 0 }, { k: 1.5 }, { K: 3 }]),
  ...calls('knn', (options: object) => knn(points, 1, options), [{ metric: 'manhattan' }, { metrik: 'cosine' }]),
]
