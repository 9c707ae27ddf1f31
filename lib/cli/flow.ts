import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readLuma } from '../flow/images.js'
import { FARNEBACK_DEFAULTS, type FarnebackOptions, farneback, readFlo, writeFlo } from '../flow/index.js'
import { npyHeader } from '../run/npy.js'
import { InfomotionError } from '../runtime/errors.js'
import { readClip } from '../video/index.js'
import { abortSignal, finish, progressBar } from './output.js'

/** Flow of a clip is computed and written in stretches of about so many bytes. */
const STRETCH_BYTES = 2 ** 26

interface Flags extends FarnebackOptions {
  out: string
  init?: string
}

interface Result {
  out: string
  width: number
  height: number
  pairs: number
  seconds: number
}

/** `infomotion flow A B -o OUT.flo` and `infomotion flow CLIP -o OUT.npy`. */
export function register(program: Command): void {
  const { pyrScale, levels, winsize, iterations, polyN, polySigma, border } = FARNEBACK_DEFAULTS
  program
    .command('flow')
    .description(
      'dense Farneback flow of two images (PNG, JPEG, PGM, PPM) as .flo, or of a clip as .npy [pairs, h, w, 2]',
    )
    .argument('<first>', 'first image, or a clip')
    .argument('[second]', 'second image')
    .requiredOption('-o, --out <file>', 'OUT.flo for two images, OUT.npy for a clip')
    .option('--pyr-scale <x>', 'size of a pyramid level relative to the one before', number, pyrScale)
    .option('--levels <n>', 'levels beside the full size', number, levels)
    .option('--winsize <px>', 'side of the averaging window', number, winsize)
    .option('--iterations <n>', 'iterations at each level', number, iterations)
    .option('--poly-n <px>', 'radius of the polynomial expansion', number, polyN)
    .option('--poly-sigma <px>', 'standard deviation of its Gaussian', number, polySigma)
    .option('--gaussian', 'a Gaussian window in place of the box')
    .addOption(
      new Option('--border <kind>', 'the last row and column').choices(['opencv', 'symmetric']).default(border),
    )
    .option('--init <file>', 'a first guess at the flow of two images (.flo)')
    .action(async (first: string, second: string | undefined, flags: Flags & { json?: boolean }) => {
      const { out, init, json: _, ...parameters } = flags
      const started = performance.now()
      const done = second
        ? await ofImages(first, second, out, init, parameters)
        : await ofClip(first, out, init, parameters)
      const result: Result = { out, ...done, seconds: (performance.now() - started) / 1000 }
      finish(result, () => {
        const { pairs, width, height, seconds } = result
        return `${out}: ${pairs} pair${pairs === 1 ? '' : 's'} of ${width} x ${height}, ${seconds.toFixed(2)} s`
      })
    })
}

type Done = Omit<Result, 'out' | 'seconds'>

async function ofImages(
  first: string,
  second: string,
  out: string,
  init: string | undefined,
  parameters: FarnebackOptions,
): Promise<Done> {
  expectEnding(out, '.flo', 'the flow of two images')
  const [a, b] = await Promise.all([readLuma(first), readLuma(second)])
  const { width, height } = a
  if (b.width !== width || b.height !== height) {
    throw new InfomotionError(
      'INVALID_ARGUMENT',
      `Expected two images of one size, but ${first} is ${width} x ${height} and ${second} is ${b.width} x ${b.height}.`,
    )
  }
  const frames = new Uint8Array(2 * width * height)
  frames.set(a.pixels)
  frames.set(b.pixels, width * height)
  const initialFlow = init === undefined ? undefined : (await readFlo(init)).flow
  const { flow } = await farneback(frames, { width, height }, { ...parameters, initialFlow, signal: abortSignal() })
  await writeFlo(out, { flow, width, height })
  return { width, height, pairs: 1 }
}

/** Stretch by stretch, each beginning with the last frame of the one before: the numbers do not depend on the cuts. */
async function ofClip(
  path: string,
  out: string,
  init: string | undefined,
  parameters: FarnebackOptions,
): Promise<Done> {
  expectEnding(out, '.npy', 'the flow of a clip')
  if (init !== undefined)
    throw new InfomotionError('INVALID_ARGUMENT', 'Expected two images with --init: a clip takes no first guess.')
  const signal = abortSignal()
  const onProgress = progressBar()
  const { frames, count, width, height } = await readClip(path, { signal })
  if (count < 2)
    throw new InfomotionError('INVALID_ARGUMENT', `Expected at least two frames, but ${path} has ${count}.`)
  const pairs = count - 1
  const pixels = width * height
  const stretch = Math.max(1, Math.floor(STRETCH_BYTES / (pixels * 8)))
  const temporary = `${out}.${randomBytes(4).toString('hex')}.tmp`
  await mkdir(dirname(out), { recursive: true })
  const file = await open(temporary, 'wx')
  try {
    await file.write(npyHeader('<f4', [pairs, height, width, 2]))
    for (let from = 0; from < pairs; from += stretch) {
      const to = Math.min(pairs, from + stretch)
      onProgress({ stage: 'flow', done: from, total: pairs, unit: 'pairs' })
      const part = frames.subarray(from * pixels, (to + 1) * pixels)
      const { flow } = await farneback(part, { width, height }, { ...parameters, signal })
      await file.writeFile(new Uint8Array(flow.buffer))
    }
    onProgress({ stage: 'flow', done: pairs, total: pairs, unit: 'pairs' })
    await file.close()
    await rename(temporary, out)
  } catch (error) {
    await file.close().catch(() => {}) // closed already, or about to be removed
    await rm(temporary, { force: true })
    throw error
  }
  return { width, height, pairs }
}

function expectEnding(out: string, ending: string, what: string): void {
  if (out.endsWith(ending)) return
  throw new InfomotionError(
    'INVALID_ARGUMENT',
    `Expected a name ending in ${ending} for ${what} but received "${out}".`,
  )
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('Expected a number.')
  return value
}
