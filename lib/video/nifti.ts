import { promisify } from 'node:util'
import { constants, createGunzip, gunzipSync, gunzip as gunzipWithCallback } from 'node:zlib'
import { InfomotionError, throwIfAborted, unlessAborted } from '../runtime/errors.js'
import type { NIFTI1, NIFTI2 } from '../vendor/nifti.js'
import { type ArrayClip, expectClipSize, framesOfArray } from './arrays.js'
import type { Format } from './format.js'
import { SAMPLE_TYPES } from './samples.js'
import type { DecodeOptions, Oddity } from './types.js'

const DECODER = 'nifti'

/**
 * NIfTI-1 and -2 in one file, also packed by gzip (the CAMUS data set's sequences). The first index runs along the rows of
 * the picture and the second down its columns, as the bytes lie in the file and as its viewers show them: numpy users, to
 * whom the first index is the row, see it transposed. Of the further indices one counts the frames; the others are 1.
 */
export const NIFTI: Format = {
  name: 'nifti',
  recognises: (head) => formOf(isGzip(head) ? beginning(head) : head) !== undefined,
  decoder: () => DECODER,
  decode: async (bytes, path, options) => {
    const packed = isGzip(bytes)
    const start = packed ? beginning(bytes) : bytes.subarray(0, HEADER_BYTES)
    const header = await headerOf(start, path)
    const clip = clipOf(header, path)
    const offset = header.vox_offset || formOf(start)!.length + 4 // 0: right behind the header
    if (!Number.isInteger(offset) || offset < formOf(start)!.length || offset > 2 ** 30)
      throw unreadable(path, `a header by which the frames begin at byte ${offset}`)
    if (!packed) return framesOfArray(path, clip, bytes.subarray(offset), options)
    const { inflated, odd } = await inflate(bytes, offset + clip.length, options)
    return framesOfArray(path, clip, inflated.subarray(offset), options, odd)
  },
}

const isGzip = (head: Uint8Array) => head[0] === 0x1f && head[1] === 0x8b && head[2] === 8

/** The longest header, NIfTI-2's, with the four bytes behind it that announce extensions. */
const HEADER_BYTES = 544

/** The beginning of what is packed: 2 KiB hold a header, and unpack to 2 MiB at most (deflate's bound of 1032). */
function beginning(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes.subarray(0, 2048), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, HEADER_BYTES)
  } catch {
    return Buffer.alloc(0)
  }
}

/** The header's length, and whether the frames are in a file of their own. */
function formOf(head: Buffer): { length: number; pair: boolean } | undefined {
  const size = head.length >= 4 ? [head.readInt32LE(0), head.readInt32BE(0)] : []
  const magic = (at: number) => head.toString('latin1', at, at + 3)
  if (size.includes(348) && head.length >= 348) {
    if (magic(344) === 'n+1') return { length: 348, pair: false }
    // Analyze 7.5, the format before NIfTI, has no magic; its "regular" is the letter r
    if (magic(344) === 'ni1' || head[38] === 0x72) return { length: 348, pair: true }
  }
  if (size.includes(540) && head.length >= 540 && /^n[+i]2$/.test(magic(4)))
    return { length: 540, pair: magic(4) === 'ni2' }
  return undefined
}

async function headerOf(start: Buffer, path: string): Promise<NIFTI1 | NIFTI2> {
  const form = formOf(start)
  if (!form) throw unreadable(path, 'a damaged NIfTI header')
  if (form.pair)
    throw new InfomotionError(
      'VIDEO_UNREADABLE',
      `${path} is the header of a pair of files (.hdr and .img). Save both as one file, .nii or .nii.gz, e.g. with nibabel: ` +
        "nibabel.save(nibabel.Nifti1Image.from_image(nibabel.load('x.hdr')), 'x.nii.gz').",
    )
  const bytes = new Uint8Array(HEADER_BYTES)
  bytes.set(start.subarray(0, form.length)) // without extensions, whose lengths could be anything
  const { readHeader } = await import('../vendor/nifti.js') // on first use: whoever reads no NIfTI starts sooner
  try {
    return readHeader(bytes.buffer)
  } catch (cause) {
    throw unreadable(path, `a damaged NIfTI header (${(cause as Error).message})`, cause)
  }
}

/** Types of numbers by their codes (nifti1.h, NIFTI_TYPE_*). */
const TYPES: Readonly<Record<number, Pick<ArrayClip, 'type' | 'channels'> | undefined>> = {
  2: { type: 'u1', channels: 1 },
  4: { type: 'i2', channels: 1 },
  8: { type: 'i4', channels: 1 },
  16: { type: 'f4', channels: 1 },
  64: { type: 'f8', channels: 1 },
  128: { type: 'u1', channels: 3 },
  256: { type: 'i1', channels: 1 },
  512: { type: 'u2', channels: 1 },
  768: { type: 'u4', channels: 1 },
  2304: { type: 'u1', channels: 4 },
}

