import type { Command } from 'commander'
import { type PhantomOptions, writePhantom } from '../phantom/index.js'
import { integer } from './options.js'
import { abortSignal, finish, progressBar } from './output.js'

interface Options {
  train: number
  test: number
  val: number
  seed: number
  flow: boolean
  variety: PhantomOptions['variety']
  json?: boolean
}

/** `infomotion phantom DIR`: a synthetic echo data set to try everything on. */
export function register(program: Command): void {
  program
    .command('phantom')
    .description("write a synthetic echocardiography data set in EchoNet-Dynamic's layout")
    .argument('<dir>', 'folder to write it to')
    .option('--train <n>', 'clips for training', integer, 200)
    .option('--test <n>', 'clips for the test', integer, 100)
    .option('--val <n>', 'clips for validation', integer, 0)
    .option('--seed <n>', 'same seed, same clips', integer, 1)
    .option(
      '--variety <name>',
      'usual, or wide: machines, views and patients vary far more (for training encoders)',
      'usual',
    )
    .option('--flow', 'write the true displacement of the first two clips as .flo files', false)
    .action(async (out: string, options: Options) => {
      const started = performance.now()
      const onProgress = progressBar()
      const { json: _, ...given } = options
      const { train, val, test } = given
      const { clips } = await writePhantom(out, { ...given, signal: abortSignal(), onProgress })
      const seconds = (performance.now() - started) / 1000
      finish(
        { clips, train, val, test, out, seconds },
        () => `${clips} synthetic clips in ${out} (${train} TRAIN, ${val} VAL, ${test} TEST), ${seconds.toFixed(1)} s`,
      )
    })
}
