import { constants } from 'node:fs'
import { copyFile, mkdir, open, realpath, rm, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  claim,
  expectReplaceable,
  type Inventory,
  makeFolderBelow,
  moveIn,
  openOutput,
  removeListed,
  settle,
} from '../run/output.js'
import { expectFile, partialIn, placeOf, sync } from '../run/store.js'
import { atPath, InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectList, expectObject, expectOneOf, expectOptions, invalid } from '../runtime/expect.js'
import { writeClip } from '../video/index.js'
import { framesOf } from '../video/made.js'
import { listPictures } from '../video/pictures.js'
import { VIDEO } from './files.js'
import { noticesOf } from './notices.js'
import { expectNames, type Placed, place, placeAll } from './place.js'
import type { DataSet, SetItem } from './types.js'
import { clipTables, tablesOf, tracingsIn, writeTables } from './write-tables.js'

export interface WriteDataSetOptions {
  /**
   * "copy" (default): selected clips are copied, VAL and TEST clips are symbolic links to the source. "link": all are
   * links. "list": no videos; the table's path column holds the source's absolute paths. Made clips are written in any
   * case: they are nowhere else.
   */
  materialize?: 'copy' | 'link' | 'list'
  signal?: AbortSignal
}

/** What a data set has. */
const DATA_SET: readonly (keyof DataSet)[] = [
  ...([
    'root',
    'layout',
    'classes',
    'scheme',
    'clips',
    'splits',
    'source',
    'synthetic',
    'notice',
    'notes',
    'warnings',
  ] as const),
]

/**
 * Writes a distilled set in its source's layout, so that what reads the source reads it unchanged: the items are its
 * TRAIN, all VAL and TEST clips stay.
 *
 * - EchoNet: `FileList.csv` with the source's columns and rows, `VolumeTracings.csv` with the rows of the clips that
 *   stay, `Videos/`.
 * - CSV: a table of the same name and columns, and a column `split` if the source had none; videos beside it or in
 *   `Videos/`, as in the source. A video of several parts is there once.
 * - Lists without a header, and tables of splits: the same tables, one a split.
 * - Folder per class: `train/CLASS/`, `val/CLASS/`, `test/CLASS/` (with "list": a table `clips.csv`).
 *
 * Made clips are written as Motion JPEG AVIs under their names, after the clips of the source, with a row as the source
 * would have one: name, label, split, and in EchoNet's columns size, rate and length. They have no tracings.
 *
 * A clip that is a folder of pictures is copied picture by picture, or is a link to the folder.
 *
 * Composed clips have a column `Tiles` ("2x2") at the table's end, and items with soft targets a column a class (`p:CLASS`),
 * there and in `weights.csv`. `weights.csv` beside them has the sample weight of each
 * item (and its part of the video, where it is one), `NOTICE.txt` the source's terms of use, and how composed videos are to
 * be read. All is written
 * aside and then moved into place, the table last. Writing a set of the same data set again replaces the files that the
 * list in the folder (`.infomotion-set.json`) says were written, and no other; nothing below `dir` is written, copied or
 * removed through a symbolic link.
 *
 * @param dir created if need be; other files in it stay
 * @param items of `synthesize`: clips of the data set's TRAIN, each at most once, and made clips
 * @returns where the file of each item is (absolute)
 * @throws INVALID_ARGUMENT (a clip that is none of TRAIN, a made clip's name that is taken or leads elsewhere, or `dir` is
 *   the source), DATASET_FOLDER_IN_USE, DATASET_NAME_CLASH, DATASET_LINK_FAILED, ABORTED
 * @example
 * ```js
 * const { items } = await synthesize(trainClips, selection)
 * await writeDataSet('tiny', dataSet, items, { materialize: 'link' })
 * ```
 */
export async function writeDataSet(
  dir: string,
  dataSet: DataSet,
  items: readonly SetItem[],
  options: WriteDataSetOptions = {},
): Promise<string[]> {
  expectOptions(options, 'writeDataSet', ['materialize', 'signal'])
  expectObject(dataSet, 'dataSet', DATA_SET)
  expectList(dataSet.clips, 'dataSet.clips')
  expectList(items, 'items')
  return writeSet(dir, dataSet, items, options, [])
}

