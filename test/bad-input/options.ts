import { join } from 'node:path'
import { compare, distill, writeClip, writePhantom } from 'infomotion'
import { farneback } from 'infomotion/flow'
import { knn, similarityGraph } from 'infomotion/graph'
import { expectOptions } from '#lib/runtime/expect.js'
import { integer, number } from '#lib/runtime/kinds.js'
import type { Case } from './case.js'

/** Calls with wrong options. All are refused before anything is read or written. */
function calls(name: string, call: (options: never, folder: string) => Promise<unknown>, wrong: object[]): Case[] {
  return wrong.map((options) => ({
    what: `${name} ${JSON.stringify(options, (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value))}`,
    read: async (folder) => {
      await call(options as never, folder)
      return 'taken'
    },
    expected: 'INVALID_ARGUMENT',
  }))
}

/** A misspelt option. Returns what the message asks or lists. */
function typo(given: string, known: string[], expected: string): Case {
  const read = () => {
    try {
      expectOptions({ [given]: 1 }, 'it', known)
      return 'taken'
    } catch (error) {
      return (error as Error).message.replace(/^Unknown option "[^"]*" for it\. /, '')
    }
  }
  return { what: `"${given}" of ${known.join(', ').slice(0, 40)}`, read, expected }
}

/** A number on the command line, as its kind takes it. */
function written(kind: typeof number | typeof integer, typed: string, expected: string): Case {
  const read = () => {
    try {
      return String(kind().parse(typed, '--it'))
    } catch (error) {
      return (error as Error).message.replace(/ for --it but .*$/, '')
    }
  }
  return { what: `${JSON.stringify(typed)} as ${kind.name}`, read, expected }
}

const names = ['trials', 'seed', 'neighbours', 'weights', 'vpc', 'out', 'min', 'max']
const mean = (name: string) => `Did you mean "${name}"?`
const listed = `Known options: ${names.join(', ')}.`
const noNumber = [
  '',
  ' ',
  'five',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
  '-1e999',
  '0x10',
  '0b1',
  '0o7',
  '1,5',
  '1_000',
]
noNumber.push('5px', '1 2', '--1', '.', '1e', '٣')

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
  ...[2 ** 32, Number.NaN, Infinity, '1', null].map((seed) => ({ seed })),
  ...[-1, 1.5, Number.NaN, Infinity, '10'].flatMap((n) => [{ neighbours: n }, { trials: n }, { randomDraws: n }]),
  ...[-0.1, 1, 2, Number.NaN, '0.2'].map((testFraction) => ({ testFraction })),
  ...[-0.1, Number.NaN, Infinity, '0.5', 'Auto'].map((teacher) => ({ teacher })),
  ...[-1, 1.5, Number.NaN, '9'].map((steps) => ({ steps })),
  { device: 'tpu' },
  ...['randomDraws', 'neighbours', 'components', 'trials', 'steps'].map((name) => ({ [name]: 2 ** 53 - 1 })),
]
const luma = new Uint8Array(2 * 64)
const points = { rows: 3, dim: 2, values: Float32Array.of(1, 0, 0, 1, 1, 1) }

export const optionCases: Case[] = [
  typo('Seed', names, mean('seed')),
  typo('seeed', names, mean('seed')),
  typo('sede', names, mean('seed')),
  typo('neighbors', names, mean('neighbours')),
  typo('NEIGH-BORS', names, mean('neighbours')),
  typo('weigths', names, mean('weights')),
  typo('trails', names, mean('trials')),
  typo('otu', names, mean('out')),
  typo('trial', names, mean('trials')),
  typo('random_draws', ['randomDraws'], mean('randomDraws')),
  typo('random_drwas', ['randomDraws'], mean('randomDraws')),
  typo('seeds', ['seed', 'seeds2'], mean('seed')), // the first of equals
  typo('weightier', names, listed), // three edits
  typo('abc', names, listed), // two edits, of three letters
  typo('mix', names.slice(0, 6), `Known options: ${names.slice(0, 6).join(', ')}.`),
  typo('', names, listed),
  typo('x'.repeat(1e5), names, listed),
  typo('constructor', names, listed),

  ...noNumber.flatMap((text) => [
    written(number, text, 'Expected a number'),
    written(integer, text, 'Expected an integer'),
  ]),
  ...['1.5', '1e-3', '9007199254740993', '1e300'].map((text) => written(integer, text, 'Expected an integer')),
  ...['5', '+5', ' 5 ', '5.', '5.0', '05', '5e0', '50E-1'].flatMap((text) => [
    written(number, text, '5'),
    written(integer, text, '5'),
  ]),
  written(number, '.5', '0.5'),
  written(number, '-1e-3', '-0.001'),
  written(integer, '-5', '-5'),
  written(integer, '9007199254740991', '9007199254740991'),

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
    [
      ...[0, 1e6, 2 ** 53, Number.NaN, Infinity, null].map((train) => ({ train })),
      ...[-1, 0.5, 1e6, '1'].flatMap((count) => [
        { train: 1, test: count },
        { train: 1, test: 0, val: count },
      ]),
      ...[2 ** 32, Number.NaN, '1'].map((seed) => ({ train: 1, test: 0, seed })),
      { train: 1, test: 0, variety: 'constructor' },
      { train: -1 },
      { train: 1.5 },
      { train: '5' },
      { trian: 5 },
      { seed: -1 },
      { variety: 'none' },
    ],
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
