import { InfomotionError } from '../runtime/errors.js'
import { runJob } from '../runtime/job.js'
import type { NativeAvi } from '../runtime/native.js'
import { jpegAddon } from './jpeg.js'

/** What an AVI says of itself, and where its frames are (`native/core/video/avi.h`). */
export interface Avi extends Omit<NativeAvi, 'fps'> {
  /** Of frames; undefined where the headers name no rate between 0 and 1000 fps. */
  fps?: number
}

/** The file starts as an AVI does. */
export function isAvi(file: Buffer): boolean {
  return file.length >= 12 && file.toString('latin1', 0, 4) === 'RIFF' && file.toString('latin1', 8, 12) === 'AVI '
}

/**
 * Finds the frames, in a thread of the addon. Nobody may change the bytes meanwhile.
 *
 * @throws VIDEO_TOO_LARGE (more than 2^24 frames), JPEG_NOT_BUILT, ABORTED
 */
export async function walkAvi(file: Uint8Array, signal?: AbortSignal): Promise<Avi> {
  const { fps, promised, ...avi } = await runJob(() => jpegAddon().walkAvi(file), signal)
  const { chunks } = avi.layout
  return { ...avi, promised: Math.ceil(promised / chunks), fps: fps === 0 ? undefined : fps / chunks }
}

/** How many frames it has. */
export function frameCount({ chunks, layout }: Pick<Avi, 'chunks' | 'layout'>): number {
  return Math.floor(chunks.length / 2 / layout.chunks)
}

/** The chunks of the frames from `first` on and before `end`. */
export function chunksOf({ chunks, layout }: Pick<Avi, 'chunks' | 'layout'>, first: number, end: number): Float64Array {
  return chunks.subarray(2 * layout.chunks * first, 2 * layout.chunks * end)
}

const MAX_AVI_BYTES = 2 ** 31

/**
 * The whole file of an MJPEG AVI: header, frames, index; what OpenCV, FFmpeg and the EchoNet loaders read.
 *
 * @param jpegs one JPEG a frame
 * @param fps kept to a thousandth
 * @throws VIDEO_TOO_LARGE above 2 GiB: sizes and places in an AVI have 32 bits, which many readers take for signed
 */
export function buildAvi(jpegs: Uint8Array[], width: number, height: number, fps: number): Buffer {
  const bytes = jpegs.reduce((sum, jpeg) => sum + jpeg.length + 25, 1024) // 8 before, 16 in the index, 1 to be even
  if (bytes > MAX_AVI_BYTES)
    throw new InfomotionError(
      'VIDEO_TOO_LARGE',
      `${jpegs.length} frames of ${width} x ${height} would make an AVI of ${bytes} bytes, where 2 GiB are the most. ` +
        'Write fewer frames a file, or of a lower quality.',
    )
  const largest = jpegs.reduce((most, jpeg) => Math.max(most, jpeg.length), 0)
  const scale = Number.isInteger(fps) ? 1 : 1000
  const rate = Math.round(fps * scale)
  const avih = words(
    Math.round(1e6 / fps), // microseconds a frame
    Math.round(largest * fps), // most bytes a second
    0,
    0x10, // AVIF_HASINDEX
    jpegs.length,
    0,
    1, // streams
    largest,
    width,
    height,
    ...[0, 0, 0, 0],
  )
  const strh = Buffer.concat([
    Buffer.from('vidsMJPG'),
    words(0, 0, 0, scale, rate, 0, jpegs.length, largest, 0xffffffff, 0, 0, width | (height << 16)),
  ])
  const bitmap = words(40, width, height, 1 | (24 << 16), fourcc('MJPG'), width * height * 3, 0, 0, 0, 0)
  const stream = list('strl', [chunk('strh', strh), chunk('strf', bitmap)])
  const header = list('hdrl', [chunk('avih', avih), stream])
  const index = Buffer.alloc(16 * jpegs.length)
  let offset = 4 // from the "movi" that opens the list
  jpegs.forEach((jpeg, i) => {
    index.write('00dc', 16 * i, 'latin1')
    index.writeUInt32LE(0x10, 16 * i + 4) // AVIIF_KEYFRAME
    index.writeUInt32LE(offset, 16 * i + 8)
    index.writeUInt32LE(jpeg.length, 16 * i + 12)
    offset += 8 + jpeg.length + (jpeg.length & 1)
  })
  const movi = list(
    'movi',
    jpegs.map((jpeg) => chunk('00dc', jpeg)),
  )
  return list('AVI ', [header, movi, chunk('idx1', index)]).fill('RIFF', 0, 4)
}

function words(...values: number[]): Buffer {
  const out = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => {
    out.writeUInt32LE(value >>> 0, 4 * i)
  })
  return out
}

function fourcc(code: string): number {
  return Buffer.from(code, 'latin1').readUInt32LE(0)
}

function chunk(id: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.write(id, 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)])
}

function list(type: string, chunks: Buffer[]): Buffer {
  return chunk('LIST', Buffer.concat([Buffer.from(type, 'latin1'), ...chunks]))
}
