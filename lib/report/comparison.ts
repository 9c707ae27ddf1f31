import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataSet } from '../dataset/types.js'
import type { Evaluation } from '../evaluate/types.js'
import { toJson, writeWhole } from '../run/store.js'
import { comparisonPage } from './html/comparison.js'
import { sorted } from './json.js'

/** Selectors over budgets, seeds and students on one data set: what `compare` found. */
export interface Comparison {
  /** The data set's folder name, without its path. */
  dataSet: string
  layout: DataSet['layout']
  synthetic: boolean
  /** Class names. */
  classes: string[]
  /** `given`: the data set's own split, intervals by bootstrap over its test clips; `drawn`: over splits by seed. */
  splits: DataSet['splits']
  /** One table a student and a budget (videos per class), students one after the other, budgets ascending. */
  budgets: { student: string; vpc: number; evaluation: Evaluation }[]
  /** The most frequent class of TRAIN (in the first split), and the test accuracy of always answering it. */
  majority: { class: string; accuracy: number }
  /** Clips left out, and why. */
  skipped: { path: string; reason: string }[]
  warnings: string[]
  /** What the reader must know about the data (licences, agreements), each a sentence. */
  notices: string[]
  options: Record<string, unknown>
  versions: Record<string, string>
  seconds: number
}

/**
 * Writes `comparison.json` (every number, for programs) and `comparison.html` (accuracy against budget, for people)
 * into `dir`.
 */
export async function writeComparison(dir: string, comparison: Comparison): Promise<{ json: string; html: string }> {
  const paths = { json: join(dir, 'comparison.json'), html: join(dir, 'comparison.html') }
  const { options, versions, ...rest } = comparison
  const document = { schema: 'infomotion.comparison/1', ...rest, options: sorted(options), versions: sorted(versions) }
  await rm(paths.json, { force: true }) // written last: where it is, the page beside it is of the same run
  await writeWhole(paths.html, comparisonPage(comparison))
  await writeWhole(paths.json, toJson(document))
  return paths
}
