import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { encode as encodePng } from 'fast-png'
import { encodeNpy } from '#lib/run/npy.js'
import type { Backend, ReadClipOptions } from '#lib/video/index.js'
import { writeClip, writePictures } from '#lib/video/index.js'
import { described, dicom, element } from './dicom-writer.js'

/** Clips in files of every kind, whose luma is known before anything decodes them. */

export const SIZE = { width: 64, height: 48 }
export const COUNT = 24
export const FPS = 25
const PIXELS = SIZE.width * SIZE.height

/** Red, green, blue of each pixel: waves that move, each colour its own way, and a corner of black and white squares. */
function pictures(): Uint8Array {
  const rgb = new Uint8Array(COUNT * PIXELS * 3)
  let at = 0
  for (let t = 0; t < COUNT; t++)
    for (let y = 0; y < SIZE.height; y++)
      for (let x = 0; x < SIZE.width; x++) {
        const corner = x < 32 && y < 16 ? (x < 16 ? 0 : 255) : undefined
        rgb[at++] = corner ?? 128 + 90 * Math.sin((x + t) / 6) * Math.cos(y / 9)
        rgb[at++] = corner ?? 128 + 90 * Math.sin((x + 2 * t) / 7) * Math.cos((y + t) / 8)
        rgb[at++] = corner ?? 128 + 90 * Math.cos((x - t) / 9)
      }
  return rgb
}

/** Their luma (ITU-R BT.601-7, 2.5.1). */
function lumaOf(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3)
  for (let i = 0; i < luma.length; i++)
    luma[i] = Math.round(0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2])
  return luma
}

const colours = pictures()

/** What every clip decodes to. */
export const LUMA = lumaOf(colours)

/** One kind of file. */
export interface KnownClip {
  name: string
  /** The ending of its name. */
  ending: string
  /** What reads it, the default among them. */
  backends: readonly Backend[]
  /** What `Frames` says that the default has read it with. */
  reader: string
  /** Makes one. */
  write(path: string): Promise<unknown> | unknown
  /** Grey levels that it may be off. Default: 2, as no coder here loses more than the rounding of range and colour. */
  levels?: number
  /** It says nowhere how much there is of it: what is cut off is not missed. */
  endless?: boolean
  /** What has to be told to read it without a word of what it lacks. */
  options?: ReadClipOptions
  /** A folder of files: it cannot be cut, nor sent as bytes. */
  folder?: boolean
  /** ffmpeg makes it. */
  needsFfmpeg?: boolean
}

/** A clip that ffmpeg writes of the pictures ("rgb24") or of their luma ("gray"). */
function byFfmpeg(
  name: string,
  ending: string,
  options: string,
  more: Partial<KnownClip> & { of?: 'rgb24' } = {},
): KnownClip {
  const { of = 'gray', ...rest } = more
  const write = (path: string) => {
    const input = `-f rawvideo -pix_fmt ${of} -s ${SIZE.width}x${SIZE.height} -r ${FPS} -i pipe:0`
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...input.split(' '), ...options.split(' '), path], {
      input: of === 'gray' ? LUMA : colours,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
  }
  return { name, ending, backends: ['auto'], reader: 'ffmpeg', needsFfmpeg: true, write, ...rest }
}

/** A NIfTI-1 file: 348 bytes of header, 4 that announce nothing further, the frames (nifti1.h). */
function nifti(): Buffer {
  const header = Buffer.alloc(352)
  header.writeInt32LE(348, 0)
  for (const [i, side] of [4, SIZE.width, SIZE.height, 1, COUNT, 1, 1, 1].entries())
    header.writeInt16LE(side, 40 + 2 * i)
  header.writeInt16LE(2, 70) // uint8
  header.writeInt16LE(8, 72) // bits
  for (const [i, distance] of [1, 1, 1, 1, 1 / FPS].entries()) header.writeFloatLE(distance, 76 + 4 * i)
  header.writeFloatLE(352, 108) // where the frames are
  header.writeUInt8(2 | 8, 123) // millimetres and seconds
  header.write('n+1', 344, 'latin1')
  return Buffer.concat([header, LUMA])
}

/** A folder of pictures, one a frame. */
function writeFolder(path: string, ending: string, encode: (frame: Uint8Array, t: number) => Uint8Array): void {
  mkdirSync(path)
  for (let t = 0; t < COUNT; t++)
    writeFileSync(join(path, `frame${t + 1}.${ending}`), encode(LUMA.subarray(t * PIXELS, (t + 1) * PIXELS), t))
}

/** A DICOM of samples as they are. */
function dicomOf(more: Buffer[], samples: Uint8Array): Buffer {
  const rate = element('00181063', 'DS', String(1000 / FPS))
  const head = described(SIZE.width, SIZE.height, COUNT, [rate, ...more])
  return dicom([...head, element('7fe00010', 'OB', Buffer.from(samples))])
}

const lossless264 = '-c:v libx264 -qp 0 -preset ultrafast'

