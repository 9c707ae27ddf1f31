import { join } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { resolveOptions } from '../runtime/option.js'
import { CAMUS_NOTICE } from './camus.js'
import { assignClasses, type ClassScheme, inPercent } from './classes.js'
import { isEjectionFraction } from './columns.js'
import { familiesOf, kinAcrossSplits, madeFromTest } from './families.js'
import { isWithoutRate } from './files.js'
import { groupByNames } from './groups.js'
import { groupByHeaders } from './headers.js'
import { decimalPoint, firstOf, isMissing } from './labels.js'
import { leakError } from './leaks.js'
import { isOwnFile } from './lines.js'
import { READING, type ReadDataSetOptions } from './options.js'
import { TILES } from './place.js'
import type { Entry, Source } from './reading.js'
import { overlaps } from './segments.js'
import { readSource } from './source.js'
import { checkGroups, drawSplits, namedSplits } from './split.js'
import type { Clip, DataSet, Split } from './types.js'

/** Real EchoNet clips come under an agreement that every part of them stays under. */
export const ECHONET_NOTICE =
  'If these clips are from EchoNet (Stanford University), they are under its Research Use Agreement: non-commercial research only, ' +
  'no redistribution; that holds for selected clips, tables and pictures of them too.'

const NOTICES: Partial<Record<DataSet['layout'], string>> = { echonet: ECHONET_NOTICE, camus: CAMUS_NOTICE }
const IS_OF_EF: Partial<Record<DataSet['layout'], boolean>> = { echonet: true, camus: true }

/**
 * Reads a labelled video data set: EchoNet-Dynamic, -Pediatric or -LVH, CAMUS, any CSV file or list (or a folder with one, or
 * with one a split) that names paths and labels, or a folder of videos for each class. A clip is a video file, or a folder of
 * its frames as pictures. The clips are found, not decoded. docs/datasets.md tells of each layout.
 *
 * Rows with a start and an end are parts of videos, several a video where the table has them.
 *
 * Without a split column the clips are split by group (seeded, stratified by class); a group never straddles splits. Clips
 * whose label is empty or out of range are left out with a warning.
 *
 * @throws DATASET_NOT_FOUND, DATASET_AMBIGUOUS, DATASET_TABLE_INVALID, DATASET_COLUMN_MISSING, DATASET_FILES_MISSING,
 *   DATASET_DUPLICATE, DATASET_LABELS_UNUSABLE, DATASET_LABELS_NUMERIC, DATASET_EF_FRACTION, DATASET_SPLIT_UNKNOWN,
 *   DATASET_GROUP_STRADDLES, DATASET_LEAK, DATASET_NO_TRAIN, DATASET_SEGMENTS, DATASET_MEASUREMENT,
 *   DATASET_GROUP_PATTERN
 * @example
 * ```js
 * const dataSet = await readDataSet('EchoNet-Dynamic', { classes: 'ef5' })
 * const train = dataSet.clips.filter((clip) => clip.split === 'train')
 * ```
 */
