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
  /** Students on distilled sets, and those on all of TRAIN. */
  sets: number
  full: number
  /** Clips that a set's student learns from. */
  clips: number
}

/** Students of a table: of a first set, other selectors' sets and random draws; the first of them for other channels too. */
export function tableOf({ others, draws, vpc, classes }: Record<'others' | 'draws' | 'vpc' | 'classes', number>): Work {
  const controls = 2
  return { sets: 1 + others + draws + controls * (1 + draws), full: 1 + controls, clips: vpc * classes }
}

/**
 * What CNN students cost, said before any of them is trained: how many there are, their steps, and how long these take
 * here, by a trial of a few steps. Nothing of it goes into a result.
 */
export async function workNote(
  { clips, trainRows }: Fold,
  name: Exclude<StudentName, 'linear'>,
  { channels, steps, work }: { channels: Channels; steps?: number; work: readonly Work[] },
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

  const bounds = (count: number) => (steps === undefined ? boundsOf(count) : { least: steps, most: steps })
  const [all, sum] = [bounds(trainRows.length), { students: 0, least: 0, most: 0 }]
  for (const { sets, full, clips: count } of work) {
    const own = bounds(count)
    sum.students += sets + full
    sum.least += sets * own.least + full * all.least
    sum.most += sets * own.most + full * all.most
  }
  const lanes = Math.min(native().threads, sum.students)
  const [low, high] = [sum.least, sum.most].map((count) => durationOf((count * step) / lanes))
  const time = low === high ? low : `${low} to ${high}`
  return (
    `Student ${name}: ${sum.students} of them to train, ${sum.least === sum.most ? sum.most : `${sum.least} to ${sum.most}`} steps in all at ` +
    `${(1000 * step).toFixed(0)} ms here: about ${time}. Fewer random draws, budgets or steps take less; predictions that are kept take none.`
  )
}

function durationOf(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
