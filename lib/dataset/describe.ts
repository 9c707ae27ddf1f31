import { stat } from 'node:fs/promises'
import { basename, extname, relative } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { groupBy } from '../runtime/group.js'
import { flag } from '../runtime/kinds.js'
import { inLanes } from '../runtime/lanes.js'
import { type Given, type Options, option, pickOptions, resolveOptions } from '../runtime/option.js'
import type { StageOptions } from '../runtime/progress.js'
import { type Frames, readClip } from '../video/index.js'
import { VIDEO } from './files.js'
import { firstOf } from './labels.js'
import { DATA, READING } from './options.js'
import { readDataSet } from './read.js'
import type { Clip, DataSet, Split } from './types.js'

/** What `describeDataSet` can be told. */
export const DESCRIBING = {
  ...READING,
  /** Decode every clip, for sizes, rates, lengths and damage of all. Without it the first frames of a few are looked at. */
  probe: option(flag(), {
    default: false,
    group: DATA,
    help: 'decode every clip, for the sizes, rates, lengths and damage of all (without it: a few clips of each class)',
  }),
} satisfies Options

export interface DescribeDataSetOptions extends Given<typeof DESCRIBING>, StageOptions {}

/** What a data set was understood to be. Names are relative to its folder. */
export interface DataSetDescription {
  /** The folder's name. */
  name: string
  layout: DataSet['layout']
  /** The tables that were read; none for a folder per class. */
  tables: string[]
  /** Which column holds what; empty for a folder per class. */
  columns: Partial<DataSet['source']['mapping']>
  /** How labels became classes. */
  scheme: string
  splits: DataSet['splits']
  clips: number
  classes: ({ name: string; clips: number } & Record<Split, number>)[]
  /** Clips of one group are of one patient or recording; `largest`: clips of the largest one. */
  groups: { count: number; largest: number }
  /** Clips that are parts of videos, and the videos that these are of. */
  segments: { clips: number; videos: number }
  /** Files by their endings, each counted once; folders of pictures without their bytes. */
  files: { ending: string; count: number; bytes: number }[]
  /** What was seen of the clips that were looked into. */
  probed: {
    clips: number
    /** Sizes in px, most frequent first. */
    sizes: { width: number; height: number; clips: number }[]
    /** Lowest, median and highest. */
    fps: Spread | null
    /** Of whole clips: null where only their first frames were read. */
    frames: Spread | null
    /** Clips that cannot be decoded, and why. */
    failed: { id: string; reason: string }[]
  }
  synthetic: boolean
  notes: string[]
  warnings: string[]
  notices: string[]
}

export interface Spread {
  min: number
  median: number
  max: number
}

/** Most clips that are looked into without `probe`, of each class and in all, and frames of each. */
const SAMPLE = { ofClass: 3, clips: 24, frames: 4 }
/** Clips that are decoded at the same time, and files that are asked for their size. */
const LANES = 4
const STATS = 64

/**
 * Reads a data set as `readDataSet` does, and says what was understood: layout, columns, classes by split, groups, files,
 * sizes and rates. Nothing is written.
 *
 * @param path - folder or table
 * @throws {InfomotionError} with the codes of `readDataSet`; `ABORTED`
 * @example
 * ```js
 * const { layout, classes, warnings } = await describeDataSet('EchoNet-Dynamic')
 * for (const { name, train, test } of classes) console.log(name, train, test)
 * ```
 */
export async function describeDataSet(
  path: string,
  { signal, onProgress, ...options }: DescribeDataSetOptions = {},
): Promise<DataSetDescription> {
  const settings = resolveOptions(DESCRIBING, options, 'describeDataSet')
  const dataSet = await readDataSet(path, pickOptions(READING, settings))
  const { root, layout, source, classes, clips, notes, notice } = dataSet
  const chosen = settings.probe ? clips : sampleOf(dataSet)
  const [files, probed] = [await filesOf(clips, signal), await probe(chosen, settings.probe, { signal, onProgress })]
  const count = (of: readonly Clip[]) => ({
    clips: of.length,
    train: of.filter(({ split }) => split === 'train').length,
    val: of.filter(({ split }) => split === 'val').length,
    test: of.filter(({ split }) => split === 'test').length,
  })
  const byClass = groupBy(clips, ({ classIndex }) => classIndex)
  const groups = [...groupBy(clips, ({ group }) => group).values()].map(({ length }) => length)
  const parts = clips.filter(({ segment }) => segment)
  const tables = source.parts?.map(({ table }) => table) ?? (source.table ? [source.table] : [])
  return {
    name: basename(root),
    layout,
    tables: tables.map((table) => relative(root, table).replaceAll('\\', '/')),
    columns: layout === 'folder' ? {} : source.mapping,
    scheme: dataSet.scheme,
    splits: dataSet.splits,
    clips: clips.length,
    classes: classes.map((name, c) => ({ name, ...count(byClass.get(c) ?? []) })),
    groups: { count: groups.length, largest: groups.reduce((most, size) => Math.max(most, size), 0) },
    segments: { clips: parts.length, videos: new Set(parts.map(({ path }) => path)).size },
    files,
    probed,
    synthetic: dataSet.synthetic,
    notes,
    warnings: [...dataSet.warnings, ...failures(probed), ...differences(probed)],
    notices: notice ? [notice] : [],
  }
}

