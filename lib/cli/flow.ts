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
import { openClip, type ReadClipOptions, readClip, writePictures } from '../video/index.js'
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
    const { out, init, colour, quiver, maxFlow, backend, fps, mask, crop, ...parameters } = options
    if (colour && quiver) throw new InfomotionError('INVALID_ARGUMENT', 'Expected --colour or --quiver, not both.')
    const look: Look | undefined = colour ? 'colour' : quiver ? 'quiver' : undefined
    if (maxFlow !== undefined && !(look && maxFlow > 0))
      throw invalid('a speed above 0, with --colour or --quiver,', 'maxFlow', maxFlow)
    const started = performance.now()
    await expectApart([out], [first, ...(second ? [second] : []), ...(init ? [init] : [])])
    const decoding = { backend, fps, mask, crop }
    const wanted = { out, look, maxFlow, parameters, decoding, warnings: new Set<string>() }
    const done = second ? await ofImages(first, second, init, wanted) : await ofClip(first, init, wanted)
    const result = { out, ...done, warnings: [...wanted.warnings], seconds: (performance.now() - started) / 1000 }
    finish(result, () => {
      const { pairs, width, height, seconds } = result
      const what = `${out}: ${pairs} pair${pairs === 1 ? '' : 's'} of ${width} x ${height}, ${seconds.toFixed(2)} s`
      return [what, ...result.warnings].join('\n')
    })
  })
}

interface Wanted {
  out: string
  look: Look | undefined
  maxFlow: number | undefined
  parameters: FarnebackOptions
  /** How a clip is read. */
  decoding: Decoding
  /** What a clip's reader found odd. */
  warnings: Set<string>
}

type Decoding = Pick<ReadClipOptions, 'backend' | 'fps' | 'mask' | 'crop'>

async function ofImages(first: string, second: string, init: string | undefined, wanted: Wanted): Promise<Done> {
  const { out, look, parameters, decoding } = wanted
  for (const [name, given] of Object.entries(decoding))
    if (given !== undefined && given !== 'none' && given !== 'auto')
      throw invalid('a clip with that option: two images are read as they are', name, given)
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
  const { out, look } = wanted
  expectEnding(out, look ? ['.avi'] : ['.npy'], `${look ? 'pictures of ' : ''}the flow of a clip`)
  if (init !== undefined)
    throw new InfomotionError('INVALID_ARGUMENT', 'Expected two images with --init: a clip takes no first guess.')
  const { count, width, height, fps } = await lookAt(path, wanted.decoding)
  if (count < 2)
    throw new InfomotionError('INVALID_ARGUMENT', `Expected at least two frames, but ${path} has ${count}.`)
  const done = { width, height, pairs: count - 1 }
  await makeFolder(dirname(out)) // before the flow: it may take long
  const signal = abortSignal()
  if (!look) {
    await writeWhole(out, npyOf(done, pairsOf(path, done, wanted, 'flow')), signal)
    return done
  }
  // One scale for the whole clip: where it is not given, the flow is computed twice rather than kept.
  let maxFlow = wanted.maxFlow ?? 0
  if (wanted.maxFlow === undefined)
    for await (const field of pairsOf(path, done, wanted, 'scale')) maxFlow = Math.max(maxFlow, speedOf(field, SHOWN))
  await writePictures(out, picturesOf(path, done, wanted, look, maxFlow), { fps, signal })
  return { ...done, maxFlow }
}

/** A clip frame after frame; of one that is masked all frames are in memory, as the mask is found over all of them. */
async function open(path: string, decoding: Decoding) {
  const signal = abortSignal()
  const { mask = 'none', ...rest } = decoding
  if (mask === 'none') return openClip(path, { ...rest, signal })
  const { frames, ...clip } = await readClip(path, { ...decoding, signal })
  const size = clip.width * clip.height
  async function* all() {
    for (let i = 0; i < clip.count; i++) yield frames.subarray(i * size, (i + 1) * size)
  }
  return { ...clip, frames: all(), close: () => {} }
}

/** What a clip holds: by going through it once, where it does not say how many frames it has. The frames are never all in memory. */
async function lookAt(
  path: string,
  decoding: Decoding,
): Promise<{ count: number; width: number; height: number; fps: number }> {
  const clip = await open(path, decoding)
  try {
    let { count = 0 } = clip
    if (clip.count === undefined) for await (const _ of clip.frames) count++
    return { count, width: clip.width, height: clip.height, fps: clip.fps }
  } finally {
    clip.close()
  }
}

/** The flow of a clip, pair by pair, with the frame that each pair begins with, and with progress. */
async function* pairsOf(
  path: string,
  { pairs }: Done,
  { parameters, decoding, warnings }: Wanted,
  stage: string,
): AsyncGenerator<PairFlow & { frame: Uint8Array }> {
  const signal = abortSignal()
  const onProgress = progressBar()
  const clip = await open(path, decoding)
  const frames: Uint8Array[] = []
  async function* kept() {
    for await (const frame of clip.frames) {
      frames.push(frame)
      yield frame
    }
  }
  try {
    for await (const field of flowPairs(kept(), clip, { ...parameters, signal })) {
      yield { ...field, frame: frames.shift() as Uint8Array }
      onProgress({ stage, done: field.pair + 1, total: pairs, unit: 'pairs' })
    }
  } finally {
    for (const warning of clip.warnings) warnings.add(warning)
    clip.close()
  }
}

async function* picturesOf(
  path: string,
  done: Done,
  wanted: Wanted,
  look: Look,
  maxFlow: number,
): AsyncGenerator<Picture> {
  for await (const { frame, ...field } of pairsOf(path, done, wanted, look))
    yield pictureOf(field, frame, look, maxFlow)
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
