import { lstat, mkdir, readdir, readFile, realpath, rename, rmdir, unlink } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { atPath, InfomotionError } from '../runtime/errors.js'
import { makeFolder, placeOf, replaceFile, toJson } from './store.js'

/**
 * The folder that a run's results go to. It may hold other things, and links to anywhere; so what a run may replace is
 * what an earlier run wrote there and nothing else, told by a list in the folder, and below it no link is followed.
 */

/** Whose results a folder holds: one list each, so that a comparison may stand beside a distilled set. */
export type Owner = 'set' | 'comparison'

/** What a folder holds of ours. */
export interface Inventory {
  /** What it was made from: the data set's name and layout. */
  from: string
  /** Files and links, relative to the folder, with `/` between their parts. */
  files: readonly string[]
}

const SCHEMA = 'infomotion.files/1'
/** Bounds what a list that somebody else made can cost. */
const MAX_LIST_BYTES = 1 << 28

/** Name of the list. */
export const listName = (owner: Owner) => `.infomotion-${owner}.json`

/** The real place of a folder for results, made if need be. */
export async function openOutput(dir: string): Promise<string> {
  await makeFolder(dir)
  return realpath(dir)
}

/**
 * What an earlier run wrote here, as its list says; undefined where there is none. The list is not trusted: a file is
 * removed only where it lies in the folder itself (see {@link removeListed}).
 *
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE` where the list is damaged
 */
export async function inventoryOf(out: string, owner: Owner): Promise<Inventory | undefined> {
  const path = join(out, listName(owner))
  const facts = await factsOf(path)
  if (!facts) return undefined
  const damaged = (why: string, cause?: unknown) =>
    new InfomotionError(
      'DATASET_FOLDER_IN_USE',
      `${path}, the list of what an earlier run wrote, ${why}: nothing here can be replaced. Give another folder, or move this one away.`,
      { cause },
    )
  if (!facts.isFile() || facts.size > MAX_LIST_BYTES) throw damaged('is not one that a run writes')
  try {
    const { schema, from, files } = JSON.parse(await readFile(path, 'utf8'))
    const isList = schema === SCHEMA && typeof from === 'string' && Array.isArray(files) && files.every(isInside)
    if (isList) return { from, files }
  } catch (cause) {
    throw damaged('cannot be read', cause)
  }
  throw damaged('is not one that a run writes')
}

/** Whether a path stays below the folder that it is relative to. */
export function isInside(path: unknown): path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0') || (sep === '\\' && /[\\:]/.test(path)))
    return false
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/**
 * Refuses to write where something stands that no earlier run of ours wrote, or where the way leads over a link. In the
 * folders that are written to, below this one, nothing else may lie: a reader of the set would take it for a part of it.
 *
 * @param files - what is to be written, relative to the folder
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE`
 */
export async function expectFree(out: string, files: readonly string[], inventory?: Inventory): Promise<void> {
  const ours = new Set(inventory?.files)
  const folders = new Set([...files, ...ours].flatMap(foldersOf))
  for (const file of files) {
    if (!isInside(file)) throw new Error(`${file} leads out of the folder`) // a fault of ours, not of the data
    if (!file.includes('/') && !ours.has(file) && (await factsOf(join(out, file)))) throw inUse(out, file)
  }
  /** Looks at what a folder that is written to holds. */
  const look = async (folder: string): Promise<void> => {
    const facts = await factsOf(join(out, folder))
    if (!facts || ours.has(folder)) return
    if (!facts.isDirectory()) throw inUse(out, folder)
    for (const name of await readdir(join(out, folder))) {
      const path = `${folder}/${name}`
      if (folders.has(path)) await look(path)
      else if (!ours.has(path)) throw inUse(out, path)
    }
  }
  for (const folder of folders) if (!folder.includes('/')) await look(folder)
}

const factsOf = (path: string) => lstat(path).catch(() => undefined)

/** The folders that a file lies in: "a/b/c.avi" -> ["a", "a/b"]. */
function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}

function inUse(out: string, name: string): InfomotionError {
  return new InfomotionError(
    'DATASET_FOLDER_IN_USE',
    `${out} holds ${name}, which a result would replace, and no list tells that an earlier run wrote it. ` +
      'Give a new or empty folder, or move that away.',
  )
}

/**
 * Refuses a run that would remove what it reads.
 *
 * @param sources - paths of all that is read: files, and folders that are clips
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE`
 */
export async function expectNotRead(out: string, sources: Iterable<string>, inventory?: Inventory): Promise<void> {
  if (!inventory) return
  const ours = new Set(inventory.files.flatMap((file) => [file, ...foldersOf(file)]).map((path) => join(out, path)))
  for (const source of sources) {
    const place = await placeOf(source)
    if (!ours.has(place)) continue
    throw new InfomotionError(
      'DATASET_FOLDER_IN_USE',
      `${source} is read, and is what an earlier run wrote to ${out}, which this run would replace. Give another folder.`,
    )
  }
}

/**
 * Refuses to write where that would replace anything but what an earlier run made of the same.
 *
 * @param from - what the results are made from: the data set's name and layout
 * @param files - what is to be written, relative to the folder
 * @param read - paths of all that is read
 * @returns the list of what the earlier run wrote
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE`
 */
