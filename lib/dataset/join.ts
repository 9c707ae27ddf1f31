import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { isLabelOrSplit, keyOf } from './columns.js'
import { VIDEO } from './files.js'
import { firstOf, isMissing, sameKey, shown } from './labels.js'
import { readTable, type Table } from './table.js'

/** A table of clips with what a table of labels says of each. */
export interface Joined {
  table: Table
  /** A sentence. */
  note: string
}

/**
 * Joins a table of labels to one of clips by the columns that both have, as MIMIC-IV-ECHO needs it: its list of files names study
 * and path, labels are by study, file or patient. Values count as equal as numbers do, file names without folder and ending.
 * Clips of which the labels say nothing are left out. Undefined where no column of both holds a value of both.
 *
 * @throws {InfomotionError} `DATASET_TABLE_INVALID` where the labels say two things of one clip
 */
export function joinLabels(clips: Table, labels: Table, file: string): Joined | undefined {
  const pairs = pairsOf(clips, labels)
  if (pairs.length === 0) return undefined
  const by = (row: Record<string, string>, side: number) =>
    JSON.stringify(pairs.map((pair) => joinKey(row[pair[side]])))
  const taken = new Set(pairs.map(([, name]) => name))
  const added = labels.columns.filter((name) => !taken.has(name) && !clips.columns.includes(name))
  const found = new Map<string, Record<string, string>>()
  const differing = new Set<string>()
  for (const row of labels.rows) {
    const key = by(row, 1)
    const known = found.get(key)
    if (!known) found.set(key, row)
    else if (added.some((name) => known[name] !== row[name]))
      differing.add(pairs.map(([, name]) => row[name]).join(' '))
  }
  const names = pairs.map(([name]) => name).join(' and ')
  if (differing.size > 0)
    throw new InfomotionError(
      'DATASET_TABLE_INVALID',
      `${file} has several rows that differ for one ${names}: ${firstOf([...differing].map(shown))}. Keep one row each, or add ` +
        'the column that tells the clips apart to both tables.',
    )
  const kept = [...clips.rows.keys()].filter((i) => found.has(by(clips.rows[i], 0)))
  const out = clips.rows.length - kept.length
  const left = out > 0 ? `; ${out} of ${clips.rows.length} clips are not in it and are left out` : ''
  return {
    note: `Labels of ${basename(file)} by ${names}${left}.`,
    table: {
      ...clips,
      columns: [...clips.columns, ...added],
      lines: kept.map((i) => clips.lines[i]),
      rows: kept.map((i) => {
        const said = found.get(by(clips.rows[i], 0)) as Record<string, string>
        return { ...clips.rows[i], ...Object.fromEntries(added.map((name) => [name, said[name]])) }
      }),
    },
  }
}

/** Columns of clips and of labels that tell which belong together: of one name, or file names and what they are called by. */
function pairsOf(clips: Table, labels: Table): [string, string][] {
  const named = labels.columns.map((name) => ({ name, key: keyOf(name), values: valuesOf(labels, name) }))
  return clips.columns.flatMap((name): [string, string][] => {
    const key = keyOf(name)
    if (isLabelOrSplit(key)) return []
    const values = valuesOf(clips, name)
    const isFile = clips.rows.some((row) => VIDEO.test(row[name]))
    const shared = (others: ReadonlySet<string>) => [...others].some((value) => values.has(value))
    const other =
      named.find((one) => one.key === key && shared(one.values)) ??
      named.find((one) => isFile && !clips.columns.some((own) => keyOf(own) === one.key) && shared(one.values))
    return other ? [[name, other.name]] : []
  })
}

const valuesOf = ({ rows }: Table, name: string) =>
  new Set(rows.flatMap((row) => (isMissing(row[name]) ? [] : [joinKey(row[name])])))

/** Equal for what is meant to be equal: "s123" is not 123, but "123.0" is, and "files/p10/1.dcm" is "1". */
function joinKey(value: string): string {
  const name = value.split(/[\\/]/).pop() as string
  return sameKey(VIDEO.test(name) ? name.replace(VIDEO, '') : value)
}

/** Joins a file of labels to those of some tables that have a column of it; fails where none has. */
export async function withLabels<T extends { file: string; table: Table }>(
  tables: readonly T[],
  file: string | undefined,
): Promise<{ tables: T[]; notes: string[] }> {
  if (file === undefined) return { tables: [...tables], notes: [] }
  const info = await stat(file).catch((cause) => {
    throw new InfomotionError('DATASET_NOT_FOUND', `Expected a table of labels at ${file}: ${cause.code}.`, { cause })
  })
  if (!info.isFile())
    throw new InfomotionError('DATASET_NOT_FOUND', `Expected a table of labels at ${file}: it is no file.`)
  const labels = await readTable(file)
  const joined = tables.flatMap((one) => {
    const found = joinLabels(one.table, labels, file)
    return found ? [{ ...one, ...found }] : []
  })
  if (joined.length > 0) return { tables: joined, notes: joined.map(({ note }) => note) }
  const seen = tables.map((one) => `${one.file} has the columns ${firstOf(one.table.columns, 12)}`).join('; ')
  throw new InfomotionError(
    'DATASET_COLUMN_MISSING',
    `Expected in ${file} (--labels, option labels) a column that the table of the clips has too, with values of it: a study, a ` +
      `file or a patient. It has the columns ${firstOf(labels.columns, 12)}; ${seen || 'there is no table of clips'}.`,
  )
}
