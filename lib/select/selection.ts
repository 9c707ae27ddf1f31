import type { Selection, SelectionClass } from './types.js'

/** What a selector found in one class; `chosen` and all arrays beside it are by clip of the class, not by row. */
export interface ClassSelection extends SelectionClass {
  /** Representatives as indices into `rows`, in the order of choice. */
  chosen: number[]
  /** Of each representative. */
  weights: number[]
  /** Of each representative, where the selector has them. */
  modules?: number[]
  /** Of each clip of the class, where the selector has it. */
  flow?: ArrayLike<number>
  /** What the map equation found, where it was asked. */
  found?: { modules: number; merged: number; codelength: number }
  warnings?: string[]
}

/** Puts the classes together, and says where a class had fewer clips than asked for. */
export function collect(selector: string, perClass: number, classes: ClassSelection[]): Selection {
  const selection: Selection = { selector, representatives: [], classes: [], warnings: [] }
  classes.forEach((part, classIndex) => {
    part.chosen.forEach((clip, rank) => {
      selection.representatives.push({
        index: part.rows[clip],
        classIndex,
        weight: part.weights[rank],
        module: part.modules?.[rank] ?? -1,
        flow: part.flow?.[clip] ?? 0,
        rank,
      })
    })
    selection.classes.push({ modules: 0, merged: 0, codelength: 0, ...part.found, quota: part.chosen.length })
    if (part.rows.length === 0) selection.warnings.push(`Class "${part.name}" has no training clips: none is selected.`)
    else if (part.rows.length < perClass)
      selection.warnings.push(
        `Class "${part.name}" has ${part.rows.length} training clips, fewer than the ${perClass} asked for: it gives all.`,
      )
    selection.warnings.push(...(part.warnings ?? []))
  })
  return selection
}
