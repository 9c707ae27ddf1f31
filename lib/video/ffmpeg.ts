import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { InfomotionError, unlessAborted } from '../runtime/errors.js'
import { inTurn } from './batch.js'
import { type Decoded, decodeThrough, framesOf, streamThrough } from './pipe.js'
import { type Decoder, DecoderProcess, type Output } from './process.js'
import type { Part } from './segment.js'
import type { Source } from './source.js'
import type { ClipStream, Frames, ReadOptions } from './types.js'

/** What to do where there is none. */
export const FFMPEG_CURE =
  'Install ffmpeg (Debian and Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg) or set FFMPEG_PATH to its full path.'

const ffmpeg = () => process.env.FFMPEG_PATH || 'ffmpeg'

/** The version of the ffmpeg that would be used; rejects as `execFile` does where none can be started. */
export async function ffmpegVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)(ffmpeg(), ['-version'], { timeout: 10_000 })
  return /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** Versions by command: a clip more should not cost a process more. */
const versions = new Map<string, Promise<string>>()

/** Names the ffmpeg that would be used with its version; rejects where none can be started. */
export async function ffmpegDecoder(): Promise<string> {
  const command = ffmpeg()
  const version = versions.get(command) ?? ffmpegVersion()
  versions.set(command, version)
  try {
    return `ffmpeg ${await version}`
  } catch (error) {
    versions.delete(command) // it may be installed yet
    if (isSpawnError(error)) throw error
    return 'ffmpeg' // it starts, and does not say
  }
}

function isSpawnError(error: unknown): error is NodeJS.ErrnoException {
  return (error as NodeJS.ErrnoException).syscall?.startsWith('spawn') ?? false
}

/**
 * The formats that are read, by the names of ffmpeg's demuxers: films in one file. Playlists (hls, dash, concat, imf) and
 * session descriptions lead to other files, text files and pictures are no clips, devices no files.
 */
export const FILM_FORMATS =
  'avi,mov,mp4,matroska,webm,mpeg,mpegvideo,mpegts,m4v,h261,h263,h264,hevc,vvc,av1,obu,ivf,vc1,mjpeg,flv,asf,ogg,gif,' +
  'apng,yuv4mpegpipe,mxf,gxf,dv,nut,rm,wtv,dirac,cavsvideo,avs,avs2,avs3,swf,nsv,smjpeg,roq,flic'

export interface FfmpegOptions extends ReadOptions {
  /** JPEGs one after the other, with nothing around them. */
  bare?: boolean
}

/** Decodes any clip that an `ffmpeg` executable can (FFMPEG_PATH, else `ffmpeg` on PATH). */
export async function decodeWithFfmpeg(source: Source, options: FfmpegOptions = {}): Promise<Frames> {
  return withFfmpeg(source, options, async (command, everyFrame, decoder) => {
    const decoding = await decoderOf(command, everyFrame, source, options)
    const alone = (reserve = options.reserve) => decodeThrough(decoding, source, { ...options, reserve })
    if (source.path === undefined || source.size > SMALL) return { ...(await alone()), decoder }
    const { args: input } = await inputOf(source, options)
    const output = (index: number, to: Output) => outputOf(index, to, everyFrame)
    const well = { status: 0, messages: '' }
    const shared = (decoded: Decoded) => framesOf(decoding, source, decoded, well, options)
    return { ...(await inTurn({ command, input, output }, options, alone, shared)), decoder }
  })
}

/** Bytes of a file that is decoded together with others. */
const SMALL = 2 ** 22

/** The same frame after frame, or a part of it. The times of all frames are read before: the rate depends on them. */
export async function streamWithFfmpeg(source: Source, options: FfmpegOptions & Part = {}): Promise<ClipStream> {
  return withFfmpeg(source, options, async (command, everyFrame, decoder) => {
    const times = await timesOf(command, source, options)
    const decoding = await decoderOf(command, everyFrame, source, options)
    return { ...(await streamThrough(decoding, source, { ...options, times })), decoder }
  })
}

/** How ffmpeg is told to give each frame once, and to leave none out: from 5.1 on, and before (9 knows the new word only). */
const NEW = ['-fps_mode', 'passthrough']
const OLD = ['-vsync', '0']

/** What a command was found to know, against its version: a wrapper may say one thing and do another. */
const found = new Map<string, string[]>()

/** Does something with the words that the executable knows, with its name, and tells where there is none. */
async function withFfmpeg<T>(
  source: Source,
  { signal }: FfmpegOptions,
  work: (command: string, everyFrame: string[], decoder: string) => Promise<T>,
): Promise<T> {
  const command = ffmpeg()
  try {
    const decoder = await unlessAborted(ffmpegDecoder(), signal)
    const words = found.get(command) ?? wordsOf(decoder)
    try {
      return await work(command, words, decoder)
    } catch (error) {
      if (!/Unrecognized option '(fps_mode|vsync)'/.test((error as Error).message) || found.has(command)) throw error
      found.set(command, words === NEW ? OLD : NEW)
      return await work(command, found.get(command) as string[], decoder)
    }
  } catch (error) {
    const absent = isSpawnError(error) && ['ENOENT', 'EACCES', 'ENOTDIR', 'ENOEXEC'].includes(error.code as string)
    throw absent ? notFound(command, source, error) : error
  }
}

