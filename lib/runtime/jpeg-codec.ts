import { notLoaded } from './addon.js'
import { packageFolder } from './package.js'

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

let loading: Promise<typeof import('@julusian/jpeg-turbo')> | undefined

/** A native module, loaded on first use: whoever reads no JPEG needs no right to load it. */
export function jpegTurbo() {
  loading ??= import('@julusian/jpeg-turbo').then(
    (module) => module.default,
    (cause) => {
      packageFolder() // says so where it is a bundler's doing
      throw notLoaded(
        'The JPEG decoder (@julusian/jpeg-turbo)',
        cause,
        'Install it anew, on this machine: npm install infomotion.',
      )
    },
  )
  return loading
}

/** libjpeg-turbo, in libuv's threads. Rejects where it complains of the JPEG at all. */
export async function decode(jpeg: Uint8Array): Promise<GreyImage> {
  // async: a bad header throws at once, bad data rejects later
  const turbo = await jpegTurbo()
  const { data, width, height } = await turbo.decompress(asBuffer(jpeg), { format: turbo.FORMAT_GRAY })
  return { pixels: data.subarray(0, width * height), width, height }
}

export async function encode({ pixels, width, height, channels, quality }: Picture): Promise<Buffer> {
  const turbo = await jpegTurbo()
  const kind =
    channels === 1
      ? { format: turbo.FORMAT_GRAY, subsampling: turbo.SAMP_GRAY }
      : { format: turbo.FORMAT_RGB, subsampling: turbo.SAMP_444 } // thin arrows keep their colour
  const jpeg = await turbo.compress(asBuffer(pixels), { ...kind, width, height, quality })
  return Buffer.from(jpeg) // a copy of its true size: jpeg-turbo allocates for the worst case
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
