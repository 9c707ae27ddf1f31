import type { Clip, DataSet, Split } from '../dataset/index.js'
import { descriptorLayout } from '../features/index.js'
import { normaliseBlocks, normaliseRows } from '../matrix/blocks.js'
import { type Matrix, sideBySide, takeRows } from '../matrix/matrix.js'
import { fitPca, project } from '../matrix/pca.js'
import type { StageOptions } from '../runtime/progress.js'
import type { SelectionClass } from '../select/index.js'
import type { DescribedClips } from './describe.js'
import type { Method } from './settings.js'

/** One way to see clips, as linear students do. */
export interface FeatureSpace {
  /** "motion", "embedding", "mean-frame", ... */
  name: string
  /** One row a TRAIN clip, in the order of the TRAIN labels. */
  train: Matrix
  /** One row a TEST clip, in the order of the TEST labels. */
  test: Matrix
}

/** One split of a data set: its TRAIN and TEST clips in each feature space, and what belongs to each row. */
export interface Fold {
  dataSet: DataSet
  clips: DescribedClips
  /**
   * What linear students see. The first is what graphs and selection are made from; the others tell what carries the
   * class: descriptor or embedding alone, and two controls without motion (mean frame, deviation over time).
   */
  spaces: FeatureSpace[]
  /** What graphs and selection see: the principal components of the TRAIN rows of the first space. */
  points: Matrix
  /** Rows of `clips`: TRAIN and TEST. */
  trainRows: Uint32Array
  testRows: Uint32Array
  /** The clip of each TRAIN row. */
  trainClips: Clip[]
  trainLabels: Uint32Array
  testLabels: Uint32Array
  testGroups: string[]
  /** The TRAIN rows of each class. */
  classes: SelectionClass[]
}

/** Lays out the clips of a split, those that could be read; whatever is fitted is fitted on TRAIN only. */
export async function foldOf(
  dataSet: DataSet,
  clips: DescribedClips,
  method: Method,
  { signal }: StageOptions,
): Promise<Fold> {
  const clipOf = (row: number) => dataSet.clips[clips.clips[row]]
  const rowsOf = (split: Split) => Uint32Array.from(clips.clips.keys()).filter((row) => clipOf(row).split === split)
  const trainRows = rowsOf('train')
  const testRows = rowsOf('test')
  const spaces = featuresOf(clips, method).map(({ name, features }) => ({
    name,
    train: takeRows(features, trainRows),
    test: takeRows(features, testRows),
  }))
  const pca = await fitPca(spaces[0].train, { components: method.components, signal })
  const trainClips = Array.from(trainRows, clipOf)
  const trainLabels = Uint32Array.from(trainClips, ({ classIndex }) => classIndex)
  return {
    ...{ dataSet, clips, spaces },
    points: await project(pca, spaces[0].train, signal),
    ...{ trainRows, testRows, trainClips, trainLabels },
    testLabels: testRows.map((row) => clipOf(row).classIndex),
    testGroups: Array.from(testRows, (row) => clipOf(row).group),
    classes: dataSet.classes.map((name, c) => ({
      name,
      rows: Uint32Array.from(trainClips.keys()).filter((i) => trainLabels[i] === c),
    })),
  }
}

/**
 * The feature spaces of clips, each row made of its own clip alone. The first is all that counts for graphs and
 * selection, side by side; the parts of which it is made follow, then the controls.
 */
export function featuresOf(
  { motion, embedding, meanFrame, deviation }: DescribedClips,
  { descriptorWeight, embeddingWeight }: Method,
): { name: string; features: Matrix }[] {
  // The descriptor's blocks have length 1 each, so that no block outweighs another by its unit.
  const parts = [
    ...(motion
      ? [
          {
            name: 'motion',
            features: normaliseRows(normaliseBlocks(motion, descriptorLayout())),
            weight: descriptorWeight,
          },
        ]
      : []),
    ...(embedding ? [{ name: 'embedding', features: normaliseRows(embedding), weight: embeddingWeight }] : []),
  ].filter(({ weight }) => weight > 0)
  const whole = () => ({
    name: parts.map(({ name }) => name).join('+'),
    features: sideBySide(
      parts.map(({ features }) => features),
      parts.map(({ weight }) => weight),
    ),
  })
  return [
    ...(parts.length > 1 ? [whole()] : []),
    ...parts.map(({ name, features }) => ({ name, features })),
    ...(meanFrame ? [{ name: 'mean-frame', features: meanFrame }] : []),
    ...(deviation ? [{ name: 'deviation', features: deviation }] : []),
  ]
}