/** By the version: "ffmpeg 4.2.2-static", "ffmpeg n9.0.2"; a build between versions ("N-112345-g1a2b3c4") is taken for a new one. */
function wordsOf(decoder: string): string[] {
  const [, major, minor] = /^ffmpeg n?(\d+)\.(\d+)/.exec(decoder) ?? []
  return Number(major) < 5 || (major === '5' && minor === '0') ? OLD : NEW
}

const QUIET = ['-nostdin', '-v', 'error']
/** The frames' times, line by line as they come. */
const TIMES = ['-flush_packets', '1', '-f', 'framecrc']

async function decoderOf(
  command: string,
  everyFrame: string[],
  source: Source,
  options: FfmpegOptions,
): Promise<Decoder> {
  const { args, input } = await inputOf(source, options)
  const output = { frames: 1, times: 3 }
  return {
    ...{ name: 'ffmpeg', command, input, outputs: [output] },
    args: [...QUIET, ...args, ...outputOf(0, output, everyFrame)],
  }
}

/** A file by its path; what is in memory by a pipe, behind a cache on disk (which ffmpeg removes at once) only where its index stands at the end. */
async function inputOf(source: Source, { bare }: FfmpegOptions): Promise<{ args: string[]; input?: Buffer }> {
  const only = (protocols: string) => [
    '-threads',
    '1',
    '-protocol_whitelist',
    protocols,
    '-format_whitelist',
    FILM_FORMATS,
  ]
  const format = bare ? ['-f', 'mjpeg'] : []
  if (source.path !== undefined) return { args: [...only('file'), ...format, '-i', `file:${resolve(source.path)}`] }
  const input = await source.read(0, source.size)
  if (!needsSeeking(input)) return { args: [...only('pipe'), ...format, '-i', 'pipe:0'], input }
  return { args: [...only('cache,pipe'), ...format, '-i', 'cache:pipe:0'], input }
}

/**
 * ffmpeg goes back in a GIF, and in an MP4 or QuickTime file whose index, the box "moov", stands behind the frames
 * (ISO/IEC 14496-12, 4.2), as cameras write it.
 */
function needsSeeking(file: Buffer): boolean {
  if (file.toString('latin1', 0, 4) === 'GIF8') return true
  if (!/^(ftyp|wide|free|skip|mdat)$/.test(file.toString('latin1', 4, 8))) return false
  for (let at = 0; at + 16 <= file.length; ) {
    const name = file.toString('latin1', at + 4, at + 8)
    if (name === 'moov') return false
    if (name === 'mdat') return true
    const size = file.readUInt32BE(at)
    if (size === 1) at += Number(file.readBigUInt64BE(at + 8))
    else if (size >= 8) at += size
    else return false
  }
  return false
}

/** The luma of input `index`, and its frames' times to 11 us, without a copy of the frames. */
function outputOf(index: number, { frames, times }: Output, everyFrame: string[]): string[] {
  const all = ['-map', `${index}:v:0`, ...everyFrame]
  const luma = ['-pix_fmt', 'gray', '-strict', '-1', '-f', 'yuv4mpegpipe', `pipe:${frames}`]
  return [...all, ...luma, ...all, '-c:v', 'wrapped_avframe', '-enc_time_base', '1/90000', ...TIMES, `pipe:${times}`]
}

/** When the frames of a clip are shown, by its container, without decoding them. */
async function timesOf(command: string, source: Source, options: FfmpegOptions): Promise<number[]> {
  const { args, input } = await inputOf(source, options)
  const copy = ['-map', '0:v:0', '-c', 'copy', ...TIMES, 'pipe:1']
  const process = new DecoderProcess(
    { name: 'ffmpeg', command, input, args: [...QUIET, ...args, ...copy], outputs: [{ times: 1 }] },
    options.signal,
  )
  try {
    await process.end() // what is wrong with the clip, decoding will tell
    const [times] = process.times
    return times.areComplete ? [...Float64Array.from(times.seconds).sort()] : []
  } finally {
    process.close()
  }
}

function notFound(executable: string, { name }: Source, cause: unknown): InfomotionError {
  const looked = process.env.FFMPEG_PATH ? `FFMPEG_PATH (${executable})` : 'PATH'
  return new InfomotionError(
    'FFMPEG_NOT_FOUND',
    `${name} is not a Motion JPEG AVI, and any other format needs an ffmpeg executable, which was not found on ${looked}. ${FFMPEG_CURE}`,
    { cause },
  )
}