export async function readDataSet(path: string, options: ReadDataSetOptions = {}): Promise<DataSet> {
  if (typeof path !== 'string' || path === '') throw invalid('the path of a data set', 'path', path)
  const {
    classes: wanted,
    columns = {},
    efScale,
    splitValues,
    seed,
    testFraction,
    allowMissing,
    strict,
    segments,
    groupPattern,
    groupBy,
    measurement,
    splitList,
    labels,
  } = resolveOptions(READING, options, 'readDataSet')

  if (groupBy !== undefined && groupPattern !== undefined)
    throw invalid('either groupBy or groupPattern, not both', 'groupPattern', groupPattern)
  const found = await readSource(path, {
    columns,
    allowMissing,
    named: namedSplits(splitValues),
    schemeGiven: wanted !== undefined,
    grouped: groupBy !== undefined || groupPattern !== undefined,
    ...{ segments, measurement, splitList, labels },
  })
  const { warnings, notes } = found
  checkDuplicates(found)
  if (groupPattern !== undefined && groupBy !== undefined)
    throw invalid('either groupPattern or groupBy, not both', 'groupBy', groupBy)
  const grouped = groupBy ? await groupByHeaders(found, groupBy) : groupByNames(found, groupPattern)
  notes.push(...grouped.notes)
  warnings.push(...grouped.warnings)
  const byEF = IS_OF_EF[found.layout] || (found.layout === 'csv' && isEjectionFraction(found.source.mapping.label))
  const scheme: ClassScheme = wanted ?? (byEF ? 'ef5' : 'labels')
  const given = found.entries.every((entry) => entry.split) ? found.entries.map((entry) => entry.split!) : undefined
  const {
    classes,
    classIndex,
    warnings: odd,
  } = assignClasses(labelsOf(found), scheme, given, found.source.mapping.label, efScale, found.source.header === false)

  const labelled = found.entries.flatMap((entry, i) =>
    classIndex[i] < 0 ? [] : [{ entry, classIndex: classIndex[i] }],
  )
  if (labelled.length < found.entries.length) warnings.push(unusable(found, classIndex, scheme))
  warnings.push(...odd)
  const draw = (groups: string[]) =>
    drawSplits(
      groups,
      labelled.map((clip) => clip.classIndex),
      classes.length,
      testFraction,
      seed,
    )
  const { splits, leaving, ...told } = divide(
    labelled.map(({ entry }) => entry),
    found.source.mapping,
    given ? undefined : draw,
  )
  if (told.leaks.length > 0 && strict) throw leakError(told.leaks)
  warnings.push(...told.warnings, ...told.leaks)

  const usable = labelled.flatMap((clip, i) => (leaving.has(i) ? [] : [{ ...clip, split: splits[i] }]))
  const clips = usable.map(({ entry, classIndex, split }): Clip => {
    const { id, path, label, kin, group = kin ?? id, segment } = entry
    return { id, path, label, classIndex, split, group, ...rateOf(entry), ...(segment && { segment }) }
  })
  const rows = usable.flatMap(({ entry }) => (entry.row ? [entry.row] : []))
  warnings.push(...checkComposed(rows))
  warnings.push(...checkVolumes(clips, rows, efScale ?? 1), ...checkClasses(classes, clips, path))
  return {
    root: found.root,
    layout: found.layout,
    classes,
    scheme,
    clips,
    splits: given ? 'given' : 'drawn',
    source: { ...found.source, rows },
    ...{ notes, warnings },
    ...(await noticeOf(found)),
  }
}

/** Whether a source was drawn by a program, and else the terms of use that must stand beside it. */
export async function noticeOf({ root, layout }: Source): Promise<Pick<DataSet, 'synthetic' | 'notice'>> {
  const synthetic = await isOwnFile(join(root, 'phantom.json'))
  return { synthetic, notice: synthetic ? undefined : NOTICES[layout] }
}

/**
 * The split of each clip: as the source says, or drawn so that clips which belong together stay together.
 *
 * @returns also the TRAIN clips that must leave, and what straddles splits all the same
 */
function divide(
  entries: readonly Entry[],
  mapping: Source['source']['mapping'],
  draw: ((groups: string[]) => Split[]) | undefined,
): { splits: Split[]; leaving: ReadonlySet<number>; leaks: string[]; warnings: string[] } {
  const kin = entries.map((entry) => ({ ...entry, group: entry.group ?? entry.id, name: entry.row?.[mapping.path] }))
  const { parents, family } = familiesOf(kin)
  const splits = draw ? draw(family.map(String)) : entries.map(({ split }) => split as Split)
  if (!draw)
    checkGroups(
      kin.map(({ group }) => group),
      splits,
    )
  const leaving = new Set(madeFromTest(parents, splits))
  const warnings: string[] = []
  if (kin.some(({ parent }) => parent !== undefined) && parents.every((some) => some.length === 0))
    warnings.push(`No parent in the column ${mapping.parent} is a clip or a group of the data set.`)
  const names = [...leaving].map((i) => entries[i].id)
  if (leaving.size > 0)
    warnings.push(
      `${leaving.size} TRAIN clip(s) are left out because they were made from TEST clips: ${firstOf(names)}.`,
    )
  const overlapping = overlaps(entries)
  const told = overlapping.map(([i, j]) => `${entries[i].id} (${splits[i]}) and ${entries[j].id} (${splits[j]})`)
  if (told.length > 0) warnings.push(`${told.length} clip(s) have frames in common with another: ${firstOf(told)}.`)
  return { splits, leaving, leaks: kinAcrossSplits(kin, splits, parents, leaving), warnings }
}

/** The labels that classes are made of: '' where the table says that there is none. A folder's name is always a label. */
export function labelsOf({ layout, entries, source }: Source): string[] {
  if (layout === 'folder') return entries.map(({ label }) => label)
  const point = source.delimiter === ',' ? (label: string) => label : decimalPoint
  return entries.map(({ label }) => (isMissing(label) ? '' : point(label)))
}

/** Names of the column that states the rate. */
const RATE = /^(fps|frame_?rate|frames_?per_?second)$/i

/** The rate that the table states, of a clip whose file names none. */
export function rateOf({ path, row = {} }: Entry): { fps?: number } {
  if (!isWithoutRate(path)) return {}
  const column = Object.keys(row).find((name) => RATE.test(name))
  const fps = Number(column === undefined ? Number.NaN : decimalPoint(row[column]))
  return fps > 0 && fps <= 1000 ? { fps } : {}
}

