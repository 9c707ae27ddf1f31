import type { Segment } from '../video/types.js'
import type { Columns, Mapped } from './columns.js'
import type { SegmentUnit } from './segments.js'
import type { Table } from './table.js'
import type { DataSet, DataSetSource, Split } from './types.js'

/** What a layout's reader is told. */
export interface Reading {
  columns: Columns
  allowMissing: boolean
  /** The split of each value, where the user says so. */
  named: ReadonlyMap<string, Split>
  /** Groups are told by names or headers. */
  grouped: boolean
  /** How columns of start and end are read. */
  segments?: SegmentUnit
  /** Which measurement, of a table that has several a video. */
  measurement?: string
  /** Which of numbered lists of splits. */
  splitList?: number
  /** A table of labels, to be joined to that of the clips. */
  labels?: string
  /** The user asks for a class scheme: folders are taken for classes whatever they are called. */
  schemeGiven: boolean
}

/** A table of clips: a file, what it holds, and what its columns are. */
export interface TableFile {
  file: string
  table: Table
  mapped: Mapped
  /** What its rows are, where there is a table a split. */
  split?: Split
  /** It is the table of a view, beside that view's videos. */
  view?: string
}

/** What a layout's reader finds: the clips before their labels became classes. */
export interface Source {
  root: string
  layout: DataSet['layout']
  entries: Entry[]
  /** All but its rows, which belong to the clips that stay. */
  source: Omit<DataSetSource, 'rows'>
  /** What was taken for what, each a sentence. */
  notes: string[]
  warnings: string[]
}

export interface Entry {
  id: string
  path: string
  label: string
  /** Undefined if the source names no splits. */
  split?: Split
  /** As the source states it. */
  group?: string
  /** Clips of equal `kin` are of one recording, by their names or files. */
  kin?: string
  /** The part of the video that the clip is. */
  segment?: Segment
  /** What the table names as the clip's parent. */
  parent?: string
  /** The table's record; undefined in a folder per class. */
  row?: Record<string, string>
}
