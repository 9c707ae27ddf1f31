import type { DataSet } from '../dataset/index.js'
import type { FeatureSpace } from '../evaluate/index.js'
import type { ExtractedFeatures } from '../features/extract.js'
import { descriptorLayout, normaliseBlocks } from '../features/index.js'
import type { StageOptions } from '../run/progress.js'
import { type Features, fitPca, project, type SelectionClass, takeRows } from '../select/index.js'

/** The clips of a run as points: TRAIN and TEST in each feature space, and what belongs to each row. */
export interface Spaces {
  /** What students see: the motion descriptor, its blocks at length 1 side by side (no block outweighs by its unit). */
  motion: FeatureSpace
  /** Mean frame, and deviation over time: how far one comes without motion. */
  controls: FeatureSpace[]
  /** What graphs and selection see: the principal components of the TRAIN rows of `motion`. */
  points: Features
  /** Indices into the data set's clips, by TRAIN row. */
  trainClips: Uint32Array
  trainLabels: Uint32Array
  testLabels: Uint32Array
  testGroups: string[]
  /** The TRAIN rows of each class. */
  classes: SelectionClass[]
}

/** Lays out the features of a run; whatever is fitted is fitted on TRAIN only. */
export async function featureSpaces(
  dataSet: DataSet,
  extracted: ExtractedFeatures,
  components: number,
  stage: StageOptions,
): Promise<Spaces> {
  const clipOf = (row: number) => dataSet.clips[extracted.clips[row]]
  const rowsOf = (split: string) =>
    Uint32Array.from(extracted.clips.keys()).filter((row) => clipOf(row).split === split)
  const train = rowsOf('train')
  const test = rowsOf('test')
  const space = (name: string, features: Features): FeatureSpace => ({
    name,
    train: takeRows(features, train),
    test: takeRows(features, test),
  })

  const motion = space('motion', normaliseBlocks(extracted.motion, descriptorLayout()))
  const pca = await fitPca(motion.train, { components, signal: stage.signal })
  const trainLabels = train.map((row) => clipOf(row).classIndex)
  return {
    motion,
    controls: [space('mean-frame', extracted.meanFrame), space('deviation', extracted.deviation)],
    points: await project(pca, motion.train, stage.signal),
    trainClips: train.map((row) => extracted.clips[row]),
    trainLabels,
    testLabels: test.map((row) => clipOf(row).classIndex),
    testGroups: Array.from(test, (row) => clipOf(row).group),
    classes: dataSet.classes.map((name, c) => ({
      name,
      rows: Uint32Array.from(train.keys()).filter((i) => trainLabels[i] === c),
    })),
  }
}
