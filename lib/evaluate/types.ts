/** A mean with its 95 % interval. */
export interface Interval {
  mean: number
  low: number
  high: number
}

/** How one student did on the test clips. Fractions in [0, 1]. */
export interface Metrics {
  accuracy: number
  /** Mean of the recalls of the classes that have test clips. */
  balancedAccuracy: number
  macroF1: number
  /** One-vs-rest area under the ROC curve, mean over classes; null where a class has no test clip to rank. */
  auc: number | null
  /** Recall of each class; null for a class without test clips. */
  recall: (number | null)[]
  /** confusion[true class][predicted class], clips. */
  confusion: number[][]
}

/** One line of the table: a way to get training clips, and how students trained on them did. */
export interface EvaluationRow {
  /** "infomap", "kmedoids", "random", "full", "majority". */
  selector: string
  /** What the student sees: "motion", or a control: "mean-frame", "deviation". */
  features: string
  /** Training clips of one student. */
  clips: number
  /** One entry a run (a draw, a seed); a deterministic selection has one. */
  runs: Metrics[]
  /** Mean over the runs, with a bootstrap 95 % interval over the test clips (whole groups together). */
  accuracy: Interval
  balancedAccuracy: Interval
  macroF1: Interval
  auc: Interval | null
  /**
   * Balanced accuracy minus that of random selection with the same features, paired over the same test clips and the
   * same bootstrap draws; absent where random selection is no fair partner (majority, full, random itself).
   */
  differenceToRandom?: Interval
}

/** What `evaluate` measured, on the real test split. */
export interface Evaluation {
  student: string
  testClips: number
  /** Balanced accuracy of guessing: 1 / classes with test clips. */
  chance: number
  rows: EvaluationRow[]
}
