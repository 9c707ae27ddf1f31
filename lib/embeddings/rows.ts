import { basename } from 'node:path'
import type { Matrix } from '../matrix/matrix.js'
import { memoryBudget } from '../run/budget.js'
import { InfomotionError } from '../runtime/errors.js'

/** Bytes of a block of rows; the last ones are copied once, when all are there. */
const BLOCK = 2 ** 22

/** Rows of numbers as they come out of a file, of one length and finite. */
export class Rows {
  rows = 0
  dim = 0
  private readonly blocks: Float32Array[] = []
  private ofBlock = 1

  /** @param where - names a value of a row in errors, the row counted from 0 */
  constructor(
    private readonly file: string,
    private readonly where: (row: number, column: number) => string,
  ) {}

  /** Adds a row. `from` and `step`: where its values are in `values`. */
  add(values: ArrayLike<number | bigint>, from = 0, dim = values.length, step = 1): void {
    if (this.rows === 0) this.begin(dim)
    if (dim !== this.dim)
      throw unreadable(
        this.file,
        `${this.where(this.rows, -1)} has ${dim} numbers, and the rows before have ${this.dim}`,
      )
    const at = this.rows % this.ofBlock
    if (at === 0) {
      expectRoom(this.file, this.rows + this.ofBlock, dim)
      this.blocks.push(new Float32Array(this.ofBlock * dim))
    }
    const block = this.blocks[this.blocks.length - 1]
    for (let i = 0; i < dim; i++) {
      const value = Number(values[from + i * step])
      block[at * dim + i] = value
      if (!Number.isFinite(block[at * dim + i])) throw notFinite(this.file, this.where(this.rows, i), value)
    }
    this.rows++
  }

  /** All rows. */
  matrix(): Matrix {
    const { rows, dim, blocks } = this
    if (rows === 0) throw unreadable(this.file, 'it holds no row')
    const values = new Float32Array(rows * dim)
    for (let at = 0; blocks.length > 0; ) {
      const block = blocks.shift()! // let go as soon as it is copied
      values.set(block.subarray(0, Math.min(block.length, values.length - at)), at)
      at += block.length
    }
    return { rows, dim, values }
  }

  private begin(dim: number): void {
    if (dim === 0) throw unreadable(this.file, `${this.where(0, -1)} has no number`)
    this.dim = dim
    this.ofBlock = Math.max(1, Math.floor(BLOCK / 4 / dim))
  }
}

/** Half of the memory is all that embeddings may take: the stages after them want some too. */
export function expectRoom(file: string, rows: number, dim: number): void {
  const most = 2 * memoryBudget()
  if (rows * dim * 4 <= most) return
  throw new InfomotionError(
    'EMBEDDINGS_TOO_LARGE',
    `${rows} x ${dim} numbers of ${basename(file)} take ${gigabytes(rows * dim * 4)} GB, and half of this machine's memory is ` +
      `${gigabytes(most)} GB. Leave rows of other clips out, or reduce the dimensions (PCA) first.`,
  )
}

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1)

/** The error for a number that no feature can be; `where` it stands is said. */
export function notFinite(file: string, where: string, value: number): InfomotionError {
  const what = Number.isFinite(value) ? `${value}, which is beyond single precision` : `${value}`
  return new InfomotionError(
    'EMBEDDING_NOT_FINITE',
    `Expected finite numbers in ${file}, but ${where} is ${what}. Compute it again, or leave the row out where the clip is no ` +
      'part of the data set.',
  )
}

/** The error for a file that holds no embeddings, or none that can be made out. */
export function unreadable(file: string, why: string, cause?: unknown): InfomotionError {
  return new InfomotionError(
    'EMBEDDINGS_UNREADABLE',
    `Expected embeddings in ${file}, a row of numbers a clip (.npy, CSV or Parquet), but ${why.replace(/\.$/, '')}.`,
    { cause },
  )
}
