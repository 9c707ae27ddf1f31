import { type ClassScheme, readDataSet, writeDataSet } from './dataset/index.js'
import { EXPORT } from './options/export.js'
import { invalid } from './runtime/expect.js'
import { type Given, resolveOptions } from './runtime/option.js'
import { type DistilledItem, readDistilled } from './synthesize/index.js'

/** What `exportDistilled` can be told: docs/options.md says of each what it is, and what holds where it is not given. */
export interface ExportOptions extends Given<typeof EXPORT> {
  signal?: AbortSignal
}

/**
 * Writes a distilled set as plain clips, for loaders that know nothing of tiles: its TRAIN clips, with `tiles` those that
 * its composed videos hold, each at the size and rate of the clip that it shows, with a row, a label and a weight of its
 * own; its VAL and TEST clips as links. The layout is that of the set. Tiles are compressed once more.
 *
 * @param folder - of a distilled set
 * @returns how many TRAIN clips were written
 * @throws {InfomotionError} with the codes of `readDistilled`, `readDataSet` and `writeDataSet`
 * @example
 * ```js
 * await exportDistilled('distilled', { out: 'plain', tiles: true })
 * ```
 */
export async function exportDistilled(folder: string, options: ExportOptions): Promise<{ clips: number }> {
  const { signal, ...given } = options
  const { out, tiles } = resolveOptions(EXPORT, given, 'exportDistilled')
  const { scheme, columns, items } = await readDistilled(folder, { tiles, signal })
  if (!tiles && items.some((item) => item.tiles))
    throw invalid('true, since the videos of this set are composed,', 'tiles', tiles)
  const dataSet = await readDataSet(folder, { classes: scheme as ClassScheme, columns, allowMissing: true })
  const known = new Map(dataSet.clips.map((clip) => [clip.id, clip]))
  const written = items.map((item): DistilledItem => {
    const { video } = item
    return video.kind === 'made' ? item : { ...item, video: { ...video, clip: known.get(video.clip.id) ?? video.clip } }
  })
  await writeDataSet(out, dataSet, written, { signal })
  return { clips: written.length }
}
