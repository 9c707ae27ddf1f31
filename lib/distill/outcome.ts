import { basename } from 'node:path'
import type { Clip, DataSet } from '../dataset/index.js'
import { noticesOf } from '../dataset/notices.js'
import type { Evaluation } from '../evaluate/index.js'
import type { SimilarityGraph } from '../graph/index.js'
import {
  itemRecord,
  type ReportClass,
  type ReportComposition,
  type ReportInput,
  type ReportItem,
  type ReportTeacher,
} from '../report/index.js'
import { versions } from '../runtime/versions.js'
import type { ClassModules, Selection } from '../select/index.js'
import type { DistilledItem, DistilledSet } from '../synthesize/index.js'
import { tilesIn, tilingName } from '../video/made.js'
import type { Fold } from './fold.js'
import type { RunLog } from './log.js'
import { clipWarningsOf, majorityOf, optionsOf, skippedOf, withoutFolders } from './record.js'
import type { Composition } from './tiling.js'
import type { DistillResult, RunSettings } from './types.js'

/** What a run found, as far as it went. */
interface Found {
  modules?: ClassModules[]
  selection?: Selection
  composition?: Composition
  teacher?: ReportTeacher
  /** Takes the selection's place once it is there. */
  distilled?: DistilledSet
  evaluation?: Evaluation
}

/** The result of `distill`, and its JSON document. */
export function toResult(
  fold: Pick<Fold, 'dataSet' | 'clips'> & Partial<Fold>,
  { folder }: RunSettings,
  log: RunLog,
  { modules, selection, composition, teacher, distilled, evaluation }: Found = {},
): DistillResult {
  const { dataSet, clips, descriptor, pool } = fold
  const selected = distilled?.items ?? selection?.representatives
  const composed = compositionRecord(composition)
  return {
    classes: dataSet.classes.map((name, c) => ({
      name,
      clips: clipsOf(fold, c),
      modules: modules ? numberOfModules(modules[c]) : null,
      selected: selected ? ofClass(selected, c) : null,
      codelength: modules?.[c].codelength ?? null,
    })),
    selected: selected?.length ?? 0,
    effectiveSampleSize: (distilled ?? selection)?.effectiveSampleSize ?? null,
    majority: majorityOf(dataSet),
    ...(descriptor && { descriptor }),
    ...(pool && { pool }),
    ...(composed && { composition: composed }),
    ...(teacher && { teacher }),
    ...(evaluation ? { evaluation } : {}),
    ...(clips.embeddingFacts ? { embeddings: clips.embeddingFacts } : {}),
    skipped: skippedOf(clips, dataSet),
    warnings: log.warnings.map((warning) => withoutFolders(warning, dataSet, folder, clips.pool?.root)),
    notices: noticesOf(dataSet, distilled?.items),
    seconds: log.seconds(),
  }
}

/** The classes: what manifest and report tell of them. */
export function classesOf(
  fold: Fold,
  graphs: readonly SimilarityGraph[],
  modules: readonly ClassModules[],
  selection: Selection,
  { items }: DistilledSet,
): ReportClass[] {
  return fold.dataSet.classes.map((name, c) => ({
    name,
    clips: clipsOf(fold, c),
    modules: numberOfModules(modules[c]),
    merged: selection.classes[c].merged,
    selected: ofClass(items, c),
    codelength: modules[c].codelength,
    isolated: graphs[c].isolated.length,
  }))
}

/** A distilled set as it was written. */
export interface WrittenSet extends DistilledSet {
  classes: ReportClass[]
  composition?: Composition
  teacher?: ReportTeacher
  /** Of each item: its file (absolute; `file`: relative to the set's folder, where it is in there), its SHA-256 and size. */
  files: { path: string; file?: string; sha256: string; bytes: number }[]
}

/** What the videos of a set cost. */
function sizeOf({ clips: { facts }, candidates, candidateRows }: Fold, { items, files }: WrittenSet) {
  if (!facts) return undefined // their frames were not looked at
  const rows = new Map(candidates.map((clip, i) => [clip, candidateRows[i]]))
  const shapes = items.map(({ video }) => {
    if (video.kind === 'made') return { ...video, frames: video.count }
    return facts[rows.get(video.clip)!]
  })
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
  return {
    videos: items.length,
    frames: sum(shapes.map(({ frames }) => frames)),
    pixels: sum(shapes.map(({ frames, width, height }) => frames * width * height)),
    bytes: sum(files.map(({ bytes }) => bytes)),
  }
}

/** How composed videos are divided; undefined where they are not. */
function compositionRecord(composition: Composition | undefined): ReportComposition | undefined {
  if (!composition?.shape) return undefined
  const { tiling, shape, search } = composition
  if (tilesIn(tiling) === 1 && !search) return undefined
  const found = search && { ...search, chosen: tilingName(tiling) }
  return { tiles: tiling.side, stretches: tiling.stretches, ...shape, ...(found && { search: found }) }
}

/**
 * What was distilled, from what, and how: without times, thread counts or absolute paths, so that the same data, seed
 * and version give the same bytes.
 */
