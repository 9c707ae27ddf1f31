import { InfomotionError } from '../runtime/errors.js'
import { groupBy } from '../runtime/group.js'
import { firstOf, isMissing, shown } from './labels.js'
import { mayBeSplits } from './split.js'
import type { Table } from './table.js'
import { endColumns, isTimeName, isTimes, startColumns } from './times.js'

/** Which column holds what, as the user names them. */
export interface Columns {
  path?: string
  label?: string
  split?: string
  group?: string
  /** The clip that a clip was made from: a clip of the table, or a group. */
  parent?: string
  /** Where in its video a clip starts, and where it ends (or, where the column is called a duration, how long it is). */
  start?: string
  end?: string
}

/** Which column holds what, found. */
export interface Mapping extends Columns {
  path: string
  label: string
}

/** A mapping, and what is to be said of it. */
export interface Mapped {
  mapping: Mapping
  /** Path and label are called as this package calls them, or the user named them: such a table comes before others. */
  exact: boolean
  notes: string[]
  warnings: string[]
}

type Role = Exclude<keyof Columns, 'start' | 'end'>

/**
 * What columns are called in the tables people have, in lower case without what stands between words. Names of one line
 * are equals: where a table has two of them, it must be asked which is meant. An earlier line comes before a later one.
 */
const NAMES: Readonly<Record<Role, readonly (readonly string[])[]>> = {
  path: [
    ['path'],
    [
      ...['filename', 'file', 'filepath', 'hashedfilename', 'dicomfilepath', 'dicompath', 'videofile', 'videofilename'],
      ...['videopath', 'videofilepath', 'videoname', 'clippath', 'clipfile', 'clipname', 'avipath', 'mp4path'],
    ],
    ['video', 'clip'],
    ['youtubeid', 'ytid', 'videoid', 'clipid', 'vid'],
  ],
  label: [
    ['label'],
    ['class', 'classname', 'labelname', 'target', 'category', 'categoryname', 'labels', 'action', 'diagnosis'],
    ['ef', 'lvef', 'ejectionfraction'],
  ],
  split: [['split'], ['subset', 'set', 'phase', 'partition', 'fold', 'usage']],
  group: [
    ['group'],
    ['patient'],
    ['patientid', 'subject', 'subjectid', 'participant', 'participantid', 'person', 'personid'],
    ['study', 'studyid', 'case', 'caseid', 'exam', 'examid'],
    ['youtubeid', 'ytid', 'videoid'],
  ],
  parent: [['parent'], ['parentid', 'parentclip', 'parentpath']],
}

/** Names that nobody needs to be told of. */
const OWN = new Set(['path', 'filename', 'label', 'split', 'group', 'patient', 'parent'])

/** A column's name without case and what stands between words. */
export const keyOf = (name: string) =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_.-]+/g, '')

/** Whether a column of this key is called as labels or splits are. */
export const isLabelOrSplit = (key: string) => [NAMES.label, NAMES.split].some((lines) => lines.flat().includes(key))

/** Whether a column is called as ejection fractions are, which are in percent. */
export const isEjectionFraction = (name: string) => NAMES.label[2].includes(keyOf(name))

/** The column of this name: exactly, else in any case. */
export function column(table: Table, ...names: string[]): string | undefined {
  for (const name of names) {
    if (table.columns.includes(name)) return name
    const found = table.columns.filter((column) => column.toLowerCase() === name.toLowerCase())
    if (found.length > 1)
      throw new InfomotionError(
        'DATASET_TABLE_INVALID',
        `The columns ${found.map((column) => `"${column}"`).join(' and ')} differ by case only: which is "${name}"? Rename one.`,
      )
    if (found.length === 1) return found[0]
  }
  return undefined
}

/** EchoNet's table: one row a video, its file name and its ejection fraction. */
export function isEchoNet(table: Table): boolean {
  return column(table, 'FileName') !== undefined && column(table, 'EF') !== undefined
}

/**
 * Finds the columns: those the user names, else EchoNet's (`FileName`, `EF`, `Split`), else `path`, `label`, `split`,
 * `group` or `patient`, `parent`, else what others call them. Undefined if a named one, the path or the label is not there.
 *
 * @param grouped - groups are told elsewhere: no column is taken for them under another name
 * @throws {InfomotionError} `DATASET_AMBIGUOUS` where two columns could be meant
 */
