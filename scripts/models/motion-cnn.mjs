// The default encoder: what it is trained on and how, and how it is described. Used by train-default.mjs and
// evaluate-encoder.mjs.
import { FARNEBACK_DEFAULTS } from '../../dist/flow/index.js'
import { decodeModel, encodeModel } from '../../dist/onnx/index.js'
import { trainCnn } from '../../dist/train/cnn.js'

/** Training clips: `writePhantom` of these; the seed is none that anything is evaluated on. */
export const PHANTOM = { train: 600, test: 0, seed: 1001, variety: 'wide' }

/** All of them, so that the model stays the same when defaults change. */
export const SETTINGS = {
  ...{ size: 'medium', channels: 'both', frames: 16, stride: 2, steps: 1000, batch: 16, seed: 1 },
  ...{ learningRate: 0.005, weightDecay: 0.05 },
  augmentation: { flip: true, rotation: 10, scale: 0.1, gain: 0.2, noise: 0.05, tempo: 0.2 },
}
const VIEWS = 2
/** The flow that it sees, in training and after. */
export const FLOW = { ...FARNEBACK_DEFAULTS, border: 'symmetric' }

/**
 * Ejection fraction as a distribution over eight classes (10, 20, ... 80 percent, a Gaussian of 7 percent): neighbouring
 * fractions share classes, so that the network learns their order (label distribution learning, Geng 2016).
 */
function targetsOf(efs) {
  const centres = [10, 20, 30, 40, 50, 60, 70, 80]
  const soft = efs.flatMap((ef) => {
    const heights = centres.map((centre) => Math.exp(-((ef - centre) ** 2) / (2 * 7 ** 2)))
    const sum = heights.reduce((a, b) => a + b)
    return heights.map((height) => height / sum)
  })
  return { classes: centres.length, soft: Float32Array.from(soft) }
}

/** Trains the network on volumes and their ejection fractions (percent). */
export function trainMotionCnn(volumes, efs, settings, stage) {
  const weights = new Float32Array(volumes.length).fill(1)
  return trainCnn(volumes, targetsOf(efs), weights, { ...SETTINGS, ...settings }, stage)
}

/** A trained CNN cut off at its embedding: the ONNX file, and how it is to be fed. */
export function encoderOf(student, name) {
  const model = decodeModel(student.model)
  const head = new Set(['logits', 'probabilities'])
  model.name = name
  model.nodes = model.nodes.filter(({ outputs }) => !head.has(outputs[0]))
  const read = new Set(model.nodes.flatMap(({ inputs }) => inputs))
  model.initializers = new Map([...model.initializers].filter(([initializer]) => read.has(initializer)))
  model.outputs = new Map([['embedding', model.outputs.get('embedding')]])
  const { frames, side, stride } = student
  const input = {
    ...{ name: 'clips', layout: 'NCTHW', channels: ['grey', 'u', 'v'], frames, side, stride, rate: 32 },
    normalisation: { mean: [0.25, 0, 0], scale: [0.25, 0.2, 0.2] },
    views: VIEWS,
    flow: FLOW,
  }
  const output = { name: 'embedding', dim: model.outputs.get('embedding').dims[1] }
  return { file: encodeModel(model), opset: model.opsets[''], input, output }
}
