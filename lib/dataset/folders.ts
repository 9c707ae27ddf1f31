import { readdir } from 'node:fs/promises'
import { basename, extname, join, relative } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { isDicomFile } from '../video/dicom/header.js'
import { isPicture, isPictureFolder } from '../video/pictures.js'
import { folded, isClip, isOfResults, VIDEO } from './files.js'
import { firstOf, shown } from './labels.js'
import type { FoundTable } from './parts.js'
import { splitNamed } from './split.js'
import type { Split } from './types.js'

/** One clip of a folder per class. */
interface Found {
  id: string
  path: string
  label: string
  split?: Split
}

/** Videos that lie in a folder per class. */
export interface ClassFolders {
  /** Whether the folders of the classes lie in folders of the splits. */
  areSplits: boolean
  clips: Found[]
  /** What lies in these folders and is not read: paths relative to the root, folders with "/" at their end. */
  unread: string[]
}

/** Files that no one means to be a clip. */
const COMPANIONS = /^(thumbs\.db|desktop\.ini|dicomdir|readme(\.\w+)?|licen[cs]e(\.\w+)?|notice\.txt)$/i

/**
 * A folder of videos (or of folders of pictures) for each class, two classes or more; or `train/`, `val/`, `test/` (and
 * nothing else), each with a folder for each class. Undefined if the videos do not lie that way.
 *
 * @param hasTables - tables lie beside the folders: folders of pictures may be their clips
 * @throws {InfomotionError} `DATASET_AMBIGUOUS` for folders of pictures in the place of classes
 */
export async function readFolders(
  root: string,
  named: ReadonlyMap<string, Split>,
  hasTables: boolean,
): Promise<ClassFolders | undefined> {
  const top = await listing(root)
  const distilled = top.files.includes(WEIGHTS) // then `cache` is no class, but the run's
  const foreign = await Promise.all(top.folders.map((name) => isForeign(join(root, name), distilled)))
  const folders = top.folders.filter((_, i) => !foreign[i])
  const splits = folders.map((name) => splitNamed(name, named))
  const areSplits = folders.length > 0 && splits.every(Boolean)
  const clips: Found[] = []
  const stills = new Map<string, number>()
  const unread = [...top.files.filter((name) => VIDEO.test(name)), ...top.others]
  for (const [s, name] of areSplits ? [...folders.entries()] : [[-1, ''] as const]) {
    const classes = areSplits ? await listing(join(root, name)) : { folders, files: [], others: [] }
    unread.push(...[...classes.files, ...classes.others].map((file) => join(name, file)))
    for (const label of classes.folders) {
      const inside = await listing(join(root, name, label))
      const at = (file: string) => relative(root, join(root, name, label, file)).replaceAll('\\', '/')
      const hasVideos = inside.files.some((file) => VIDEO.test(file)) // pictures beside are thumbnails, or the like
      const pictures = inside.files.filter(isPicture).length
      if (pictures > 0) stills.set(join(name, label), pictures)
      for (const file of [...inside.files, ...inside.folders]) {
        const path = join(root, name, label, file)
        const isFolder = !hasVideos && !VIDEO.test(file) && (await isPictureFolder(path))
        const isFile = !inside.folders.includes(file)
        if (isFolder || (isFile && (VIDEO.test(file) || (await isNamelessDicom(path)))))
          clips.push({ id: at(file), path, label, split: splits[s] })
        else unread.push(isFile ? at(file) : `${at(file)}/`)
      }
      unread.push(...inside.others.map(at))
    }
  }
  if (!areSplits && (await expectSplits(root, folders, splits))) return undefined
  if (clips.length === 0 && stills.size > 0 && !hasTables) throw ofStills(root, stills)
  if (new Set(clips.map(({ label }) => label)).size < 2) return undefined
  clips.sort((a, b) => (a.id < b.id ? -1 : 1)) // readdir's order is the file system's
  return { areSplits, clips, unread: unread.filter((file) => !COMPANIONS.test(basename(file))).sort() }
}

/** A DICOM whose name does not say so, as archives call them ("IM0001", "1.2.840.113619.2"); their index is none. */
async function isNamelessDicom(path: string): Promise<boolean> {
  return !COMPANIONS.test(basename(path)) && !isPicture(path) && (await isDicomFile(path))
}

/** Pictures where clips are expected: each folder a clip without a class, or each a class of single images. */
function ofStills(root: string, stills: ReadonlyMap<string, number>): InfomotionError {
  const folders = [...stills].map(([name, count]) => `${name}/ (${count})`.replaceAll('\\', '/'))
  return new InfomotionError(
    'DATASET_AMBIGUOUS',
    `The folders of ${root} hold pictures and no clips: ${firstOf(folders, 5)}. If each folder is a clip and its pictures the ` +
      'frames, say its class: put it into a folder of its class (CLASS/CLIP/), or name the folders in a table (path,label). If ' +
      'each is a class of single images, this is no data set of videos.',
  )
}

/** The weights of a distilled set: such a table names its clips, and is not the source of its labels. */
const WEIGHTS = 'weights.csv'

/** Whether a folder is a run's, not the data set's that it lies in: results, or caches. Neither has clips at its top. */
async function isForeign(folder: string, distilled: boolean): Promise<boolean> {
  const names = await readdir(folder)
  if (basename(folder) === 'cache' && distilled) return true
  return !names.some((name) => VIDEO.test(name)) && (basename(folder) === 'cache' || isOfResults(names))
}

