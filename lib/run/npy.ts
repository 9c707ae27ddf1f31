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

/** An array out of a `.npy` file. */
export interface Npy {
  /** In C order: the last index runs fastest. float16 is read as Float32Array, bool as Uint8Array (0, 1). */
  data: NpyArray
  /** Lengths of the axes; empty for a number alone. */
  shape: number[]
}

/** numpy's names of the types that are written, least significant byte first. */
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

/** What each kind and size of number is read as, in either order of bytes. */
const READ = { ...TYPES, '|b1': Uint8Array, '<f2': Uint16Array } as const

/** Types of numpy that are no plain numbers, by their letter, and how they are saved as some. */
const REFUSED: Readonly<Record<string, string>> = {
  O: 'Python objects, which only Python reads: save a plain array (np.save of array.astype("float32"))',
  U: 'text: save text by np.savetxt("ids.txt", ids, fmt="%s")',
  S: 'text: save text by np.savetxt("ids.txt", ids, fmt="%s")',
  V: 'records: save their columns as one array of numbers',
  c: 'complex numbers: save real and imaginary parts',
  M: 'dates: save them as int64',
  m: 'durations: save them as int64',
}

/** Longest header that is read: version 1 has no longer ones, and only record types, which are not read here, need more. */
export const MAX_HEADER = 2 ** 16

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')

/** What the head of a `.npy` file says of the array behind it. */
export interface NpyHead {
  /** numpy's name of the type: "<f4". */
  type: string
  shape: number[]
  /** Product of the shape. */
  count: number
  /** Bytes of one value in the file. */
  size: number
  /** Where the values begin. */
  start: number
  /** The first index runs fastest. */
  fortran: boolean
  /** Values out of their bytes, which may be turned round in place; they start at a multiple of 8. */
  valuesOf(bytes: Uint8Array<ArrayBuffer>): NpyArray
}

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

