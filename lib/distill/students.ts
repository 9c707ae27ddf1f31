import pMap from 'p-map'
import type { Clip } from '../dataset/index.js'
import { decimalPoint } from '../dataset/labels.js'
import {
  type Evaluation,
  type EvaluationInput,
  evaluate,
  type RunStudent,
  type StudentTask,
} from '../evaluate/index.js'
import { measureScaling } from '../matrix/scaling.js'
import { sha256 } from '../run/store.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import { type DistilledItem, type DistilledSet, plainItems } from '../synthesize/index.js'
import { type CnnSize, predict, predictCnn, trainCnn, trainStudent } from '../train/index.js'
import { CNN_SIZES, type StudentName } from '../train/names.js'
import type { Channels, Volume } from '../volume/index.js'
import type { FeatureSpace, Fold } from './fold.js'
import { type ItemFeatures, told } from './items.js'
import type { PredictionCache } from './predictions.js'
import { targetsBeside } from './teacher.js'

/** Whether a student sees the clips' volumes. */
export function seesVolumes(name: StudentName): name is Exclude<StudentName, 'linear'> {
  return name !== 'linear'
}

/** What a CNN can see of the clips, by its channels: one is its table's, the others tell what carries the class. */
export const CNN_SPACES = { flow: 'flow', both: 'grey+flow', grey: 'grey' } as const satisfies Record<Channels, string>

/** Random draws where nobody says how many: a CNN takes a minute where the linear student takes a moment. */
export function randomDrawsOf(name: StudentName, given: number | undefined): number {
  return given ?? (seesVolumes(name) ? 3 : 10)
}

/** Volumes that are read at once: each is an open file. */
const READ_AT_ONCE = 16

/** Clips that a CNN predicts at once: bounds the memory for their volumes (0.6 MB each). */
const PREDICT_AT_ONCE = 128

/** What students learn from, and where their predictions are kept. */
export interface StudentConfig {
  /** Of the clips to learn from; its fold has the TEST clips. */
  features: ItemFeatures
  /** Share of the teacher's predictions in the targets. */
  teacher: number
  /** Training steps of a CNN; undefined: its default. */
  steps?: number
  /** What a CNN sees of the clips in the first of its spaces. Default and `auto`: flow. */
  channels?: 'auto' | Channels
  /** Whether a CNN is shown mirrored clips too. Default false. */
  mirror?: boolean
  predictions: PredictionCache
}

/** Items to learn from, what is seen of them, and a seed. */
type TrainTask = Omit<StudentTask, 'signal'>

/** Where a training that takes long keeps its state, so that a run that was stopped goes on with it. */
type TrainStage = StageOptions & { checkpoint: string }

/** How students of one kind are trained and predict, for `evaluate` and for the distilled set. */
export interface Students {
  name: StudentName
  /** What they can see: `EvaluationInput.spaces`. */
  spaces: string[]
  run: RunStudent
  /** The student of the distilled set, as an ONNX file. */
  trainOn(items: readonly DistilledItem[], seed: number, stage: TrainStage): Promise<Uint8Array>
}

export function studentsOf(name: StudentName, config: StudentConfig): Students {
  const kind = name === 'linear' ? linearStudents(config) : cnnStudents(config, CNN_SIZES[name])
  const teacher = once(() => teacherKey(config))
  return {
    name,
    spaces: kind.spaces,
    run: async ({ signal, items, ...rest }) => {
      const task = { ...rest, items: kind.samples(items) }
      const key = await itemsKey(task.items, config.features, { signal })
      const on = [name, kind.dependsOn(task), key, teacher(), task.seed]
      return config.predictions.get(on, (checkpoint) => kind.predictTest(task, { signal, checkpoint }))
    },
    trainOn: (items, seed, stage) => kind.train({ space: kind.spaces[0], items: kind.samples(items), seed }, stage),
  }
}

