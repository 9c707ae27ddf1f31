import type { DataSet, Split } from '../dataset/index.js'
import type { ExtractedFeatures } from '../features/extract.js'
import { descriptorLayout } from '../features/index.js'
import { normaliseBlocks, normaliseRows } from '../matrix/blocks.js'
import { type Matrix, sideBySide, takeRows } from '../matrix/matrix.js'
import { fitPca, project } from '../matrix/pca.js'
import type { StageOptions } from '../runtime/progress.js'
import type { SelectionClass } from '../select/index.js'
import type { Method } from './settings.js'

/** The clips of one feature space. */
export interface FeatureSpace {
  /** "motion", "embedding", "mean-frame", ... */
  name: string
  /** One row a TRAIN clip, in the order of the TRAIN labels. */
  train: Matrix
  /** One row a TEST clip, in the order of the TEST labels. */
  test: Matrix
}

/** The clips of a run as points: TRAIN and TEST in each feature space, and what belongs to each row. */
export interface Spaces {
  /**
   * What linear students see. The first is what graphs and selection are made from; the others tell what carries the
   * class: descriptor or embedding alone, and two controls without motion (mean frame, deviation over time).
   */
  features: FeatureSpace[]
  /** What graphs and selection see: the principal components of the TRAIN rows of the first space. */
  points: Matrix
  /** Rows of the extracted features: TRAIN and TEST clips. */
  trainRows: Uint32Array
  testRows: Uint32Array
  /** Indices into the data set's clips, by TRAIN row. */
  trainClips: Uint32Array
  trainLabels: Uint32Array
  testLabels: Uint32Array
  testGroups: string[]
  /** The TRAIN rows of each class. */
  classes: SelectionClass[]
}

/** Lays out the features of a run; whatever is fitted is fitted on TRAIN only. `embedding`: rows as in `extracted`. */
export async function featureSpaces(
  dataSet: DataSet,
  extracted: ExtractedFeatures,
  embedding: Matrix | undefined,
  { components, descriptorWeight, embeddingWeight }: Method,
  { signal }: StageOptions,
): Promise<Spaces> {
  const clipOf = (row: number) => dataSet.clips[extracted.clips[row]]
  const rowsOf = (split: Split) => Uint32Array.from(extracted.clips.keys()).filter((row) => clipOf(row).split === split)
  const train = rowsOf('train')
  const test = rowsOf('test')
  const space = (name: string, features: Matrix): FeatureSpace => ({
    name,
    train: takeRows(features, train),
    test: takeRows(features, test),
  })

  // The descriptor's blocks have length 1 each, so that no block outweighs another by its unit.
  const motion = normaliseRows(normaliseBlocks(extracted.motion, descriptorLayout()))
  const seen = [
    { name: 'motion', features: motion, weight: descriptorWeight },
    ...(embedding ? [{ name: 'embedding', features: normaliseRows(embedding), weight: embeddingWeight }] : []),
  ].filter(({ weight }) => weight > 0)
  const parts = seen.map(({ name, features }) => space(name, features))
  const both = () =>
    space(
      seen.map(({ name }) => name).join('+'),
      sideBySide(
        seen.map(({ features }) => features),
        seen.map(({ weight }) => weight),
      ),
    )
  const features = [
    ...(parts.length > 1 ? [both()] : []),
    ...parts,
    space('mean-frame', extracted.meanFrame),
    space('deviation', extracted.deviation),
  ]

  const pca = await fitPca(features[0].train, { components, signal })
  const trainLabels = train.map((row) => clipOf(row).classIndex)
  return {
    features,
    points: await project(pca, features[0].train, signal),
    trainRows: train,
    testRows: test,
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
