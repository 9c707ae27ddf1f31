import { createContext, Script } from 'node:vm'
import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'
import { VIDEO } from './files.js'
import { firstOf, shown } from './labels.js'
import type { Entry, Source } from './reading.js'
import { fileOf } from './segments.js'

/** Longest that a pattern may take for all names: one that goes astray can take for ever. */
const PATTERN_MS = 2000
const MAX_PATTERN = 1000

/** UCF101's names: class, group (one scene and people), clip. Group 01 of one class has nothing to do with that of another. */
const UCF = /^(v_.{1,200}_g\d{1,4})_c\d{1,4}$/i

/**
 * Gives clips groups by their names: what a pattern takes of them, or, where neither a table nor a pattern says, the
 * recordings of names as UCF101's (`v_Archery_g01_c02.avi`).
 *
 * @throws {InfomotionError} `DATASET_GROUP_PATTERN`, `INVALID_ARGUMENT`
 */
export function groupByNames(
  { entries, source, root }: Source,
  pattern: string | undefined,
): { notes: string[]; warnings: string[] } {
  if (pattern === undefined) return { notes: seeRecordings(entries), warnings: [] }
  if (source.mapping.group !== undefined)
    throw invalid(
      `either groupPattern or a column of groups ("${source.mapping.group}"), not both`,
      'groupPattern',
      pattern,
    )
  const names = entries.map(fileOf)
  const groups = matches(pattern, names)
  const without = names.filter((_, i) => groups[i] === undefined)
  if (without.length === names.length)
    throw new InfomotionError(
      'DATASET_GROUP_PATTERN',
      `The group pattern ${shown(pattern)} matches no clip of ${root}. They are called ${firstOf(names.map(shown), 3)}.`,
    )
  entries.forEach((entry, i) => {
    if (groups[i] !== undefined) entry.group = groups[i]
  })
  const found = `Groups by ${shown(pattern)}: ${new Set(groups).size - (without.length > 0 ? 1 : 0)}, as ${shown(groups.find((group) => group !== undefined)!)}.`
  if (without.length === 0) return { notes: [found], warnings: [] }
  const what = `The group pattern does not match ${without.length} of ${names.length} clips, each of which is a group of its own: `
  return { notes: [found], warnings: [`${what}${firstOf(without.map(shown), 3)}.`] }
}

/** What the pattern takes of each name, within a time limit that ends a search gone astray. */
function matches(pattern: string, names: readonly string[]): (string | undefined)[] {
  if (pattern.length > MAX_PATTERN)
    throw invalid(`a regular expression of at most ${MAX_PATTERN} characters`, 'groupPattern', pattern)
  try {
    new RegExp(pattern)
  } catch (error) {
    throw invalid(`a regular expression (${(error as Error).message})`, 'groupPattern', pattern)
  }
  // in a context of its own, because only there can a search be stopped from outside; texts go in and come out
  const context = createContext({ given: JSON.stringify({ pattern, names }) })
  const search = new Script(`
    const { pattern, names } = JSON.parse(given)
    const regex = new RegExp(pattern)
    JSON.stringify(names.map((name) => { const found = regex.exec(name); return found ? (found[1] ?? found[0]) : null }))`)
  try {
    const found = JSON.parse(search.runInContext(context, { timeout: PATTERN_MS })) as (string | null)[]
    return found.map((group) => group || undefined)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
    throw new InfomotionError(
      'DATASET_GROUP_PATTERN',
      `The group pattern ${shown(pattern)} took more than ${PATTERN_MS / 1000} s for ${names.length} names, and was stopped: ` +
        'repeats within repeats, as in (a+)+, can be tried in too many ways. Write it without them.',
      { cause },
    )
  }
}

/** The recordings that names of UCF101's kind tell of, where most clips have such names. */
function seeRecordings(entries: readonly Entry[]): string[] {
  const seen = entries.map((entry) => UCF.exec(fileOf(entry).split('/').pop()!.replace(VIDEO, ''))?.[1])
  if (2 * seen.filter((recording) => recording !== undefined).length <= entries.length) return []
  let given = 0
  entries.forEach((entry, i) => {
    if (seen[i] === undefined || entry.group !== undefined) return
    entry.kin = seen[i] // of parts of one video too: their file is of one recording
    given++
  })
  return given > 0
    ? [`Groups by the clips' names: ${new Set(seen).size} recordings, as ${shown(seen.find(Boolean)!)}.`]
    : []
}