/** How students do on the TEST clips of a fold, trained on each of the sets. */
export async function evaluateSets(
  features: ItemFeatures,
  { name, spaces, run }: Students,
  sets: readonly DistilledSet[],
  seed: number,
  stage: StageOptions,
): Promise<Evaluation> {
  const { dataSet, trainClips, testLabels, testGroups } = features.fold
  const items = features.samples(sets.flatMap(({ items }) => items))
  await features.of(items, told(stage)) // made clips of all sets are described together
  const input = { classes: dataSet.classes, full: plainItems(trainClips), testLabels, testGroups, spaces, sets }
  const values = numbersIn(features.fold)
  // as many students at once as there are threads: each has one
  return evaluate({ ...input, ...(values && { values }) }, run, {
    student: name,
    parallel: native().threads,
    seed,
    ...stage,
  })
}

/** The labels of a fold as numbers, where classes were made of numbers. */
function numbersIn({ dataSet, clips, testRows, trainClips, trainLabels }: Fold): EvaluationInput['values'] {
  if (dataSet.scheme === 'labels') return undefined
  const numberOf = ({ label }: Clip) => Number(decimalPoint(label))
  const train = trainClips.map(numberOf)
  const means = dataSet.classes.map((_, c) => {
    const own = train.filter((_, i) => trainLabels[i] === c)
    return own.length > 0 ? own.reduce((sum, value) => sum + value, 0) / own.length : 0 // of a class that is never predicted
  })
  return { test: Float64Array.from(testRows, (row) => numberOf(dataSet.clips[clips.clips[row]])), classes: means }
}

interface StudentKind {
  spaces: string[]
  /** What such students learn from: composed items as their tiles. */
  samples(items: readonly DistilledItem[]): DistilledItem[]
  /** Names all that a student's predictions depend on, but the task's items and seed, and the teacher. */
  dependsOn(task: TrainTask): unknown
  train(task: TrainTask, stage: TrainStage): Promise<Uint8Array>
  /** Trains a student, and gives its probabilities for the TEST clips. */
  predictTest(task: TrainTask, stage: TrainStage): Promise<Float32Array>
}

function linearStudents({ features, teacher }: StudentConfig): StudentKind {
  const { spaces } = features.fold
  const spaceOf = ({ space }: TrainTask) => spaces.find(({ name }) => name === space)!
  const digests = new Map(spaces.map((space) => [space.name, once(() => digestOf(space))]))
  const scalings = new Map(spaces.map(({ name, train }) => [name, once(() => measureScaling(train))]))
  const targetsOf = targetsBeside(features, teacher)

  // All TRAIN clips scale the features, without their labels, alike for all students: a few clips could not. A class
  // that gave no clip (it has none in TRAIN) is one that the student never predicts.
  const fit = async ({ space, items, seed }: TrainTask, stage: StageOptions) => {
    const seen = await features.matrix(space, items, { signal: stage.signal })
    const targets = await targetsOf(spaceOf({ space, items, seed }), items, stage)
    const options = { seed, scaling: scalings.get(space)!(), emptyClasses: 'allow' as const }
    return trainStudent(seen, targets, weightsOf(items), options, stage)
  }
  return {
    spaces: spaces.map(({ name }) => name),
    samples: (items) => features.samples(items),
    dependsOn: ({ space }) => digests.get(space)!(),
    train: async (task, stage) => (await fit(task, stage)).model,
    predictTest: async (task, { signal }) => predict(await fit(task, { signal }), spaceOf(task).test, { signal }),
  }
}

