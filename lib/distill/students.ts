import pMap from 'p-map'
import { type RunStudent, type StudentTask, trainingSet } from '../evaluate/index.js'
import { takeRows } from '../matrix/matrix.js'
import { measureScaling } from '../matrix/scaling.js'
import { sha256 } from '../run/store.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import type { Selection } from '../select/index.js'
import { type CnnSize, mixTargets, predict, predictCnn, type Targets, trainCnn, trainStudent } from '../train/index.js'
import { CNN_SIZES, type StudentName } from '../train/names.js'
import type { Channels } from '../volume/index.js'
import type { Volume } from '../volume/volume.js'
import type { Answers } from './answers.js'
import type { Extracted } from './extract.js'
import type { FeatureSpace, Spaces } from './spaces.js'

/** Whether a student sees the clips' volumes. */
export function seesVolumes(name: StudentName): boolean {
  return name !== 'linear'
}

/** What a CNN can see of the clips; the first is its table's, the others tell what carries the class. */
const CNN_SPACES: Record<string, Channels> = { 'grey+flow': 'both', grey: 'grey', flow: 'flow' }

/** Volumes that are read at once: each is an open file. */
const READ_AT_ONCE = 16

/** Clips that are asked at once: bounds the memory for their volumes (0.6 MB each). */
const ASK = 128

/** What students learn from, and where their answers are kept. */
export interface School {
  classes: number
  spaces: Spaces
  extracted: Extracted
  /** Share of the teacher's answers in the targets. */
  teacher: number
  /** Training steps of a CNN; undefined: its default. */
  steps?: number
  answers: Answers
}

/** A clip or more to learn from. */
type Lesson = Omit<StudentTask, 'signal'>

/** Where a training that takes long keeps its state, so that a run that was stopped goes on with it. */
type Training = StageOptions & { checkpoint: string }

/** How students of one kind are trained and asked, for `evaluate` and for the distilled set. */
export interface Students {
  name: StudentName
  /** What they can see: `EvaluationInput.spaces`. */
  spaces: string[]
  run: RunStudent
  /** The student of the distilled set, as an ONNX file. */
  trainOn(selection: Selection, seed: number, training: Training): Promise<Uint8Array>
}

/** How many students are trained at once: each has a thread of its own. */
export function studentsAtOnce(): number {
  return native().threads
}

export function studentsOf(name: StudentName, school: School): Students {
  const kind = name === 'linear' ? linearStudents(school) : cnnStudents(school, CNN_SIZES[name])
  const taught = once(() => teachingOf(school))
  return {
    name,
    ...kind,
    run: ({ signal, ...lesson }) => {
      const on = [name, kind.dependsOn(lesson), lessonOf(lesson, school), taught(), lesson.seed]
      return school.answers.of(on, (checkpoint) => kind.answer(lesson, { signal, checkpoint }))
    },
    trainOn: (selection, seed, training) =>
      kind.train({ space: kind.spaces[0], ...trainingSet(selection), seed }, training),
  }
}

interface StudentKind {
  spaces: string[]
  /** Names all that the answers of a lesson's student depend on, but the lesson's clips and seed, and the teacher. */
  dependsOn(lesson: Lesson): unknown
  train(lesson: Lesson, training: Training): Promise<Uint8Array>
  answer(lesson: Lesson, training: Training): Promise<Float32Array>
}

function linearStudents(school: School): StudentKind {
  const { features } = school.spaces
  const spaceOf = ({ space }: Lesson) => features.find(({ name }) => name === space)!
  const digests = new Map(features.map((space) => [space.name, once(() => digestOf(space))]))
  const scalings = new Map(features.map(({ name, train }) => [name, once(() => measureScaling(train))]))
  const targetsOf = teacherOf(school)

  // All TRAIN clips scale the features, without their labels, alike for all students: a few clips could not. A class
  // that gave no clip (it has none in TRAIN) is one that the student never answers.
  const fit = async (lesson: Lesson, stage: StageOptions) => {
    const space = spaceOf(lesson)
    const targets = await targetsOf(space, lesson.clips, stage)
    const options = { seed: lesson.seed, scaling: scalings.get(space.name)!(), emptyClasses: 'allow' as const }
    return trainStudent(takeRows(space.train, lesson.clips), targets, lesson.weights, options, stage)
  }
  return {
    spaces: features.map(({ name }) => name),
    dependsOn: ({ space }) => digests.get(space)!(),
    train: async (lesson, stage) => (await fit(lesson, stage)).model,
    answer: async (lesson, { signal }) => predict(await fit(lesson, { signal }), spaceOf(lesson).test, { signal }),
  }
}

