import type { CompareOptions } from 'infomotion'
import type { EvidenceSet } from './sets.js'

/** One comparison: a set, a student, and how its videos are divided. Each is a run of `compare` that can go on. */
export interface Piece {
  set: EvidenceSet
  student: 'linear' | 'cnn'
  /** `plain`: no composed videos. `2x2`, `4x4`: grids, the time as it is. `auto`: by cross-validation on TRAIN. */
  tiling: 'plain' | '2x2' | '4x4' | 'auto'
  options: Omit<CompareOptions, 'out' | 'cache'>
}

const TILINGS: Record<Piece['tiling'], Pick<CompareOptions, 'synthesize' | 'tiles' | 'stretches'>> = {
  plain: { synthesize: 'none' },
  '2x2': { synthesize: 'compose', tiles: 2, stretches: 1 },
  '4x4': { synthesize: 'compose', tiles: 4, stretches: 1 },
  auto: { synthesize: 'compose', tiles: 'auto', stretches: 'auto' },
}

/** The method first: `auto` is chosen for it. */
const SELECTORS = {
  linear: ['infomap', 'infomap+swap', 'kmedoids', 'random+swap'],
  cnn: ['infomap', 'infomap+swap', 'kmedoids'],
}

/** What is run, the cheap and the telling first. A CNN takes minutes where the linear student takes a second. */
export function planOf(sets: readonly EvidenceSet[], quick: boolean): Piece[] {
  const linear = sets.flatMap((set) =>
    (['plain', '2x2', '4x4', 'auto'] as const).map((tiling): Piece => {
      const amount = quick
        ? { vpc: [1], seeds: 1, randomDraws: 2 }
        : { vpc: set.vpc ?? [1, 2, 5, 10], seeds: set.seeds, randomDraws: 5 }
      return pieceOf(set, 'linear', tiling, amount)
    }),
  )
  const cnn = sets.flatMap((set) =>
    (['plain', 'auto'] as const).map((tiling): Piece => {
      const amount = quick
        ? { vpc: [1], seeds: 1, randomDraws: 1, steps: 4, selectors: ['infomap'] }
        : { vpc: set.vpc ?? [1, 5], seeds: Math.min(5, set.seeds), randomDraws: 1 }
      return pieceOf(set, 'cnn', tiling, amount)
    }),
  )
  return [...linear, ...(quick ? cnn.slice(0, 1) : cnn)]
}

function pieceOf(set: EvidenceSet, student: Piece['student'], tiling: Piece['tiling'], amount: object): Piece {
  const options = {
    selectors: SELECTORS[student],
    students: [student],
    teacher: 0,
    seed: 0,
    ...TILINGS[tiling],
    ...amount,
  }
  return { set, student, tiling, options }
}

export const nameOf = ({ set, student, tiling }: Piece) => `${set.name}-${student}-${tiling}`
