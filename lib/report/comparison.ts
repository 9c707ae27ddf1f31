import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile, toJson } from '../run/store.js'
import { comparisonPage } from './html/comparison.js'
import { sorted } from './json.js'
import type { Comparison } from './types.js'

/**
 * Writes `comparison.json` (every number, for programs) and `comparison.html` (accuracy against budget, for people)
 * into `dir`.
 */
export async function writeComparison(dir: string, comparison: Comparison): Promise<{ json: string; html: string }> {
  const paths = { json: join(dir, 'comparison.json'), html: join(dir, 'comparison.html') }
  const { options, versions, ...rest } = comparison
  const document = { schema: 'infomotion.comparison/1', ...rest, options: sorted(options), versions: sorted(versions) }
  await rm(paths.json, { force: true }) // written last: where it is, the page beside it is of the same run
  await replaceFile(paths.html, comparisonPage(comparison))
  await replaceFile(paths.json, toJson(document))
  return paths
}
