/** Writes DICOM files element by element, right or wrong: explicit VR, little endian. */

/** A value as it is written: bytes, text, or numbers of the type's width; an item is a list of elements. */
type Value = Buffer | string | number | readonly number[] | readonly Buffer[]

const LONG = ['OB', 'OW', 'SQ', 'UN', 'OV']

/** One element; `tag` as "00280010". */
export function element(tag: string, vr: string, value: Value, length?: number): Buffer {
  const body = bodyOf(vr, value)
  const padded =
    body.length % 2 ? Buffer.concat([body, Buffer.from(vr === 'UI' || LONG.includes(vr) ? '\0' : ' ')]) : body
  const isLong = LONG.includes(vr)
  const head = Buffer.alloc(isLong ? 12 : 8)
  head.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0)
  head.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2)
  head.write(vr, 4, 'latin1')
  if (isLong) head.writeUInt32LE(length ?? padded.length, 8)
  else head.writeUInt16LE(length ?? padded.length, 6)
  return Buffer.concat([head, padded])
}

function bodyOf(vr: string, value: Value): Buffer {
  if (Buffer.isBuffer(value)) return value
  if (typeof value === 'string') return Buffer.from(value, 'latin1')
  if (typeof value === 'number') return bodyOf(vr, [value])
  if (Buffer.isBuffer(value[0])) return Buffer.concat((value as Buffer[]).map((body) => item(body)))
  const numbers = value as readonly number[]
  const size = vr === 'UL' ? 4 : 2
  const body = Buffer.alloc(size * numbers.length)
  numbers.forEach((number, i) => {
    if (size === 4) body.writeUInt32LE(number, 4 * i)
    else body.writeUInt16LE(number & 0xffff, 2 * i)
  })
  return body
}

/** An item of a sequence, or a fragment of pixels. */
export function item(body: Buffer, length = body.length): Buffer {
  const head = Buffer.from('feff00e000000000', 'hex')
  head.writeUInt32LE(length >>> 0, 4)
  return Buffer.concat([head, body])
}

export const UNDEFINED = 0xffffffff
const DELIMITER = Buffer.from('feffdde000000000', 'hex')

/** Encapsulated pixels: a table of offsets, then fragments. */
export function fragments(pieces: readonly Buffer[], table: readonly number[] = []): Buffer {
  const padded = pieces.map((piece) => (piece.length % 2 ? Buffer.concat([piece, Buffer.alloc(1)]) : piece))
  const body = Buffer.concat([item(bodyOf('UL', table)), ...padded.map((piece) => item(piece)), DELIMITER])
  return element('7fe00010', 'OB', body, UNDEFINED)
}

export const EXPLICIT = '1.2.840.10008.1.2.1'

/** A file of these elements. */
export function dicom(elements: readonly Buffer[], syntax = EXPLICIT): Buffer {
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element('00020010', 'UI', syntax), ...elements])
}

/** What describes grey pixels of 8 bits; `more` is put where its tags belong. */
export function described(
  width: number,
  height: number,
  frames: number | string,
  more: readonly Buffer[] = [],
): Buffer[] {
  const own = [
    element('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.3.1'),
    element('00280002', 'US', 1),
    element('00280004', 'CS', 'MONOCHROME2'),
    element('00280008', 'IS', String(frames)),
    element('00280010', 'US', height),
    element('00280011', 'US', width),
    element('00280100', 'US', 8),
    element('00280101', 'US', 8),
    element('00280102', 'US', 7),
    element('00280103', 'US', 0),
  ]
  const tagOf = (bytes: Buffer) => bytes.readUInt16LE(0) * 65536 + bytes.readUInt16LE(2)
  const replaced = new Set(more.map(tagOf))
  return [...own.filter((bytes) => !replaced.has(tagOf(bytes))), ...more].sort((a, b) => tagOf(a) - tagOf(b))
}

/** A clip of plain grey frames, whose pixels are their own numbers. */
export function greyClip(width: number, height: number, frames: number, more: readonly Buffer[] = []): Buffer {
  const pixels = Buffer.from(Uint8Array.from({ length: width * height * frames }, (_, i) => (i * 7 + (i >> 4)) & 255))
  return dicom([...described(width, height, frames, more), element('7fe00010', 'OB', pixels)])
}