export function mapColumns(table: Table, wanted: Columns, grouped = false): Mapped | undefined {
  for (const name of Object.values(wanted))
    if (name !== undefined && column(table, name) === undefined) return undefined
  // a list of clips alone: their folders are called as their classes
  if (!table.header && table.columns.length === 1)
    return { mapping: { path: table.columns[0], label: 'label' }, exact: true, notes: [], warnings: [] }
  const candidates = candidatesIn(table)
  const given = Object.values(wanted).flatMap((name) => (name === undefined ? [] : [column(table, name)]))
  const find = (role: Role, ...own: string[]) => column(table, ...(wanted[role] ? [wanted[role]] : own))
  const paths = find('path', 'path', 'FileName') ?? candidates('path', given)
  const labels = find('label', isEchoNet(table) ? 'EF' : 'label') ?? candidates('label', given)
  if (paths.length === 0 || labels.length === 0) return undefined
  const mapping: Mapping = { path: theOne(paths, 'path', table), label: theOne(labels, 'label', table) }
  const taken = [mapping.path, mapping.label, ...given]
  const warnings: string[] = []
  for (const [role, ...own] of [
    ['split', 'split'],
    ['group', 'group', 'patient'],
    ['parent', 'parent'],
  ] as const) {
    const others = () => candidates(role, taken).filter((name) => table.rows.some((row) => !isMissing(row[name])))
    const mayBe = role !== 'group' || !grouped
    const found = find(role, ...own) ?? (mayBe ? optional(others(), role, table, warnings) : undefined)
    if (found !== undefined) mapping[role] = found
  }
  Object.assign(mapping, partColumns(table, wanted, Object.values(mapping), warnings))
  const isOwn = (role: Role) => {
    const name = mapping[role]
    if (name === undefined || wanted[role] !== undefined || OWN.has(name.toLowerCase())) return true
    return role === 'label' && isEchoNet(table)
  }
  const others = (Object.keys(NAMES) as Role[]).filter((role) => !isOwn(role))
  const spelt = others.map((role) => `${shown(mapping[role]!)} as ${role}`).join(', ')
  const notes = spelt === '' ? [] : [`Columns taken: ${spelt}.`]
  return { mapping, exact: isOwn('path') && isOwn('label'), notes, warnings }
}

/** Finds the columns that are called as a role is, in the order of the table, of the first line of names that has any. */
function candidatesIn(table: Table): (role: Role, but: readonly (string | undefined)[]) => string[] {
  const byKey = groupBy(table.columns, keyOf)
  const named = (keys: readonly string[]) => keys.flatMap((key) => byKey.get(key) ?? [])
  const measured = named(['calc']).length > 0 ? named(['calcvalue']) : []
  return (role, but) => {
    for (const found of [...(role === 'label' ? [measured] : []), ...NAMES[role].map(named)]) {
      const free = found.filter((name) => !but.includes(name))
      if (free.length > 0) return free.sort((a, b) => table.columns.indexOf(a) - table.columns.indexOf(b))
    }
    return []
  }
}

/** The only candidate. */
function theOne(found: string | string[], role: keyof Columns, table: Table): string {
  if (typeof found === 'string') return found
  if (found.length === 1) return found[0]
  const [first] = table.rows
  const values = found.map((name) => `${shown(name)}${first ? ` (${shown(first[name].slice(0, 40))}, ...)` : ''}`)
  throw new InfomotionError(
    'DATASET_AMBIGUOUS',
    `The columns ${values.join(' and ')} could each be the ${role}. Say which: --${role}-column ${found[0]} (option columns).`,
  )
}

/** A column that need not be there. Splits under another name are taken where their values are plain. */
function optional(found: string[], role: Role, table: Table, warnings: string[]): string | undefined {
  if (found.length === 0) return undefined
  if (role !== 'split') return theOne(found, role, table)
  const plain = found.filter((name) => mayBeSplits(table.rows.map((row) => row[name])))
  if (plain.length > 0) return theOne(plain, role, table)
  const values = firstOf([...new Set(table.rows.map((row) => row[found[0]]))].map(shown), 3)
  warnings.push(
    `The column ${shown(found[0])} (${values}) is not taken for splits. If it is: --split-column ${found[0]} --split-values train=...,test=....`,
  )
  return undefined
}

/** The columns of start and end, where both are there by their names and hold times. */
function partColumns(
  table: Table,
  wanted: Columns,
  taken: readonly (string | undefined)[],
  warnings: string[],
): Pick<Mapping, 'start' | 'end'> {
  const named = { start: wanted.start && column(table, wanted.start), end: wanted.end && column(table, wanted.end) }
  if (named.start && named.end) return named
  const free = table.columns.filter(
    (name) =>
      isTimeName(name) &&
      !taken.includes(name) &&
      isTimes(
        table.rows.map((row) => row[name]),
        table.delimiter,
      ),
  )
  const starts = named.start ? [named.start] : startColumns(free)
  const ends = named.end ? [named.end] : endColumns(free, starts)
  if (starts.length > 0 && ends.length > 0)
    return { start: theOne(starts, 'start', table), end: theOne(ends, 'end', table) }
  if (named.start || named.end) return { ...(named.start ? { start: named.start } : { end: named.end }) }
  if (starts.length > 0)
    warnings.push(
      `The column ${shown(starts[0])} is not read: no column says where the clips end. If they go on to their videos' ends: --start-column ${starts[0]}.`,
    )
  return {}
}
