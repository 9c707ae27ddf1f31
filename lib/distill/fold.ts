import type { Clip, DataSet, Split } from '../dataset/index.js'
import { type DescriptorForm, describeMotion } from '../features/index.js'
import { normaliseRows } from '../matrix/blocks.js'
import { type Matrix, sideBySide, takeRows } from '../matrix/matrix.js'
import { fitPca, project } from '../matrix/pca.js'
import { measureScaling, standardise } from '../matrix/scaling.js'
import type { ReportPool } from '../report/index.js'
import type { StageOptions } from '../runtime/progress.js'
import type { SelectionClass, SwapJudges } from '../select/index.js'
import { candidatesIn } from './candidates.js'
import type { DescribedClips } from './describe.js'
import { type DescriptorChoice, descriptorOf } from './descriptor.js'
import type { Method } from './settings.js'

/** One way to see clips, as linear students do. */
export interface FeatureSpace {
  /** "motion", "embedding", "mean-frame", ... */
  name: string
  /** One row a TRAIN clip, in the order of the TRAIN labels. */
  train: Matrix
  /** One row a TEST clip, in the order of the TEST labels. */
  test: Matrix
  /** One row a row of the fold's `clips`. */
  all: Matrix
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
  /** What is made of the clips' motion; absent where it is not seen. */
  descriptor?: DescriptorChoice
  /** What is selected from: the TRAIN clips, or those of a pool. */
  candidates: readonly Clip[]
  /** The row of each in `clips`. */
  candidateRows: Uint32Array
  /** What of a pool is there to select from, where there is one. */
  pool?: ReportPool
  /**
   * What graphs and selection see, a row a candidate: the principal components of the TRAIN rows of the first space,
   * standardised as students see them.
   */
  points: Matrix
  /** TRAIN, where it is not what is selected from: what swaps are judged by. */
  judges?: SwapJudges
  /** Rows of `clips`: TRAIN and TEST. */
  trainRows: Uint32Array
  testRows: Uint32Array
  /** The clip of each TRAIN row. */
  trainClips: Clip[]
  trainLabels: Uint32Array
  testLabels: Uint32Array
  testGroups: string[]
  /** The candidates of each class. */
  classes: SelectionClass[]
}

/** Lays out the clips of a split, those that could be read; whatever is fitted is fitted on TRAIN only. */
export async function foldOf(
  dataSet: DataSet,
  clips: DescribedClips,
  method: Method,
  stage: StageOptions,
): Promise<Fold> {
  const clipOf = (row: number) => dataSet.clips[clips.clips[row]]
  const rowsOf = (split: Split) => Uint32Array.from(clips.clips.keys()).filter((row) => clipOf(row)?.split === split)
  const trainRows = rowsOf('train')
  const testRows = rowsOf('test')
  const trainClips = Array.from(trainRows, clipOf)
  const trainLabels = Uint32Array.from(trainClips, ({ classIndex }) => classIndex)
  const { candidates, candidateRows, pool } = candidatesIn(dataSet, clips, method) ?? {
    ...{ candidates: trainClips, candidateRows: trainRows, pool: undefined },
  }
  const classes = dataSet.classes.map((name, c) => ({
    name,
    rows: Uint32Array.from(candidates.keys()).filter((i) => candidates[i].classIndex === c),
  }))
  const rowsAs = (form: DescriptorForm) => takeRows(wholeOf(partsOf(clips, method, form)), trainRows)
  const seesMotion = clips.motion !== undefined && method.descriptorWeight > 0
  const descriptor = seesMotion
    ? await descriptorOf({ trainClips, trainLabels, classes }, rowsAs, method, stage)
    : undefined
  const spaces = featuresOf(clips, method, descriptor?.form).map(({ name, features }) => ({
    name,
    train: takeRows(features, trainRows),
    test: takeRows(features, testRows),
    all: features,
  }))
  const pointsOf = await projectorOf(partsOf(clips, method, descriptor?.form), trainRows, method, stage.signal)
  return {
    ...{ dataSet, clips, spaces, descriptor, candidates, candidateRows, pool },
    points: await pointsOf(candidateRows),
    ...(pool && { judges: { features: await pointsOf(trainRows), labels: trainLabels } }),
    ...{ trainRows, testRows, trainClips, trainLabels },
    testLabels: testRows.map((row) => clipOf(row).classIndex),
    testGroups: Array.from(testRows, (row) => clipOf(row).group),
    classes,
  }
}

/** Deviations from the mean at which a standardised feature is cut, for graphs and selection. */
const CUT = 6

/**
 * What graphs and selection see of clips: each column standardised, as linear students see it (so that selection does not
 * judge by those of large numbers alone), then the principal components, both of TRAIN. Of several parts each counts by
 * its weight, however many columns it has.
 */
async function projectorOf(
  parts: readonly Part[],
  trainRows: Uint32Array,
  { components }: Method,
  signal?: AbortSignal,
): Promise<(rows: Uint32Array) => Promise<Matrix>> {
  const scalings = parts.map(({ features }) => measureScaling(takeRows(features, trainRows)))
  const standardised = (rows: Uint32Array) =>
    sideBySide(
      parts.map(({ features }, i) => {
        const own = takeRows(features, rows)
        return { ...own, values: standardise(own, scalings[i], CUT) }
      }),
      parts.map(({ features, weight }) => weight / Math.sqrt(features.dim)),
    )
  const pca = await fitPca(standardised(trainRows), { components, signal })
  return (rows) => project(pca, standardised(rows), signal)
}

/** One of what the first feature space is made of. */
interface Part {
  name: string
  features: Matrix
  weight: number
}

/** What the first feature space is made of: each row of its own clip alone. */
function partsOf(
  { motion, embedding }: DescribedClips,
  { descriptorWeight, embeddingWeight }: Method,
  form: DescriptorForm | undefined,
): Part[] {
  return [
    ...(motion && form ? [{ name: 'motion', features: describeMotion(motion, form), weight: descriptorWeight }] : []),
    ...(embedding ? [{ name: 'embedding', features: normaliseRows(embedding), weight: embeddingWeight }] : []),
  ].filter(({ weight }) => weight > 0)
}

function wholeOf(parts: readonly Part[]): Matrix {
  return sideBySide(
    parts.map(({ features }) => features),
    parts.map(({ weight }) => weight),
  )
}

/**
 * The feature spaces of clips, each row made of its own clip alone. The first is all that counts for graphs and
 * selection, side by side; the parts of which it is made follow, then the controls.
 *
 * @param form - of the descriptor; undefined where it is not seen
 */
export function featuresOf(
  clips: DescribedClips,
  method: Method,
  form: DescriptorForm | undefined,
): { name: string; features: Matrix }[] {
  const { meanFrame, deviation } = clips
  const parts = partsOf(clips, method, form)
  return [
    ...(parts.length > 1 ? [{ name: parts.map(({ name }) => name).join('+'), features: wholeOf(parts) }] : []),
    ...parts.map(({ name, features }) => ({ name, features })),
    ...(meanFrame ? [{ name: 'mean-frame', features: meanFrame }] : []),
    ...(deviation ? [{ name: 'deviation', features: deviation }] : []),
  ]
}

/** The method with what a fold chose of it: for parts of its TRAIN clips, which are not to choose again. */
export function asChosen<M extends Method>(method: M, { descriptor }: Fold): M {
  return descriptor ? { ...method, descriptor: descriptor.form } : method
}
