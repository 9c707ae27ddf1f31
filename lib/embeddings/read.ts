import { basename, extname } from 'node:path'
import { npyPieces, openNpy } from '../run/npy-file.js'
import { withFile } from '../run/store.js'
import { asInfomotionError, InfomotionError } from '../runtime/errors.js'
import { expectList, expectOptions, invalid } from '../runtime/expect.js'
import { readParquet } from './parquet.js'
import { expectRoom, notFinite, unreadable } from './rows.js'
import { readIds, readTableOf } from './table.js'
import type { Embeddings, Found } from './types.js'

export interface ReadEmbeddingsOptions {
  /** What each row belongs to, in place of what the file says: a list, or a file with one id a line, or a CSV with a column of them. */
  ids?: readonly string[] | string
  /** Names of a table's columns that are no features, besides label, split, group and the like. */
  omit?: readonly string[]
  signal?: AbortSignal
}

/** What files begin with that are often taken for embeddings, and how they become some. */
const OTHERS: readonly [magic: string, what: string][] = [
  ['PK', 'it is a ZIP archive (.npz, .pt): save one array by np.save("embeddings.npy", array)'],
  ['\x80', 'it is a Python pickle (.pkl, .pt): save one array by np.save("embeddings.npy", array)'],
  ['\x89HDF', 'it is HDF5: save one array by np.save("embeddings.npy", array)'],
  ['ARROW1', 'it is Arrow IPC (Feather): save it as Parquet'],
  ['\x1f\x8b', 'it is compressed (gzip): unpack it first'],
]

/**
 * Reads embeddings of clips, whatever made them: a `.npy` file, a CSV or TSV file, or Parquet (through `hyparquet`, an
 * optional peer). The format is told by what the file begins with.
 *
 * - `.npy`: an array [rows, dim] of any kind of numbers. It has no ids: give them by `ids`, or rows are taken in order.
 * - CSV and Parquet: a column of ids (`path`, `file`, `FileName`, `id`, `name` or the like, or else the first of text), and
 *   either a column of lists (`embedding`) or columns of a number each. Columns such as `label`, `EF`, `split` or `patient` are
 *   left out, and so are those that hold text.
 *
 * Rows are read some at a time, so that little more memory is taken than the embeddings need in single precision.
 *
 * @throws {InfomotionError} `EMBEDDINGS_UNREADABLE`, `EMBEDDING_NOT_FINITE` (names row and column), `EMBEDDINGS_TOO_LARGE`,
 *   `NPY_UNREADABLE`, `HYPARQUET_MISSING`, `INVALID_ARGUMENT`, `ABORTED`, the system's code (`ENOENT`, ...)
 * @example
 * ```js
 * const { features, ids } = await readEmbeddings('embeddings.npy', { ids: ['Videos/0X1A.avi', 'Videos/0X1B.avi'] })
 * console.log(features.rows, features.dim, ids[0])
 * ```
 */
export async function readEmbeddings(file: string, options: ReadEmbeddingsOptions = {}): Promise<Embeddings> {
  if (typeof file !== 'string' || file === '') throw invalid('the path of a file of embeddings', 'file', file)
  expectOptions(options, 'readEmbeddings', ['ids', 'omit', 'signal'])
  const { signal } = options
  const omit = expectList(options.omit ?? [], 'omit')
  const format = await formatOf(file, signal)
  const read = { npy: readArray, csv: readTableOf, parquet: readParquet }[format]
  const found = await read(file, omit, signal)
  const ids = options.ids === undefined ? found.ids : await idsOf(options.ids, found.features.rows, file, signal)
  return { ...found, ids, source: { name: basename(file), format } }
}

async function formatOf(file: string, signal?: AbortSignal): Promise<Embeddings['source']['format']> {
  const first = Buffer.alloc(8)
  const length = await withFile(file, async (handle) => (await handle.read(first, 0, 8, 0)).bytesRead, signal).catch(
    (error) => {
      const { code, message } = asInfomotionError(error)
      throw new InfomotionError(code, `Expected embeddings in ${file}: ${message}.`, { cause: error })
    },
  )
  if (length === 0) throw unreadable(file, 'it is empty')
  const magic = first.toString('latin1', 0, length)
  if (magic.startsWith('\x93NUMPY')) return 'npy'
  if (magic.startsWith('PAR1')) return 'parquet'
  const other = OTHERS.find(([start]) => magic.startsWith(start))
  if (other) throw unreadable(file, other[1])
  if (/^\.(npy|parquet|pq)$/i.test(extname(file))) throw unreadable(file, 'it does not begin as its name says')
  return 'csv'
}

/** Embeddings out of a `.npy` file: [rows, dim]. */
function readArray(file: string, _: readonly string[], signal?: AbortSignal): Promise<Found> {
  return openNpy(file, signal, async (head, handle) => {
    const { shape, fortran } = head
    if (shape.length !== 2 || shape.includes(0))
      throw unreadable(
        file,
        `its shape is (${shape.join(', ')}), where (rows, numbers) was expected${shape.length > 2 ? ': average over views and frames first' : ''}`,
      )
    const [rows, dim] = shape
    expectRoom(file, rows, dim)
    const values = new Float32Array(rows * dim)
    let at = 0
    for await (const piece of npyPieces(head, handle, signal)) {
      for (let i = 0; i < piece.length; i++, at++) {
        const [row, column] = fortran ? [at % rows, Math.floor(at / rows)] : [0, at]
        const place = row * dim + column
        values[place] = Number(piece[i])
        if (!Number.isFinite(values[place]))
          throw notFinite(file, `row ${Math.floor(place / dim)}, column ${place % dim} (from 0)`, Number(piece[i]))
      }
    }
    return { features: { rows, dim, values }, leftOut: [] }
  })
}

async function idsOf(
  given: readonly string[] | string,
  rows: number,
  file: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const ids = typeof given === 'string' ? await readIds(given, signal) : [...expectList(given, 'ids')]
  const wrong = ids.find((id) => typeof id !== 'string')
  if (wrong !== undefined) throw invalid('a list of texts', 'ids', wrong)
  if (ids.length === rows) return ids
  const where = typeof given === 'string' ? basename(given) : 'ids'
  throw new InfomotionError(
    'EMBEDDINGS_UNREADABLE',
    `Expected as many ids as embeddings, but ${where} has ${ids.length} for the ${rows} rows of ${basename(file)}. A text file holds one ` +
      'id a line and no header; a CSV has a header line.',
  )
}