function clipOf(header: NIFTI1 | NIFTI2, path: string): ArrayClip {
  const { datatypeCode, littleEndian, scl_slope: slope, scl_inter: intercept } = header
  const [rank, width, height, ...further] = header.dims
  const shape = header.dims.slice(1, rank + 1)
  const beyond = further.slice(0, Math.max(rank - 2, 0))
  const long = beyond.filter((side) => side > 1)
  const whole = shape.every((side) => Number.isSafeInteger(side) && side >= 0)
  if (!whole || rank < 2 || rank > 7 || long.length > 1)
    throw unreadable(
      path,
      `an array of the shape (${shape.join(', ')}); expected (width, height, frames), or (width, height, 1, frames)`,
    )
  const kind = TYPES[datatypeCode]
  if (!kind)
    throw unreadable(
      path,
      `numbers of the NIfTI type ${datatypeCode}; save it as uint8, int16, uint16, float32 or float64`,
    )
  const { type, channels } = kind
  const count = beyond.includes(0) ? 0 : (long[0] ?? 1)
  const length = count * height * width * channels * SAMPLE_TYPES[type].BYTES_PER_ELEMENT
  expectClipSize(path, { count, width, height, length })
  const steps = { frame: height * width * channels, row: width * channels, column: channels, channel: 1 }
  const scaled = Number.isFinite(slope) && slope !== 0 && channels === 1
  return {
    ...{ type, channels, bigEndian: !littleEndian, count, width, height, steps, length },
    ...{ backend: 'nifti', decoder: DECODER },
    ...(scaled && { slope, intercept: Number.isFinite(intercept) ? intercept : 0 }),
    fps: rateOf(header, count),
  }
}

/** Seconds by the code of the unit of time (nifti1.h, NIFTI_UNITS_*). */
const SECONDS: Readonly<Record<number, number | undefined>> = { 8: 1, 16: 1e-3, 24: 1e-6 }

/** Frames a second, where the fourth index counts the frames and its distance has a unit of time. */
function rateOf({ dims, pixDims, xyzt_units }: NIFTI1 | NIFTI2, count: number): number | undefined {
  const unit = SECONDS[xyzt_units & 0x38]
  if (unit === undefined || dims[0] < 4 || dims[4] !== count) return undefined
  // the header has single precision: 0.02 s is 0.0199999996
  const fps = Number((1 / (pixDims[4] * unit)).toPrecision(7))
  return fps > 0 && fps <= 1000 ? fps : undefined
}

/** What may lie behind the frames and still be looked at, since behind that is the checksum. */
const BEHIND = 2 ** 16

/** Unpacks as many bytes as the header promises, and no more. What is damaged or cut short gives what comes before that. */
async function inflate(
  bytes: Buffer,
  length: number,
  { signal, reserve }: DecodeOptions,
): Promise<{ inflated: Buffer; odd: Oddity[] }> {
  await reserve?.(length)
  const whole = gunzip(bytes, { maxOutputLength: length + BEHIND, chunkSize: 2 ** 18 })
  const inflated = await unlessAborted(whole, signal).catch((error) => {
    throwIfAborted(signal)
    return error as Error
  })
  if (inflated instanceof Buffer) return { inflated: inflated.subarray(0, length), odd: [] }
  const { parts, error } = await beforeFault(bytes, length)
  throwIfAborted(signal)
  const odd: Oddity[] = error ? [{ kind: 'damaged', text: `What is packed is damaged: ${error.message}.` }] : []
  return { inflated: Buffer.concat(parts).subarray(0, length), odd }
}

const gunzip = promisify(gunzipWithCallback)

/** What comes out of a damaged stream, as far as it is needed; zlib keeps to itself the last piece, so pieces are small. */
function beforeFault(bytes: Buffer, length: number): Promise<{ parts: Buffer[]; error?: Error }> {
  return new Promise((done) => {
    const parts: Buffer[] = []
    let there = 0
    const stream = createGunzip({ chunkSize: 4096 })
    stream.on('data', (part: Buffer) => {
      parts.push(part)
      there += part.length
      if (there < length) return
      stream.destroy()
      done({ parts })
    })
    stream.on('end', () => done({ parts }))
    stream.on('error', (error) => done({ parts, error }))
    stream.end(bytes)
  })
}

function unreadable(path: string, found: string, cause?: unknown): InfomotionError {
  return new InfomotionError('VIDEO_UNREADABLE', `Expected a clip in ${path}, but found ${found}.`, { cause })
}