function cnnStudents(school: School, size: CnnSize): StudentKind {
  const { spaces, classes } = school
  const { features, volumeKey } = school.extracted
  const targetsOf = teacherOf(school)
  const volumes = (rows: Uint32Array): Promise<Volume[]> =>
    pMap(rows, (row) => features.volume(row), { concurrency: READ_AT_ONCE })
  const keys = (rows: Uint32Array) => Array.from(rows, (row) => features.keys[row])
  const clips = once(() => sha256(JSON.stringify([keys(spaces.trainRows), keys(spaces.testRows)])))

  const fit = async ({ space, clips, weights, seed }: Lesson, { checkpoint, ...stage }: Training) => {
    const targets = await targetsOf(spaces.features[0], clips, stage)
    const seen = await volumes(clips.map((clip) => spaces.trainRows[clip]))
    const options = {
      seed,
      size,
      steps: school.steps,
      channels: CNN_SPACES[space],
      emptyClasses: 'allow' as const,
      checkpoint: { path: checkpoint },
    }
    return trainCnn(seen, targets, weights, options, stage)
  }
  return {
    spaces: Object.keys(CNN_SPACES),
    dependsOn: ({ space }) => [space, clips(), volumeKey, school.steps ?? 'default'],
    train: async (lesson, training) => (await fit(lesson, training)).model,
    answer: async (lesson, { signal, checkpoint }) => {
      const student = await fit(lesson, { signal, checkpoint })
      const rows = spaces.testRows
      const answers = new Float32Array(rows.length * classes)
      for (let from = 0; from < rows.length; from += ASK)
        answers.set(
          await predictCnn(student, await volumes(rows.subarray(from, from + ASK)), { signal }),
          from * classes,
        )
      return answers
    },
  }
}

/**
 * What students are to learn of TRAIN clips: their classes, mixed with the answers of a teacher if asked for: a linear
 * student of all TRAIN clips in the given space (Hinton, Vinyals and Dean 2015, at temperature 1).
 */
function teacherOf({ spaces, classes, teacher }: School) {
  const asked = new Map<string, Promise<Float32Array>>()
  const ask = async ({ train }: FeatureSpace, { signal }: StageOptions) => {
    const weights = new Float32Array(train.rows).fill(1)
    const targets = { classes, labels: spaces.trainLabels }
    const student = await trainStudent(train, targets, weights, { emptyClasses: 'allow' }, { signal })
    return predict(student, train, { signal })
  }
  return async (space: FeatureSpace, clips: Uint32Array, stage: StageOptions): Promise<Targets> => {
    const labels = clips.map((clip) => spaces.trainLabels[clip])
    if (teacher === 0) return { classes, labels }
    if (!asked.has(space.name)) asked.set(space.name, ask(space, stage))
    const answers = { rows: space.train.rows, dim: classes, values: await asked.get(space.name)! }
    return { classes, soft: mixTargets(labels, takeRows(answers, clips).values, classes, teacher) }
  }
}

/** Names what a teacher's answers depend on besides the space that the student sees. */
function teachingOf({ teacher, spaces }: School): unknown {
  return teacher > 0 ? [teacher, Array.from(spaces.trainLabels), digestOf(spaces.features[0])] : 0
}

/** The clips of a lesson with labels and weights, as a digest. */
function lessonOf({ clips, weights }: Lesson, { spaces, classes }: School): string {
  return sha256(JSON.stringify([classes, Array.from(clips, (clip, i) => [clip, spaces.trainLabels[clip], weights[i]])]))
}

function digestOf({ train, test }: FeatureSpace): string {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength)
  return sha256(`${train.rows} ${train.dim} ${sha256(bytes(train.values))} ${sha256(bytes(test.values))}`)
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