export const KNOWN_CLIPS: readonly KnownClip[] = [
  {
    ...{ name: 'Motion JPEG, grey, as written here', ending: 'avi', reader: 'mjpeg' },
    backends: ['auto', 'mjpeg', 'ffmpeg', 'opencv'],
    write: (path) => writeClip(path, { frames: LUMA, count: COUNT, ...SIZE }, { fps: FPS, quality: 100 }),
  },
  {
    ...{ name: 'Motion JPEG, in colour, as written here', ending: 'avi', reader: 'mjpeg' },
    backends: ['auto', 'mjpeg', 'ffmpeg'],
    async write(path) {
      async function* each() {
        for (let t = 0; t < COUNT; t++)
          yield { pixels: colours.subarray(3 * t * PIXELS, 3 * (t + 1) * PIXELS), ...SIZE }
      }
      await writePictures(path, each(), { fps: FPS, quality: 100 })
    },
  },
  {
    ...{ name: 'a NumPy array', ending: 'npy', reader: 'npy', backends: ['auto'], options: { fps: FPS } },
    write: (path) => writeFileSync(path, encodeNpy(LUMA, [COUNT, SIZE.height, SIZE.width])),
  },
  {
    ...{ name: 'NIfTI', ending: 'nii', reader: 'nifti', backends: ['auto'] },
    write: (path) => writeFileSync(path, nifti()),
  },
  {
    ...{ name: 'NIfTI, packed', ending: 'nii.gz', reader: 'nifti', backends: ['auto'] },
    write: (path) => writeFileSync(path, gzipSync(nifti())),
  },
  {
    ...{ name: 'a folder of PNGs in colour', ending: 'd', reader: 'pictures', backends: ['auto'], folder: true },
    options: { fps: FPS },
    write: (path) =>
      writeFolder(path, 'png', (_, t) => {
        const data = colours.subarray(3 * t * PIXELS, 3 * (t + 1) * PIXELS)
        return encodePng({ ...SIZE, data, channels: 3, depth: 8 })
      }),
  },
  {
    ...{ name: 'a folder of PGMs', ending: 'd', reader: 'pictures', backends: ['auto'], folder: true },
    options: { fps: FPS },
    write: (path) =>
      writeFolder(path, 'pgm', (frame) => Buffer.concat([Buffer.from(`P5 ${SIZE.width} ${SIZE.height} 255\n`), frame])),
  },
  byFfmpeg('FFV1, grey', 'avi', '-c:v ffv1 -g 1', { backends: ['auto', 'ffmpeg', 'opencv'] }),
  byFfmpeg('FFV1, 10 bits', 'mkv', '-c:v ffv1 -pix_fmt gray10le'),
  byFfmpeg('raw colours', 'avi', '-c:v rawvideo -pix_fmt bgr24', {
    of: 'rgb24',
    backends: ['auto', 'ffmpeg', 'opencv'],
  }),
  byFfmpeg('HuffYUV, limited range', 'avi', '-c:v huffyuv -pix_fmt yuv422p'),
  byFfmpeg('H.264, limited range', 'mp4', `${lossless264} -pix_fmt yuv420p`, {
    backends: ['auto', 'ffmpeg', 'opencv'],
  }),
  byFfmpeg('H.264, full range, with frames that wait for others', 'mp4', '-c:v libx264 -qp 0 -bf 2 -pix_fmt yuvj420p'),
  byFfmpeg('H.264 in a transport stream', 'ts', `${lossless264} -pix_fmt yuvj420p -f mpegts`, { endless: true }),
  byFfmpeg('H.265', 'mp4', '-c:v libx265 -preset ultrafast -x265-params lossless=1:log-level=none -pix_fmt yuv420p'),
  byFfmpeg('VP9', 'webm', '-c:v libvpx-vp9 -lossless 1 -cpu-used 8 -pix_fmt yuv420p'),
  byFfmpeg('PNG in QuickTime', 'mov', '-c:v png', { of: 'rgb24' }),
  byFfmpeg('ProRes', 'mov', '-c:v prores_ks -profile:v 3 -q:v 1 -qmin 1 -pix_fmt yuv422p10le'),
  byFfmpeg('MPEG-2', 'mpg', '-c:v mpeg2video -q:v 1 -qmin 1 -g 1 -f mpeg', { levels: 8, endless: true }),
  byFfmpeg('GIF', 'gif', '-pix_fmt gray'),
  {
    ...{ name: 'DICOM, grey', ending: 'dcm', backends: ['auto'], reader: 'dicom' },
    write: (path) => writeFileSync(path, dicomOf([], LUMA)),
  },
  {
    ...{ name: 'DICOM, in colour', ending: 'dcm', backends: ['auto'], reader: 'dicom' },
    write: (path) =>
      writeFileSync(path, dicomOf([element('00280002', 'US', 3), element('00280004', 'CS', 'RGB')], colours)),
  },
  byFfmpeg('YUV4MPEG2', 'y4m', '-pix_fmt gray -strict -1 -f yuv4mpegpipe'),
]
