import type { DataSet } from '../dataset/types.js'
import type { EmbeddingFacts } from '../embeddings/types.js'
import type { Evaluation } from '../evaluate/types.js'
import type { ItemRecord } from '../synthesize/manifest.js'
import type { ReadClipOptions } from '../video/index.js'

/** Everything a report is made of. Paths are relative to the data set; only `ReportItem.file` is absolute, and is read but never written. */
export interface ReportInput {
  /** The data set's folder name, without its path. */
  dataSet: string
  layout: DataSet['layout']
  /** True for phantom data: the page then says so at its top. */
  synthetic: boolean
  /** The selector of the distilled set: "infomap". Its row of the evaluation is the headline. */
  selector: string
  /** Of the distilled set: (sum of the sample weights)^2 / sum of their squares. */
  effectiveSampleSize: number
  /** What its videos cost, all together. */
  size?: { videos: number; frames: number; pixels: number; bytes: number }
  /** How its videos are composed; absent where each is one clip. */
  composition?: ReportComposition
  /** What is made of the clips' motion; absent where it is not seen. */
  descriptor?: ReportDescriptor
  /** What share of the targets is a teacher's; absent where no student is known to learn them. */
  teacher?: ReportTeacher
  /** Where its clips are from; absent: TRAIN. */
  pool?: ReportPool
  classes: ReportClass[]
  /** Of each class, its modules and the flow between them, as SVG of this package (`moduleMap`); on the page only. */
  maps?: readonly string[]
  /** The distilled set, by class and rank. */
  items: ReportItem[]
  /** Absent where the run stopped before students were evaluated. */
  evaluation?: Evaluation
  /** The most frequent class of TRAIN, and the test accuracy of always answering it (a fraction). */
  majority: { class: string; accuracy: number }
  /** Clips left out, and why. */
  skipped: { path: string; reason: string }[]
  /** What was found odd about clips and gone on with: damage, missing frames, rates, what the decoder said. */
  clipWarnings?: { path: string; kind: string; text: string }[]
  /** Things found odd and gone on with, each a sentence. */
  warnings: string[]
  /** What the reader must know about the data (licences, agreements), each a sentence. */
  notices: string[]
  timings: { stage: string; seconds: number; cpuSeconds: number }[]
  /** The options of the run, as JSON values. */
  options: Record<string, unknown>
  /** Versions of the package, of Node, of the runtime, ... */
  versions: Record<string, string>
}

/** How composed videos are divided. */
export interface ReportComposition {
  /** On a side: 2 for 2 x 2. */
  tiles: number
  /** Of time, after one another. */
  stretches: number
  /** Of a composed video. */
  width: number
  height: number
  fps: number
  frames: number
  /** Where it was chosen by cross-validation on TRAIN: the balanced accuracy of each that was tried. */
  search?: {
    student: string
    /** Share of TRAIN that was held out, and how often. */
    heldOut: number
    repeats: number
    chosen: string
    scores: { side: number; stretches: number; mean: number; deviation: number }[]
  }
}

/** What is made of the clips' motion (`describeMotion`), and how that was chosen. */
export interface ReportDescriptor {
  form: string
  /** Where it was chosen by cross-validation on TRAIN: the balanced accuracy of each that was tried. */
  search?: {
    /** Share of TRAIN that was held out, and how often. */
    heldOut: number
    repeats: number
    scores: { form: string; mean: number; deviation: number }[]
  }
  /** A sentence on why, where it was to be chosen. */
  note?: string
}

/** What a set was chosen from, where that is a pool and not TRAIN. */
export interface ReportPool {
  name: string
  /** Drawn by a program of this package (phantoms). */
  synthetic: boolean
  /** Its clips of the data set's classes, and those of them that could be chosen. */
  clips: number
  candidates: number
  /** Clips that could not: made from VAL or TEST clips, nearly copies of such, and, where asked for, of TRAIN clips. */
  left: { madeFromHeld: number; copiesOfHeld: number; copiesOfTrain: number }
  /** Candidates that are copies of TRAIN clips, or nearly. */
  copies: number
}

/** The share of a teacher, who learnt all of TRAIN, in what students learn of an item. */
export interface ReportTeacher {
  /** 0 (none) to 1. */
  share: number
  /** Where it was chosen by cross-validation on TRAIN: the balanced accuracy with each that was tried. */
  search?: {
    student: string
    /** Share of TRAIN that was held out, and how often. */
    heldOut: number
    repeats: number
    scores: { share: number; mean: number; deviation: number }[]
  }
  /** A sentence on why, where it was to be chosen. */
  note?: string
}

/** One class, as selection saw it. */
export interface ReportClass {
  name: string
  /** TRAIN clips. */
  clips: number
  /** Modules that Infomap found. */
  modules: number
  /** Modules left after merging to the videos per class. */
  merged: number
  selected: number
  /** Of the partition found, in bits. */
  codelength: number
  /** Clips without a neighbour in the class graph. */
  isolated: number
}

/** One video of the distilled set. */
export interface ReportItem extends ItemRecord {
  /** Absolute path that the page's frames are read from; absent: the clip is listed, not shown. */
  file?: string
  /** How that file is read, as it was for the features; absent: as it is. */
  decoding?: Pick<ReadClipOptions, 'backend' | 'fps' | 'mask' | 'crop'>
}

/** Selectors over budgets, seeds and students on one data set: what `compare` found. */
export interface Comparison {
  /** The data set's folder name, without its path. */
  dataSet: string
  layout: DataSet['layout']
  synthetic: boolean
  /** Class names. */
  classes: string[]
  /** `given`: the data set's own split, intervals by bootstrap over its test clips; `drawn`: over splits by seed. */
  splits: DataSet['splits']
  /** What was made of the clips' motion, one a split: "relative"; absent where it was not seen. */
  descriptors?: string[]
  /** Where clips were chosen from, in the first split; absent: TRAIN. */
  pool?: ReportPool
  /** One table a student and a budget (videos per class), students one after the other, budgets ascending. */
  budgets: {
    student: string
    vpc: number
    /** How composed videos were divided, one a split: "2x2"; absent where none was composed. */
    tilings?: string[]
    /** The teacher's share in what students learn, one a split; absent where there was none. */
    teachers?: number[]
    evaluation: Evaluation
  }[]
  /** The most frequent class of TRAIN (in the first split), and the test accuracy of always answering it. */
  majority: { class: string; accuracy: number }
  /** Clips left out, and why. */
  skipped: { path: string; reason: string }[]
  warnings: string[]
  /** What the reader must know about the data (licences, agreements), each a sentence. */
  notices: string[]
  /** Where the run's own embeddings are from, and how they were matched to the clips. */
  embeddings?: EmbeddingFacts
  options: Record<string, unknown>
  versions: Record<string, string>
  seconds: number
}
