import type { Clip, DataSet } from '../dataset/index.js'
import type { ReportPool } from '../report/index.js'
import type { DescribedClips } from './describe.js'
import type { Method } from './settings.js'

/** What a fold selects from. */
export interface Candidates {
  candidates: Clip[]
  candidateRows: Uint32Array
  pool: ReportPool
}

/**
 * The clips of a pool that a split of the data set allows: none that was made from a VAL or TEST clip or is nearly a copy of
 * one; where that is asked for, no copies of TRAIN clips either. Undefined: there is no pool.
 */
export function candidatesIn(
  dataSet: DataSet,
  { clips, pool }: DescribedClips,
  { poolCopies }: Pick<Method, 'poolCopies'>,
): Candidates | undefined {
  if (!pool) return undefined
  const splits = new Map(dataSet.clips.map(({ id, split }) => [id, split]))
  const isHeld = (id: string) => splits.get(id) !== 'train'
  const left = { madeFromHeld: 0, copiesOfHeld: 0, copiesOfTrain: 0 }
  let copies = 0
  const rows: number[] = []
  const readable = [...clips.keys()].filter((row) => clips[row] >= dataSet.clips.length)
  for (const row of readable) {
    const i = clips[row] - dataSet.clips.length
    const own = pool.copies[i]
    if (pool.clips[i].pool!.parents.some(isHeld)) left.madeFromHeld++
    else if (own.some(isHeld)) left.copiesOfHeld++
    else if (own.length > 0 && poolCopies === 'drop') left.copiesOfTrain++
    else {
      if (own.length > 0) copies++
      rows.push(row)
    }
  }
  const { name, synthetic } = pool
  return {
    candidates: rows.map((row) => pool.clips[clips[row] - dataSet.clips.length]),
    candidateRows: Uint32Array.from(rows),
    pool: { name, synthetic, clips: pool.clips.length, candidates: rows.length, left, copies },
  }
}