/** What a folder holds, hidden things apart: a link counts as a file where it leads to one, or nowhere. */
async function listing(folder: string): Promise<{ folders: string[]; files: string[]; others: string[] }> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'))
  const clips = new Set<string>()
  for (const entry of entries) {
    const isLink = entry.isSymbolicLink()
    if ((entry.isFile() || isLink) && (await isClip(join(folder, entry.name), isLink))) clips.add(entry.name)
  }
  const names = (test: (entry: (typeof entries)[number]) => boolean) => entries.filter(test).map(({ name }) => name)
  return {
    folders: names((entry) => entry.isDirectory()),
    files: names(({ name }) => clips.has(name)),
    others: names((entry) => !entry.isDirectory() && !clips.has(entry.name)),
  }
}

/** `train/` beside `holdout/`, both with folders of classes: one of them is a split that is not known by its name. */
async function expectSplits(root: string, folders: string[], splits: (Split | undefined)[]): Promise<boolean> {
  const unknown = folders.filter((_, i) => !splits[i])
  if (unknown.length === folders.length) return false
  const inside = await Promise.all(folders.map(async (name) => listing(join(root, name))))
  const [known] = inside.filter((_, i) => splits[i])
  const alike = unknown.filter((name) => {
    const classes = inside[folders.indexOf(name)].folders
    return classes.length > 0 && classes.some((label) => known.folders.includes(label))
  })
  if (alike.length === 0) return false
  throw new InfomotionError(
    'DATASET_SPLIT_UNKNOWN',
    `${root} has folders of splits, but what is ${alike.map(shown).join(', ')}? Say which split it is, e.g. --split-values test=${alike[0]} ` +
      '(option splitValues), or move it away.',
  )
}

/** Names that people and archives give to parts of a data set, not to classes. */
const PARTS =
  /^(batch|part|chunk|shard|disc|disk|site|cent(er|re)|hospital|clinic|scanner|machine|device|fold|patient|subject|participant|session|archive|upload|export|download)[ _.-]*([a-z]|\d+)$/i

/**
 * Refuses folders that are more likely parts of a data set than its classes: called Batch1, Batch2; or beside a table
 * that names the clips, whose labels are then in the table. `meant`: the user asks for them as classes.
 *
 * @throws {InfomotionError} `DATASET_AMBIGUOUS`
 */
export function expectClassFolders(
  root: string,
  { clips }: ClassFolders,
  tables: readonly FoundTable[],
  meant: boolean,
): string[] {
  const classes = [...new Set(clips.map(({ label }) => label))].sort()
  const folders = firstOf(classes.map((name) => `${name}/`))
  const cure = 'If the folders are the classes, say so: --classes labels (option classes).'
  const warnings: string[] = []
  for (const { file, table } of tables) {
    const name = basename(file)
    if (name === WEIGHTS) continue
    const column = columnNaming(table, clips)
    const what = `${file} has the columns ${firstOf(table.columns.map(shown), 12)}`
    if (column === undefined)
      warnings.push(`The clips are read from the folders ${folders}, and ${name} beside them is not read.`)
    else if (meant)
      warnings.push(`The classes are the folders ${folders}, not a column of ${name}, though that names the clips.`)
    else
      throw new InfomotionError(
        'DATASET_AMBIGUOUS',
        `${what}, and its column ${shown(column)} names the clips in ${folders}. If the labels are in the table, name its ` +
          `columns: --path-column ${column} --label-column NAME (option columns). ${cure}`,
      )
  }
  const parts = classes.filter((name) => PARTS.test(name))
  if (parts.length >= 2 && parts.length * 2 > classes.length && !meant)
    throw new InfomotionError(
      'DATASET_AMBIGUOUS',
      `The folders of ${root} are called ${folders}: parts of a data set rather than classes? Give a table of the clips and their ` +
        `labels (path,label), or a folder for each class. ${cure}`,
    )
  return warnings
}

/** The column whose values are names of the clips, with or without folder and ending. */
function columnNaming(table: FoundTable['table'], clips: readonly Found[]): string | undefined {
  const stem = (name: string) => folded((name.split(/[\\/]/).pop() ?? '').replace(VIDEO, ''))
  const names = new Set(clips.map(({ id }) => stem(id)))
  return table.columns.find((column) => {
    const named = new Set(table.rows.map((row) => stem(row[column])).filter((name) => names.has(name)))
    return named.size >= 2 && named.size * 2 >= names.size
  })
}

/** What lies among the clips and is not read, by its kind. */
export function unreadWarning(unread: readonly string[]): string[] {
  if (unread.length === 0) return []
  const kinds = new Map<string, number>()
  for (const file of unread) {
    const kind = file.endsWith('/')
      ? 'folders'
      : VIDEO.test(file)
        ? 'videos outside'
        : extname(file).toLowerCase() || 'no ending'
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  const counted = [...kinds].sort((a, b) => b[1] - a[1]).map(([kind, count]) => `${kind} (${count})`)
  return [
    `${unread.length} files or folders among the class folders are not read: ${firstOf(counted, 10)}; e.g. ${firstOf([...unread], 3)}.`,
  ]
}
