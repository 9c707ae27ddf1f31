import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { firstOf, isMissing } from './labels.js'
import { isOwnFile, linesOf } from './lines.js'
import type { Entry, Reading, Source } from './reading.js'
import type { Split } from './types.js'

/**
 * The CAMUS data set (Leclerc et al., IEEE TMI 2019): a folder a patient, and in it for each view, "2CH" and "4CH", what is
 * known of it (`Info_2CH.cfg`: lines "EF: 51.1") and the frames from end diastole to end systole
 * (`patient0001_2CH_half_sequence.nii.gz`). Single pictures (`_ED`, `_ES`) and drawn masks (`_gt`) are no clips.
 */

/** Clips of CAMUS come under terms that every part of them stays under. */
export const CAMUS_NOTICE =
  'If these clips are from CAMUS (University of Lyon), they are under its terms of use: research only, no redistribution; ' +
  'that holds for selected clips, tables and pictures of them too. Publications cite Leclerc et al., IEEE TMI 2019.'

const PATIENT = /^patient\d+$/i
const INFO = /^Info_(\w+)\.cfg$/i
const SEQUENCE = /_half_sequence\.nii(\.gz)?$/i

/** What a distilled set's table has: EchoNet's columns where CAMUS knows as much, so that both read with the same code. */
const COLUMNS = ['FileName', 'EF', 'FPS', 'NumberOfFrames', 'patient', 'View', 'ED', 'ES', 'Sex', 'Age', 'ImageQuality']

/** How `Info_*.cfg` calls them, where that differs; the first release called EF otherwise. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  EF: ['EF', 'LVef'],
  FPS: ['FrameRate'],
  NumberOfFrames: ['NbFrame'],
}

/** One view of a patient. */
interface View {
  patient: string
  view: string
  /** What is known of it. */
  row: Record<string, string>
  /** Where its frames are, or should be. */
  path: string
  found: boolean
}

/**
 * Reads CAMUS where it lies at `at` or in `database_nifti/` below; undefined where it does not. The splits are those of
 * `database_split/`, if that is there; patients in none of them are left out then.
 *
 * @throws {InfomotionError} `DATASET_FILES_MISSING`, `DATASET_GROUP_STRADDLES`
 */
export async function readCamus(at: string, { allowMissing }: Reading): Promise<Source | undefined> {
  const below = join(at, 'database_nifti')
  const root = (await patientsIn(at)).length > 0 ? at : below
  const views: View[] = []
  for (const patient of await patientsIn(root)) views.push(...(await viewsOf(root, patient)))
  if (views.length === 0) return undefined
  const warnings: string[] = []
  const missing = views.filter(({ found }) => !found)
  if (missing.length > 0) {
    const what =
      `${missing.length} of ${views.length} sequences of CAMUS are not in ${root}: ` +
      `${firstOf(missing.map(({ path }) => basename(path)))}. They are read as NIfTI (.nii or .nii.gz), not as .mhd.`
    if (!allowMissing || missing.length === views.length) throw new InfomotionError('DATASET_FILES_MISSING', what)
    warnings.push(what)
  }
  const splits = await splitsBeside(at, root)
  const there = views.filter(({ found }) => found)
  const left = splits ? there.filter(({ patient }) => !splits.has(patient)) : []
  if (left.length > 0)
    warnings.push(
      `${left.length} clips are left out, whose patients are in no list of splits: ${firstOf([...new Set(left.map(({ patient }) => patient))])}.`,
    )
  const entries = there.flatMap(({ patient, path, row }): Entry[] => {
    const split = splits?.get(patient)
    if (splits && !split) return []
    const named: Record<string, string> = split ? { ...row, Split: split.toUpperCase() } : row
    return [{ id: row.FileName, path, label: row.EF, split, group: patient, row: named }]
  })
  const columns = splits ? [...COLUMNS, 'Split'] : COLUMNS
  const mapping = { path: 'FileName', label: 'EF', group: 'patient', ...(splits && { split: 'Split' }) }
  return {
    root,
    layout: 'camus',
    entries,
    source: { columns, mapping, delimiter: ',', videos: root },
    notes: [],
    warnings,
  }
}

const list = (folder: string): Promise<Dirent[]> => readdir(folder, { withFileTypes: true }).catch(() => [])

async function patientsIn(folder: string): Promise<string[]> {
  const names = (await list(folder)).filter((entry) => entry.isDirectory() && PATIENT.test(entry.name))
  return names.map(({ name }) => name).sort()
}

async function viewsOf(root: string, patient: string): Promise<View[]> {
  const folder = join(root, patient)
  const files = (await list(folder)).filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => name)
  const views: View[] = []
  for (const info of files.filter((name) => INFO.test(name)).sort()) {
    if (!(await isOwnFile(join(folder, info)))) continue
    const view = INFO.exec(info)![1]
    const stem = `${patient}_${view}`.toLowerCase()
    const file = files.find((name) => SEQUENCE.test(name) && name.toLowerCase().startsWith(`${stem}_`))
    const name = file ?? `${patient}_${view}_half_sequence.nii.gz`
    const known = await keysOf(join(folder, info))
    const value = (column: string) =>
      (KEYS[column] ?? [column]).map((key) => known.get(key.toLowerCase())).find(Boolean)
    const row = Object.fromEntries(COLUMNS.map((column) => [column, value(column) ?? '']))
    Object.assign(row, { FileName: `${patient}/${name}`, patient, View: view })
    views.push({ patient, view, row, path: join(folder, name), found: file !== undefined })
  }
  return views
}

/** Lines "key: value", as many as such a file could have. */
async function keysOf(path: string): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  let left = 100
  for await (const line of linesOf(path)) {
    const [, key, value] = /^\s*(\w+)\s*[:=]\s*(.{0,100}?)\s*$/.exec(line.toString('latin1')) ?? []
    if (key !== undefined && !isMissing(value)) known.set(key.toLowerCase(), value)
    if (--left === 0) break
  }
  return known
}

const LISTS: readonly [Split, string][] = [
  ['train', 'subgroup_training.txt'],
  ['val', 'subgroup_validation.txt'],
  ['test', 'subgroup_testing.txt'],
]

/** The split of each patient, as the lists beside the patients say; undefined where there are none. */
async function splitsBeside(at: string, root: string): Promise<Map<string, Split> | undefined> {
  const places = [at, root, dirname(root)].flatMap((folder) => [join(folder, 'database_split'), folder])
  for (const place of places) {
    const splits = new Map<string, Split>()
    for (const [split, name] of LISTS) {
      const path = join(place, name)
      if (!(await isOwnFile(path))) continue
      for await (const line of linesOf(path)) {
        const patient = line.toString('latin1').trim()
        if (patient === '') continue
        const other = splits.get(patient) ?? split
        if (other !== split)
          throw new InfomotionError(
            'DATASET_GROUP_STRADDLES',
            `${patient} is in the lists of ${other} and of ${split} in ${place}. A patient belongs to one split only: correct the lists.`,
          )
        splits.set(patient, split)
      }
    }
    if (splits.size > 0) return splits
  }
  return undefined
}
