import { readdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'

/** File name endings that are taken for videos. */
export const VIDEO = /\.(avi|mp4|mov|mkv|webm|mpe?g|m4v|wmv|gif)$/i

/**
 * Finds the files that a table names, by listing each folder once: 10,000 questions to the file system would take
 * longer than reading the table.
 */
export class FileFinder {
  private readonly folders = new Map<string, Promise<Map<string, string>>>()

  /**
   * The file called `name` in `folder`: exactly, else with ".avi" added, else in another case, else with another video
   * ending. Undefined if there is none.
   */
  async find(folder: string, name: string): Promise<string | undefined> {
    const path = isAbsolute(name) ? name : resolve(folder, name)
    const parent = dirname(path)
    const entries = await this.list(parent)
    const key = basename(path)
    const found =
      entries.get(key) ??
      entries.get(`${key}.avi`) ??
      entries.get(key.toLowerCase()) ??
      entries.get(`${key}.*`.toLowerCase())
    return found === undefined ? undefined : join(parent, found)
  }

  /** Names of a folder's files, under each spelling they may be asked for. */
  private list(folder: string): Promise<Map<string, string>> {
    let listed = this.folders.get(folder)
    if (!listed) {
      listed = readdir(folder, { withFileTypes: true }).then(
        (entries) => {
          const names = new Map<string, string>()
          const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
          for (const file of files.sort())
            if (VIDEO.test(file)) names.set(file.replace(VIDEO, '.*').toLowerCase(), file)
          for (const file of files) names.set(file.toLowerCase(), file)
          for (const file of files) names.set(file, file)
          return names
        },
        () => new Map(),
      )
      this.folders.set(folder, listed)
    }
    return listed
  }
}
