import type { Columns } from './table.js'
import type { DataSet, DataSetSource, Split } from './types.js'

/** What a layout's reader is told. */
export interface Reading {
  columns: Columns
  allowMissing: boolean
  /** The split of each value, where the user says so. */
  named: ReadonlyMap<string, Split>
  /** The user asks for a class scheme: folders are taken for classes whatever they are called. */
  schemeGiven: boolean
}

/** What a layout's reader finds: the clips before their labels became classes. */
export interface Source {
  root: string
  layout: DataSet['layout']
  entries: Entry[]
  /** All but its rows, which belong to the clips that stay. */
  source: Omit<DataSetSource, 'rows'>
  warnings: string[]
}

export interface Entry {
  id: string
  path: string
  label: string
  /** Undefined if the source names no splits. */
  split?: Split
  group: string
  /** What the table names as the clip's parent. */
  parent?: string
  /** The table's record; undefined in a folder per class. */
  row?: Record<string, string>
}
