import type { StageOptions } from '../runtime/progress.js'
import type { ClassModules } from '../select/index.js'
import { type DistilledSet, synthesize } from '../synthesize/index.js'
import { selectBy } from './communities.js'
import type { Fold } from './fold.js'
import type { Method } from './settings.js'

/**
 * The sets that a distilled set is judged beside: its selector without the refinement, k-medoids, and random draws,
 * refined ones too where it is refined itself.
 */
export async function baselineSets(
  fold: Fold,
  modules: ClassModules[],
  { selector: distilled }: DistilledSet,
  settings: Method & { vpc: number; selector: string; refine: 'none' | 'swap' },
  stage: StageOptions,
): Promise<DistilledSet[]> {
  const { selector, refine, randomDraws } = settings
  // draw 0 of random selection is the distilled set itself where that is drawn at random
  const first = selector === 'random' ? 1 : 0
  const draws = Array.from({ length: randomDraws }, (_, i) => first + i)
  const partners = new Set([selector, 'kmedoids'].filter((name) => name !== distilled))
  const wanted = [
    [...partners].map((name) => ({ name, draw: 0 })),
    refine === 'swap' ? draws.map((draw) => ({ name: 'random+swap', draw })) : [],
    draws.map((draw) => ({ name: 'random', draw })),
  ]
  const setOf = async ({ name, draw }: { name: string; draw: number }) => {
    const selection = await selectBy(name, fold, modules, { ...settings, draw }, stage)
    return synthesize(fold.trainClips, selection, { signal: stage.signal })
  }
  const sets: DistilledSet[] = []
  for (const kind of wanted) sets.push(...(await Promise.all(kind.map(setOf))))
  return sets
}
