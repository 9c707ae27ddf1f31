import { fixture, infomotion } from '../support.js'
import type { Case } from './case.js'

/** Runs the command line. Returns the code of its one JSON document, and its exit status. */
function run(args: string[], expected: string): Case {
  const read = async (cwd: string) => {
    const { status, out, err } = await infomotion(
      [...args, '--json'],
      {},
      { cwd, timeout: 20_000, killSignal: 'SIGKILL' },
    )
    return `${JSON.parse(out).error?.code}, ${status}${/\n\s+at /.test(err) ? ', a stack trace' : ''}`
  }
  return { what: `infomotion ${args.join(' ')}`, read, expected }
}

const wrong = 'INVALID_ARGUMENT, 2'
const net = fixture('networks', 'ring_of_cliques_30x5.txt')
const image = fixture('farneback-golden', 'box112.a.pgm')

export const commandLineCases: Case[] = [
  run([], wrong),
  run(['distil'], wrong),
  run(['distill', 'none', '--out', 'x'], wrong),
  run(['distill', 'none', '--out', 'x', '--vpc', 'five'], wrong),
  run(['distill', 'none', '--out', 'x', '--vpc', '5', '--sed', '1'], wrong),
  run(['distill', 'none', '--out', 'x', '--vpc', '5', '--student', 'resnet'], wrong),
  run(['distill', 'none', '--out', 'x', '--vpc', '5', '--trials', '1.5'], wrong),
  run(['distill', 'none', '--out', 'x', '--vpc', '5'], 'DATASET_NOT_FOUND, 1'),
  run(['compare', 'none', '--out', 'x', '--vpc', '1,,2'], wrong),
  run(['compare', 'none', '--out', 'x', '--selectors', 'kmeans'], wrong),
  run(['compare', 'none', '--out', 'x', '--seeds', '0'], wrong),
  run(['phantom', 'x', '--train', '-5'], wrong),
  run(['phantom', 'x', '--trian', '5'], wrong),
  // Out of range, for every command: refused as a wrong call before anything is read or written.
  ...[
    ['--seed', '-1'],
    ['--seed', '4294967296'],
    ['--neighbours', '0x10'],
    ['--test-fraction', '1e999'],
    ['--teacher', '1.5'],
    ['--descriptor-weight', '-1'],
    ['--device', 'tpu'],
  ].map((option) => run(['distill', 'none', '--out', 'x', '--vpc', '5', ...option], wrong)),
  ...[
    ['--vpc', '0'],
    ['--vpc', '1e999'],
    ['--student', 'resnet'],
    ['--random-draws', ''],
  ].map((option) => run(['compare', 'none', '--out', 'x', ...option], wrong)),
  ...[
    ['--train', '0'],
    ['--test', '1000000'],
    ['--seed', '4294967296'],
    ['--variety', 'none'],
  ].map((option) => run(['phantom', 'x', ...option], wrong)),
  ...[
    ['--levels', '65'],
    ['--poly-n', '5.5'],
    ['--poly-sigma', '0.1'],
    ['--pyr-scale', '1'],
    ['--iterations', '1e9'],
    ['--max-flow', '5'],
    ['--border', 'none'],
  ].map((option) => run(['flow', fixture('video', 'trunc.avi'), '-o', 'x.npy', ...option], wrong)),
  ...[
    ['--teleportation-probability', '2'],
    ['--markov-time', '0'],
    ['--num-threads', '-1'],
    ['--preferred-number-of-modules', '-1'],
    ['--seed', '-1'],
    ['--clu-level', '0'],
    ['--weight-threshold', 'Infinity'],
    ['--flow-model', 'raw'],
  ].map((option) => run(['infomap', net, ...option], wrong)),
  run(['data'], wrong),
  run(['data', 'none'], 'DATASET_NOT_FOUND, 1'),
  run(['data', 'none', '--segments', 'minutes'], wrong),
  run(['data', 'none', '--split-list', 'first'], wrong),
  run(['data', 'none', '--group-pattern', ''], wrong),
  run(['data', fixture('video', 'garbage.avi')], 'DATASET_TABLE_INVALID, 1'),
  run(['probe', 'none.avi'], 'VIDEO_NOT_FOUND, 1'),
  run(['probe', fixture('video', 'empty.avi')], 'VIDEO_EMPTY, 1'),
  run(['probe', fixture('video', 'garbage.avi'), '--backend', 'mjpeg'], 'VIDEO_UNREADABLE, 1'),
  run(['flow', 'a.png', 'b.png', '-o', 'x.flo'], 'IMAGE_NOT_FOUND, 1'),
  run(['flow', fixture('video', 'trunc.avi'), '-o', 'x.npy', '--pyr-scale', 'half'], wrong),
  run(['flow', fixture('video', 'trunc.avi'), '-o', 'x.npy', '--winsize', '0'], wrong),
  ...['--clu', '--tree', '--map'].map((option) => run(['infomap', net, option, net], wrong)),
  run(['infomap', net, '--clu', 'x', '--tree', './x'], wrong),
  run(['flow', image, image, '--colour', '-o', image], wrong),
  run(['infomap', 'none.txt', '--two-level'], 'NETWORK_NOT_FOUND, 1'),
  run(['infomap', fixture('video', 'garbage.avi'), '--two-level'], 'NETWORK_UNREADABLE, 1'),
  run(['infomap', net, '--two-level', '--num-trials', '0'], wrong),
  run(['infomap', net, '--no-infomap'], wrong),
]
