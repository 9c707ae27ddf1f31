import type { Clip } from '../dataset/types.js'
import { type Matrix, takeRows } from '../matrix/matrix.js'
import { InfomotionError } from '../runtime/errors.js'
import type { Embeddings } from './types.js'

/** How rows were matched to clips. */
export type MatchedBy = 'id' | 'path' | 'file name' | 'row'

/** Embeddings of a data set's clips: row i of `features` belongs to clip i. */
export interface MatchedEmbeddings {
  features: Matrix
  by: MatchedBy
  /** Without the ending of file names: `0X1A` for `0X1A.avi`. */
  withoutEnding: boolean
  /** Rows of the file that belong to no clip. */
  unused: number
}

/** A way to match: the spellings under which an id, and a clip, can be found. */
interface Rule {
  by: MatchedBy
  withoutEnding: boolean
  find: Finder
}

/** The row of each clip; -1: none. -2: several rows, or a row that is another clip's too. */
type Finder = (clips: readonly Clip[], ids: readonly string[]) => Int32Array

const NONE = -1
const SEVERAL = -2

/** Parts of a path at most that are compared. */
const DEPTH = 32

/**
 * The embeddings of clips: rows are matched by the clip's id (its path as in the data set), by path (one is the end of the
 * other), by file name, each with and then without the endings of file names: the first way in which every clip has one row
 * of its own. A file without ids is taken row by row, if it has as many rows as there are clips.
 *
 * @throws {InfomotionError} `EMBEDDINGS_UNMATCHED` names the first clips without a row, or with several
 */
export function matchEmbeddings(clips: readonly Clip[], { features, ids, source }: Embeddings): MatchedEmbeddings {
  if (!ids) {
    if (features.rows === clips.length) return { features, by: 'row', withoutEnding: false, unused: 0 }
    throw new InfomotionError(
      'EMBEDDINGS_UNMATCHED',
      `${source.name} has ${features.rows} rows without ids, and the data set ${clips.length} clips: they cannot be matched by row. Give the ` +
        'ids (--embedding-ids FILE, one a line), or add a column "path".',
    )
  }
  const clean = ids.map(cleaned)
  let best: { rule: Rule; rows: Int32Array; near: number } | undefined
  for (const rule of RULES) {
    const rows = rule.find(clips, clean)
    if (rows.every((row) => row >= 0)) return matched(rows, rule, features)
    const near = rows.reduce((sum, row) => sum + Number(row !== NONE), 0)
    if (!best || near > best.near) best = { rule, rows, near }
  }
  throw unmatched(clips, ids, source.name, best!)
}

const RULES: readonly Rule[] = [false, true].flatMap((withoutEnding) => {
  const spell = withoutEnding ? stem : (path: string) => path
  const exactly =
    (of: (path: string) => string): Finder =>
    (clips, ids) =>
      unique(
        clips.map(({ id }) => of(spell(cleaned(id)))),
        ids.map((id) => of(spell(id))),
      )
  const byPath: Finder = (clips, ids) =>
    tails(
      clips.map((clip) => partsOf(spell(cleaned(clip.path)))),
      clips.map(({ id }) => partsOf(spell(cleaned(id)))),
      ids.map((id) => partsOf(spell(id))),
    )
  return [
    { by: 'id', withoutEnding, find: exactly((id) => id) },
    { by: 'path', withoutEnding, find: byPath },
    { by: 'file name', withoutEnding, find: exactly(nameOf) },
  ] satisfies Rule[]
})

function matched(rows: Int32Array, { by, withoutEnding }: Rule, features: Matrix): MatchedEmbeddings {
  const inOrder = rows.length === features.rows && rows.every((row, clip) => row === clip)
  return {
    features: inOrder ? features : takeRows(features, rows),
    ...{ by, withoutEnding },
    unused: features.rows - rows.length,
  }
}

