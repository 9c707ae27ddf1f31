import type { DataSet } from '../dataset/index.js'
import { nearestOf } from '../dataset/leaks.js'
import { expectPoolOutside, type Pool, readPool } from '../dataset/pool.js'
import { expectTwoClasses } from '../dataset/read.js'
import type { StatedFacts } from '../features/extract.js'
import type { ReportPool } from '../report/index.js'
import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import type { StageOptions } from '../runtime/progress.js'
import { type DescribedClips, statedIn } from './describe.js'
import type { Fold } from './fold.js'
import type { Method } from './settings.js'
import type { RunSettings } from './types.js'

/** Reads the pool that a run chooses from; undefined: it has none, and chooses from TRAIN. */
export async function poolOf(
  dataSet: DataSet,
  { pool: path, poolParentColumn: parentColumn, embeddings, folder }: RunSettings,
  reading: { efScale?: number; allowMissing?: boolean },
): Promise<Pool | undefined> {
  if (path === undefined) return undefined
  if (embeddings !== undefined) throw invalid('no embeddings of your own beside a pool', 'embeddings', embeddings)
  if (dataSet.source.parts?.some(({ split }) => !split))
    throw invalid('the folder of one view, since a pool has none,', 'the data set', dataSet.root)
  const { efScale, allowMissing } = reading
  const pool = await readPool(path, dataSet, { parentColumn, efScale, allowMissing })
  await expectPoolOutside(folder, pool)
  return pool
}

/** The data set, under the terms of its pool too: what is distilled is made of both. */
export function besidePool(dataSet: DataSet, pool: Pool): DataSet {
  const terms = [dataSet.notice, pool.notice].filter((notice) => notice !== undefined)
  return { ...dataSet, ...(terms.length > 0 && { notice: [...new Set(terms)].join('\n\n') }) }
}

/**
 * A student can only learn to tell two classes or more apart, of the clips that could be read.
 *
 * @throws {InfomotionError} `DATASET_ONE_CLASS`, `POOL_UNUSABLE`
 */
export function expectLearnable({ dataSet, trainLabels, candidates, pool }: Fold): void {
  expectTwoClasses(dataSet.classes, trainLabels)
  if (pool && new Set(candidates.map(({ classIndex }) => classIndex)).size < 2)
    throw new InfomotionError(
      'POOL_UNUSABLE',
      `The pool ${pool.name} leaves clips of ${candidates.length === 0 ? 'no class' : 'one class'} to choose from: a student has nothing to tell apart.`,
    )
}

/** What the tables say of the clips of a data set, and of its pool's behind them. */
export function statedWith({ clips, source: { rows } }: DataSet, pool: Pool | undefined): StatedFacts[] {
  return [...statedIn(clips, rows), ...(pool ? statedIn(pool.clips, pool.rows) : [])]
}

/**
 * The descriptions with what they tell of a pool: which of its clips are copies of the data set's, or nearly: clips that are
 * nearer to one of these than clips of the data set are to each other.
 *
 * @throws {InfomotionError} `POOL_COPIES` where they are refused
 */
export async function withPool(
  clips: DescribedClips,
  dataSet: DataSet,
  pool: Pool | undefined,
  { poolCopies }: Pick<Method, 'poolCopies'>,
  { signal }: StageOptions,
): Promise<DescribedClips> {
  const { keys, meanFrame, deviation, motion } = clips
  if (!pool || !keys || !meanFrame || !deviation || !motion) return clips
  const rows = [...clips.clips.keys()]
  const real = rows.filter((row) => clips.clips[row] < dataSet.clips.length)
  const asked = rows.filter((row) => clips.clips[row] >= dataSet.clips.length)
  const near = await nearestOf({ keys, meanFrame, deviation, motion }, { real, asked }, signal)
  const copies: string[][] = pool.clips.map(() => [])
  for (const [i, row] of asked.entries())
    copies[clips.clips[row] - dataSet.clips.length] = near[i].map((other) => dataSet.clips[clips.clips[other]].id)
  const found = pool.clips.filter((_, i) => copies[i].length > 0)
  if (poolCopies === 'refuse' && found.length > 0)
    throw new InfomotionError(
      'POOL_COPIES',
      `${found.length} of ${pool.clips.length} clips of the pool ${pool.name} are copies of clips of the data set, or nearly, which ` +
        `--pool-copies refuse does not allow. The first: ${found[0].id} of ${copies[pool.clips.indexOf(found[0])][0]}. Take them out, or give --pool-copies drop.`,
    )
  return { ...clips, pool: { ...pool, copies } }
}

/** What is to be said of a pool, each a sentence. */
export function poolNotes({ name, clips, candidates, left, copies }: ReportPool): string[] {
  const gone = [
    left.madeFromHeld > 0 && `${left.madeFromHeld} made from VAL or TEST clips`,
    left.copiesOfHeld > 0 && `${left.copiesOfHeld} nearly copies of VAL or TEST clips`,
    left.copiesOfTrain > 0 && `${left.copiesOfTrain} nearly copies of TRAIN clips`,
  ].filter((part) => part !== false)
  return [
    `Clips are chosen from the pool ${name}: ${candidates} of its ${clips}` +
      `${gone.length > 0 ? `; left out: ${gone.join(', ')}` : ''}.`,
    ...(copies > 0
      ? [`${copies} clips of the pool are copies of TRAIN clips, or nearly (--pool-copies drop leaves them out).`]
      : []),
  ]
}
