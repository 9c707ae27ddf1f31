import pMap from 'p-map'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import { boundsOf, CNN_SIZES, type StudentName, trainCnn } from '../train/index.js'
import type { Channels } from '../volume/index.js'
import type { Fold } from './fold.js'

/** Clips and steps that a trial takes; the first chunk of steps starts the engine and does not count. */
const TRIAL_CLIPS = 8
const TRIAL_STEPS = 12

/** What is to be trained. */
export interface Work {
  students: number
  /** Clips that each learns from. */
  clips: number
  /** Steps of each, where that is fixed. */
  steps?: number
}

/**
 * The students of a table: of a set, those beside it and random draws; of set and draws for the two other choices of
 * channels too; and of all of TRAIN for each.
 */
export function tableOf(
  { trainRows, dataSet }: Fold,
  { others, draws, vpc }: Record<'others' | 'draws' | 'vpc', number>,
  steps?: number,
): Work[] {
  return [
    { students: 1 + others + draws + 2 * (1 + draws), clips: vpc * dataSet.classes.length, steps },
    { students: 3, clips: trainRows.length, steps },
  ]
}

/**
 * What CNN students cost, said before any of them is trained: how many there are, their steps, and how long these take
 * here, by a trial of a few steps. Nothing of it goes into a result.
 */
export async function workNote(
  { clips, trainRows }: Fold,
  name: Exclude<StudentName, 'linear'>,
  { channels, work }: { channels: Channels; work: readonly Work[] },
  { signal }: StageOptions,
): Promise<string> {
  const some = Array.from(trainRows.subarray(0, TRIAL_CLIPS))
  const volumes = await pMap(some, (row) => clips.volume(row, { signal }))
  const labels = volumes.map((_, i) => i % 2)
  const marks: number[] = []
  const onProgress = ({ done }: { done: number }) => (marks[done] ??= performance.now())
  const options = { size: CNN_SIZES[name], channels, steps: TRIAL_STEPS, emptyClasses: 'allow' as const }
  await trainCnn(volumes, { classes: 2, labels }, new Float32Array(labels.length).fill(1), options, {
    signal,
    onProgress,
  })
  const from = marks.findIndex((mark) => mark !== undefined)
  const step = (marks[TRIAL_STEPS] - marks[from]) / 1000 / (TRIAL_STEPS - from)

  const sum = { students: 0, least: 0, most: 0 }
  for (const { students, clips, steps } of work) {
    const { least, most } = steps === undefined ? boundsOf(clips) : { least: steps, most: steps }
    sum.students += students
    sum.least += students * least
    sum.most += students * most
  }
  const lanes = Math.min(native().threads, sum.students)
  const [low, high] = [sum.least, sum.most].map((count) => durationOf((count * step) / lanes))
  const time = low === high ? low : `${low} to ${high}`
  return (
    `Student ${name}: ${sum.students} of them to train, ${sum.least === sum.most ? sum.most : `${sum.least} to ${sum.most}`} steps in all at ` +
    `${(1000 * step).toFixed(0)} ms here: about ${time}. Fewer random draws or steps take less; what is in the cache takes none.`
  )
}

function durationOf(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
