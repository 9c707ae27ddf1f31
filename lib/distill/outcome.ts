import { basename } from 'node:path'
import type { DataSet } from '../dataset/index.js'
import type { Evaluation } from '../evaluate/index.js'
import type { SimilarityGraph } from '../graph/index.js'
import { itemRecord, type ReportClass, type ReportInput, type ReportItem } from '../report/index.js'
import { versions } from '../runtime/versions.js'
import type { ClassModules, Selection } from '../select/index.js'
import type { DistilledItem, DistilledSet } from '../synthesize/index.js'
import type { Fold } from './fold.js'
import type { RunLog } from './log.js'
import { clipWarningsOf, majorityOf, noticesOf, optionsOf, skippedOf, withoutFolders } from './record.js'
import type { DistillResult, RunSettings } from './types.js'

/** What a run found, as far as it went. */
interface Found {
  modules?: ClassModules[]
  selection?: Selection
  /** Takes the selection's place once it is there. */
  distilled?: DistilledSet
  evaluation?: Evaluation
}

/** The result of `distill`, and its JSON document. */
export function toResult(
  { dataSet, clips }: Pick<Fold, 'dataSet' | 'clips'>,
  { folder }: RunSettings,
  log: RunLog,
  { modules, selection, distilled, evaluation }: Found = {},
): DistillResult {
  const selected = distilled?.items ?? selection?.representatives
  return {
    classes: dataSet.classes.map((name, c) => ({
      name,
      clips: trainClipsOf(dataSet, c),
      modules: modules ? numberOfModules(modules[c]) : null,
      selected: selected ? ofClass(selected, c) : null,
      codelength: modules?.[c].codelength ?? null,
    })),
    selected: selected?.length ?? 0,
    effectiveSampleSize: (distilled ?? selection)?.effectiveSampleSize ?? null,
    majority: majorityOf(dataSet),
    ...(evaluation ? { evaluation } : {}),
    ...(clips.embeddingFacts ? { embeddings: clips.embeddingFacts } : {}),
    skipped: skippedOf(clips, dataSet),
    warnings: log.warnings.map((warning) => withoutFolders(warning, dataSet, folder)),
    notices: noticesOf(dataSet),
    seconds: log.seconds(),
  }
}

/** The classes: what manifest and report tell of them. */
export function classesOf(
  { classes, clips }: DataSet,
  graphs: readonly SimilarityGraph[],
  modules: readonly ClassModules[],
  selection: Selection,
  { items }: DistilledSet,
): ReportClass[] {
  return classes.map((name, c) => ({
    name,
    clips: trainClipsOf({ clips }, c),
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
  /** Of each item: where its file is (absolute), and the SHA-256 of that. */
  files: { path: string; sha256: string }[]
}

/**
 * What was distilled, from what, and how: without times, thread counts or absolute paths, so that the same data, seed
 * and version give the same bytes.
 */
export function toManifest({ dataSet, clips }: Fold, settings: RunSettings, distilled: WrittenSet): object {
  return {
    schema: 1,
    generator: `infomotion ${versions().infomotion}`,
    method: 'after InfoMotion (arXiv 2512.09422)',
    dataSet: {
      name: basename(dataSet.root),
      layout: dataSet.layout,
      scheme: dataSet.scheme,
      synthetic: dataSet.synthetic,
      clips: dataSet.clips.length,
      skipped: skippedOf(clips, dataSet),
      clipWarnings: clipWarningsOf(clips, dataSet),
    },
    options: { ...optionsOf(dataSet, settings), until: undefined },
    embeddings: clips.embeddingFacts,
    selector: distilled.selector,
    effectiveSampleSize: distilled.effectiveSampleSize,
    classes: distilled.classes,
    items: distilled.items.map((item, i) => ({
      ...itemRecord(described(item, dataSet)),
      sha256: distilled.files[i].sha256,
    })),
    notices: noticesOf(dataSet),
  }
}

/** What the report shows. `maps`: one a class. */
export function toReport(
  { dataSet, clips }: Fold,
  settings: RunSettings,
  log: RunLog,
  distilled: WrittenSet,
  { evaluation, maps }: { evaluation?: Evaluation; maps: readonly string[] },
): ReportInput {
  return {
    dataSet: basename(dataSet.root),
    layout: dataSet.layout,
    synthetic: dataSet.synthetic,
    selector: distilled.selector,
    effectiveSampleSize: distilled.effectiveSampleSize,
    classes: distilled.classes,
    maps,
    items: distilled.items.map((item, i) => ({ ...described(item, dataSet), file: distilled.files[i].path })),
    ...(evaluation ? { evaluation } : {}),
    majority: majorityOf(dataSet),
    skipped: skippedOf(clips, dataSet),
    clipWarnings: clipWarningsOf(clips, dataSet),
    warnings: log.warnings.map((warning) => withoutFolders(warning, dataSet, settings.folder)),
    notices: noticesOf(dataSet),
    timings: log.timings,
    options: optionsOf(dataSet, settings),
    versions: versions(),
  }
}

/** One video of the distilled set, in the terms of its source. */
function described({ video, classIndex, soft, parents, ...item }: DistilledItem, { classes }: DataSet): ReportItem {
  const { label, weight, module, visitRate, rank } = item
  return {
    path: video.kind === 'made' ? video.name : video.clip.id,
    ...(video.kind !== 'made' && video.clip.segment && { segment: video.clip.segment }),
    label,
    class: classes[classIndex],
    ...{ weight, module, visitRate, rank },
    parents: parents.map(({ id }) => id),
    ...(video.kind === 'made' && { kind: video.kind }),
    ...(soft && { targets: Array.from(soft) }),
  }
}

function trainClipsOf({ clips }: Pick<DataSet, 'clips'>, c: number): number {
  return clips.filter(({ split, classIndex }) => split === 'train' && classIndex === c).length
}

function numberOfModules({ modules }: ClassModules): number {
  return new Set(modules).size
}

function ofClass(chosen: readonly { classIndex: number }[], c: number): number {
  return chosen.filter(({ classIndex }) => classIndex === c).length
}
