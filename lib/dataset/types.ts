import type { MadeClip, Segment } from '../video/types.js'

/** Which part of a data set a clip belongs to. Selection only ever sees `train`. */
export type Split = 'train' | 'val' | 'test'

/** One labelled video. */
export interface Clip {
  /**
   * Unique in its data set: the path relative to the data set's video folder, with `/` between its parts; of a part of a
   * video, with the part behind it ("a.avi 1.5-4 s").
   */
  id: string
  /** Where the file is (absolute). */
  path: string
  /** The label as it stands in the source: an EF ("57.3"), or a name ("covid"). */
  label: string
  /** Index into `DataSet.classes`. */
  classIndex: number
  split: Split
  /**
   * Clips of one group (a patient) never straddle splits that are drawn. Default: parts of one video, or clips whose names
   * tell that they are of one recording, are a group; any other clip is one of its own, called by its id.
   */
  group: string
  /** Frames a second as the source states them, of a clip whose file is of a kind that names no rate. */
  fps?: number
  /** The part of the file that the clip is; absent: all of it. */
  segment?: Segment
  /**
   * Of a clip of a pool, which is no clip of the data set itself: what the pool is called, and the ids of the clips of the
   * data set that its table says it was made from.
   */
  pool?: { name: string; parents: readonly string[] }
}

/** A labelled video data set, read but not decoded. */
export interface DataSet {
  /** Folder (absolute) that the data set lies in. */
  root: string
  layout: 'echonet' | 'camus' | 'csv' | 'folder'
  /** Class names, in the order of their bounds (EF) or of the alphabet. */
  classes: string[]
  /** How labels became classes: "ef5", "labels", "quantile:4", ... */
  scheme: string
  clips: Clip[]
  /** Whether the source names each clip's split, or they were drawn by the seed. */
  splits: 'given' | 'drawn'
  /** What a writer needs to lay a distilled set out as its source is. */
  source: DataSetSource
  /** Made by `infomotion phantom`, not from patients. */
  synthetic: boolean
  /** What must stand wherever the data set or a part of it is shown or passed on: its terms of use. */
  notice?: string
  /** What was taken for what where that was not plain (columns, groups, parts of videos), each a sentence. */
  notes: string[]
  /** Things found odd and gone on with, each a sentence. */
  warnings: string[]
}

/** The table a data set was read from, or, of CAMUS, would be in. Rows belong to the clips by index. */
export interface DataSetSource {
  /** Absolute path of the table; undefined for a folder per class, CAMUS, and where there is a table a split. */
  table?: string
  /**
   * The tables where there is one a split (train.csv, test.csv), which then says the split; or one a view, in a folder of its own
   * with that view's videos (EchoNet-Pediatric).
   */
  parts?: { table: string; columns: string[]; split?: Split }[]
  /** Column names of the table in their order; empty for a folder per class. */
  columns: string[]
  /** One record a clip, values as they stand in the table; empty for a folder per class. */
  rows: Record<string, string>[]
  /** Which column holds what. */
  mapping: {
    path: string
    label: string
    split?: string
    group?: string
    parent?: string
    start?: string
    end?: string
  }
  /** What stands between two values of the table; undefined for a folder per class. */
  delimiter?: string
  /** Whether the table has a line of the columns' names; undefined for a folder per class. */
  header?: boolean
  /** Of a table of JSON lines: the columns whose values are no texts, but numbers and the like. */
  unquoted?: string[]
  /** Folder (absolute) that clip ids are relative to. */
  videos: string
}

/** A clip of the source, or of a pool, as it is. */
export interface SourceClip {
  kind: 'source'
  clip: Clip
  /** Of a clip of a pool: what columns may say of it that the data set's table has. */
  facts?: { width: number; height: number; fps: number; frames: number }
}

/** One video of a set that is written in the layout of its source, as the writer sees it. */
export interface SetItem {
  video: SourceClip | MadeClip
  /** As it stands in the source's table, or would: an EF ("57.3"), or a name ("covid"). */
  label: string
  /** Sample weight, mean 1 over the class. */
  weight: number
  /** What students learn of it, where that is not its class alone: a probability a class, of sum 1. */
  soft?: Float32Array
  /** The TRAIN clips that it is made of; a source clip is its own parent. */
  parents: readonly Clip[]
}
