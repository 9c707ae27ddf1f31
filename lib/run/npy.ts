import { InfomotionError } from '../runtime/errors.js'
import { invalid } from '../runtime/expect.js'

/** The arrays that `.npy` files hold. */
export type NpyArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** numpy's names of the types, least significant byte first. */
const TYPES = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '<i2': Int16Array,
  '<u2': Uint16Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '<i8': BigInt64Array,
  '<u8': BigUint64Array,
} as const

/** Longest header that is read: version 1 has no longer ones, and only record types, which are not read here, need more. */
const MAX_HEADER = 2 ** 16

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')

/**
 * The head of a `.npy` file (NumPy Enhancement Proposal 1, version 1.0): the array's bytes follow it. For arrays that
 * are written piece by piece; {@link encodeNpy} makes whole files.
 *
 * @param comment - what {@link npyComment} finds: the head is a Python expression, behind which readers skip a comment
 */
export function npyHeader(type: keyof typeof TYPES, shape: readonly number[], comment?: string): Buffer {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const plain = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`
  const dictionary = comment === undefined ? plain : `${plain} # ${comment}`
  const before = MAGIC.length + 4 // version and length
  const padding = 64 - ((before + dictionary.length + 1) % 64) // the data starts at a multiple of 64
  const text = Buffer.from(`${dictionary}${' '.repeat(padding % 64)}\n`, 'latin1')
  const length = Buffer.alloc(2)
  length.writeUInt16LE(text.length)
  return Buffer.concat([MAGIC, Buffer.from([1, 0]), length, text])
}

/**
 * A typed array as a `.npy` file, which numpy.load reads.
 *
 * @example
 * ```js
 * await writeFile('flow.npy', encodeNpy(flow, [pairs, height, width, 2]))
 * ```
 */
export function encodeNpy(data: NpyArray, shape: readonly number[] = [data.length], comment?: string): Buffer {
  if (shape.reduce((product, side) => product * side, 1) !== data.length)
    throw invalid(`a shape of ${data.length} elements`, 'shape', `[${shape.join(', ')}]`)
  const type = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((name) => data instanceof TYPES[name])
  if (!type) throw invalid('a typed array', 'data', data)
  return Buffer.concat([npyHeader(type, shape, comment), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])
}

/** What the head of a `.npy` file says. */
export interface NpyHead {
  /** numpy's name of the type: "<f4". */
  type: string
  shape: number[]
  /** The first index runs fastest. */
  fortran: boolean
  /** Where the array's bytes begin. */
  start: number
}

/**
 * Reads the head of a `.npy` file (versions 1 to 3), of which `file` is the beginning at least.
 *
 * @throws {InfomotionError} `NPY_UNREADABLE`
 */
export function npyHead(file: Uint8Array): NpyHead {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.length < 12 || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw unreadable('it does not start with \\x93NUMPY')
  const wide = bytes[MAGIC.length] >= 2
  const start = MAGIC.length + (wide ? 6 : 4)
  const end = start + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8))
  if (end > bytes.length) throw unreadable(`its header ends at byte ${end} and it has ${bytes.length}`)
  if (end > MAX_HEADER) throw unreadable(`its header takes ${end} bytes; that of a plain array takes 128`)
  const head = bytes.toString('latin1', start, end)
  const type = /'descr':\s*'([^']*)'/.exec(head)?.[1] ?? 'none'
  const tuple = /'shape':\s*\(([\d,\s]*)\)/.exec(head)?.[1]
  if (tuple === undefined) throw unreadable('its header names no shape')
  const shape = tuple
    .split(',')
    .filter((side) => side.trim() !== '')
    .map(Number)
  if (!shape.every(Number.isSafeInteger)) throw unreadable(`its shape (${tuple}) is none`)
  return { type, shape, fortran: /'fortran_order':\s*True/.test(head), start: end }
}

/**
 * The array in a `.npy` file (versions 1 to 3, C order, least significant byte first).
 *
 * @throws {InfomotionError} `NPY_UNREADABLE`
 * @example
 * ```js
 * const { data, shape } = decodeNpy(await readFile('flow.npy'))
 * ```
 */
export function decodeNpy(file: Uint8Array): { data: NpyArray; shape: number[] } {
  const { type, shape, fortran, start } = npyHead(file)
  if (fortran) throw unreadable('it is in Fortran order; save it from a C-ordered array')
  if (!Object.hasOwn(TYPES, type)) throw unreadable(`its type "${type}" is none of ${Object.keys(TYPES).join(' ')}`)
  const count = shape.reduce((product, side) => product * side, 1)
  const Type = TYPES[type as keyof typeof TYPES]
  const body = file.subarray(start)
  const bytes = count * Type.BYTES_PER_ELEMENT
  if (body.length !== bytes)
    throw unreadable(`shape (${shape.join(', ')}) of ${type} takes ${bytes} bytes, it has ${body.length}`)
  const copy = new Uint8Array(body) // typed arrays must start at a multiple of their element's size
  return { data: new Type(copy.buffer, 0, count), shape }
}

/** The comment in the head of a `.npy` file, or undefined. */
export function npyComment(file: Uint8Array): string | undefined {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.byteLength, MAX_HEADER)).toString('latin1')
  return /^[^\n#]*# ([^\n]*?) *\n/.exec(head.slice(MAGIC.length + 4))?.[1]
}

function unreadable(why: string): InfomotionError {
  return new InfomotionError('NPY_UNREADABLE', `Expected a .npy file, but ${why}.`)
}
