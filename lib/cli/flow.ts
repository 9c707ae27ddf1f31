import { dirname, extname } from 'node:path'
import type { Command } from 'commander'
import {
  colourFlow,
  drawQuiver,
  type FarnebackOptions,
  type FlowField,
  farneback,
  flowPairs,
  type PairFlow,
  type Picture,
  readFlow,
  writeFlow,
  writePicture,
} from '../flow/index.js'
import { speedOf } from '../flow/picture.js'
import { flowCommand } from '../options/flow.js'
import { npyHeader } from '../run/npy.js'
import { makeFolder, writeWhole } from '../run/store.js'
import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { readLuma } from '../video/images.js'
import { type Frames, readClip, writePictures } from '../video/index.js'
import { addCommand } from './options.js'
import { abortSignal, expectApart, finish, progressBar } from './output.js'

/** How flow is shown, where it is not written as numbers. */
type Look = 'colour' | 'quiver'

/** Share of the pixels that are slower than what pictures show in full, where nothing else is asked for. */
const SHOWN = 0.99

interface Done {
  width: number
  height: number
  pairs: number
  /** Speed in px/frame that pictures show in full. */
  maxFlow?: number
}

/** `infomotion flow A B -o OUT.flo` and `infomotion flow CLIP -o OUT.npy`; `--colour` and `--quiver` make pictures. */
export function register(program: Command): void {
  addCommand(program, flowCommand, async ([first, second], options) => {
    const { out, init, colour, quiver, maxFlow, ...parameters } = options
    if (colour && quiver) throw new InfomotionError('INVALID_ARGUMENT', 'Expected --colour or --quiver, not both.')
    const look: Look | undefined = colour ? 'colour' : quiver ? 'quiver' : undefined
    if (maxFlow !== undefined && !(look && maxFlow > 0))
      throw invalid('a speed above 0, with --colour or --quiver,', 'maxFlow', maxFlow)
    const started = performance.now()
    await expectApart([out], [first, ...(second ? [second] : []), ...(init ? [init] : [])])
    const wanted = { out, look, maxFlow, parameters }
    const done = second ? await ofImages(first, second, init, wanted) : await ofClip(first, init, wanted)
    const result = { out, ...done, seconds: (performance.now() - started) / 1000 }
    finish(result, () => {
      const { pairs, width, height, seconds } = result
      return `${out}: ${pairs} pair${pairs === 1 ? '' : 's'} of ${width} x ${height}, ${seconds.toFixed(2)} s`
    })
  })
}

interface Wanted {
  out: string
  look: Look | undefined
  maxFlow: number | undefined
  parameters: FarnebackOptions
}

async function ofImages(first: string, second: string, init: string | undefined, wanted: Wanted): Promise<Done> {
  const { out, look, parameters } = wanted
  expectEnding(out, look ? ['.png'] : ['.flo', '.png', '.npy'], `${look ? 'a picture of ' : ''}the flow of two images`)
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
  const initialFlow = init === undefined ? undefined : (await readFlow(init)).flow
  const { flow } = await farneback(frames, { width, height }, { ...parameters, initialFlow, signal: abortSignal() })
  const done = { width, height, pairs: 1 }
  if (!look) {
    await writeFlow(out, { flow, width, height })
    return done
  }
  const maxFlow = wanted.maxFlow ?? speedOf({ flow, width, height }, SHOWN)
  await writePicture(out, pictureOf({ flow, width, height }, a.pixels, look, maxFlow))
  return { ...done, maxFlow }
}

async function ofClip(path: string, init: string | undefined, wanted: Wanted): Promise<Done> {
  const { out, look, parameters } = wanted
  expectEnding(out, look ? ['.avi'] : ['.npy'], `${look ? 'pictures of ' : ''}the flow of a clip`)
  if (init !== undefined)
    throw new InfomotionError('INVALID_ARGUMENT', 'Expected two images with --init: a clip takes no first guess.')
  const signal = abortSignal()
  const clip = await readClip(path, { signal })
  const { count, width, height } = clip
  if (count < 2)
    throw new InfomotionError('INVALID_ARGUMENT', `Expected at least two frames, but ${path} has ${count}.`)
  const done = { width, height, pairs: count - 1 }
  await makeFolder(dirname(out)) // before the flow: it may take long
  if (!look) {
    await writeWhole(out, npyOf(done, pairsOf(clip, parameters, 'flow')), signal)
    return done
  }
  // One scale for the whole clip: where it is not given, the flow is computed twice rather than kept.
  let maxFlow = wanted.maxFlow ?? 0
  if (wanted.maxFlow === undefined)
    for await (const field of pairsOf(clip, parameters, 'scale')) maxFlow = Math.max(maxFlow, speedOf(field, SHOWN))
  await writePictures(out, picturesOf(clip, parameters, look, maxFlow), { fps: clip.fps, signal })
  return { ...done, maxFlow }
}

/** The flow of a clip, pair by pair, with progress. */
async function* pairsOf(clip: Frames, parameters: FarnebackOptions, stage: string): AsyncGenerator<PairFlow> {
  const onProgress = progressBar()
  const total = clip.count - 1
  for await (const field of flowPairs(framesOf(clip), clip, { ...parameters, signal: abortSignal() })) {
    yield field
    onProgress({ stage, done: field.pair + 1, total, unit: 'pairs' })
  }
}

function* framesOf({ frames, count, width, height }: Frames): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield frames.subarray(i * width * height, (i + 1) * width * height)
}

async function* picturesOf(
  clip: Frames,
  parameters: FarnebackOptions,
  look: Look,
  maxFlow: number,
): AsyncGenerator<Picture> {
  const pixels = clip.width * clip.height
  for await (const field of pairsOf(clip, parameters, look)) {
    yield pictureOf(field, clip.frames.subarray(field.pair * pixels, (field.pair + 1) * pixels), look, maxFlow)
  }
}

function pictureOf(field: FlowField, frame: Uint8Array, look: Look, maxFlow: number): Picture {
  const max = maxFlow || 1 // nothing moves
  return look === 'colour' ? colourFlow(field, { max }) : drawQuiver(field, { frame, max })
}

/** A `.npy` file of a clip's flow, pair by pair, so that no more than one is in memory. */
async function* npyOf({ width, height, pairs }: Done, fields: AsyncIterable<PairFlow>): AsyncGenerator<Uint8Array> {
  yield npyHeader('<f4', [pairs, height, width, 2])
  for await (const { flow } of fields) yield new Uint8Array(flow.buffer, flow.byteOffset, flow.byteLength)
}

function expectEnding(out: string, endings: string[], what: string): void {
  if (endings.includes(extname(out).toLowerCase())) return
  throw new InfomotionError(
    'INVALID_ARGUMENT',
    `Expected a name ending in ${endings.join(' or ')} for ${what} but received "${out}".`,
  )
}
