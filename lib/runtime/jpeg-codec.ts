import jpegTurbo from '@julusian/jpeg-turbo'

/** Grey pixels of a JPEG (colours as luma). */
export interface GreyImage {
  pixels: Uint8Array
  width: number
  height: number
}

/** What to compress: one byte a pixel, or three (red, green, blue). */
export interface Picture {
  pixels: Uint8Array
  width: number
  height: number
  channels: 1 | 3
  /** 1 to 100. */
  quality: number
}

export type JpegRequest = { decode: Uint8Array } | { encode: Picture }

const GREY = { format: jpegTurbo.FORMAT_GRAY, subsampling: jpegTurbo.SAMP_GRAY }
const COLOUR = { format: jpegTurbo.FORMAT_RGB, subsampling: jpegTurbo.SAMP_444 } // thin arrows keep their colour

/** libjpeg-turbo, in libuv's threads. Rejects where it complains of the JPEG at all. */
export async function decode(jpeg: Uint8Array): Promise<GreyImage> {
  // async: a bad header throws at once, bad data rejects later
  const { data, width, height } = await jpegTurbo.decompress(asBuffer(jpeg), { format: GREY.format })
  return { pixels: data.subarray(0, width * height), width, height }
}

export async function encode({ pixels, width, height, channels, quality }: Picture): Promise<Buffer> {
  const jpeg = await jpegTurbo.compress(asBuffer(pixels), {
    ...(channels === 1 ? GREY : COLOUR),
    ...{ width, height, quality },
  })
  return Buffer.from(jpeg) // a copy of its true size: jpeg-turbo allocates for the worst case
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