function cnnStudents(
  { features, teacher, steps, channels = 'auto', mirror = false }: StudentConfig,
  size: CnnSize,
): StudentKind {
  const { dataSet, spaces, clips, trainRows, testRows } = features.fold
  const classes = dataSet.classes.length
  const { timing } = clips
  const targetsOf = targetsBeside(features, teacher)
  const keys = (rows: Uint32Array) => Array.from(rows, (row) => clips.keys![row])
  const clipsKey = once(() => sha256(JSON.stringify([keys(trainRows), keys(testRows)])))

  const fit = async ({ space, items, seed }: TrainTask, { checkpoint, ...stage }: TrainStage) => {
    const { signal } = stage
    const seen = await features.of(items, { signal })
    const targets = await targetsOf(spaces[0], items, stage)
    const volumes = await pMap(seen, (item) => item.volume({ signal }), { concurrency: READ_AT_ONCE })
    const options = {
      seed,
      size,
      steps,
      channels: channelsIn(space),
      ...(timing && { stride: timing.stride }),
      augmentation: { flip: mirror },
      emptyClasses: 'allow' as const,
      checkpoint: { path: checkpoint },
    }
    return trainCnn(volumes, targets, weightsOf(items), options, stage)
  }
  const testVolumes = (rows: Uint32Array): Promise<Volume[]> =>
    pMap(rows, (row) => clips.volume(row), { concurrency: READ_AT_ONCE })
  return {
    spaces: [...new Set([CNN_SPACES[channels === 'auto' ? 'flow' : channels], ...Object.values(CNN_SPACES)])],
    // classes count the same whatever their weights: sets that differ in that alone are one, and are learnt once
    samples: (items) => balanced(features.samples(items)),
    dependsOn: ({ space }) => [
      space,
      clipsKey(),
      clips.volumeKey,
      timing?.stride ?? 'default',
      mirror,
      steps ?? 'default',
    ],
    train: async (task, stage) => (await fit(task, stage)).model,
    predictTest: async (task, { signal, checkpoint }) => {
      const student = await fit(task, { signal, checkpoint })
      const probabilities = new Float32Array(testRows.length * classes)
      for (let from = 0; from < testRows.length; from += PREDICT_AT_ONCE) {
        const volumes = await testVolumes(testRows.subarray(from, from + PREDICT_AT_ONCE))
        probabilities.set(await predictCnn(student, volumes, { signal }), from * classes)
      }
      return probabilities
    },
  }
}

function channelsIn(space: string): Channels {
  return (Object.keys(CNN_SPACES) as Channels[]).find((channels) => CNN_SPACES[channels] === space)!
}

/** The items with weights of mean 1 in each class. */
function balanced(items: readonly DistilledItem[]): DistilledItem[] {
  const own = new Map<number, number[]>()
  for (const { classIndex, weight } of items) own.set(classIndex, [...(own.get(classIndex) ?? []), weight])
  const means = new Map(
    Array.from(own, ([c, weights]) => [c, weights.reduce((sum, weight) => sum + weight, 0) / weights.length]),
  )
  return items.map((item) => ({ ...item, weight: item.weight / (means.get(item.classIndex) || 1) }))
}

function weightsOf(items: readonly DistilledItem[]): Float32Array {
  return Float32Array.from(items, ({ weight }) => weight)
}

/** Names what a teacher's predictions depend on besides the space that the student sees. */
function teacherKey({ teacher, features }: StudentConfig): unknown {
  const { trainLabels, spaces } = features.fold
  return teacher > 0 ? [teacher, Array.from(trainLabels), digestOf(spaces[0])] : 0
}

/** What is shown, what is to be learnt of it, and how much it counts: of each item, as a digest. */
async function itemsKey(items: readonly DistilledItem[], features: ItemFeatures, stage: StageOptions): Promise<string> {
  const seen = await features.of(items, stage)
  const parts = items.map(({ classIndex, soft, weight }, i) => [
    seen[i].key,
    soft ? Array.from(soft) : classIndex,
    weight,
  ])
  return sha256(JSON.stringify([features.fold.dataSet.classes.length, parts]))
}

function digestOf({ train, test }: FeatureSpace): string {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength)
  return sha256(`${train.rows} ${train.dim} ${sha256(bytes(train.values))} ${sha256(bytes(test.values))}`)
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
