import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile, toJson } from '../run/store.js'
import { comparisonPage } from './html/comparison.js'
import { sorted } from './json.js'
import type { Comparison } from './types.js'

/** What a comparison is written to, in its folder. */
export const COMPARISON_FILES = ['comparison.json', 'comparison.html'] as const

/**
 * Writes `comparison.json` (every number, for programs) and `comparison.html` (accuracy against budget, for people)
 * into `dir`.
 */
export async function writeComparison(dir: string, comparison: Comparison): Promise<{ json: string; html: string }> {
  const paths = { json: join(dir, COMPARISON_FILES[0]), html: join(dir, COMPARISON_FILES[1]) }
  const { options, versions, ...rest } = comparison
  const document = { schema: 'infomotion.comparison/1', ...rest, options: sorted(options), versions: sorted(versions) }
  await rm(paths.json, { force: true }) // written last: where it is, the page beside it is of the same run
  await replaceFile(paths.html, comparisonPage(comparison))
  await replaceFile(paths.json, toJson(document))
  return paths
}
