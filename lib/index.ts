// The public names, in pipeline order. The engines are entries of their own too: infomotion/flow, /graph, /infomap,
// /onnx.
export { type CompareOptions, compare } from './compare.js'
export { type Clip, type DataSet, type ReadDataSetOptions, readDataSet, writeDataSet } from './dataset/index.js'
export { type DistillOptions, type DistillResult, distill, STAGES } from './distill.js'
export { type Diagnosis, doctor, type Finding } from './doctor.js'
export { budgetTable, type Evaluation, evaluate, evaluationTable, score, summarise } from './evaluate/index.js'
export { createEncoder } from './features/encoder.js'
export { extractFeatures } from './features/extract.js'
export { describeClip, descriptorLayout, normaliseBlocks } from './features/index.js'
export { type Volume, volumeOf } from './features/volume.js'
export { listModels } from './features/zoo.js'
export { farneback } from './flow/index.js'
export { knn, similarityGraph } from './graph/index.js'
export { codelength, infomap } from './infomap/index.js'
export { writePhantom } from './phantom/index.js'
export { writeReport } from './report/index.js'
export type { Progress, StageOptions } from './run/progress.js'
export { type Device, type DeviceReport, devices } from './runtime/device.js'
export { InfomotionError } from './runtime/errors.js'
export { Random } from './runtime/random.js'
export {
  effectiveSampleSize,
  fitPca,
  guardWeights,
  project,
  SELECTORS,
  type Selection,
  select,
  selectFacilityLocation,
  selectHerding,
  selectInfomap,
  selectKCenter,
  selectKMedoids,
  selectPageRank,
  selectRandom,
} from './select/index.js'
export { synthesize } from './synthesize/index.js'
export { mixTargets, predict, predictCnn, trainCnn, trainStudent } from './train/index.js'
export { type Frames, readClip, writeClip } from './video/index.js'
