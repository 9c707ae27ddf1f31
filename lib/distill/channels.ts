import type { StageOptions } from '../runtime/progress.js'
import { plainItems } from '../synthesize/index.js'
import type { StudentName } from '../train/names.js'
import type { Channels } from '../volume/index.js'
import { holdOut, withHeldOut } from './crossval.js'
import { asChosen, type Fold, foldOf } from './fold.js'
import { ItemFeatures } from './items.js'
import { PredictionCache } from './predictions.js'
import type { Method } from './settings.js'
import { CNN_SPACES, seesVolumes, studentsOf } from './students.js'

/** Of fewer TRAIN clips, those held out could not tell channels apart: 40 have a standard error of 8 points. */
const FEW_CLIPS = 200
/** Training steps of each student. */
const STEPS = 240
/** Standard errors by which grey levels must help: one chance in twenty. */
const CLEARLY = 1.64

/** What CNN students see of the clips, and a sentence on why. */
export interface ChosenChannels {
  channels: Channels
  note?: string
}

/**
 * What CNN students are to see of the clips of a fold: what is asked for; else flow alone, unless there are 200 TRAIN clips
 * or more, and a student of a part of them does clearly better on the others (20 %, whole groups) with grey levels beside
 * the flow: by McNemar's test, of the clips that one of the two students alone has right. TEST is not looked at.
 */
export async function channelsOf(
  fold: Fold,
  student: StudentName,
  settings: Method,
  stage: StageOptions,
): Promise<ChosenChannels> {
  if (settings.channels !== 'auto') return { channels: settings.channels }
  if (!seesVolumes(student)) return { channels: 'flow' }
  const { dataSet, trainClips } = fold
  const few = { channels: 'flow' as const, note: `CNN students see flow alone: fewer than ${FEW_CLIPS} TRAIN clips.` }
  if (trainClips.length < FEW_CLIPS) return few
  const held = holdOut(fold, 'channels', settings.seed)
  if (!held.includes('test')) return { ...few, note: 'CNN students see flow alone: TRAIN cannot be split by group.' }

  const part = withHeldOut(dataSet, trainClips, held)
  const inner = await foldOf(part, fold.clips, asChosen(settings, fold), stage)
  const students = studentsOf(student, {
    features: new ItemFeatures(inner, settings, true),
    ...{ teacher: 0, steps: Math.min(settings.steps ?? STEPS, STEPS), mirror: settings.mirror },
    predictions: new PredictionCache(settings.cache),
  })
  const rightOf = async (space: string) => {
    const probabilities = await students.run({
      ...{ space, items: plainItems(inner.trainClips), seed: settings.seed, signal: stage.signal },
    })
    return rightIn(probabilities, inner.testLabels, dataSet.classes.length)
  }
  const flow = await rightOf(CNN_SPACES.flow)
  const both = await rightOf(CNN_SPACES.both)
  const count = (wins: boolean[], loses: boolean[]) => wins.filter((right, i) => right && !loses[i]).length
  const [gained, lost] = [count(both, flow), count(flow, both)]
  const better = gained - lost > CLEARLY * Math.sqrt(gained + lost)
  const found = `of ${flow.length} TRAIN clips held out, grey levels beside it got ${gained} more right and ${lost} wrong`
  return {
    channels: better ? 'both' : 'flow',
    note: `CNN students see ${better ? 'grey levels and flow' : 'flow alone'}: ${found}.`,
  }
}

function rightIn(probabilities: Float32Array, labels: Uint32Array, classes: number): boolean[] {
  return Array.from(labels, (label, i) => {
    const own = probabilities.subarray(i * classes, (i + 1) * classes)
    return own.every((value, c) => c === label || value < own[label])
  })
}
