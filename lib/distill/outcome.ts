import { basename } from 'node:path'
import type { DataSet } from '../dataset/index.js'
import type { DistillResult, Settings } from '../distill.js'
import type { Evaluation } from '../evaluate/index.js'
import type { SimilarityGraph } from '../graph/index.js'
import type { ReportInput } from '../report/index.js'
import { versions } from '../runtime/versions.js'
import type { ClassModules, Selection } from '../select/index.js'
import type { DistilledItem } from '../synthesize/index.js'
import type { Extracted } from './extract.js'
import { clipWarningsOf, majorityOf, noticesOf, optionsOf, skippedOf, withoutFolders } from './record.js'
import type { Spaces } from './spaces.js'

/** What a run has so far; a stage's field is there once it ended. */
export interface RunState {
  dataSet: DataSet
  settings: Settings
  /** performance.now() at the start. */
  started: number
  timings: { stage: string; seconds: number }[]
  warnings: string[]
  extracted?: Extracted
  spaces?: Spaces
  graphs?: SimilarityGraph[]
  modules?: ClassModules[]
  selection?: Selection
  items?: DistilledItem[]
  /** SHA-256 of each item's file as it was delivered. */
  sums?: string[]
  evaluation?: Evaluation
}

/** The result of `distill`, and its JSON document. */
export function toResult(state: RunState): DistillResult {
  const { dataSet, extracted, settings, selection, modules, evaluation, started } = state
  return {
    classes: classesOf(state).map(({ name, clips, modules: count, selected, codelength }) => ({
      name,
      clips,
      modules: modules ? count : null,
      selected: selection ? selected : null,
      codelength: modules ? codelength : null,
    })),
    selected: selection?.representatives.length ?? 0,
    effectiveSampleSize: selection?.effectiveSampleSize ?? null,
    majority: majorityOf(dataSet),
    ...(evaluation ? { evaluation } : {}),
    skipped: skippedOf(extracted, dataSet),
    warnings: state.warnings.map((warning) => withoutFolders(warning, dataSet, settings.folder)),
    notices: noticesOf(dataSet),
    seconds: (performance.now() - started) / 1000,
  }
}

/**
 * What was selected, from what, and how: without times, thread counts or absolute paths, so that the same data, seed
 * and version give the same bytes.
 */
export function toManifest(state: RunState): object {
  const { dataSet, settings, extracted, selection } = state
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
      skipped: skippedOf(extracted, dataSet),
      clipWarnings: clipWarningsOf(extracted, dataSet),
    },
    options: { ...optionsOf(dataSet, settings), until: undefined },
    selector: selection!.selector,
    effectiveSampleSize: selection!.effectiveSampleSize,
    classes: classesOf(state),
    items: state.items!.map((item, i) => ({ ...described(item, dataSet), sha256: state.sums![i] })),
    notices: noticesOf(dataSet),
  }
}

/** What the report shows. `maps`: one a class. */
export function toReport(state: RunState, maps: readonly string[]): ReportInput {
  const { dataSet, settings, extracted, evaluation, selection } = state
  return {
    dataSet: basename(dataSet.root),
    layout: dataSet.layout,
    synthetic: dataSet.synthetic,
    selector: selection!.selector,
    effectiveSampleSize: selection!.effectiveSampleSize,
    classes: classesOf(state),
    maps,
    items: state.items!.map((item) => ({ ...described(item, dataSet), file: item.clip.path })),
    ...(evaluation ? { evaluation } : {}),
    majority: majorityOf(dataSet),
    skipped: skippedOf(extracted, dataSet),
    clipWarnings: clipWarningsOf(extracted, dataSet),
    warnings: state.warnings.map((warning) => withoutFolders(warning, dataSet, settings.folder)),
    notices: noticesOf(dataSet),
    timings: state.timings,
    options: optionsOf(dataSet, settings),
    versions: versions(),
  }
}

/** One clip of the distilled set, in the terms of its source. */
function described({ clip, weight, module, flow, rank }: DistilledItem, { classes }: DataSet) {
  return { path: clip.id, label: clip.label, class: classes[clip.classIndex], weight, module, flow, rank }
}

function classesOf({ dataSet, graphs, modules, selection }: RunState): ReportInput['classes'] {
  return dataSet.classes.map((name, c) => ({
    name,
    clips: dataSet.clips.filter(({ split, classIndex }) => split === 'train' && classIndex === c).length,
    modules: new Set(modules?.[c].modules).size,
    merged: selection?.classes[c].merged ?? 0,
    selected: selection?.representatives.filter(({ classIndex }) => classIndex === c).length ?? 0,
    codelength: modules?.[c].codelength ?? 0,
    isolated: graphs?.[c].isolated.length ?? 0,
  }))
}
