import { types } from 'node:util'
import { InfomotionError } from '../runtime/errors.js'
import { expectInteger, expectOptions, invalid } from '../runtime/expect.js'

/** One flow field: height * width pairs (u, v) in px, row by row. */
export interface FlowField {
  flow: Float32Array
  width: number
  height: number
}

/** Flow that is not known: both values of a pixel are above 1e9 (Middlebury's convention), or no numbers. */
export const UNKNOWN_FLOW = 1e10

/** Whether the vector at flow[i], flow[i + 1] is known. */
export function isKnown(flow: Float32Array, i: number): boolean {
  return Math.abs(flow[i]) <= 1e9 && Math.abs(flow[i + 1]) <= 1e9
}

/** What a field may have: also what results of `farneback` and `flowPairs` say of themselves. */
const FIELD = ['flow', 'width', 'height', 'pair', 'pairs', 'device', 'deviceReason', 'pixels']

/** Checks a field's size. */
export function expectField<T extends FlowField>(field: T): T {
  if (typeof field !== 'object' || field === null) throw invalid('an object { flow, width, height }', 'field', field)
  expectOptions(field, 'field', FIELD)
  const width = expectInteger(field.width, 'field.width', 1)
  const height = expectInteger(field.height, 'field.height', 1)
  if (types.isFloat32Array(field.flow) && field.flow.length === width * height * 2) return field
  throw invalid(`a Float32Array of ${height} x ${width} x 2 values`, 'field.flow', field.flow)
}

/** The first four bytes of a `.flo` file, "PIEH", as a float. */
const MAGIC = 202021.25
const HEADER_BYTES = 12

/** A flow field as a `.flo` file (Middlebury: magic, int32 width, int32 height, then (u, v) as float32). */
export function encodeFlo(field: FlowField): Buffer {
  const { flow, width, height } = expectField(field)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeFloatLE(MAGIC, 0)
  header.writeInt32LE(width, 4)
  header.writeInt32LE(height, 8)
  return Buffer.concat([header, new Uint8Array(flow.buffer, flow.byteOffset, flow.byteLength)])
}

/**
 * The flow field in a `.flo` file. Values above 1e9 mark unknown flow, by the format's convention.
 *
 * @param name - stands for the file in error messages
 * @throws {InfomotionError} `FLO_UNREADABLE`
 */
export function decodeFlo(file: Uint8Array, name = 'the file'): FlowField {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const refuse = (why: string) => new InfomotionError('FLO_UNREADABLE', `Expected a .flo file in ${name}, but ${why}.`)
  if (bytes.length < HEADER_BYTES || bytes.readFloatLE(0) !== MAGIC) throw refuse('it does not start with "PIEH"')
  const width = bytes.readInt32LE(4)
  const height = bytes.readInt32LE(8)
  const expected = width > 0 && height > 0 ? HEADER_BYTES + width * height * 8 : 0
  if (bytes.length !== expected) throw refuse(`${width} x ${height} takes ${expected} bytes and it has ${bytes.length}`)
  const body = new Uint8Array(bytes.subarray(HEADER_BYTES)) // copied: floats must start at a multiple of four
  return { flow: new Float32Array(body.buffer), width, height }
}
