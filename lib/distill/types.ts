import type { EmbeddingFacts } from '../embeddings/index.js'
import type { Evaluation } from '../evaluate/index.js'
import type { ReportComposition, ReportDescriptor, ReportPool, ReportTeacher } from '../report/index.js'
import type { Method } from './settings.js'

/** The settings of a run that its results tell of. */
export type RunSettings = Method & {
  /** Of the results (absolute). */
  folder: string
}

/** What a run came to: the JSON document of `infomotion distill --json`. */
export interface DistillResult {
  /** `modules`, `selected` and `codelength` (bits) are null where the run stopped before them. */
  classes: { name: string; clips: number; modules: number | null; selected: number | null; codelength: number | null }[]
  selected: number
  /** (sum of the sample weights)^2 / sum of their squares: what as many clips of equal weight would count; null before. */
  effectiveSampleSize: number | null
  /** The most frequent class of TRAIN, and the test accuracy of always answering it. */
  majority: { class: string; accuracy: number }
  /** What is made of the clips' motion, and how that was chosen; absent where it is not seen, or the run stopped before. */
  descriptor?: ReportDescriptor
  /** Where clips are chosen from; absent: TRAIN. */
  pool?: ReportPool
  /** How videos are composed, and how that was chosen; absent where each is one clip and nothing was chosen. */
  composition?: ReportComposition
  /** The teacher's share in what students learn, and how that was chosen; absent where the run stopped before. */
  teacher?: ReportTeacher
  evaluation?: Evaluation
  /** Where a run's own embeddings are from, and how they were matched to its clips. */
  embeddings?: EmbeddingFacts
  skipped: { path: string; reason: string }[]
  warnings: string[]
  notices: string[]
  seconds: number
}