export function toManifest(fold: Fold, settings: RunSettings, distilled: WrittenSet): object {
  const { dataSet, clips } = fold
  return {
    schema: 1,
    generator: `infomotion ${versions().infomotion}`,
    method: 'after InfoMotion (arXiv 2512.09422)',
    dataSet: {
      name: basename(dataSet.root),
      layout: dataSet.layout,
      scheme: dataSet.scheme,
      columns: columnsOf(dataSet),
      synthetic: dataSet.synthetic,
      clips: dataSet.clips.length,
      skipped: skippedOf(clips, dataSet),
      clipWarnings: clipWarningsOf(clips, dataSet),
    },
    options: { ...optionsOf(dataSet, settings), until: undefined },
    embeddings: clips.embeddingFacts,
    descriptor: fold.descriptor,
    pool: fold.pool,
    selector: distilled.selector,
    effectiveSampleSize: distilled.effectiveSampleSize,
    size: sizeOf(fold, distilled),
    composition: compositionRecord(distilled.composition),
    teacher: distilled.teacher?.note ? distilled.teacher : undefined, // else the options say it
    classes: distilled.classes,
    items: distilled.items.map((item, i) => {
      const { file, sha256, bytes } = distilled.files[i]
      return { ...itemRecord(described(item, dataSet)), file, sha256, bytes }
    }),
    notices: noticesOf(dataSet, distilled.items),
  }
}

/** What the columns of the written table are called; undefined where there is no table. */
function columnsOf({ layout, source: { mapping } }: DataSet) {
  return layout === 'folder' ? undefined : { ...mapping, split: mapping.split ?? 'split' }
}

/** What the report shows. `maps`: one a class. */
export function toReport(
  fold: Fold,
  settings: RunSettings,
  log: RunLog,
  distilled: WrittenSet,
  { evaluation, maps }: { evaluation?: Evaluation; maps: readonly string[] },
): ReportInput {
  const { dataSet, clips } = fold
  return {
    dataSet: basename(dataSet.root),
    layout: dataSet.layout,
    synthetic: dataSet.synthetic,
    selector: distilled.selector,
    effectiveSampleSize: distilled.effectiveSampleSize,
    size: sizeOf(fold, distilled),
    composition: compositionRecord(distilled.composition),
    ...{ descriptor: fold.descriptor, pool: fold.pool, teacher: distilled.teacher },
    classes: distilled.classes,
    maps,
    items: distilled.items.map((item, i) => ({
      ...described(item, dataSet),
      file: distilled.files[i].path,
      ...decodingOf(item, settings),
    })),
    ...(evaluation ? { evaluation } : {}),
    majority: majorityOf(dataSet),
    skipped: skippedOf(clips, dataSet),
    clipWarnings: clipWarningsOf(clips, dataSet),
    warnings: log.warnings.map((warning) => withoutFolders(warning, dataSet, settings.folder, clips.pool?.root)),
    notices: noticesOf(dataSet, distilled.items),
    timings: log.timings,
    options: optionsOf(dataSet, settings),
    versions: versions(),
  }
}

/** How a clip of the source was read for its features; a made one is what its file says. */
function decodingOf({ video }: DistilledItem, { backend, fps, mask, crop }: RunSettings): Pick<ReportItem, 'decoding'> {
  return video.kind === 'made' ? {} : { decoding: { backend, fps: video.clip.fps ?? fps, mask, crop } }
}

/** One video of the distilled set, in the terms of its source. */
function described(
  { video, classIndex, soft, parents, tiles, ...item }: DistilledItem,
  { classes }: DataSet,
): ReportItem {
  const { label, weight, module, visitRate, rank } = item
  return {
    path: video.kind === 'made' ? video.name : video.clip.id,
    ...(video.kind !== 'made' && video.clip.segment && { segment: video.clip.segment }),
    label,
    class: classes[classIndex],
    ...{ weight, module, visitRate, rank },
    parents: parents.map(({ id }) => id),
    ...(video.kind === 'made' ? { kind: video.kind } : fromPool(video.clip)),
    ...(soft && { targets: Array.from(soft) }),
    ...(tiles && {
      ...(video.kind === 'made' && { width: video.width, height: video.height, fps: video.fps, frames: video.count }),
      tiles: tiles.map(({ parent, soft, ...tile }) => ({
        ...{ parent: parent.id, ...fromPool(parent), ...tile },
        ...(soft && { targets: Array.from(soft) }),
      })),
    }),
  }
}

function fromPool({ pool }: Clip): { pool?: string; madeFrom?: string[] } {
  if (!pool) return {}
  return { pool: pool.name, ...(pool.parents.length > 0 && { madeFrom: [...pool.parents] }) }
}

/** Clips of a class to select from: TRAIN's, whether they could be read or not, or those of the pool. */
function clipsOf({ dataSet: { clips }, pool, classes }: Pick<Fold, 'dataSet'> & Partial<Fold>, c: number): number {
  if (pool && classes) return classes[c].rows.length
  return clips.filter(({ split, classIndex }) => split === 'train' && classIndex === c).length
}

function numberOfModules({ modules }: ClassModules): number {
  return new Set(modules).size
}

function ofClass(chosen: readonly { classIndex: number }[], c: number): number {
  return chosen.filter(({ classIndex }) => classIndex === c).length
}
