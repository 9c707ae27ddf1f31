import type { Matrix } from '../matrix/matrix.js'

/** Embeddings of clips, out of a file. */
export interface Embeddings {
  /** One row a clip, as it stands in the file, in single precision: [rows, dim]. */
  features: Matrix
  /** What each row belongs to: a path, a name; undefined where the file does not say. */
  ids?: string[]
  /** The file's name, without its folder, and what it is. */
  source: { name: string; format: 'npy' | 'csv' | 'parquet' }
  /** Columns of a table that are neither ids nor features. */
  leftOut: string[]
}

/** What a reader of one format finds. */
export type Found = Omit<Embeddings, 'source'>

/** Where the embeddings of a run are from. */
export interface EmbeddingFacts {
  /** The file's name. */
  file: string
  dim: number
  /** Of the rows of the data set's clips, as they stand in memory. */
  sha256: string
  /** How rows were matched to clips: by id, path, file name, each also "without ending", or row. */
  matchedBy: string
  /** Rows of the file that belong to no clip. */
  unused: number
}
