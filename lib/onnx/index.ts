/**
 * ONNX files as data: read, write, build, differentiate, and turn into a training step that any ONNX Runtime runs.
 * Public as `infomotion/onnx`.
 */
export { GraphBuilder } from './builder.js'
export { decodeModel, encodeModel } from './codec.js'
export { differentiate } from './differentiate.js'
export { TARGETS, WEIGHTS } from './loss.js'
export {
  type Attribute,
  type DataType,
  type Dimension,
  dataTypes,
  float32,
  int64,
  type Model,
  type Node,
  type Tensor,
  type TensorData,
  tensor,
  type ValueType,
} from './model.js'
export { type AdamW, type Optimizer, type Sgd, type StateVariable, schedule } from './optimizer.js'
export { inferenceModel } from './statistics.js'
export { type TrainingStep, type TrainingStepOptions, trainingStep, withParameters } from './training.js'
