import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { LOCK } from '../run/lock.js'
import { listName } from '../run/output.js'
import { isPicture, isPictureFolder } from '../video/pictures.js'

/** File name endings that are taken for videos. */
export const VIDEO = /\.(avi|mp4|mov|mkv|webm|mpe?g|m4v|wmv|gif|dcm|dicom|nii(\.gz)?|npy)$/i

/** Whether a clip's file is of a kind that names no frame rate, or seldom: a DICOM, an array, or a folder of pictures. */
export const isWithoutRate = (path: string) => !VIDEO.test(path) || /\.(dcm|dicom|nii(\.gz)?|npy)$/i.test(path)

/** What tells a folder of a run's results, of this run too. */
const MARKS = [LOCK, listName('set'), listName('comparison')]

/** Whether a folder of these names holds a run's results: where it lies inside a data set, it is no part of that. */
export const isOfResults = (names: readonly string[]) => MARKS.some((mark) => names.includes(mark))

/** How deep below a table its videos are looked for, where it names files without their folders. */
const DEPTH = 3

/** Names of a folder's files, and of its folders, under each spelling they may be asked for. */
interface Listing {
  files: Map<string, string>
  folders: Map<string, string>
  links: Set<string>
}

/**
 * Finds the files that a table names, by listing each folder once: 10,000 questions to the file system would take
 * longer than reading the table.
 */
export class FileFinder {
  private readonly listings = new Map<string, Promise<Listing | undefined>>()
  /** Names that lead to a folder, a pipe or a device: no clips. */
  readonly odd = new Set<string>()

  /**
   * The file called `name` in `folder`: exactly, else with ".avi" added, else in another case or Unicode form, else with
   * another video ending; `\` as it stands, else as `/`. Undefined if there is none.
   */
  async find(folder: string, name: string): Promise<string | undefined> {
    const found = await this.findExactly(folder, name)
    return found ?? (name.includes('\\') ? this.findExactly(folder, name.replaceAll('\\', '/')) : undefined)
  }

  private async findExactly(folder: string, name: string): Promise<string | undefined> {
    const path = isAbsolute(name) ? name : resolve(folder, name)
    const parent = await this.folder(dirname(path))
    if (parent === undefined) return undefined
    const listing = (await this.list(parent))!
    const key = basename(path)
    const found = spelt(listing.files, key)
    if (found === undefined) {
      const inside = listing.folders.get(folded(key))
      return inside !== undefined && (await isPictureFolder(join(parent, inside))) ? join(parent, inside) : undefined
    }
    const file = join(parent, found)
    if (await isClip(file, listing.links.has(found))) return file
    this.odd.add(name)
    return undefined
  }

  /** A folder as it is spelt on the disk: macOS writes `é` in two characters, other programs in one. */
  async folder(path: string): Promise<string | undefined> {
    if (await this.list(path)) return path
    const parent = dirname(path)
    const above = parent === path ? undefined : await this.folder(parent)
    if (above === undefined) return undefined
    const name = (await this.list(above))!.folders.get(folded(basename(path)))
    if (name === undefined) return undefined
    const found = join(above, name)
    return (await this.list(found)) ? found : undefined
  }

  /**
   * The files below a folder by the spellings of their names, alone and with the folders that they lie in ("b.avi",
   * "a/b.avi"); null for what names more than one.
   */
  async below(root: string, depth = DEPTH): Promise<Map<string, string | null>> {
    const found = new Map<string, string | null>()
    const visit = async (folder: string, above: string[], left: number): Promise<void> => {
      const listing = await this.list(folder)
      if (folder !== root && listing && isOfResults([...listing.files.keys()])) return
      for (const name of new Set(listing?.files.values())) {
        if (!VIDEO.test(name) || !(await isClip(join(folder, name), listing!.links.has(name)))) continue
        for (const start of ['', ...above.map((_, i) => `${above.slice(i).join('/')}/`)])
          for (const spelt of [name, name.replace(VIDEO, '')])
            for (const key of new Set([start + spelt, folded(start + spelt)]))
              found.set(key, found.has(key) ? null : join(folder, name))
      }
      if (folder !== root && listing && [...listing.files.values()].some(isPicture))
        for (const key of new Set([basename(folder), folded(basename(folder))]))
          found.set(key, found.has(key) ? null : folder)
      if (left === 0) return
      for (const name of new Set(listing?.folders.values()))
        if (!name.startsWith('.')) await visit(join(folder, name), [...above, name], left - 1)
    }
    await visit(root, [], depth)
    return found
  }

  private list(folder: string): Promise<Listing | undefined> {
    let listed = this.listings.get(folder)
    if (!listed) {
      listed = readdir(folder, { withFileTypes: true }).then(
        (entries) => {
          const links = new Set(entries.filter((entry) => entry.isSymbolicLink()).map((entry) => entry.name))
          const files = entries.filter((entry) => entry.isFile() || links.has(entry.name)).map((entry) => entry.name)
          const names = new Map<string, string>()
          for (const file of files.sort()) if (VIDEO.test(file)) names.set(folded(file.replace(VIDEO, '.*')), file)
          for (const file of files) names.set(folded(file), file)
          for (const file of files) names.set(file, file)
          const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
          return { files: names, folders: new Map(folders.sort().map((name) => [folded(name), name])), links }
        },
        () => undefined,
      )
      this.listings.set(folder, listed)
    }
    return listed
  }
}

/**
 * Not so a link to a pipe, a device, or a folder without pictures. One that leads nowhere stays: the clip is skipped by name
 * when it is read.
 */
export async function isClip(file: string, isLink: boolean): Promise<boolean> {
  const info = isLink ? await stat(file).catch(() => undefined) : undefined
  return !info || info.isFile() || (info.isDirectory() && (await isPictureFolder(file)))
}

function spelt(names: Map<string, string>, key: string): string | undefined {
  return names.get(key) ?? names.get(`${key}.avi`) ?? names.get(folded(key)) ?? names.get(folded(`${key}.*`))
}

/** One spelling for names that differ by case or Unicode form, as on file systems that take `A` for `a`. */
export function folded(name: string): string {
  return name.normalize('NFC').toLowerCase()
}
