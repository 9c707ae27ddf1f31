import { join } from 'node:path'
import type { Clip } from '../dataset/types.js'
import { type Matrix, takeColumns } from '../matrix/matrix.js'
import { SHARD_ROWS, ShardCache, type ShardEntry } from '../run/shards.js'
import { readWhole, sha256 } from '../run/store.js'
import { type Device, expectDevice, resolveDevice } from '../runtime/device.js'
import { asInfomotionError, InfomotionError, throwIfAborted } from '../runtime/errors.js'
import { expectInteger, invalid } from '../runtime/expect.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import { VolumeStore } from '../volume/store.js'
import { resolveFlow, resolveVolumeShape, type Volume, type VolumeOptions, volumeOf } from '../volume/volume.js'
import { type DescriptorOptions, describeClip, descriptorLayout } from './descriptor.js'

/** Raise when the numbers of a cached row would come out differently: older rows are then not read. */
const SCHEMA = 3
const VOLUME_SCHEMA = 2

/** The decoded luma of a clip, as `readClip` of the video stage gives it. */
export interface DecodedClip {
  frames: Uint8Array
  count: number
  width: number
  height: number
  fps: number
  backend: string
  damagedFrames: number
  warnings: string[]
}

export interface ExtractOptions extends StageOptions {
  /** Folder of the cache. */
  cache: string
  /** Turns a file into frames (the video stage's `readClip`). */
  decode: (path: string, options: { signal?: AbortSignal }) => Promise<DecodedClip>
  /** Names the decoder's settings: part of the cache key. */
  decoder?: string
  descriptor?: DescriptorOptions
  /** Where flow is computed: `auto` (default), `cpu`, `cuda`. What a GPU computed is cached apart. */
  device?: Device
  /** Also keep each clip as networks see it, of the descriptor's flow unless another is asked for. Default false. */
  volumes?: VolumeOptions | false
}

/** What is known of one clip's video. */
export interface ClipFacts {
  frames: number
  width: number
  height: number
  fps: number
  backend: string
  damagedFrames: number
}

/** The features of a data set's readable clips; row i of each matrix belongs to `clips[i]`. */
export interface ExtractedFeatures {
  /** Where the rows were computed. */
  device: 'cpu' | 'cuda'
  /** Indices into the data set's clips, ascending. */
  clips: Uint32Array
  facts: ClipFacts[]
  /** SHA-256 of each clip's file. */
  keys: string[]
  /** The motion descriptor, raw (see `descriptorLayout`). */
  motion: Matrix
  /** Control: the mean frame, area-averaged. */
  meanFrame: Matrix
  /** Control: the standard deviation over time of each pixel, area-averaged. */
  deviation: Matrix
  /** Clips that could not be decoded, by name: skipped, not fatal. */
  skipped: { id: string; path: string; reason: string }[]
  warnings: string[]
  /**
   * The volume of row i's clip, read from the cache each time: nothing is kept in memory. Needs `volumes`.
   *
   * @throws {InfomotionError} `INVALID_ARGUMENT`, or what decoding says where a lost volume is made again
   */
  volume(row: number, options?: { signal?: AbortSignal }): Promise<Volume>
}

/**
 * Describes every clip, in parallel over the addon's threads, through a cache in shards: a run that was stopped or
 * killed goes on where it was, and other budgets, seeds and labels reuse the same rows. The cache key of a row is the
 * hash of the file's bytes, the decoder, the descriptor's options, the device and the schema version. Volumes are cached beside them,
 * one file a clip; a clip is decoded once for both, and its flow computed once where both are of the same.
 *
 * @throws {InfomotionError} `NO_READABLE_CLIP` if not one clip can be decoded; `ABORTED`
 */
