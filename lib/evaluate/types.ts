import type { DistilledItem } from '../synthesize/types.js'

/** A mean with its 95 % interval. */
export interface Interval {
  mean: number
  low: number
  high: number
}

/** How one student did on the test clips. Fractions in [0, 1]. Classes without test clips are left out of all means. */
export interface Metrics {
  accuracy: number
  /** Mean of the recalls of the classes that have test clips. */
  balancedAccuracy: number
  macroF1: number
  /** One-vs-rest area under the ROC curve, mean over classes; null where all test clips are of one class. */
  auc: number | null
  /** Recall of each class; null for a class without test clips. */
  recall: (number | null)[]
  /** confusion[true class][predicted class], clips. */
  confusion: number[][]
  /**
   * Where labels are numbers: the mean of |expected - true|, expected = the sum over classes of probability * mean of the
   * class's labels in TRAIN. In the labels' unit (ejection fraction: percent).
   */
  absoluteError?: number
}

/** One line of the table: a way to get training clips, and how students trained on them did. */
export interface EvaluationRow {
  /**
   * "infomap", "kmedoids", "random"; "full": all TRAIN clips, each with weight 1; "full-balanced": all TRAIN clips, each
   * class with the same sum of weights; "majority": no student, always the most frequent class of TRAIN.
   */
  selector: string
  /** What the student sees ("motion", "grey+flow"), or a control's name ("deviation", "grey"); "none" for the majority. */
  features: string
  /** Training clips (videos) of one student; 0 for the majority. */
  clips: number
  /** Where videos hold several clips: the tiles that the student is trained on, and the different TRAIN clips inside. */
  samples?: number
  parents?: number
  /** One entry a run (a draw, a split); a deterministic selection has one a split. */
  runs: Metrics[]
  /** Mean over the runs, with a bootstrap 95 % interval over the test clips (whole groups together). */
  accuracy: Interval
  balancedAccuracy: Interval
  macroF1: Interval
  auc: Interval | null
  /** Where labels are numbers: see {@link Metrics}. */
  absoluteError?: Interval
  /**
   * Balanced accuracy minus that of random selection with the same features, paired over the same test clips and the
   * same bootstrap draws; absent where random selection is no fair partner (majority, full, random itself).
   */
  differenceToRandom?: Interval
}

/** What `evaluate` measured, on the real test split. */
export interface Evaluation {
  student: string
  /** In one split (the mean over several splits, rounded). */
  testClips: number
  /** Balanced accuracy of guessing: 1 / classes with test clips. */
  chance: number
  rows: EvaluationRow[]
  /** How many splits of the data were evaluated and put together by `summarise`; absent: one. */
  splits?: number
  /** What limits these numbers, each a sentence. */
  warnings?: string[]
}

/** One student to train. */
export interface StudentTask {
  /** What it sees of the clips: one of `EvaluationInput.spaces`. */
  space: string
  /** What it is trained on, with targets and sample weights. */
  items: readonly DistilledItem[]
  seed: number
  signal?: AbortSignal
}

/** Trains a student and gives its probabilities for the test clips: test clips * classes, row by row. */
export type RunStudent = (task: StudentTask) => Promise<Float32Array>
