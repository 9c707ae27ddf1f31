import { realpath } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import { isInside } from '../run/output.js'
import { placeOf } from '../run/store.js'
import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { assignClasses, type ClassScheme, fixedScheme } from './classes.js'
import { familiesOf, type Kin } from './families.js'
import { firstOf, sameKey, shown } from './labels.js'
import { labelsOf, noticeOf, rateOf } from './read.js'
import type { Source } from './reading.js'
import { readSource } from './source.js'
import type { Clip, DataSet } from './types.js'

/** Clips to choose from that are none of the data set: generated ones, say. */
export interface Pool {
  /** What it is called: its folder's name. */
  name: string
  root: string
  /** All that may be chosen, with the data set's classes. */
  clips: Clip[]
  /** What its table says of each clip. */
  rows: (Record<string, string> | undefined)[]
  synthetic: boolean
  notice?: string
  notes: string[]
  warnings: string[]
}

export interface ReadPoolOptions {
  /** Column of the table that names what each clip was made from. Default: `parent`, or what others call it. */
  parentColumn?: string
  /** What labels are multiplied by to be ejection fractions in percent. */
  efScale?: number
  /** Go on without the clips whose files are missing. */
  allowMissing?: boolean
}

/**
 * Reads a pool for a data set: any layout that `readDataSet` reads, whose labels become classes as the data set's do (by
 * the same bounds, or names that are alike). Clips of classes that the data set does not have are left out, and so are
 * those that the pool itself keeps for VAL and TEST.
 *
 * @throws {InfomotionError} the codes of `readDataSet`; `POOL_UNUSABLE`: no clip of the data set's classes, or parts of
 *   videos; `INVALID_ARGUMENT` for the data set itself
 */
export async function readPool(path: string, dataSet: DataSet, options: ReadPoolOptions = {}): Promise<Pool> {
  const { parentColumn: parent, efScale, allowMissing = false } = options
  const scheme = fixedScheme(dataSet.scheme as ClassScheme, dataSet)
  const found = await readSource(path, {
    columns: parent === undefined ? {} : { parent },
    ...{ allowMissing, named: new Map(), schemeGiven: scheme !== 'labels', grouped: false },
  })
  await expectOther(found, dataSet)
  const name = basename(found.root)
  const { notes, warnings } = found
  const kept = found.entries.filter(({ split }) => split === undefined || split === 'train')
  if (kept.length === 0) throw unusable(name, 'it calls none of its clips TRAIN')
  if (kept.length < found.entries.length)
    notes.push(`Of the pool only what it calls TRAIN is taken: ${kept.length} of ${found.entries.length} clips.`)
  if (kept.some(({ segment }) => segment))
    throw unusable(name, 'its clips are parts of videos. Cut them into files of their own')

  const own = { ...found, entries: kept }
  const header = found.source.header === false
  const assigned = assignClasses(labelsOf(own), scheme, undefined, found.source.mapping.label, efScale, header)
  const classOf = matching(assigned.classes, dataSet.classes, scheme)
  const indices = kept.map((_, i) => (assigned.classIndex[i] < 0 ? -1 : classOf[assigned.classIndex[i]]))
  const others = kept.filter((_, i) => indices[i] < 0).map(({ label }) => shown(label))
  if (others.length === kept.length)
    throw unusable(
      name,
      `none of its clips is of a class of the data set (${dataSet.classes.map(shown).join(', ')}): its labels are ${firstOf([...new Set(others)])}`,
    )
  if (others.length > 0)
    warnings.push(
      `${others.length} clips of the pool have labels that are no class of the data set, and are left out: ${firstOf([...new Set(others)])}.`,
    )
  const empty = dataSet.classes.filter((_, c) => !indices.includes(c))
  if (empty.length > 0) warnings.push(`The pool has no clip of ${empty.map(shown).join(', ')}.`)

  const parents = parentsOf(own, dataSet)
  const unknown = kept.filter(({ parent }, i) => parent && parents[i].length === 0).map(({ id }) => id)
  if (unknown.length > 0)
    warnings.push(
      `${unknown.length} clips of the pool name parents that are no clip of the data set, so that nothing tells whether ` +
        `they were made from its TEST clips: ${firstOf(unknown)}.`,
    )
  if (kept.every(({ parent }) => !parent))
    notes.push(
      'The pool does not say what its clips were made from (a column parent, or --pool-parent-column): whether that was in TEST is told by likeness alone.',
    )
  const staying = [...kept.keys()].filter((i) => indices[i] >= 0)
  return {
    ...{ name, root: found.root, notes, warnings: [...warnings, ...assigned.warnings] },
    clips: staying.map((i): Clip => {
      const { id, path } = kept[i]
      const label = scheme === 'labels' ? dataSet.classes[indices[i]] : kept[i].label
      const called = `${name}/${id}`
      const pool = { name, parents: parents[i] }
      return {
        id: called,
        path,
        label,
        classIndex: indices[i],
        split: 'train',
        group: called,
        ...rateOf(kept[i]),
        pool,
      }
    }),
    rows: staying.map((i) => kept[i].row),
    ...(await noticeOf(found)),
  }
}

