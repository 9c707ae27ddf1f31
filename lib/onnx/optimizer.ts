import type { GraphBuilder } from './builder.js'
import { float32, type Tensor } from './model.js'

/** AdamW (Loshchilov and Hutter 2019, algorithm 2). Defaults are PyTorch's. */
export interface AdamW {
  kind: 'adamw'
  /** Decay of the mean of gradients; default 0.9. */
  beta1?: number
  /** Decay of the mean of squared gradients; default 0.999. */
  beta2?: number
  /** Added to the denominator; default 1e-8. */
  epsilon?: number
  /** Decoupled: each step also takes `learningRate * weightDecay` of the parameter away; default 0.01. */
  weightDecay?: number
}

/** Stochastic gradient descent with momentum, weight decay decoupled as in AdamW. */
export interface Sgd {
  kind: 'sgd'
  /** v = momentum v + g; default 0. */
  momentum?: number
  /** Default 0. */
  weightDecay?: number
}

export type Optimizer = AdamW | Sgd

/** A value that lives from step to step: a parameter or a moment. */
export interface StateVariable {
  /** The graph's input of the value before the step, and output of the value after it. */
  input: string
  output: string
  initial: Tensor
}

const LEARNING_RATE = 'learning_rate'
const CORRECTION_1 = 'bias_correction_1'
const CORRECTION_2 = 'bias_correction_2'

/**
 * The scalar inputs of steps first, first + 1, ... of an optimizer's graph: one value a step for each input. The bias
 * corrections 1 - beta^t are worked out here, in double precision: in float32, 1 - 0.999 loses half its digits.
 */
export function schedule(
  optimizer: Optimizer,
  learningRates: ArrayLike<number>,
  first = 1,
): Record<string, Float32Array> {
  const rates = { [LEARNING_RATE]: Float32Array.from(learningRates) }
  if (optimizer.kind === 'sgd') return rates
  const { beta1 = 0.9, beta2 = 0.999 } = optimizer
  const corrections = (beta: number) => Float32Array.from(learningRates, (_, t) => 1 - beta ** (first + t))
  return { ...rates, [CORRECTION_1]: corrections(beta1), [CORRECTION_2]: corrections(beta2) }
}

/**
 * Adds an optimizer's update of parameters to a graph. The parameters, so far initializers, become inputs beside their
 * moments; the values after the step become outputs `NAME/next`.
 *
 * @param gradients Name of each float32 parameter -> name of its gradient.
 * @param decays Whether weight decay acts on a parameter.
 * @returns What lives from step to step: each parameter, and its moments.
 */
export function addOptimizer(
  g: GraphBuilder,
  optimizer: Optimizer,
  gradients: Record<string, string>,
  decays: (parameter: string, dims: number[]) => boolean,
): StateVariable[] {
  const update = optimizer.kind === 'adamw' ? adamw(g, optimizer) : sgd(g, optimizer)
  const weightDecay = optimizer.weightDecay ?? (optimizer.kind === 'adamw' ? 0.01 : 0)
  const shrink = () => g.node('Sub', [number(g, 1), g.node('Mul', [LEARNING_RATE, number(g, weightDecay)])])
  const keep = weightDecay > 0 ? shrink() : undefined
  return Object.entries(gradients).flatMap(([parameter, gradient]) => {
    const initial = g.initializers.get(parameter)!
    g.feed(parameter)
    const decayed = keep && decays(parameter, initial.dims) ? g.node('Mul', [parameter, keep]) : parameter
    const { step, moments } = update(parameter, gradient)
    const next = g.node('Sub', [decayed, step], {}, `${parameter}/next`)
    g.output(next)
    return [{ input: parameter, output: next, initial }, ...moments]
  })
}

/** What is taken from a parameter in this step, and the moments that lead to it. */
type Update = (parameter: string, gradient: string) => { step: string; moments: StateVariable[] }

/** m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; step = rate (m / c1) / (sqrt(v / c2) + epsilon). */
function adamw(g: GraphBuilder, { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamW): Update {
  const rate = g.node('Div', [g.input(LEARNING_RATE, []), g.input(CORRECTION_1, [])])
  const root = g.node('Sqrt', [g.input(CORRECTION_2, [])])
  return (parameter, gradient) => {
    const m = moment(g, `${parameter}/mean`, parameter, beta1, scaled(g, gradient, 1 - beta1))
    const v = moment(
      g,
      `${parameter}/square`,
      parameter,
      beta2,
      scaled(g, g.node('Mul', [gradient, gradient]), 1 - beta2),
    )
    const spread = g.node('Add', [g.node('Div', [g.node('Sqrt', [v.output]), root]), number(g, epsilon)])
    return { step: g.node('Mul', [g.node('Div', [m.output, spread]), rate]), moments: [m, v] }
  }
}

/** v = momentum v + g; step = rate v. */
function sgd(g: GraphBuilder, { momentum = 0 }: Sgd): Update {
  const rate = g.input(LEARNING_RATE, [])
  return (parameter, gradient) => {
    if (momentum === 0) return { step: g.node('Mul', [gradient, rate]), moments: [] }
    const v = moment(g, `${parameter}/velocity`, parameter, momentum, gradient)
    return { step: g.node('Mul', [v.output, rate]), moments: [v] }
  }
}

/** A moment that starts at 0 and becomes `decay * moment + addend`. */
function moment(g: GraphBuilder, name: string, parameter: string, decay: number, addend: string): StateVariable {
  const dims = g.dims(parameter)
  const old = g.input(name, dims)
  const output = g.node('Add', [scaled(g, old, decay), addend], {}, `${name}/next`)
  g.output(output)
  return { input: old, output, initial: float32(dims) }
}

function scaled(g: GraphBuilder, value: string, factor: number): string {
  return g.node('Mul', [value, number(g, factor)])
}

function number(g: GraphBuilder, value: number): string {
  return g.scalar(value, 'float32')
}