/** {@link writeDataSet}; `results` are names that a run is going to write beside the set, as part of it. */
export async function writeSet(
  dir: string,
  dataSet: DataSet,
  items: readonly SetItem[],
  { materialize = 'copy', signal }: WriteDataSetOptions,
  results: readonly string[],
): Promise<string[]> {
  expectOneOf(materialize, 'materialize', ['copy', 'link', 'list'])
  const list = materialize === 'list'
  const placed = await withFrames(placeAll(dataSet, items, list), materialize)
  const notices = noticesOf(dataSet, items)
  const tables = await tablesOf(dataSet, list, notices.length > 0)
  const videos = placed.flatMap(({ clip, file, frames }) => {
    return clip && list ? [] : (frames?.map((frame) => `${file}/${frame}`) ?? [file])
  })
  const files = [...tables, ...results, ...videos]
  const out = await openOutput(dir)
  const earlier = await expectWritable(out, dataSet, placed, files)
  const aside = partialIn(out)
  try {
    await mkdir(aside)
    await writeTables(aside, dataSet, placed, tables, list, notices)
    await writeVideos(aside, placed, materialize, signal)
    throwIfAborted(signal)
    const from = nameOf(dataSet)
    await claim(out, 'set', from, files) // to a run after a crash, what follows is ours
    const own = clipTables(dataSet).map(({ name }) => name)
    const old = earlier?.files ?? []
    await removeListed(out, [...old.filter((file) => own.includes(file)), ...old]) // the tables first: half a set is none
    await moveIn(aside, out, own)
    await settle(out, 'set', from, files)
  } catch (error) {
    throw atPath(error, out)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  const paths = new Map(placed.map(({ item, clip, file }) => [item, clip && list ? clip.path : join(out, file)]))
  return items.map((item) => paths.get(item) as string)
}

/**
 * Refuses, before any work is done, a folder in which a distilled set of this data set, whatever is chosen, could not be
 * written: the source itself, one where it would take the place of what is none of ours or lie behind a link, another data
 * set's distilled set, and names of clips that the set needs itself.
 *
 * @param results - further names that are to be written there
 * @param composed - whether its videos may be composed
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE`, `DATASET_NAME_CLASH`; `INVALID_ARGUMENT` for the source itself
 */
export async function expectWritableSet(
  dir: string,
  dataSet: DataSet,
  results: readonly string[],
  composed: boolean,
): Promise<void> {
  const placed = dataSet.clips.map((_, i) => place(dataSet, i, false))
  const tables = await tablesOf(dataSet, false, composed || noticesOf(dataSet).length > 0)
  const files = [...tables, ...results, ...placed.map(({ file }) => file)]
  await expectWritable(await placeOf(dir), dataSet, placed, files)
}

/** The checks of both; gives the list of what an earlier run wrote. */
async function expectWritable(
  out: string,
  dataSet: DataSet,
  placed: readonly Placed[],
  files: readonly string[],
): Promise<Inventory | undefined> {
  const { source, root } = dataSet
  if (out === (await placeOf(root)) || out === (await placeOf(source.videos)))
    throw invalid('a folder other than the source', 'dir', out)
  expectNames(
    placed,
    clipTables(dataSet).map(({ name }) => name),
  )
  return expectReplaceable(out, 'set', { from: nameOf(dataSet), files, read: filesOf(dataSet) })
}

/** All that is read of a data set. */
export function filesOf(dataSet: DataSet): string[] {
  const { source, root, clips } = dataSet
  const tables = [...(source.table ? [source.table] : []), ...(source.parts ?? []).map(({ table }) => table)]
  const beside = [...SIDE_FILES, ...tracingsIn(dataSet)]
  return [...tables, ...beside.map((name) => join(root, name)), ...clips.map(({ path }) => path)]
}

/** Files of a data set that go along with its table. */
const SIDE_FILES = ['phantom.json']

/** The data set as the list of a folder names it. */
export const nameOf = ({ root, layout }: DataSet) => `${basename(root)} (${layout})`

/** The clips that are copied picture by picture, with the names of these. */
async function withFrames(placed: Placed[], how: 'copy' | 'link' | 'list'): Promise<Placed[]> {
  if (how !== 'copy') return placed
  return Promise.all(
    placed.map(async (one) => {
      if (one.clip?.split !== 'train' || VIDEO.test(one.clip.path)) return one
      const isFolder = (await stat(one.clip.path).catch(() => undefined))?.isDirectory()
      return isFolder ? { ...one, frames: (await listPictures(one.clip.path)).names } : one
    }),
  )
}

async function writeVideos(
  aside: string,
  placed: readonly Placed[],
  how: 'copy' | 'link' | 'list',
  signal?: AbortSignal,
): Promise<void> {
  // several parts of a video are one file: a copy where one of them is TRAIN's
  const first = [...placed].sort((a, b) => Number(a.clip?.split !== 'train') - Number(b.clip?.split !== 'train'))
  const written = new Set<string>()
  for (const { clip, file, frames, item } of first) {
    throwIfAborted(signal)
    if ((clip && how === 'list') || written.has(file)) continue
    written.add(file)
    const folder = dirname(file)
    const to = join(folder === '.' ? aside : await makeFolderBelow(aside, folder), basename(file))
    if (item?.video.kind === 'made') {
      const { count, width, height, fps } = item.video
      const frames = await framesOf(item.video, signal)
      await writeClip(to, { frames, count, width, height }, { fps, signal })
      continue
    }
    if (!clip) continue
    if (frames) {
      await mkdir(to)
      for (const frame of frames) {
        throwIfAborted(signal)
        await copy(join(clip.path, frame), join(to, frame))
      }
      continue
    }
    if (how === 'copy' && clip.split === 'train') {
      await copy(clip.path, to)
      continue
    }
    // a TEST clip that is gone (skipped by name when features were made) stays a link that leads nowhere
    const from = await realpath(clip.path).catch(() => clip.path)
    await symlink(from, to).catch((cause: NodeJS.ErrnoException) => {
      if (!TAKES_NO_LINKS.includes(cause.code ?? '')) throw atPath(cause, to)
      throw new InfomotionError(
        'DATASET_LINK_FAILED',
        `The file system of ${to} takes no symbolic link (${cause.code}). Write the set with materialize "list".`,
        { cause },
      )
    })
  }
}

async function copy(from: string, to: string): Promise<void> {
  expectFile(from, await stat(from)) // it may have become a pipe, which would be copied for ever
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  await flush(to)
}

/** What file systems say that have no symbolic links (and Windows to those who may not make them). */
const TAKES_NO_LINKS = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'UNKNOWN']

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