/** Refuses a pool that a run's results would take the place of, or stand in. */
export async function expectPoolOutside(out: string, { root }: Pool): Promise<void> {
  const [folder, pool] = await Promise.all([placeOf(out), placeOf(root)])
  if (folder === pool || isInside(relative(folder, pool)))
    throw invalid('a pool outside the folder of the results', 'pool', root)
}

function unusable(name: string, why: string): InfomotionError {
  return new InfomotionError('POOL_UNUSABLE', `The pool ${name} cannot be chosen from: ${why}.`)
}

/** Refuses the data set's own clips. */
async function expectOther({ root, source, entries }: Source, dataSet: DataSet): Promise<void> {
  const real = (path: string) => realpath(path).catch(() => path)
  const same = source.table && dataSet.source.table && (await real(source.table)) === (await real(dataSet.source.table))
  const files = new Set(dataSet.clips.map(({ path }) => path))
  if (same || (await real(root)) === (await real(dataSet.root)) || entries.some(({ path }) => files.has(path)))
    throw invalid('a pool other than the data set itself', 'pool', root)
}

/** The data set's class of each of the pool's: by number where bounds make them, else by name; -1: it has none. */
function matching(own: readonly string[], classes: readonly string[], scheme: ClassScheme): number[] {
  if (scheme !== 'labels') return own.map((_, c) => c)
  return own.map((name) => {
    const exact = classes.indexOf(name)
    const alike = classes.flatMap((other, c) => (sameKey(other) === sameKey(name) ? [c] : []))
    return exact >= 0 ? exact : alike.length === 1 ? alike[0] : -1
  })
}

/**
 * Ids of the clips of the data set that each of the pool's was made from: as the table names them, or, where it names
 * another clip of the pool, those that this one was made from. A name that both have is the data set's.
 */
function parentsOf({ entries, source }: Source, { clips, source: of }: DataSet): string[][] {
  const real = clips.map(({ id, group }, i): Kin => ({ id, group, name: of.rows[i]?.[of.mapping.path] }))
  const asked = entries.map(({ parent }, i): Kin => ({ id: `pool clip ${i}`, group: `pool clip ${i}`, parent }))
  const direct = familiesOf([...real, ...asked]).parents.slice(real.length)
  const within = familiesOf(
    entries.map(({ id, parent, row }): Kin => ({ id, group: id, parent, name: row?.[source.mapping.path] })),
  ).parents
  return entries.map((_, i) => {
    const found = new Set<string>()
    const seen = new Set<number>()
    const next = [i]
    for (let clip = next.pop(); clip !== undefined; clip = next.pop()) {
      if (seen.has(clip)) continue
      seen.add(clip)
      for (const parent of direct[clip]) found.add(clips[parent].id)
      if (direct[clip].length === 0) next.push(...within[clip])
    }
    return [...found]
  })
}
