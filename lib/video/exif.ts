/** Grey levels, row by row. */
interface Picture {
  pixels: Uint8Array
  width: number
  height: number
}

/**
 * How a camera says that its picture is to be turned (Exif 2.32, 4.6.5, tag 0112 in the first directory): 1 as it is, 2 mirrored,
 * 3 by 180 degrees, 4 upside down, 5 mirrored about the first diagonal, 6 clockwise, 7 about the other diagonal, 8
 * anticlockwise. 1 where it does not say, or nothing that can be.
 */
export function orientationOf(jpeg: Buffer): number {
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === 0xda || jpeg[at + 1] === 0xd9) break // the scan: Exif stands before
    const body = jpeg.subarray(at + 4, at + 2 + jpeg.readUInt16BE(at + 2))
    if (jpeg[at + 1] === 0xe1 && body.toString('latin1', 0, 6) === 'Exif\0\0') return inDirectory(body.subarray(6))
  }
  return 1
}

/** TIFF 6.0, section 2: byte order, 42, where the first directory is; there a count, and entries of 12 bytes. */
function inDirectory(tiff: Buffer): number {
  const order = tiff.toString('latin1', 0, 2)
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return 1
  const short = (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const start = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (start + 2 > tiff.length) return 1
  for (let i = 0, at = start + 2; i < short(start) && at + 12 <= tiff.length; i++, at += 12) {
    if (short(at) !== 0x0112) continue
    const value = short(at + 8)
    return value >= 1 && value <= 8 ? value : 1
  }
  return 1
}

/** A picture turned as its orientation asks for. */
export function turned(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture
  const { pixels, width: w, height: h } = picture
  const sideways = orientation >= 5
  const [width, height] = sideways ? [h, w] : [w, h]
  const right = [2, 3, 7, 8].includes(orientation) // columns of the picture as stored are counted from its right
  const below = [3, 4, 6, 7].includes(orientation) // rows from below
  const out = new Uint8Array(pixels.length)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [column, row] = sideways ? [y, x] : [x, y]
      out[at++] = pixels[(below ? h - 1 - row : row) * w + (right ? w - 1 - column : column)]
    }
  return { pixels: out, width, height }
}
