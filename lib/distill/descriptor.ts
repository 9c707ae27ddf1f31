import { score } from '../evaluate/index.js'
import { DESCRIPTORS, type DescriptorForm } from '../features/index.js'
import { type Matrix, takeRows } from '../matrix/matrix.js'
import { measureScaling } from '../matrix/scaling.js'
import type { ReportDescriptor } from '../report/index.js'
import { sha256 } from '../run/store.js'
import type { StageOptions } from '../runtime/progress.js'
import { predict, trainStudent } from '../train/index.js'
import { canHoldOut, HELD_OUT, holdOut, isClear, spreadOf, type TrainPart } from './crossval.js'
import { PredictionCache } from './predictions.js'
import type { Method } from './settings.js'

/** What is made of the motion of clips, and how that was chosen. */
export interface DescriptorChoice extends ReportDescriptor {
  form: DescriptorForm
}

const REPEATS = 5

/**
 * The form of the descriptor: as asked for, or, where that is `auto`, by cross-validation: a part of TRAIN, whole groups,
 * is held out, and linear students of all the others tell its classes. The form that does best is taken if it is ahead of
 * `relative` by more than its standard error, else `relative`. All clips are learnt from, not a selection of them, so that
 * one form serves all selectors, budgets and tilings of a split; and the student is linear whatever the run's is: it is
 * the one that sees the descriptor, of which others have but the selection. TEST is not looked at.
 *
 * @param rowsAs - what students see of the TRAIN clips with a form
 */
export async function descriptorOf(
  part: TrainPart,
  rowsAs: (form: DescriptorForm) => Matrix,
  { descriptor, seed, cache }: Method,
  { signal, onProgress }: StageOptions,
): Promise<DescriptorChoice> {
  const [usual] = DESCRIPTORS
  if (descriptor !== 'auto') return { form: descriptor }
  if (!canHoldOut(part, 'descriptor', seed))
    return { form: usual, note: `The descriptor is ${usual}: TRAIN cannot be split by group to choose another.` }

  const predictions = new PredictionCache(cache)
  const labels = Array.from(part.trainLabels)
  const classes = part.classes.length
  const splits = Array.from({ length: REPEATS }, (_, repeat) => holdOut(part, 'descriptor', seed, repeat))
  const found = new Map<DescriptorForm, number[]>()
  for (const form of DESCRIPTORS) {
    const rows = rowsAs(form)
    const digest = sha256(new Uint8Array(rows.values.buffer, rows.values.byteOffset, rows.values.byteLength))
    const scores: number[] = []
    for (const held of splits) {
      const of = (split: string) => labels.flatMap((_, i) => (held[i] === split ? [i] : []))
      const [learnt, asked] = [of('train'), of('test')]
      const probabilities = await predictions.get(['descriptor', digest, labels, classes, held, seed], async () => {
        const train = takeRows(rows, learnt)
        const targets = { classes, labels: learnt.map((i) => labels[i]) }
        const options = { seed, scaling: measureScaling(train), emptyClasses: 'allow' as const }
        const weights = new Float32Array(learnt.length).fill(1)
        const student = await trainStudent(train, targets, weights, options, { signal })
        return predict(student, takeRows(rows, asked), { signal })
      })
      const truth = Uint32Array.from(asked, (i) => labels[i])
      scores.push(score(probabilities, truth, classes).balancedAccuracy)
    }
    found.set(form, scores)
    onProgress?.({ stage: 'descriptor', done: found.size, total: DESCRIPTORS.length, unit: 'descriptors' })
  }
  const meanOf = (form: DescriptorForm) => spreadOf(found.get(form)!).mean
  const best = DESCRIPTORS.reduce((best, form) => (meanOf(form) > meanOf(best) ? form : best))
  const ahead = found.get(best)!.map((value, repeat) => value - found.get(usual)![repeat])
  const form = best !== usual && isClear(ahead) ? best : usual
  const hundred = (value: number) => (100 * value).toFixed(1)
  return {
    form,
    search: {
      heldOut: HELD_OUT,
      repeats: REPEATS,
      scores: [...found].map(([form, scores]) => ({ form, ...spreadOf(scores) })),
    },
    note:
      `The descriptor is ${form}, by cross-validation on TRAIN: ${hundred(meanOf(form))} % balanced accuracy` +
      (form === usual
        ? best === usual
          ? ', the best of all forms.'
          : `; ${best} has ${hundred(meanOf(best))} %, which is not clearly more.`
        : `; ${usual} has ${hundred(meanOf(usual))} %.`),
  }
}
