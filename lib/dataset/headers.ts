import pMap from 'p-map'
import { invalid } from '../runtime/expect.js'
import { type DicomGroup, dicomGroup } from '../video/dicom/header.js'
import { firstOf, shown } from './labels.js'
import type { Source } from './reading.js'

/** By what clips can be grouped that their files themselves name. */
export const HEADER_GROUPS = ['patient', 'study'] as const
export type HeaderGroup = (typeof HEADER_GROUPS)[number]

/** Headers under way at the same time. */
const AT_ONCE = 16

/**
 * Groups clips by the patient or the study that their DICOM headers name. The groups are numbered in the order of the clips:
 * no identity leaves the files. A clip whose file names none is a group of its own.
 *
 * @returns what should be known of it, each a sentence
 */
export async function groupByHeaders(
  { entries, source }: Source,
  by: HeaderGroup,
): Promise<{ notes: string[]; warnings: string[] }> {
  if (source.mapping.group !== undefined)
    throw invalid(`either groupBy or a column of groups (${shown(source.mapping.group)}), not both`, 'groupBy', by)
  const found = await pMap(entries, ({ path }) => dicomGroup(path).catch((): DicomGroup => ({})), {
    concurrency: AT_ONCE,
  })
  const numbers = new Map<string, number>()
  const without: string[] = []
  for (const [i, entry] of entries.entries()) {
    const key = found[i][by]
    if (key === undefined) {
      without.push(entry.id)
      continue
    }
    if (!numbers.has(key)) numbers.set(key, numbers.size + 1)
    entry.group = `${by} ${numbers.get(key)}`
  }
  if (numbers.size === 0) throw invalid(`DICOM files that name a ${by}`, 'groupBy', by)
  const notes = [`Groups by the ${by} that the headers name: ${numbers.size}.`]
  const warnings: string[] = []
  if (numbers.size === 1 && entries.length > 1 && without.length === 0)
    warnings.push(
      `All ${entries.length} clips are of one ${by}, as their headers say: were they given one name for all?`,
    )
  if (without.length > 0) {
    const what = `${without.length} of ${entries.length} clips name no ${by}, each of which is a group of its own: `
    warnings.push(`${what}${firstOf(without.map(shown), 3)}.`)
  }
  return { notes, warnings }
}
