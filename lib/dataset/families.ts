import { groupBy } from '../runtime/group.js'
import { folded, VIDEO } from './files.js'
import { firstOf, isMissing, sameKey, shown } from './labels.js'
import { straddlers } from './split.js'
import type { Split } from './types.js'

/** What ties clips together: a group (patient), and the clips that a clip was made from. */
export interface Kin {
  id: string
  /** As the source states it, else the id. */
  group: string
  /** Clips of equal `kin` are of one recording. */
  kin?: string
  /** As the table names it: a clip, a group, or several with ";" or "|" between them. */
  parent?: string
  /** The clip's name in the table. */
  name?: string
}

/** Clips that belong together, by index. */
export interface Families {
  /** The clips that each clip was made from. */
  parents: number[][]
  /** One number for all clips that are tied by groups or parents: such clips are drawn into one split. */
  family: number[]
}

/**
 * Ties clips by their groups (equal but for case, spaces, Unicode form, or equal as numbers) and by their parents. A
 * parent is looked for among the clips, by id, by its name in the table or by a file name that occurs once, and then
 * among the groups.
 */
export function familiesOf(clips: readonly Kin[]): Families {
  const root = clips.map((_, i) => i)
  const find = (i: number): number => {
    while (root[i] !== i) {
      root[i] = root[root[i]]
      i = root[i]
    }
    return i
  }
  const tie = (i: number, j: number) => {
    root[find(i)] = find(j)
  }
  const byGroup = groupBy(clips.keys(), (i) => sameKey(clips[i].group))
  for (const members of byGroup.values()) for (const i of members) tie(i, members[0])
  const byKin = groupBy(clips.keys(), (i) => clips[i].kin)
  for (const [kin, members] of byKin) if (kin !== undefined) for (const i of members) tie(i, members[0])

  const parents = clips.map((): number[] => [])
  if (clips.some(({ parent }) => parent !== undefined)) {
    const byName = namesOf(clips)
    const named = (name: string) => byName.get(nameKey(name)) ?? byGroup.get(sameKey(name))
    clips.forEach(({ parent }, i) => {
      if (parent === undefined) return
      const found =
        named(parent) ?? parent.split(/[;|]/).flatMap((part) => (isMissing(part) ? [] : (named(part) ?? [])))
      parents[i] = found.filter((j) => j !== i)
      for (const j of parents[i]) tie(i, j)
    })
  }
  return { parents, family: clips.map((_, i) => find(i)) }
}

function namesOf(clips: readonly Kin[]): Map<string, number[]> {
  const names = new Map<string, number[]>()
  clips.forEach(({ id, name }, i) => {
    for (const key of new Set([nameKey(id), nameKey(name ?? id)])) {
      const named = names.get(key)
      if (named) named.push(i)
      else names.set(key, [i])
    }
  })
  const files = groupBy(clips.keys(), (i) => nameKey(clips[i].id).split('/').pop()!)
  for (const [file, owners] of files) if (owners.length === 1 && !names.has(file)) names.set(file, owners)
  return names
}

/** A clip's name without its ending, in one spelling. */
function nameKey(name: string): string {
  return folded(name.trim().replaceAll('\\', '/').replace(/^\.\//, '').replace(VIDEO, ''))
}

/** The TRAIN clips (by index) that were made, in one step or more, from TEST clips: they would be tested on themselves. */
export function madeFromTest(parents: readonly number[][], splits: readonly Split[]): number[] {
  return parents.flatMap((_, i) => {
    if (splits[i] !== 'train') return []
    const seen = new Set([i])
    const next = [...parents[i]]
    for (let parent = next.pop(); parent !== undefined; parent = next.pop()) {
      if (splits[parent] === 'test') return [i]
      if (!seen.has(parent)) next.push(...parents[parent])
      seen.add(parent)
    }
    return []
  })
}

/**
 * What straddles splits though it is not spelt alike, each a sentence: groups that differ by case, spaces or Unicode form,
 * and clips in another split than those they were made from. `leaving`: clips that are taken out anyway.
 */
export function kinAcrossSplits(
  clips: readonly Kin[],
  splits: readonly Split[],
  parents: readonly number[][],
  leaving: ReadonlySet<number>,
): string[] {
  const found: string[] = []
  const staying = [...clips.keys()].filter((i) => !leaving.has(i))
  const twins = straddlers(
    staying.map((i) => sameKey(clips[i].group)),
    staying.map((i) => splits[i]),
  ).map(({ clips: members }) =>
    [...new Set(members.map((n) => `${shown(clips[staying[n]].group)} (${splits[staying[n]]})`))].join(' and '),
  )
  if (twins.length > 0)
    found.push(
      `${twins.length} group(s) lie in more than one split but for case, spaces or Unicode form: ${firstOf(twins)}. ` +
        'If they are one patient each, spell them alike.',
    )
  const recordings = straddlers(
    staying.map((i) => clips[i].kin ?? clips[i].id),
    staying.map((i) => splits[i]),
  ).map(({ key, splits }) => `${shown(key)} (${splits.join(', ')})`)
  if (recordings.length > 0)
    found.push(
      `${recordings.length} recording(s) have clips in more than one split: ${firstOf(recordings)}. What is learnt of one is tested on the same.`,
    )
  const apart = staying.flatMap((i) => {
    const parent = parents[i].find((j) => splits[j] !== splits[i] && !leaving.has(j))
    return parent === undefined ? [] : [`${clips[i].id} (${splits[i]}) from ${clips[parent].id} (${splits[parent]})`]
  })
  if (apart.length > 0)
    found.push(`${apart.length} clip(s) are in another split than those they were made from: ${firstOf(apart)}.`)
  return found
}
