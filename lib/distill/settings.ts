import { type Device, expectDevice } from '../runtime/device.js'
import { expectInteger, expectNumber, expectOneOf, invalid } from '../runtime/expect.js'
import { WEIGHT_RULES, type WeightRule } from '../select/index.js'
import { BACKENDS, type Backend } from '../video/index.js'

/** What `distill` and `compare` can be told of the method, with its defaults. */
export const METHOD = {
  /** Seeds the split, the search, the random draws, the bootstrap and the students. */
  seed: 1,
  /** Nearest neighbours of each clip in its class graph. */
  neighbours: 10,
  /** Trials of the map-equation search; the best counts. */
  trials: 10,
  /** Principal components of the features (of TRAIN) that graphs and selection see. */
  components: 32,
  /** Random selections to compare with. */
  randomDraws: 10,
  /** Video decoder. */
  backend: 'auto' as Backend,
  /** Where flow and neighbours are computed: on a GPU where one can be used, on the CPU, on a GPU or not at all. */
  device: 'auto' as Device,
  /** Temporal CNN whose embedding stands beside the motion descriptor: a name of models/zoo.json, an ONNX file, or none. */
  encoder: 'none',
  /** How much descriptor and embedding count for graphs and selection; 0 leaves one out for students too. */
  descriptorWeight: 1,
  embeddingWeight: 1,
  /** Sample weights of the selected clips. */
  weights: 'voronoi' as WeightRule,
  /** Share of a teacher's answers (a linear student of all TRAIN clips) in what students learn, 0 to 1. */
  teacher: 0,
  /** Training steps of a CNN student; undefined: the student's default. */
  steps: undefined as number | undefined,
}

export type Method = typeof METHOD & {
  /** Folder (absolute) of what is computed once: features, volumes, embeddings, students' answers. */
  cache: string
}

/** @throws {InfomotionError} `INVALID_ARGUMENT` */
export function expectMethod(method: Method): void {
  expectInteger(method.seed, 'seed', 0, 0xffffffff)
  expectInteger(method.neighbours, 'neighbours', 1, 1e6)
  expectInteger(method.trials, 'trials', 1, 1e6)
  expectInteger(method.components, 'components', 1, 1e6)
  expectInteger(method.randomDraws, 'randomDraws', 1, 1e5)
  expectOneOf(method.backend, 'backend', BACKENDS)
  expectDevice(method.device)
  expectNumber(method.descriptorWeight, 'descriptorWeight', 0, 1e6)
  expectNumber(method.embeddingWeight, 'embeddingWeight', 0, 1e6)
  expectOneOf(method.weights, 'weights', WEIGHT_RULES)
  expectNumber(method.teacher, 'teacher', 0, 1)
  if (method.steps !== undefined) expectInteger(method.steps, 'steps', 1, 1e8)
  if (typeof method.encoder !== 'string' || method.encoder === '')
    throw invalid('the name of a model, the path of an ONNX file, or none', 'encoder', method.encoder)
  const seesEmbedding = method.encoder !== 'none' && method.embeddingWeight > 0
  if (method.descriptorWeight === 0 && !seesEmbedding)
    throw invalid('a weight above 0, or an encoder', 'descriptorWeight', method.descriptorWeight)
}
