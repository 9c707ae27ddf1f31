/** How far a stage is. `done` never falls, and reaches `total` when the stage ends. */
export interface Progress {
  /** The stage's noun: dataset, features, graph, infomap, select, synthesize, train, evaluate, report. */
  stage: string
  done: number
  total: number
  /** What is counted, in the plural: clips, classes, trials, students. */
  unit: string
}

/** What every stage takes besides its own options. */
export interface StageOptions {
  /** Stops the stage; its promise rejects with code `ABORTED`. */
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}