export async function expectReplaceable(
  out: string,
  owner: Owner,
  { from, files, read }: { from: string; files: readonly string[]; read: Iterable<string> },
): Promise<Inventory | undefined> {
  const earlier = await inventoryOf(out, owner)
  if (earlier && earlier.from !== from) {
    throw new InfomotionError(
      'DATASET_FOLDER_IN_USE',
      `${out} holds results of ${earlier.from}, and this is ${from}. Give another folder, or remove that one.`,
    )
  }
  await expectNotRead(out, read, earlier)
  await expectFree(out, files, earlier)
  return earlier
}

/** Says what is going to be written, before it is: a run after a crash knows it for ours. */
export async function claim(out: string, owner: Owner, from: string, files: Iterable<string>): Promise<void> {
  const earlier = await inventoryOf(out, owner)
  await writeList(out, owner, { from, files: [...new Set([...(earlier?.files ?? []), ...files])] })
}

/** Says what is there, once all of it is. */
export async function settle(out: string, owner: Owner, from: string, files: Iterable<string>): Promise<void> {
  await writeList(out, owner, { from, files: [...new Set(files)] })
}

function writeList(out: string, owner: Owner, { from, files }: Inventory): Promise<void> {
  return replaceFile(join(out, listName(owner)), toJson({ schema: SCHEMA, from, files: [...files].sort() }))
}

/**
 * Removes what an earlier run wrote: files and links one by one, then the folders that this leaves empty. A link is
 * removed and never followed; what lies behind a folder that has become a link is not ours, and stays.
 */
export async function removeListed(out: string, files: Iterable<string>): Promise<void> {
  const folders = new Map<string, boolean>([['.', true]])
  const isReal = async (folder: string): Promise<boolean> => {
    const known = folders.get(folder)
    if (known !== undefined) return known
    const real = (await isReal(dirname(folder))) && ((await factsOf(join(out, folder)))?.isDirectory() ?? false)
    folders.set(folder, real)
    return real
  }
  for (const file of files) {
    if (!(await isReal(dirname(file)))) continue
    await unlink(join(out, file)).catch((error: NodeJS.ErrnoException) => {
      // gone already, or a folder now, which is none of ours
      if (!['ENOENT', 'EISDIR', 'EPERM'].includes(error.code ?? '')) throw atPath(error, join(out, file))
    })
  }
  const deepestFirst = [...folders.keys()].filter((folder) => folder !== '.').sort((a, b) => b.length - a.length)
  for (const folder of deepestFirst) if (folders.get(folder)) await rmdir(join(out, folder)).catch(() => {})
}

/**
 * Moves files that were written in a folder aside to their places. Folders that are not there yet are moved whole; where
 * one is, its files are, one by one, and never over what stands there.
 *
 * @param last - files that are moved when all others beside them are there
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE`
 */
export async function moveIn(aside: string, out: string, last: readonly string[] = []): Promise<void> {
  const below = (folder: string) =>
    last.flatMap((file) => (file.startsWith(`${folder}/`) ? [file.slice(folder.length + 1)] : []))
  const isLast = (name: string) => Number(last.includes(name) || below(name).length > 0)
  const names = (await readdir(aside, { withFileTypes: true })).sort(
    (a, b) => isLast(a.name) - isLast(b.name) || (a.name < b.name ? -1 : 1),
  )
  for (const entry of names) {
    const [from, to] = [join(aside, entry.name), join(out, entry.name)]
    const there = await factsOf(to)
    if (there?.isDirectory() && entry.isDirectory()) await moveIn(from, to, below(entry.name))
    else if (there) throw inUse(dirname(to), basename(to))
    else await rename(from, to)
  }
}

/**
 * Makes a folder below one that is known to be real, one part at a time, over no link.
 *
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE` where a link or a file stands in the way
 */
export async function makeFolderBelow(out: string, folder: string): Promise<string> {
  let path = out
  for (const part of folder.split('/')) {
    path = join(path, part)
    await mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
      const facts = await factsOf(path)
      if (facts?.isDirectory()) return
      if (error.code === 'EEXIST') throw inUse(dirname(path), part)
      throw atPath(error, path)
    })
  }
  return path
}

/**
 * Refuses a folder of caches in which a folder is a link: what is computed would be written elsewhere. The folder itself
 * may be a link where the caller named it.
 *
 * @throws {InfomotionError} `DATASET_FOLDER_IN_USE`
 */
export async function expectCacheFolder(cache: string, named: boolean): Promise<void> {
  const isLink = async (path: string) => (await factsOf(path))?.isSymbolicLink() ?? false
  const linked = (path: string) =>
    new InfomotionError(
      'DATASET_FOLDER_IN_USE',
      `${path} is a symbolic link, and what is computed would be written to where it leads. Name that place with --cache, or remove the link.`,
    )
  if (!named && (await isLink(cache))) throw linked(cache)
  for (const folder of [cache, join(cache, 'embeddings')]) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
      if (entry.isSymbolicLink()) throw linked(join(folder, entry.name))
  }
}