/** The class of each TRAIN clip. */
export function trainLabelsOf({ clips }: DataSet): number[] {
  return clips.flatMap(({ split, classIndex }) => (split === 'train' ? [classIndex] : []))
}

/**
 * A student can only learn to tell two classes or more apart.
 *
 * @param labels class indices of the TRAIN clips
 * @throws {InfomotionError} `DATASET_ONE_CLASS`
 */
export function expectTwoClasses(classes: readonly string[], labels: Iterable<number>): void {
  const found = new Set(labels)
  if (found.size > 1) return
  const [only] = found
  throw new InfomotionError(
    'DATASET_ONE_CLASS',
    `All TRAIN clips belong to one class${only === undefined ? '' : `, "${classes[only]}"`}: a student has nothing to tell apart. ` +
      'Is the right column read, with the right class scheme (--classes, --label-column)? Without a student: --until synthesize.',
  )
}

function checkDuplicates(found: Source): void {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { id } of found.entries) {
    if (seen.has(id)) twice.add(id)
    seen.add(id)
  }
  if (twice.size === 0) return
  throw new InfomotionError(
    'DATASET_DUPLICATE',
    `${twice.size} clip(s) occur more than once in ${found.source.table ?? found.root}: ${[...twice].slice(0, 10).join(', ')}. ` +
      'Keep one row for each video, or for each part of it.',
  )
}

/** The warning about clips without a usable label, or the error if they are more than half. */
function unusable(found: Source, classIndex: Int32Array, scheme: string): string {
  const bad = found.entries.filter((_, i) => classIndex[i] < 0)
  const named = bad.slice(0, 5).map(({ id, label }) => `${id} ("${label}")`)
  const what =
    `${bad.length} of ${found.entries.length} clips have no label that "${scheme}" can use: ` +
    `${named.join(', ')}${bad.length > 5 ? ', ...' : ''}`
  if (bad.length * 2 <= found.entries.length) return `${what}. They are left out.`
  throw new InfomotionError(
    'DATASET_LABELS_UNUSABLE',
    `${what}. Is "${found.source.mapping.label}" the column that is meant, and "${scheme}" the right scheme for it?`,
  )
}

/** Videos of a distilled set that hold several clips are none themselves. */
function checkComposed(rows: Record<string, string>[]): string[] {
  const composed = rows.filter((row) => /^\d+x\d+(x\d+)?$/.test(row[TILES] ?? '')).length
  if (composed === 0) return []
  return [
    `${composed} clips are composed of several (column ${TILES}) and are read as one each. To have those, run infomotion export FOLDER --tiles --out DIR first.`,
  ]
}

/** EF = 100 (EDV - ESV) / EDV, where the table has the volumes (synthetic sets write them as 0). */
function checkVolumes(clips: Clip[], rows: Record<string, string>[], efScale: number): string[] {
  const wrong = [...rows.keys()].filter((i) => {
    const [ef, esv, edv] = ['EF', 'ESV', 'EDV'].map((name) => Number(decimalPoint(rows[i][name] ?? '')))
    return edv > 0 && Math.abs(inPercent(ef, efScale) - (100 * (edv - esv)) / edv) > 1
  })
  if (wrong.length === 0) return []
  return [
    `The EF of ${wrong.length} clips differs by more than 1 from 100 (EDV - ESV) / EDV, e.g. ${clips[wrong[0]].id}.`,
  ]
}

function checkClasses(classes: string[], clips: Clip[], path: string): string[] {
  const train = new Array<number>(classes.length).fill(0)
  const all = new Array<number>(classes.length).fill(0)
  for (const clip of clips) {
    all[clip.classIndex]++
    if (clip.split === 'train') train[clip.classIndex]++
  }
  if (!train.some((count) => count > 0))
    throw new InfomotionError('DATASET_NO_TRAIN', `${path} has no TRAIN clip (${clips.length} clips in VAL and TEST).`)
  const warnings: string[] = []
  const empty = classes.filter((_, c) => all[c] === 0)
  if (empty.length > 0) warnings.push(`No clip belongs to ${empty.map((name) => `"${name}"`).join(', ')}.`)
  const untrained = classes.filter((_, c) => all[c] > 0 && train[c] === 0)
  if (untrained.length > 0)
    warnings.push(`No TRAIN clip belongs to ${untrained.map((name) => `"${name}"`).join(', ')}.`)
  const trained = classes.filter((_, c) => train[c] > 0)
  if (trained.length === 1)
    warnings.push(`All TRAIN clips belong to one class, "${trained[0]}": there is nothing to tell apart.`)
  if (!clips.some((clip) => clip.split === 'test')) warnings.push('There is no TEST clip: nothing can be evaluated.')
  return warnings
}