export async function extractFeatures(clips: Clip[], options: ExtractOptions): Promise<ExtractedFeatures> {
  const { signal, onProgress, decode } = options
  const layout = descriptorLayout(options.descriptor)
  const wanted = expectDevice(options.device ?? 'auto')
  const device = await resolveDevice(wanted, signal)
  // A GPU rounds otherwise than the CPU, whose rows keep the keys they always had.
  const key = (...parts: unknown[]) =>
    sha256(JSON.stringify(device === 'cuda' ? [...parts, device] : parts)).slice(0, 12)
  const settings = key(SCHEMA, options.decoder ?? 'auto', layout.options)
  const control = layout.options.thumbnail ** 2
  const cache = await ShardCache.open(join(options.cache, settings), layout.dim + 2 * control)
  const { flow: seen, ...asked } = options.volumes || {}
  const shape = options.volumes ? resolveVolumeShape(asked) : undefined
  const flow = seen ? resolveFlow(seen) : layout.options.flow
  const oneFlow = JSON.stringify(flow) === JSON.stringify(layout.options.flow)
  const volumeSettings = key(VOLUME_SCHEMA, options.decoder ?? 'auto', shape, flow)
  const store = shape && (await VolumeStore.open(join(options.cache, `volumes-${volumeSettings}`), shape))
  const rows: (ShardEntry | undefined)[] = new Array(clips.length)
  const skipped: (ExtractedFeatures['skipped'][number] | undefined)[] = new Array(clips.length)

  let fresh: ShardEntry[] = []
  let writing = Promise.resolve()
  const flush = () => {
    const shard = fresh
    fresh = []
    writing = writing.then(() => cache.append(shard))
    return writing
  }

  /** Makes and keeps the volume of a clip, apart from its descriptor. */
  const makeVolume = async (key: string, video: DecodedClip, at: { signal?: AbortSignal }): Promise<Volume> => {
    // volumeOf looks at no more frames than it must, on the CPU.
    const volume =
      device === 'cpu'
        ? await volumeOf(video.frames, video, { ...shape, flow, ...at })
        : ((await describeClip(video.frames, video, { flow, volume: shape, device, ...at })).volume as Volume)
    await store?.write(key, volume)
    return volume
  }

  let next = 0
  let done = 0
  const report = () => onProgress?.({ stage: 'features', done, total: clips.length, unit: 'clips' })
  const describe = async (index: number): Promise<void> => {
    const clip = clips[index]
    try {
      const key = sha256(await ofClip(readWhole(clip.path)))
      rows[index] = cache.get(key)
      const volume = store && !(await store.has(key)) ? shape : undefined
      if (rows[index]) {
        if (volume) await makeVolume(key, await ofClip(decode(clip.path, { signal })), { signal })
        return
      }
      const video = await ofClip(decode(clip.path, { signal }))
      const features = await describeClip(video.frames, video, {
        ...options.descriptor,
        volume: oneFlow ? volume : undefined,
        device: wanted,
        signal,
      })
      const { motion, meanFrame, deviation } = features
      if (features.volume) await store?.write(key, features.volume)
      else if (volume) await makeVolume(key, video, { signal })
      const row = new Float32Array(layout.dim + meanFrame.length + deviation.length)
      row.set(motion)
      row.set(meanFrame, layout.dim)
      row.set(deviation, layout.dim + meanFrame.length)
      const { count, width, height, fps, backend, damagedFrames } = video
      rows[index] = { key, row, record: { frames: count, width, height, fps, backend, damagedFrames } }
      fresh.push(rows[index])
      if (fresh.length >= SHARD_ROWS) await flush()
    } catch (thrown) {
      if (!(thrown instanceof ClipFault)) throw thrown
      rows[index] = undefined // a descriptor without the volume that was asked for is of no use
      skipped[index] = { id: clip.id, path: clip.path, reason: `${thrown.message} (${thrown.code})` }
    }
  }
  // One clip more than threads: while the pool computes, the next clip is read and decoded.
  const lane = async () => {
    while (next < clips.length) {
      throwIfAborted(signal)
      await describe(next++).catch((error) => {
        next = clips.length // the other lanes stop after their clip
        throw error
      })
      done++
      report()
    }
  }
  report()
  try {
    const lanes = await Promise.allSettled(Array.from({ length: native().threads + 1 }, lane))
    const failed = lanes.find((lane) => lane.status === 'rejected')
    if (failed) throw failed.reason
  } finally {
    await flush() // what is done stays done, also after Ctrl-C
  }

  const kept = Uint32Array.from(clips.keys()).filter((index) => rows[index])
  const left = skipped.filter((skip) => skip !== undefined)
  if (kept.length === 0) {
    const why = left[0] ? ` The first: ${left[0].id}: ${left[0].reason}` : ''
    throw new InfomotionError('NO_READABLE_CLIP', `Not one of ${clips.length} clips could be decoded.${why}`)
  }
  const values = Array.from(kept, (index) => (rows[index] as ShardEntry).row)
  return {
    device,
    clips: kept,
    facts: Array.from(kept, (index) => (rows[index] as ShardEntry).record as unknown as ClipFacts),
    keys: Array.from(kept, (index) => (rows[index] as ShardEntry).key),
    motion: takeColumns(values, 0, layout.dim),
    meanFrame: takeColumns(values, layout.dim, control),
    deviation: takeColumns(values, layout.dim + control, control),
    skipped: left,
    get warnings() {
      return [...cache.warnings, ...(store?.warnings ?? [])]
    },
    volume: async (row, at = {}) => {
      if (!store) throw invalid('features extracted with `volumes`', 'volume', options.volumes)
      const index = kept[expectInteger(row, 'row', 0, kept.length - 1)]
      const { key } = rows[index] as ShardEntry
      return (await store.read(key)) ?? (await makeVolume(key, await decode(clips[index].path, at), at))
    },
  }
}

/** A fault of one clip, to be skipped by name; anything else (a full disk, abort, bad options) ends the stage. */
class ClipFault extends InfomotionError {}

/** What the system says of a file that is gone, forbidden, none (a pipe, a folder), or above 2 GiB. */
const UNREADABLE = ['ENOENT', 'EACCES', 'EINVAL', 'EISDIR', 'ERR_FS_FILE_TOO_LARGE']

/** Tells what is wrong with a clip from what is wrong elsewhere: a cache that is forbidden says `EACCES` too. */
async function ofClip<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (thrown) {
    const error = asInfomotionError(thrown)
    const { code, message } = error
    if (!code.startsWith('VIDEO_') && !UNREADABLE.includes(code)) throw error
    throw new ClipFault(code, message, { cause: thrown })
  }
}
