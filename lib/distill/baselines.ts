import type { StageOptions } from '../runtime/progress.js'
import type { ClassModules } from '../select/index.js'
import { coded, type DistilledItem, type DistilledSet } from '../synthesize/index.js'
import { framesOf, tilesIn } from '../video/made.js'
import type { Tiling } from '../video/types.js'
import { selectBy } from './communities.js'
import { composed, UNDIVIDED } from './composed.js'
import type { Fold } from './fold.js'
import type { Method } from './settings.js'

/**
 * The sets that a distilled set is judged beside: its selector without the refinement, k-medoids, graph coverage, and
 * random draws, refined ones too where it is refined itself, all of them divided as it is. Where its videos are composed,
 * also as many plain clips of its selector, and what a loader makes of it that does not cut its tiles.
 */
export async function baselineSets(
  fold: Fold,
  modules: ClassModules[],
  distilled: DistilledSet,
  tiling: Tiling,
  settings: Method & { randomDraws: number; vpc: number; selector: string; refine: 'none' | 'swap' },
  stage: StageOptions,
): Promise<DistilledSet[]> {
  const { selector, refine, randomDraws, vpc } = settings
  // draw 0 of random selection is the distilled set itself where that is drawn at random
  const first = selector === 'random' ? 1 : 0
  const draws = Array.from({ length: randomDraws }, (_, i) => first + i)
  const partners = partnersOf(selector, distilled.selector)
  const wanted = [
    partners.map((name) => ({ name, draw: 0 })),
    refine === 'swap' ? draws.map((draw) => ({ name: 'random+swap', draw })) : [],
    draws.map((draw) => ({ name: 'random', draw })),
  ]
  const setOf = async ({ name, draw }: { name: string; draw: number }, division = tiling) => {
    const many = { ...settings, vpc: vpc * tilesIn(division), draw }
    const selection = await selectBy(name, fold, modules, many, stage)
    return composed(fold, selection, { tiling: division, videos: vpc }, { signal: stage.signal })
  }
  const sets: DistilledSet[] = []
  for (const kind of wanted) sets.push(...(await Promise.all(kind.map((one) => setOf(one)))))
  if (tilesIn(tiling) === 1) return sets
  const { selector: name } = distilled
  return [...sets, { ...(await setOf({ name, draw: 0 }, UNDIVIDED)), selector: `${name}:plain` }, uncut(distilled)]
}

/** The selectors beside a set's own. */
export function partnersOf(selector: string, distilled: string): string[] {
  return [...new Set([selector, 'kmedoids', 'graph-coverage'])].filter((name) => name !== distilled)
}

/** A set as a loader takes it that knows nothing of tiles: each composed video as one clip, as it comes out of its file. */
export function uncut({ items, ...set }: DistilledSet): DistilledSet {
  const whole = ({ tiles: _, video, ...item }: DistilledItem): DistilledItem => {
    if (video.kind !== 'made') return { ...item, video }
    const frames = async (signal?: AbortSignal) => coded(await framesOf(video, signal), video)
    return { ...item, video: { ...video, frames } }
  }
  return { ...set, selector: `${set.selector}:uncut`, items: items.map(whole) }
}