/** The head and the bytes of a typed array as a `.npy` file. */
export function npyParts(
  data: NpyArray,
  shape: readonly number[] = [data?.length],
  comment?: string,
): [Buffer, Uint8Array] {
  const type = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((name) => data instanceof TYPES[name])
  if (!type) throw invalid('a typed array', 'data', data)
  const fits = Array.isArray(shape) && shape.every((side) => Number.isSafeInteger(side) && side >= 0)
  if (!fits || shape.reduce((product, side) => product * side, 1) !== data.length)
    throw invalid(`a shape of ${data.length} elements`, 'shape', Array.isArray(shape) ? `[${shape.join(', ')}]` : shape)
  return [npyHeader(type, shape, comment), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
}

/**
 * A typed array as a `.npy` file, which numpy.load reads.
 *
 * @example
 * ```js
 * await writeFile('flow.npy', encodeNpy(flow, [pairs, height, width, 2]))
 * ```
 */
export function encodeNpy(data: NpyArray, shape?: readonly number[], comment?: string): Buffer {
  return Buffer.concat(npyParts(data, shape, comment))
}

/**
 * The array in a `.npy` file: versions 1 to 3, numbers of any kind and order of bytes, C or Fortran order.
 *
 * @throws {InfomotionError} `NPY_UNREADABLE`
 * @example
 * ```js
 * const { data, shape } = decodeNpy(await readFile('flow.npy'))
 * ```
 */
export function decodeNpy(file: Uint8Array): Npy {
  const head = npyHead(file)
  expectLength(head, file.byteLength)
  const body = new Uint8Array(head.count * head.size) // typed arrays must start at a multiple of their element's size
  body.set(file.subarray(head.start))
  return { data: inOrder(head, head.valuesOf(body)), shape: head.shape }
}

/**
 * Reads a head out of the first bytes of a file: all of it, or {@link MAX_HEADER} of them.
 *
 * @throws {InfomotionError} `NPY_UNREADABLE`
 */
export function npyHead(file: Uint8Array): NpyHead {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.length < 12 || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw unreadable('it does not start with \\x93NUMPY')
  const version = bytes[MAGIC.length]
  if (version < 1 || version > 3) throw unreadable(`it is of version ${version}, which is none of 1 to 3`)
  const start = MAGIC.length + (version > 1 ? 6 : 4)
  const end = start + (version > 1 ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8))
  if (end > MAX_HEADER) throw unreadable(`its header takes ${end} bytes; that of a plain array takes 128`)
  if (end > bytes.length) throw unreadable(`its header ends at byte ${end} and it has ${bytes.length}`)
  const head = bytes.toString('latin1', start, end)
  const descr = /['"]descr['"]:\s*(?:(['"])([^'"]*)\1|(\[))/.exec(head)
  if (!descr) throw unreadable('its header names no type')
  const fortran = /['"]fortran_order['"]:\s*(True|False)\b/.exec(head)?.[1]
  if (!fortran) throw unreadable('its header does not say whether it is in Fortran order')
  const tuple = /['"]shape['"]:\s*\(([\dL,\s]*)\)/.exec(head)?.[1]
  if (tuple === undefined) throw unreadable('its header names no shape')
  const shape = shapeOf(tuple)
  const count = shape?.reduce((product, side) => product * side, 1) ?? Number.NaN
  if (!shape || !Number.isSafeInteger(count)) throw unreadable(`its shape (${tuple}) is none`)
  const type = descr[3] ? 'V' : descr[2]
  return { type, shape, count, start: end, fortran: fortran === 'True', ...typeOf(type) }
}

/** The sides of a tuple as Python writes it, Python 2 as `3L`; undefined: it is none. */
function shapeOf(tuple: string): number[] | undefined {
  const sides = tuple.split(',').map((side) => side.trim())
  if (sides.at(-1) === '' && sides.length !== 2) sides.pop() // (): no side; (2, 3,)
  if (sides.length === 2 && sides[1] === '') sides.pop() // (3,)
  const lengths = sides.map((side) => (/^\d+L?$/.test(side) ? Number(side.replace('L', '')) : Number.NaN))
  return lengths.every(Number.isSafeInteger) ? lengths : undefined
}

/** How values of a type are read. */
function typeOf(descr: string): Pick<NpyHead, 'size' | 'valuesOf'> {
  const [, order, kind, bytes] = /^([<>=|]?)([a-zA-Z?])(\d*)/.exec(descr) ?? []
  const name = `${bytes === '1' ? '|' : '<'}${kind}${bytes}`
  if (`${order}${kind}${bytes}` !== descr || !Object.hasOwn(READ, name)) {
    const why = Object.hasOwn(REFUSED, kind ?? '') ? `, ${REFUSED[kind]}` : ` is none of ${Object.keys(READ).join(' ')}`
    throw unreadable(`its type "${descr}"${why}`)
  }
  const Type = READ[name as keyof typeof READ]
  const size = Type.BYTES_PER_ELEMENT
  const valuesOf = (bytes: Uint8Array<ArrayBuffer>): NpyArray => {
    if (order === '>') turnRound(bytes, size)
    const values = new Type(bytes.buffer, bytes.byteOffset, bytes.byteLength / size)
    return name === '<f2' ? fromHalf(values as Uint16Array) : values
  }
  return { size, valuesOf }
}

/** Most significant byte last, in place. */
function turnRound(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (size === 2) buffer.swap16()
  if (size === 4) buffer.swap32()
  if (size === 8) buffer.swap64()
}

/** Half precision (IEEE 754 binary16: a sign, 5 bits of exponent, 10 of mantissa) as single. */
export function fromHalf(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    const sign = half >> 15 ? -1 : 1
    const exponent = (half >> 10) & 31
    const mantissa = half & 1023
    if (exponent === 31) return mantissa ? Number.NaN : sign * Infinity
    return exponent ? sign * 2 ** (exponent - 15) * (1 + mantissa / 1024) : sign * 2 ** -14 * (mantissa / 1024)
  })
}

/** Values in C order: Fortran's have their first index running fastest. */
export function inOrder<Values extends NpyArray>({ shape, fortran }: NpyHead, values: Values): Values {
  if (!fortran || shape.length < 2) return values
  const ordered = new (values.constructor as new (length: number) => Values)(values.length)
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, side) => product * side, 1))
  const index = shape.map(() => 0)
  for (let i = 0, from = 0; i < values.length; i++) {
    ordered[i] = values[from]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]
      if (++index[axis] < shape[axis]) break
      from -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return ordered
}

/** A file holds its values and nothing behind them: it is neither cut short nor two in one. */
export function expectLength({ start, count, size, shape }: NpyHead, bytes: number): void {
  if (bytes - start === count * size) return
  throw unreadable(
    `shape (${shape.join(', ')}) of ${size} bytes a value takes ${count * size} bytes, it has ${bytes - start}`,
  )
}

/** The comment in the head of a `.npy` file, or undefined. */
export function npyComment(file: Uint8Array): string | undefined {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.byteLength, MAX_HEADER)).toString('latin1')
  return /^[^\n#]*# ([^\n]*?) *\n/.exec(head.slice(MAGIC.length + 4))?.[1]
}

function unreadable(why: string): InfomotionError {
  return new InfomotionError('NPY_UNREADABLE', `Expected a .npy file, but ${why}.`)
}
