/** Two bytes stand for at most 128. */
const MAX_RATIO = 64

/**
 * RLE Lossless (PS3.5, annex G): a header of 16 numbers of 32 bits, how many segments there are and where each starts, then
 * the segments, each one byte of each pixel of one sample, the most significant first, packed as Macintosh's PackBits.
 *
 * @param pixels - of a frame
 * @param samples - of a pixel
 * @param width - bytes of a sample
 * @returns sample after sample (planar), each value with its least significant byte first; undefined where the frame is damaged
 */
export function decodeRle(frame: Buffer, pixels: number, samples: number, width: number): Buffer | undefined {
  const segments = samples * width
  if (frame.length < 64 || frame.readUInt32LE(0) !== segments) return undefined
  if (pixels * segments > MAX_RATIO * frame.length) return undefined
  const out = Buffer.alloc(pixels * segments)
  for (let segment = 0; segment < segments; segment++) {
    const start = frame.readUInt32LE(4 + 4 * segment)
    const end = segment + 1 < segments ? frame.readUInt32LE(8 + 4 * segment) : frame.length
    if (start < 64 || end < start || end > frame.length) return undefined
    const sample = Math.floor(segment / width)
    const place = sample * pixels * width + (width - 1 - (segment % width))
    if (!unpack(frame.subarray(start, end), out, place, width, pixels)) return undefined
  }
  return out
}

/** Writes `count` bytes, each `step` behind the one before. Whether there were so many. */
function unpack(packed: Buffer, out: Buffer, place: number, step: number, count: number): boolean {
  let at = 0
  let left = count
  while (left > 0 && at < packed.length) {
    const head = packed[at++]
    if (head === 128) continue
    const length = Math.min(left, head < 128 ? head + 1 : 257 - head)
    if (at + (head < 128 ? length : 1) > packed.length) return false
    for (let i = 0; i < length; i++, place += step) out[place] = packed[head < 128 ? at + i : at]
    at += head < 128 ? head + 1 : 1
    left -= length
  }
  return left === 0
}