/** The one row of each key; a key that several clips or several rows have is nobody's. */
function unique(keys: readonly string[], ids: readonly string[]): Int32Array {
  const rowOf = new Map<string, number>()
  for (const [row, id] of ids.entries()) rowOf.set(id, rowOf.has(id) ? SEVERAL : row)
  const rows = Int32Array.from(keys, (key) => rowOf.get(key) ?? NONE)
  return alone(rows)
}

/**
 * Rows by paths: the clip's ends as the id does, or the id as the clip's path below its data set; of several ids the one
 * that has most parts in common with the clip.
 */
function tails(paths: string[][], below: string[][], ids: string[][]): Int32Array {
  const joined = (parts: string[], count: number) => parts.slice(-count).join('/')
  const lengths = (of: string[][]) =>
    [...new Set(of.map((parts) => Math.min(parts.length, DEPTH)))].sort((a, b) => b - a)
  const add = (map: Map<string, number>, key: string, row: number) => map.set(key, map.has(key) ? SEVERAL : row)
  const whole = new Map<string, number>() // ids by all their parts
  for (const [row, id] of ids.entries()) add(whole, joined(id, DEPTH), row)
  const ends = new Map<string, number>() // longer ids, by as many of their last parts as clips have
  for (const length of lengths(below))
    for (const [row, id] of ids.entries()) if (id.length > length) add(ends, joined(id, length), row)
  const ofIds = lengths(ids)
  const rowOf = (path: string[], inSet: string[]): number => {
    const find = (length: number) => (length <= path.length ? whole.get(joined(path, length)) : undefined)
    const [longer, shorter] = [true, false].map((yes) => ofIds.filter((length) => length >= inSet.length === yes))
    const first = (lengths: number[]) => lengths.map(find).find((row) => row !== undefined)
    return first(longer) ?? ends.get(joined(inSet, DEPTH)) ?? first(shorter) ?? NONE
  }
  return alone(Int32Array.from(paths, (path, clip) => rowOf(path, below[clip])))
}

/** Takes rows from clips that share one. */
function alone(rows: Int32Array): Int32Array {
  const count = new Map<number, number>()
  for (const row of rows) count.set(row, (count.get(row) ?? 0) + 1)
  return rows.map((row) => (row >= 0 && count.get(row)! > 1 ? SEVERAL : row))
}

/** An id with `/` between its parts, and nothing in front that says only where one is. */
function cleaned(id: string): string {
  return id
    .trim()
    .normalize('NFC')
    .replaceAll('\\', '/')
    .replace(/^(\.\/)+/, '')
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Endings of clips, and of what is computed of one. Whatever else follows a point may belong to the name (`a.v2`, `1.2.840`). */
const ENDING =
  /\.(avi|mp4|m4v|mov|mkv|webm|mpe?g|wmv|gif|3gp|dcm|dicom|nii|mhd|npy|npz|pt|pth|pkl|h5|hdf5|json|txt|jpe?g|png)(\.gz)?$/i

function stem(path: string): string {
  return path.replace(ENDING, '')
}

function unmatched(
  clips: readonly Clip[],
  ids: readonly string[],
  file: string,
  { rows, rule }: { rows: Int32Array; rule: Rule },
): InfomotionError {
  const without = clips.filter((_, i) => rows[i] === NONE).map(({ id }) => id)
  const several = clips.filter((_, i) => rows[i] === SEVERAL).map(({ id }) => id)
  const first = (names: string[]) => names.slice(0, 5).join(', ') + (names.length > 5 ? ', ...' : '')
  const said = [
    without.length > 0 ? `${without.length} of ${clips.length} clips have no row: ${first(without)}.` : '',
    several.length > 0
      ? `${several.length} clips share a row with another clip, or have several rows: ${first(several)}.`
      : '',
  ]
  const how = rule.by + (rule.withoutEnding ? ' without ending' : '')
  return new InfomotionError(
    'EMBEDDINGS_UNMATCHED',
    `The rows of ${file} do not match the clips of the data set. Closest by ${how}: ${said.filter(Boolean).join(' ')} The file's ids look ` +
      `like ${first(ids.slice(0, 3).map((id) => JSON.stringify(id)))}. Give each clip one row under its path as in the data set.`,
  )
}