/** A few clips of each class, evenly over the class; of many classes, one each of some. */
function sampleOf({ clips, classes }: DataSet): Clip[] {
  const each = Math.max(1, Math.min(SAMPLE.ofClass, Math.floor(SAMPLE.clips / classes.length)))
  const found = [...groupBy(clips, ({ classIndex }) => classIndex).values()].flatMap((same) => evenly(same, each))
  return evenly(found, SAMPLE.clips)
}

function evenly<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, list.length / count)
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[Math.floor(i * step)])
}

async function filesOf(clips: readonly Clip[], signal?: AbortSignal): Promise<DataSetDescription['files']> {
  const found = new Map<string, { ending: string; count: number; bytes: number }>()
  const paths = [...new Set(clips.map(({ path }) => path))]
  await inLanes(STATS, paths.length, signal, async (i) => {
    const path = paths[i]
    const info = await stat(path).catch(() => undefined)
    const isFolder = info?.isDirectory() ?? false
    const ending = isFolder ? 'folders of pictures' : (VIDEO.exec(path)?.[0] ?? extname(path)).toLowerCase() || 'none'
    const size = info && !isFolder ? info.size : 0
    const known = found.get(ending) ?? { ending, count: 0, bytes: 0 }
    found.set(ending, { ending, count: known.count + 1, bytes: known.bytes + size })
  })
  return [...found.values()].sort((a, b) => b.count - a.count || (a.ending < b.ending ? -1 : 1))
}

async function probe(
  clips: readonly Clip[],
  whole: boolean,
  { signal, onProgress }: StageOptions,
): Promise<DataSetDescription['probed']> {
  const read: Pick<Frames, 'count' | 'width' | 'height' | 'fps'>[] = []
  const failed = new Map<string, string>()
  let done = 0
  await inLanes(LANES, clips.length, signal, async (i) => {
    const { id, path, segment, fps: stated } = clips[i]
    try {
      const { count, width, height, fps } = await readClip(path, {
        ...(segment && { segment }),
        ...(stated !== undefined && { fps: stated }),
        ...(whole ? {} : { maxFrames: SAMPLE.frames }),
        signal,
      })
      read.push({ count, width, height, fps })
    } catch (error) {
      if (!(error instanceof InfomotionError) || error.code === 'ABORTED') throw error
      failed.set(id, `${error.message} (${error.code})`)
    }
    done++
    if (whole) onProgress?.({ stage: 'probe', done, total: clips.length, unit: 'clips' })
  })
  const sizes = [...groupBy(read, ({ width, height }) => `${width} ${height}`).values()]
  return {
    clips: clips.length,
    sizes: sizes
      .map((same) => ({ width: same[0].width, height: same[0].height, clips: same.length }))
      .sort((a, b) => b.clips - a.clips || a.width - b.width || a.height - b.height),
    fps: spreadOf(read.map(({ fps }) => fps)),
    frames: whole ? spreadOf(read.map(({ count }) => count)) : null,
    failed: clips.flatMap(({ id }) => (failed.has(id) ? [{ id, reason: failed.get(id)! }] : [])),
  }
}

function spreadOf(values: number[]): Spread | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  return { min: sorted[0], median: sorted[sorted.length >> 1], max: sorted[sorted.length - 1] }
}

function failures({ failed, clips }: DataSetDescription['probed']): string[] {
  if (failed.length === 0) return []
  const named = failed.map(({ id, reason }) => `${id}: ${reason}`)
  return [`${failed.length} of ${clips} clips that were looked into cannot be decoded: ${firstOf(named, 3)}`]
}

/** Rates that differ much: motion is compared in px/s, so they are right or wrong for good. */
function differences({ fps }: DataSetDescription['probed']): string[] {
  if (!fps || fps.max < 4 * fps.min) return []
  return [`Frame rates go from ${fps.min} to ${fps.max} fps: are they all those of the recordings?`]
}
