import { constants, createReadStream, createWriteStream } from 'node:fs'
import { access, copyFile, open, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'csv-stringify/sync'
import { makeFolder, partialIn, placeOf, sync } from '../run/store.js'
import { atPath, InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, expectNumber, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import type { Clip, DataSet } from './types.js'

export interface WriteDataSetOptions {
  /**
   * "copy" (default): selected clips are copied, VAL and TEST clips are symbolic links to the source. "link": all are
   * links. "list": no videos; the table's path column holds the source's absolute paths.
   */
  materialize?: 'copy' | 'link' | 'list'
  signal?: AbortSignal
}

/** A clip's place in the written set: its path there, and what the table says of it. */
interface Placed {
  /** In `dataSet.clips`. */
  index: number
  clip: Clip
  /** Relative to the set's folder. */
  file: string
  row: Record<string, string>
}

/**
 * Writes a distilled set in its source's layout, so that what reads the source reads it unchanged: the selected clips
 * are its TRAIN, all VAL and TEST clips stay.
 *
 * - EchoNet: `FileList.csv` with the source's columns and rows, `VolumeTracings.csv` with the rows of the clips that
 *   stay, `Videos/`.
 * - CSV: a table of the same name and columns, and a column `split` if the source had none; videos beside it or in
 *   `Videos/`, as in the source.
 * - Folder per class: `train/CLASS/`, `val/CLASS/`, `test/CLASS/` (with "list": a table `clips.csv`).
 *
 * `weights.csv` beside them has the sample weight of each selected clip, `NOTICE.txt` the source's terms of use. All is
 * written aside and then renamed into place, the table last; writing again replaces it.
 *
 * @param dir created if need be; other files in it stay
 * @param selected clips of TRAIN by their index in `dataSet.clips`, with their sample weights
 * @throws INVALID_ARGUMENT (an index that is no TRAIN clip, or `dir` is the source), DATASET_LINK_FAILED, ABORTED
 * @example
 * ```js
 * await writeDataSet('tiny', dataSet, [{ index: 3, weight: 1.2 }], { materialize: 'link' })
 * ```
 */
export async function writeDataSet(
  dir: string,
  dataSet: DataSet,
  selected: { index: number; weight: number }[],
  options: WriteDataSetOptions = {},
): Promise<void> {
  expectOptions(options, 'writeDataSet', ['materialize', 'signal'])
  const materialize = expectOneOf(options.materialize ?? 'copy', 'materialize', ['copy', 'link', 'list'])
  const out = resolve(dir)
  await expectRoom(out, dataSet)
  const weights = new Map<number, number>()
  for (const { index, weight } of selected) {
    expectInteger(index, 'selected.index', 0, dataSet.clips.length - 1)
    if (dataSet.clips[index].split !== 'train' || weights.has(index))
      throw invalid('each TRAIN clip at most once', 'selected.index', index)
    weights.set(index, expectNumber(weight, 'selected.weight', 0))
  }

  const placed = dataSet.clips.flatMap((clip, i) =>
    clip.split !== 'train' || weights.has(i) ? [place(dataSet, i, materialize === 'list')] : [],
  )
  const aside = partialIn(out)
  try {
    await makeFolder(aside)
    if (materialize !== 'list') await writeVideos(aside, placed, materialize, options.signal)
    const table = await writeTables(aside, dataSet, placed, materialize === 'list')
    const rows = placed.flatMap(({ index, clip, file }) => {
      const weight = weights.get(index)
      return weight === undefined ? [] : [[materialize === 'list' ? clip.path : file, String(weight)]]
    })
    await writeFile(join(aside, MARK), stringify([['path', 'weight'], ...rows]))
    throwIfAborted(options.signal)
    const names = (await readdir(aside)).filter((name) => name !== table)
    if (table) await rm(join(out, table), { force: true }) // an older set is none any more while this one moves in
    await rename(join(aside, MARK), join(out, MARK)) // first: what follows is ours, also to a run after a crash
    for (const name of [...names.filter((name) => name !== MARK), ...(table ? [table] : [])]) {
      await rm(join(out, name), { recursive: true, force: true })
      await rename(join(aside, name), join(out, name))
    }
  } catch (error) {
    throw atPath(error, out)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

/** The weights: a folder that has them is one that a set was written to. */
const MARK = 'weights.csv'

/**
 * Refuses a folder where a set would take the place of what is none of ours: the source, another data set, a user's files.
 *
 * @param more - further names that are to be written there
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE`; `INVALID_ARGUMENT` for the source itself
 */
export async function expectRoom(dir: string, dataSet: DataSet, more: readonly string[] = []): Promise<void> {
  const { source, root, layout } = dataSet
  const out = await placeOf(dir)
  if (out === (await placeOf(root)) || out === (await placeOf(source.videos)))
    throw invalid('a folder other than the source', 'dir', dir)
  const there = new Set(await readdir(out).catch(() => []))
  if (there.has(MARK)) return
  const videos = dataSet.clips.map((_, i) => place(dataSet, i, false).file.split(sep)[0])
  const tables = layout === 'echonet' ? [tableName(dataSet), 'VolumeTracings.csv'] : [tableName(dataSet)]
  const clash = [...videos, ...tables, 'phantom.json', 'NOTICE.txt', ...more].find((name) => there.has(name))
  if (clash === undefined) return
  throw new InfomotionError(
    'DATASET_FOLDER_IN_USE',
    `${out} holds ${clash}, which the new set would replace, and no ${MARK} tells that it is an earlier one. ` +
      'Give a new or empty folder, or move that away.',
  )
}

function tableName({ source }: DataSet): string {
  return source.table ? basename(source.table) : 'clips.csv'
}

function place(dataSet: DataSet, index: number, list: boolean): Placed {
  const { source, layout } = dataSet
  const clip = dataSet.clips[index]
  if (layout === 'folder') {
    const file = join(clip.split, clip.label, basename(clip.id))
    return { index, clip, file, row: { path: list ? clip.path : file, label: clip.label, split: clip.split } }
  }
  const row = { ...source.rows[index] }
  const name = row[source.mapping.path]
  // Names that lead out of the set's folder become the id, which does not.
  if (list) row[source.mapping.path] = clip.path
  else if (isAbsolute(name) || name.split(/[\\/]/).includes('..')) row[source.mapping.path] = clip.id
  if (!source.mapping.split) row.split = clip.split
  return { index, clip, file: join(relative(dataSet.root, source.videos), clip.id), row }
}

async function writeVideos(aside: string, placed: Placed[], how: 'copy' | 'link', signal?: AbortSignal): Promise<void> {
  for (const { clip, file } of placed) {
    throwIfAborted(signal)
    const to = join(aside, file)
    await makeFolder(dirname(to))
    if (how === 'copy' && clip.split === 'train') {
      await copyFile(clip.path, to, constants.COPYFILE_FICLONE)
      await flush(to)
      continue
    }
    // a TEST clip that is gone (skipped by name when features were made) stays a link that leads nowhere
    const from = await realpath(clip.path).catch(() => clip.path)
    await symlink(from, to).catch((cause) => {
      throw new InfomotionError(
        'DATASET_LINK_FAILED',
        `The file system of ${to} takes no symbolic link (${cause.code}). Write the set with materialize "list".`,
        { cause },
      )
    })
  }
}

/** Has the system write a file to the disk: the manifest that tells of it must not be there without it. */
async function flush(path: string): Promise<void> {
  const file = await open(path)
  try {
    await sync(file)
  } catch (error) {
    // Windows flushes only what was opened for writing, and a copy of a read-only clip cannot be
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  } finally {
    await file.close()
  }
}

/** Returns the name of the table, or undefined where the folders say it all. */
async function writeTables(
  aside: string,
  dataSet: DataSet,
  placed: Placed[],
  list: boolean,
): Promise<string | undefined> {
  const { source, layout, root } = dataSet
  if (dataSet.notice) await writeFile(join(aside, 'NOTICE.txt'), `${dataSet.notice}\n`)
  if (dataSet.synthetic) await copyFile(join(root, 'phantom.json'), join(aside, 'phantom.json'))
  if (layout === 'folder' && !list) return undefined
  const tracings = join(root, 'VolumeTracings.csv')
  if (layout === 'echonet' && (await exists(tracings)))
    await filterTracings(tracings, join(aside, 'VolumeTracings.csv'), new Set(placed.map(({ clip }) => stem(clip.id))))
  const columns = layout === 'folder' ? ['path', 'label'] : source.columns
  const header = source.mapping.split ? columns : [...columns, 'split']
  const name = tableName(dataSet)
  await writeFile(
    join(aside, name),
    stringify(
      placed.map(({ row }) => row),
      { header: true, columns: header },
    ),
  )
  return name
}

/** Copies the header and the lines whose first value, a file name, is kept. */
async function filterTracings(from: string, to: string, kept: Set<string>): Promise<void> {
  async function* lines() {
    let header = true
    for await (const line of createInterface({ input: createReadStream(from), crlfDelay: Infinity })) {
      if (header || kept.has(stem(line.split(',', 1)[0].replaceAll('"', '')))) yield `${line}\n`
      header = false
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(to))
}

/** EchoNet names a video with its ending in one table and without in the other. */
function stem(name: string): string {
  return name.replace(/\.avi$/i, '')
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
