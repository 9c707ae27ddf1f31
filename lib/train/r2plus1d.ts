import { float32, GraphBuilder, inferenceModel, type Model } from '../onnx/index.js'
import { Random } from '../runtime/random.js'

/** Widths of the stem and of the residual stages, and the blocks of a stage. */
export const sizes = {
  small: { stem: 16, widths: [32, 64], blocks: 1 },
  medium: { stem: 32, widths: [64, 128], blocks: 1 },
  large: { stem: 64, widths: [128, 256], blocks: 2 },
} as const

export type CnnSize = keyof typeof sizes

/** What defines the network, apart from its parameters. */
export interface CnnShape {
  size: CnnSize
  /** Of a clip: channels, frames, and pixels of its height and width (an even number). */
  channels: number
  frames: number
  side: number
  classes: number
}

/** The student's output layer: a start with other classes brings all but this. */
export const HEAD: readonly string[] = ['logits/weight', 'logits/bias']

/**
 * R(2+1)D, a residual network of convolutions over space and over time in turn (Tran et al. 2018, "A closer look at
 * spatiotemporal convolutions for action recognition", section 3.5), small: `clips` [N, channels, frames, side, side]
 * -> `embedding` [N, width], the mean over time and space of the last stage -> `logits` [N, classes].
 * Weights start as He et al. 2015 draw them, from (seed, 'cnn', their name).
 */
export function cnn({ size, channels, frames, side, classes }: CnnShape, seed: number): Model {
  const { stem, widths, blocks } = sizes[size]
  const g = new GraphBuilder(`r2plus1d-${size}`)
  const normal = (name: string, dims: number[], fanIn: number) => {
    const random = new Random(seed, 'cnn', name)
    const length = dims.reduce((a, b) => a * b)
    return g.initializer(
      name,
      float32(
        dims,
        Float32Array.from({ length }, () => Math.sqrt(2 / fanIn) * random.gaussian()),
      ),
    )
  }

  /** Convolution without bias, and batch normalisation. */
  const convolve = (x: string, name: string, width: number, kernel: number[], strides: number[]) => {
    const from = g.type(x).dims[1] as number
    const volume = kernel.reduce((a, b) => a * b)
    const weight = normal(`${name}/weight`, [width, from, ...kernel], from * volume)
    const pads = [...kernel, ...kernel].map((k) => (k - 1) / 2)
    const y = g.node('Conv', [x, weight], {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      pads: { ints: pads },
    })
    const of = (what: string, value: number) =>
      g.initializer(`${name}/${what}`, float32([width], new Float32Array(width).fill(value)))
    const inputs = [y, of('gain', 1), of('bias', 0), of('mean', 0), of('variance', 1)]
    const outputs = ['normal', 'mean/next', 'variance/next'].map((what) => `${name}/${what}`)
    const attributes = { training_mode: { int: 1 }, momentum: { float: 0.9 } }
    return g.append({ op: 'BatchNormalization', domain: '', name, inputs, outputs, attributes })[0]
  }

  /** Space, then time, beside a way straight on. */
  const block = (x: string, name: string, width: number, [t, s]: number[]) => {
    const space = g.node('Relu', [convolve(x, `${name}/space`, width, [1, 3, 3], [1, s, s])])
    const time = convolve(space, `${name}/time`, width, [3, 1, 1], [t, 1, 1])
    const same = t * s === 1 && g.type(x).dims[1] === width
    const straight = same ? x : convolve(x, `${name}/straight`, width, [1, 1, 1], [t, s, s])
    return g.node('Relu', [g.node('Add', [time, straight])])
  }

  const clips = g.input('clips', ['N', channels, frames, side, side])
  let x = g.node('Relu', [convolve(spaceToDepth(g, clips), 'stem', stem, [1, 3, 3], [1, 2, 2])])
  widths.forEach((width, stage) => {
    for (let i = 0; i < blocks; i++) x = block(x, `stage${stage}/block${i}`, width, i > 0 ? [1, 1] : [stage ? 2 : 1, 2])
  })
  const embedding = g.node('Flatten', [g.node('GlobalAveragePool', [x])], {}, 'embedding')
  const width = widths[widths.length - 1]
  const weight = normal(HEAD[0], [width, classes], 2 * width)
  const bias = g.initializer(HEAD[1], float32([classes]))
  g.output(g.node('Gemm', [embedding, weight, bias], {}, 'logits'))
  return g.build()
}

/**
 * 2 x 2 pixels of a channel as four channels: a 3 x 3 kernel of stride 2 then sees 6 x 6 pixels at stride 4. Kernels
 * on few channels are what is slowest to train.
 */
function spaceToDepth(g: GraphBuilder, x: string): string {
  const [, channels, frames, side] = g.type(x).dims as number[]
  const half = side / 2
  const split = g.node('Reshape', [x, g.integers([0, channels, frames, half, 2, half, 2])])
  const moved = g.node('Transpose', [split], { perm: { ints: [0, 1, 4, 6, 2, 3, 5] } })
  return g.node('Reshape', [moved, g.integers([0, 4 * channels, frames, half, half])])
}

/** The trained network for use: `clips` [N, ...] -> `probabilities` [N, classes] and `embedding` [N, width]. */
export function cnnPredictor(trained: Model): Model {
  const g = new GraphBuilder({ ...inferenceModel(trained), outputs: new Map() })
  g.output(g.node('Softmax', ['logits'], { axis: { int: 1 } }, 'probabilities'))
  g.output('embedding')
  return g.build()
}
