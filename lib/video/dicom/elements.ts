import { createInflateRaw, constants as zlib } from 'node:zlib'
import type { ByteArrayParser, ByteStream, DataSet, Element } from 'dicom-parser'
import { InfomotionError, throwIfAborted } from '../../runtime/errors.js'
import { require } from '../../runtime/package.js'
import { MAX_CLIP_BYTES, type ReadOptions } from '../types.js'
import { textOf } from './attributes.js'

/** The elements of a DICOM up to its pixels. */
export interface Elements {
  data: DataSet
  /** What `data` and `pixels` point into: the file, or what was deflated in it. */
  bytes: Buffer
  /** The transfer syntax as the file has it ("1.2.840.10008.1.2.1"); "" where it does not say. */
  syntax: string
  bigEndian: boolean
  /** The element (7FE0,0010): where its value starts and how long it says it is; absent: there is none. */
  pixels?: Element
  /** Where reading ended before the pixels, for what stands there cannot be. */
  damage?: number
}

/** dicom-parser, with its own class of data sets, which its types call an interface. */
type Parser = typeof import('dicom-parser') & {
  DataSet: new (parser: ByteArrayParser, bytes: Buffer, elements: object) => DataSet
}

const vendored = () => require('../vendor/dicom.cjs') as { parser: unknown; version: string }

/** Its version. */
export const parserVersion = () => vendored().version

let loaded: Parser | undefined

/** Loaded on first use, past bundlers: packed into an ES module, it fails as it starts. */
function dicomParser(): Parser {
  loaded ??= vendored().parser as Parser
  return loaded
}

const PIXELS = 'x7fe00010'
const DEFLATED = '1.2.840.10008.1.2.1.99'

/** Types of value (PS3.5, 6.2): two letters that stand between tag and length where the transfer syntax is explicit. */
const TYPES = /^(A[EST]|CS|D[AST]|F[LD]|IS|L[OT]|O[BDFLVW]|PN|S[HLQSTV]|TM|U[CILNRSTV])/

/** More elements than these no real file has; each takes memory, however few its bytes. */
const MAX_ELEMENTS = 2 ** 20

/**
 * The file is a DICOM: "DICM" behind 128 bytes (PS3.10, 7.1), or, as older devices write it, at once the elements of group
 * 0002 or 0008, with two letters for the type of value or a short length.
 */
export function isDicom(head: Buffer): boolean {
  if (head.toString('latin1', 128, 132) === 'DICM') return true
  if (head.length < 64) return false
  const swapped = head[0] === 0 && head[1] === 8
  const [group, element] = swapped
    ? [head.readUInt16BE(0), head.readUInt16BE(2)]
    : [head.readUInt16LE(0), head.readUInt16LE(2)]
  const typed = /^(UL|UI|CS|DA|SH|LO|OB)/.test(head.toString('latin1', 4, 6)) || head.readUInt32LE(4) <= 64
  return (group === 2 || group === 8) && element <= 0x18 && typed && head.readUInt32LE(4) > 0
}

/**
 * Reads the elements before the pixels, as far as they go. Byte order and whether types are written are taken from the
 * elements themselves: files exist whose transfer syntax says otherwise, or that say nothing.
 */
export async function readElements(file: Buffer, options: ReadOptions = {}): Promise<Elements> {
  const { littleEndianByteArrayParser: little, bigEndianByteArrayParser: big } = dicomParser()
  const start = file.toString('latin1', 128, 132) === 'DICM' ? 132 : 0
  const meta = read(file, start, little, (at) => file.readUInt16LE(at) !== 2)
  const syntax = textOf(meta.data, 'x00020010') ?? ''
  let [bytes, at] = [file, meta.end]
  if (syntax === DEFLATED) [bytes, at] = [await inflated(file.subarray(at), options), 0]
  const bigEndian = bytes[at] === 0 && bytes[at + 1] > 0
  const { data, damage } = read(bytes, at, bigEndian ? big : little, () => false)
  const element = data.elements[PIXELS] as Element | undefined
  return { data, bytes, syntax, bigEndian, pixels: element, ...(element ? {} : { damage: damage ?? meta.damage }) }
}

/** The elements from `at` on, up to the pixels, the file's end, or where `ends` says so. */
function read(bytes: Buffer, at: number, parser: ByteArrayParser, ends: (at: number) => boolean) {
  const data = new (dicomParser().DataSet)(parser, bytes, {})
  if (at >= bytes.length) return { data, end: bytes.length }
  const stream = limited(new (dicomParser().ByteStream)(parser, bytes, at))
  const typed = TYPES.test(bytes.toString('latin1', at + 4, at + 6))
  try {
    while (stream.position + 8 <= bytes.length && !ends(stream.position)) {
      at = stream.position
      const element = typed ? explicitElement(stream, data) : dicomParser().readDicomElementImplicit(stream, PIXELS)
      data.elements[element.tag] = element
      if (element.tag === PIXELS) break
    }
    return { data, end: Math.min(stream.position, bytes.length) }
  } catch (error) {
    // what dicom-parser throws may hold the patient's data, and goes nowhere
    if (error instanceof InfomotionError) throw error
    return { data, end: bytes.length, damage: at }
  }
}

/** An element with its type, those of 64 bits too, whose lengths dicom-parser 1.8 takes for ones of 16 bits. */
function explicitElement(stream: ByteStream, { warnings, byteArray }: DataSet): Element {
  const { position } = stream
  const vr = (byteArray as Buffer).toString('latin1', position + 4, position + 6)
  if (!/^[OSU]V$/.test(vr)) return dicomParser().readDicomElementExplicit(stream, warnings, PIXELS)
  const tag = dicomParser().readTag(stream)
  stream.seek(4)
  const length = stream.readUint32()
  const dataOffset = stream.position
  stream.seek(length)
  return { tag, vr, length, dataOffset }
}

/** A stream that ends where there are too many elements: each is read by one of these two functions, some by both. */
function limited(stream: ByteStream): ByteStream {
  let left = MAX_ELEMENTS
  const counted = <Args extends unknown[], T>(read: (...args: Args) => T) => {
    return (...args: Args) => {
      if (left-- > 0) return read.apply(stream, args)
      throw new InfomotionError('VIDEO_TOO_LARGE', `A DICOM of more than ${MAX_ELEMENTS} elements is not read here.`)
    }
  }
  stream.readUint32 = counted(stream.readUint32)
  stream.readFixedString = counted(stream.readFixedString)
  return stream
}

/** Deflated bytes as they were, as far as they go. */
async function inflated(bytes: Buffer, { signal, reserve }: ReadOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const inflate = createInflateRaw({ finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: 2 ** 20 })
  inflate.end(bytes)
  try {
    for await (const chunk of inflate) {
      throwIfAborted(signal)
      size += chunk.length
      if (size > MAX_CLIP_BYTES)
        throw new InfomotionError('VIDEO_TOO_LARGE', 'A DICOM that inflates to more than 2 GiB is not read here.')
      await reserve?.(chunk.length)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof InfomotionError) throw error // else the deflated data are damaged: what came before them is kept
  }
  return Buffer.concat(chunks)
}
