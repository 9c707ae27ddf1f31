import { types } from 'node:util'
import { invalid } from './expect.js'

/**
 * Typed arrays that callers hand over, told by what they are and not by `instanceof`, which fails for arrays of another
 * realm (a vm context, as test runners use).
 */

/** Bytes as a `Uint8Array`: a `Uint8ClampedArray` (what a canvas gives) is the same memory under another name. */
export function expectBytes(value: unknown, name: string, expected = 'a Uint8Array or Uint8ClampedArray'): Uint8Array {
  const bytes = asBytes(value)
  if (bytes) return bytes
  throw invalid(expected, name, value)
}

/** The bytes of an array of bytes; undefined for anything else. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (types.isUint8Array(value)) return value
  if (types.isUint8ClampedArray(value)) return new Uint8Array(value.buffer, value.byteOffset, value.length)
  return undefined
}

export function expectFloat32(value: unknown, name: string, expected = 'a Float32Array'): Float32Array {
  if (types.isFloat32Array(value)) return value
  throw invalid(expected, name, value)
}

export function expectUint32(value: unknown, name: string): Uint32Array {
  if (types.isUint32Array(value)) return value
  throw invalid('a Uint32Array', name, value)
}
