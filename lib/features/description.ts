import { FARNEBACK_DEFAULTS, type FarnebackOptions, resolveFarneback } from '../flow/options.js'
import { expectInteger, expectNumber, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'

const LAYOUTS = ['NCTHW', 'NTCHW'] as const
const CHANNELS = ['grey', 'u', 'v'] as const

/** What a model's input shows in one channel: grey level (0..1), or flow in frame widths or heights per second. */
export type Channel = (typeof CHANNELS)[number]

/** How clips are shown to a model, and what is its answer: the JSON file beside an ONNX file, or an entry of the zoo. */
export interface ModelDescription {
  /** Default: the file's name without ending. */
  name: string
  /** File name, beside the description. */
  file: string
  /** Of the ONNX file, in hexadecimal; checked where it is given, and the zoo gives it. */
  sha256: string
  licence?: string
  /** Where the model comes from. */
  source?: string
  opset?: number
  trainedOn?: string
  /** File name of the model card. */
  card?: string
  input: {
    /** The input's name in the model. Its type is float32. */
    name: string
    /** Order of its axes: N clips, C channels, T frames, H rows, W columns. */
    layout: (typeof LAYOUTS)[number]
    /** What each channel shows; `["grey", "grey", "grey"]` feeds a model for RGB. */
    channels: Channel[]
    /** Frames of a view, and the side of a frame in px. */
    frames: number
    side: number
    /** Every how many frames of a clip that was brought to `rate` frames/s one is shown. */
    stride: number
    rate: number
    /** The model sees (value - mean) / scale, one of each a channel. */
    normalisation: { mean: number[]; scale: number[] }
    /** Views of a clip, evenly spaced in time; their outputs are averaged. */
    views: number
    /** Parameters of the flow that the model was trained on. Default: OpenCV's, with the symmetric border. */
    flow?: FarnebackOptions
  }
  /** The output that is the embedding: `dim` numbers a view. */
  output: { name: string; dim: number }
}

/**
 * Checks a description.
 *
 * @param ownFile Name of the file it stands beside; '' for an entry of the zoo, which must say file and SHA-256 itself.
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 */
export function expectDescription(json: unknown, ownFile: string): ModelDescription {
  const given = expectObject<ModelDescription>(json, 'the description')
  expectOptions(given, 'the description', [
    ...['name', 'file', 'sha256', 'licence', 'source', 'opset', 'trainedOn', 'card', 'input', 'output'],
  ])
  const input = expectObject<ModelDescription['input']>(given.input, 'input')
  expectOptions(input, 'input', [
    ...['name', 'layout', 'channels', 'frames', 'side', 'stride', 'rate', 'normalisation', 'views', 'flow'],
  ])
  const output = expectObject<ModelDescription['output']>(given.output, 'output')
  expectOptions(output, 'output', ['name', 'dim'])
  if (given.name !== undefined) expectText(given.name, 'name')
  const file = ownFile || expectText(given.file, 'file')
  expectText(input.name, 'input.name')
  expectOneOf(input.layout, 'input.layout', LAYOUTS)
  if (!Array.isArray(input.channels) || input.channels.length === 0)
    throw invalid('a list of channels', 'input.channels', input.channels)
  for (const channel of input.channels) expectOneOf(channel, 'input.channels', CHANNELS)
  expectInteger(input.frames, 'input.frames', 1, 1024)
  expectInteger(input.side, 'input.side', 1, 1024)
  expectInteger(input.stride, 'input.stride', 1, 1000)
  expectNumber(input.rate, 'input.rate', 0.001, 100_000)
  expectInteger(input.views, 'input.views', 1, 64)
  const normalisation = expectObject<ModelDescription['input']['normalisation']>(
    input.normalisation,
    'input.normalisation',
  )
  expectOptions(normalisation, 'input.normalisation', ['mean', 'scale'])
  for (const part of ['mean', 'scale'] as const) {
    const values = normalisation[part]
    if (!Array.isArray(values) || values.length !== input.channels.length)
      throw invalid(`${input.channels.length} numbers, one a channel`, `input.normalisation.${part}`, values)
    for (const value of values) expectNumber(value, `input.normalisation.${part}`, part === 'scale' ? 1e-9 : -1e9, 1e9)
  }
  if (input.flow !== undefined) expectOptions(input.flow, 'input.flow', Object.keys(FARNEBACK_DEFAULTS))
  flowSeen(input)
  expectText(output.name, 'output.name')
  expectInteger(output.dim, 'output.dim', 1, 1 << 20)
  const hash = given.sha256 ?? ''
  if (!/^([0-9a-f]{64})?$/.test(hash) || (!ownFile && hash === ''))
    throw invalid('64 hexadecimal digits', 'sha256', given.sha256)
  return { ...given, name: given.name ?? file.replace(/\.onnx$/, ''), file, sha256: hash }
}

function expectObject<T>(value: unknown, name: string): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T
  throw invalid('an object', name, value)
}

function expectText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalid('a name', name, value)
}

/** The flow that a model is to be shown: what it was trained on, whatever the pipeline's own is. */
export function flowSeen({ flow }: ModelDescription['input']): Required<FarnebackOptions> {
  return resolveFarneback(flow ?? {}, { ...FARNEBACK_DEFAULTS, border: 'symmetric' })
}

/** Shape of a model's input but for the number of rows, in the order of its layout. */
export function inputDims({ input }: ModelDescription): number[] {
  const { layout, channels, frames, side } = input
  return layout === 'NCTHW' ? [channels.length, frames, side, side] : [frames, channels.length, side, side]
}
