import { takeRows } from '../matrix/matrix.js'
import type { StageOptions } from '../runtime/progress.js'
import type { DistilledItem } from '../synthesize/index.js'
import { mixWithTeacher, predict, type Student, type Targets, trainStudent } from '../train/index.js'
import type { FeatureSpace } from './fold.js'
import { type ItemFeatures, told } from './items.js'

/** What students learn of items in a feature space. */
export type TargetsOf = (space: FeatureSpace, items: readonly DistilledItem[], stage: StageOptions) => Promise<Targets>

/**
 * What students are to learn of items: their targets, mixed with the predictions of a teacher if asked for: a linear
 * student of all TRAIN clips in the given space (Hinton, Vinyals and Dean 2015, at temperature 1).
 *
 * @param share - of the teacher, 0 to 1
 */
export function targetsBeside(features: ItemFeatures, share: number): TargetsOf {
  const { dataSet, trainLabels } = features.fold
  const classes = dataSet.classes.length
  const teachers = new Map<string, Promise<Teacher>>()
  const train = async ({ train }: FeatureSpace, { signal }: StageOptions) => {
    const weights = new Float32Array(train.rows).fill(1)
    const targets = { classes, labels: trainLabels }
    const student = await trainStudent(train, targets, weights, { emptyClasses: 'allow' }, { signal })
    return { student, onTrain: await predict(student, train, { signal }) }
  }
  return async (space, items, { signal }) => {
    const targets = targetsOf(items, classes)
    if (share === 0) return targets
    if (!teachers.has(space.name)) teachers.set(space.name, train(space, { signal }))
    const teacher = await teachers.get(space.name)!
    const predictions = await predictItems(teacher, features, space.name, items, classes, { signal })
    return { classes, soft: mixWithTeacher(targets, predictions, share) }
  }
}

/**
 * The items with the targets that students of the first space learn of them, to be written out: of a composed video those
 * of its tiles, and their weighted mean. Of all that students are trained on: `features.samples` has one a tile, in order.
 */
export async function withTargets(
  features: ItemFeatures,
  share: number,
  items: readonly DistilledItem[],
  stage: StageOptions,
): Promise<DistilledItem[]> {
  if (share === 0) return [...items]
  const { dataSet, spaces } = features.fold
  const classes = dataSet.classes.length
  const samples = features.samples(items)
  await features.of(samples, told(stage))
  const { soft } = await targetsBeside(features, share)(spaces[0], samples, stage)
  if (!soft) return [...items]
  const firsts = [0]
  for (const { tiles } of items) firsts.push(firsts.at(-1)! + (tiles?.length ?? 1))
  return items.map((item, i) => {
    const own = (t: number) => soft.slice((firsts[i] + t) * classes, (firsts[i] + t + 1) * classes)
    if (!item.tiles) return { ...item, soft: own(0) }
    const tiles = item.tiles.map((tile, t) => ({ ...tile, soft: own(t) }))
    const total = tiles.reduce((sum, { weight }) => sum + weight, 0)
    const share = ({ weight }: { weight: number }) => (total > 0 ? weight / total : 1 / tiles.length)
    const mean = Float32Array.from({ length: classes }, (_, c) =>
      tiles.reduce((sum, tile) => sum + share(tile) * tile.soft[c], 0),
    )
    return { ...item, tiles, soft: mean }
  })
}

interface Teacher {
  student: Student
  /** Its probabilities for the TRAIN clips. */
  onTrain: Float32Array
}

/** What the teacher makes of items: [items, classes]. */
async function predictItems(
  { student, onTrain }: Teacher,
  features: ItemFeatures,
  space: string,
  items: readonly DistilledItem[],
  classes: number,
  { signal }: StageOptions,
): Promise<Float32Array> {
  const rows = (await features.of(items, { signal })).map(({ trainRow }) => trainRow)
  const made = [...items.keys()].filter((i) => rows[i] === undefined)
  const { values } = takeRows(
    { dim: classes, values: onTrain },
    rows.map((row) => row ?? 0),
  )
  if (made.length === 0) return values
  const seen = await features.matrix(
    space,
    made.map((i) => items[i]),
    { signal },
  )
  const ofMade = await predict(student, seen, { signal })
  for (const [m, i] of made.entries()) values.set(ofMade.subarray(m * classes, (m + 1) * classes), i * classes)
  return values
}

/** The items' own targets: their classes, as distributions where one item has a distribution. */
export function targetsOf(items: readonly DistilledItem[], classes: number): Targets {
  if (!items.some(({ soft }) => soft)) return { classes, labels: items.map(({ classIndex }) => classIndex) }
  const soft = new Float32Array(items.length * classes)
  for (const [i, item] of items.entries()) {
    if (item.soft) soft.set(item.soft, i * classes)
    else soft[i * classes + item.classIndex] = 1
  }
  return { classes, soft }
}
