import { elementCount, floatOf, intOf } from '../model.js'
import { expandTo, reshapeTo } from './broadcast.js'
import type { Rule } from './rule.js'

/**
 * y = scale (x - m) r + bias with r = 1 / sqrt(v + epsilon), channel by channel (Ioffe and Szegedy 2015, section 3). With
 * S = sum dy and D = sum dy (x - m) over the P elements of a channel:
 *
 *   dbias = S, dscale = r D
 *   m, v given:          dx = scale r dy,  dm = -scale r S,  dv = -scale r^3 D / 2
 *   m, v of this batch:  dx = scale r (dy - S / P - (x - m) r^2 D / P) + (dm + 2 (x - m) dv) / P
 *
 * where dm, dv of the last line are what reaches the outputs mean and variance, if anything does. In training these
 * outputs must be the batch's own: momentum 0, as `trainingGraph` makes it.
 */
const batchNormalization: Rule = ({ g, node, outputGradients, wanted }) => {
  const [x, scale, , ...given] = node.inputs
  const training = intOf(node, 'training_mode', 0) === 1
  const [mean, variance] = training ? node.outputs.slice(1) : given
  const [dY, dMean, dVariance] = outputGradients
  const dims = g.dims(x)
  const [samples, channels, ...positions] = dims
  const { type } = g.type(x)

  const op = (name: string, ...inputs: string[]) => g.node(name, inputs)
  const number = (value: number) => g.scalar(value, type)
  const wide = (value: string) => reshapeTo(g, value, [samples, channels, elementCount(positions)])
  const perChannel = (value: string) => reshapeTo(g, value, [channels, 1])
  const sum = (value: string) => g.node('ReduceSum', [value, g.integers([0, 2])], { keepdims: { int: 0 } })

  const dy = wide(dY ?? expandTo(g, number(0), dims))
  const root = op('Div', number(1), op('Sqrt', op('Add', variance, number(floatOf(node, 'epsilon', 1e-5)))))
  const slope = op('Mul', scale, root)
  const direct = () => op('Mul', dy, perChannel(slope))
  if (!training && !wanted.slice(1).some(Boolean)) return [reshapeTo(g, direct(), dims)]

  const centred = op('Sub', wide(x), perChannel(mean))
  const S = sum(dy)
  const D = sum(op('Mul', dy, centred))
  const cubed = op('Mul', slope, op('Mul', op('Mul', root, root), D)) // scale r^3 D

  /** What moving x moves by way of the batch's mean and variance: (u + w (x - m)) / P. */
  const throughStatistics = () => {
    const share = number(1 / (samples * elementCount(positions)))
    const minus = (value: string, from?: string) => (from ? op('Sub', from, value) : op('Neg', value))
    const u = minus(op('Mul', slope, S), dMean)
    const w = minus(cubed, dVariance && op('Mul', dVariance, number(2)))
    const product = op('Mul', centred, perChannel(op('Mul', w, share)))
    return op('Add', product, perChannel(op('Mul', u, share)))
  }
  const dX = () => reshapeTo(g, training ? op('Add', direct(), throughStatistics()) : direct(), dims)
  return [
    wanted[0] ? dX() : undefined,
    wanted[1] ? op('Mul', root, D) : undefined,
    wanted[2] ? S : undefined,
    wanted[3] && !training ? op('Neg', op('Mul', slope, S)) : undefined,
    wanted[4] && !training ? op('Mul', cubed, number(-0.5)) : undefined,
  ]
}

export const normalisationRules: Record<string, Rule> = { BatchNormalization: batchNormalization }
