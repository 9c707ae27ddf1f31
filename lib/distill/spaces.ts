import type { DataSet } from '../dataset/index.js'
import type { FeatureSpace } from '../evaluate/index.js'
import type { ExtractedFeatures } from '../features/extract.js'
import { descriptorLayout, normaliseBlocks } from '../features/index.js'
import type { StageOptions } from '../run/progress.js'
import { type Features, fitPca, type Pca, project, type SelectionClass, takeRows } from '../select/index.js'

/** The clips of a run as points: TRAIN and TEST in each feature space, and what belongs to each row. */
export interface Spaces {
  motion: FeatureSpace
  /** The projection of `motion`, fitted on TRAIN. */
  pca: Pca
  /** Mean frame, and deviation over time: how far one comes without motion. */
  controls: FeatureSpace[]
  /** Indices into the data set's clips, by row. */
  trainClips: Uint32Array
  testClips: Uint32Array
  trainLabels: Uint32Array
  testLabels: Uint32Array
  testGroups: string[]
  /** The TRAIN rows of each class. */
  classes: SelectionClass[]
}

/**
 * Descriptor blocks at length 1 side by side (so that no block outweighs another by its unit), then the principal
 * components of TRAIN. Test clips are only projected.
 */
export async function featureSpaces(
  dataSet: DataSet,
  extracted: ExtractedFeatures,
  components: number,
  stage: StageOptions,
): Promise<Spaces> {
  const { clips } = dataSet
  const rowsOf = (split: string) =>
    Uint32Array.from(extracted.clips.keys()).filter((row) => clips[extracted.clips[row]].split === split)
  const train = rowsOf('train')
  const test = rowsOf('test')
  const clipOf = (row: number) => clips[extracted.clips[row]]

  const space = async (name: string, features: Features): Promise<{ space: FeatureSpace; pca: Pca }> => {
    const pca = await fitPca(takeRows(features, train), { components, signal: stage.signal })
    const side = (rows: Uint32Array) => project(pca, takeRows(features, rows))
    return { space: { name, train: side(train), test: side(test) }, pca }
  }
  const motion = await space('motion', normaliseBlocks(extracted.motion, descriptorLayout()))
  const trainLabels = Uint32Array.from(train, (row) => clipOf(row).classIndex)
  return {
    motion: motion.space,
    pca: motion.pca,
    controls: [
      (await space('mean-frame', extracted.meanFrame)).space,
      (await space('deviation', extracted.deviation)).space,
    ],
    trainClips: train.map((row) => extracted.clips[row]),
    testClips: test.map((row) => extracted.clips[row]),
    trainLabels,
    testLabels: Uint32Array.from(test, (row) => clipOf(row).classIndex),
    testGroups: Array.from(test, (row) => clipOf(row).group),
    classes: dataSet.classes.map((name, c) => ({
      name,
      rows: Uint32Array.from(train.keys()).filter((i) => trainLabels[i] === c),
    })),
  }
}
