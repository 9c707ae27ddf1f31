import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { resolveOptions } from '../runtime/option.js'
import { assignClasses, type ClassScheme } from './classes.js'
import { READING, type ReadDataSetOptions } from './options.js'
import { type Entry, readSource, type Source } from './source.js'
import { checkGroups, drawSplits } from './split.js'
import type { Clip, DataSet } from './types.js'

/** Real EchoNet clips come under an agreement that every part of them stays under. */
export const ECHONET_NOTICE =
  'If these clips are from EchoNet (Stanford University), they are under its Research Use Agreement: non-commercial research only, ' +
  'no redistribution; that holds for selected clips, tables and pictures of them too.'

/**
 * Reads a labelled video data set: EchoNet-Dynamic or -Pediatric (a folder with `FileList.csv`), any CSV file (or a folder
 * with one) that names paths and labels, or a folder of videos for each class. The clips are found, not decoded.
 *
 * Without a split column the clips are split by group (seeded, stratified by class); a group never straddles splits. Clips
 * whose label is empty or out of range are left out with a warning.
 *
 * @throws DATASET_NOT_FOUND, DATASET_AMBIGUOUS, DATASET_TABLE_INVALID, DATASET_COLUMN_MISSING, DATASET_FILES_MISSING,
 *   DATASET_DUPLICATE, DATASET_LABELS_UNUSABLE, DATASET_LABELS_NUMERIC, DATASET_SPLIT_UNKNOWN, DATASET_GROUP_STRADDLES,
 *   DATASET_NO_TRAIN
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
    seed,
    testFraction,
    allowMissing,
  } = resolveOptions(READING, options, 'readDataSet')

  const found = await readSource(path, columns, allowMissing)
  const warnings = found.warnings
  checkDuplicates(found)
  const scheme: ClassScheme = wanted ?? (found.layout === 'echonet' ? 'ef5' : 'labels')
  const given = found.entries.every((entry) => entry.split) ? found.entries.map((entry) => entry.split!) : undefined
  const labels = found.entries.map((entry) => entry.label)
  const { classes, classIndex } = assignClasses(labels, scheme, given, found.source.mapping.label)

  const usable = found.entries.flatMap((entry, i) => (classIndex[i] < 0 ? [] : [{ entry, classIndex: classIndex[i] }]))
  if (usable.length < found.entries.length) warnings.push(unusable(found, classIndex, scheme))
  const groups = usable.map(({ entry }) => entry.group)
  const splits = given
    ? usable.map(({ entry }) => entry.split!)
    : drawSplits(
        groups,
        usable.map((clip) => clip.classIndex),
        classes.length,
        testFraction,
        seed,
      )
  checkGroups(groups, splits)
  const clips = usable.map(({ entry, classIndex }, i): Clip => {
    return { id: entry.id, path: entry.path, label: entry.label, classIndex, split: splits[i], group: entry.group }
  })
  warnings.push(...checkVolumes(usable.map(({ entry }) => entry)), ...checkClasses(classes, clips, path))
  const synthetic = await access(join(found.root, 'phantom.json')).then(
    () => true,
    () => false,
  )
  return {
    root: found.root,
    layout: found.layout,
    classes,
    scheme,
    clips,
    splits: given ? 'given' : 'drawn',
    source: { ...found.source, rows: usable.flatMap(({ entry }) => (entry.row ? [entry.row] : [])) },
    synthetic,
    notice: found.layout === 'echonet' && !synthetic ? ECHONET_NOTICE : undefined,
    warnings,
  }
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
    `${twice.size} video(s) occur more than once in ${found.source.table ?? found.root}: ${[...twice].slice(0, 10).join(', ')}. ` +
      'Keep one row for each video.',
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

/** EF = 100 (EDV - ESV) / EDV, where the table has the volumes (synthetic sets write them as 0). */
function checkVolumes(entries: Entry[]): string[] {
  const wrong = entries.filter(({ row }) => {
    const [ef, esv, edv] = [row?.EF, row?.ESV, row?.EDV].map(Number)
    return edv > 0 && Math.abs(ef - (100 * (edv - esv)) / edv) > 1
  })
  if (wrong.length === 0) return []
  return [`The EF of ${wrong.length} clips differs by more than 1 from 100 (EDV - ESV) / EDV, e.g. ${wrong[0].id}.`]
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
  if (!clips.some((clip) => clip.split === 'test')) warnings.push('There is no TEST clip: nothing can be evaluated.')
  return warnings
}
