// The public names, in pipeline order, and the types that they speak of. The engines are entries of their own too:
// infomotion/flow, /graph, /infomap, /onnx.
export { type CompareOptions, compare } from './compare.js'
export type { ClassScheme } from './dataset/classes.js'
export {
  type DataSetDescription,
  type DescribeDataSetOptions,
  describeDataSet,
  type Spread,
} from './dataset/describe.js'
export { type Clip, type DataSet, type ReadDataSetOptions, readDataSet, writeDataSet } from './dataset/index.js'
export type { SplitValues } from './dataset/split.js'
export type { DataSetSource, SetItem, SourceClip, Split } from './dataset/types.js'
export type { WriteDataSetOptions } from './dataset/write.js'
export { type DistillOptions, type DistillResult, distill, STAGES, type Stage } from './distill.js'
export { type Diagnosis, doctor, type Finding } from './doctor.js'
export { type EmbeddingFacts, type Embeddings, type ReadEmbeddingsOptions, readEmbeddings } from './embeddings/index.js'
export type { EvaluationInput } from './evaluate/evaluate.js'
export { type Evaluation, evaluate } from './evaluate/index.js'
export type { NumericLabels } from './evaluate/metrics.js'
export type { EvaluationRow, Interval, Metrics, RunStudent, StudentTask } from './evaluate/types.js'
export { type ExportOptions, exportDistilled } from './export.js'
export type { ModelDescription } from './features/description.js'
export { createEncoder, type Encoder, type EncoderOptions } from './features/encoder.js'
export {
  type ClipFacts,
  type ClipWarning,
  type DecodedClip,
  type ExtractedFeatures,
  type ExtractOptions,
  extractFeatures,
  type SkippedClip,
  type StatedFacts,
} from './features/extract.js'
export {
  type ClipFeatures,
  type DescriptorBlock,
  type DescriptorForm,
  type DescriptorLayout,
  type DescriptorOptions,
  describeClip,
  describeMotion,
  descriptorLayout,
} from './features/index.js'
export { listModels } from './features/zoo.js'
export { farneback } from './flow/index.js'
export { similarityGraph } from './graph/index.js'
export { infomap } from './infomap/index.js'
export { fitPca, type Matrix, normaliseBlocks, type Pca, project, type Scaling } from './matrix/index.js'
export { type PhantomOptions, writePhantom } from './phantom/index.js'
export type { Comparison, ReportComposition, ReportDescriptor, ReportPool, ReportTeacher } from './report/types.js'
export type { Npy, NpyArray } from './run/npy.js'
export { readNpy, writeNpy } from './run/npy-file.js'
export { type Device, type DeviceReport, type DeviceUsed, devices } from './runtime/device.js'
export { InfomotionError } from './runtime/errors.js'
export type { Progress, StageOptions } from './runtime/progress.js'
export {
  SELECTORS,
  type Selection,
  select,
} from './select/index.js'
export type { SelectOptions } from './select/options.js'
export type { SwapJudges } from './select/swap.js'
export type { ClassModules, Representative, SelectionClass } from './select/types.js'
export type { WeightRule } from './select/weights.js'
export { plainItems, readDistilled, synthesize } from './synthesize/index.js'
export type { ReadDistilled, ReadDistilledOptions } from './synthesize/read.js'
export type { SynthesizeOptions } from './synthesize/synthesize.js'
export type { DecodeClip } from './synthesize/tile.js'
export type { ClipShape, DistilledItem, DistilledSet, Tile } from './synthesize/types.js'
export type { CheckpointOptions } from './train/checkpoint.js'
export type { CnnOptions, CnnStudent } from './train/cnn-types.js'
export { predict, predictCnn, trainCnn, trainStudent } from './train/index.js'
export type { StudentName } from './train/names.js'
export type { Student, Targets, TrainOptions } from './train/types.js'
export {
  type ClipSource,
  type ClipStream,
  decodersOf,
  type Frames,
  type MadeClip,
  type Oddity,
  type OddityKind,
  openClip,
  type ReadClipOptions,
  type ReadOptions,
  readClip,
  type Segment,
  writeClip,
} from './video/index.js'
export type { FormatName, Place, Tiling } from './video/types.js'
export { periodOf } from './volume/rhythm.js'
export type { Augmentation, Channels } from './volume/samples.js'
export { type ClipTime, type Timing, timingOf } from './volume/timing.js'
export { decodeSpeed, type Volume, type VolumeOptions, type VolumeShape, volumeOf } from './volume/volume.js'
