import type { Clip } from '../dataset/types.js'
import { type Matrix, takeColumns } from '../matrix/matrix.js'
import { memoryBudget } from '../run/budget.js'
import type { Device } from '../runtime/device.js'
import { InfomotionError } from '../runtime/errors.js'
import {
  expectGiven,
  expectInteger,
  expectList,
  expectNumber,
  expectObject,
  expectOptions,
  invalid,
} from '../runtime/expect.js'
import { inLanes } from '../runtime/lanes.js'
import { native } from '../runtime/native.js'
import type { StageOptions } from '../runtime/progress.js'
import { MOST_TOGETHER } from '../video/batch.js'
import type { MadeClip, ReadOptions } from '../video/types.js'
import type { Volume, VolumeOptions } from '../volume/volume.js'
import { type ClipFacts, type DecodedClip, FeatureCache } from './cache.js'
import { ClipDescriber, type SkippedClip } from './describer.js'
import type { DescriptorOptions } from './descriptor.js'
import { type ClipWarning, type StatedFacts, summarise, warningsOf } from './oddities.js'

/** What clips have. */
const CLIP: readonly (keyof Clip)[] = ['id', 'path', 'label', 'classIndex', 'split', 'group', 'fps', 'segment', 'pool']
const MADE_CLIP: readonly (keyof MadeClip)[] = [
  ...(['kind', 'name', 'frames', 'count', 'width', 'height', 'fps', 'key', 'tiling'] as const),
]

const OPTIONS: readonly (keyof ExtractOptions)[] = [
  ...(['cache', 'decode', 'decoder', 'decoders', 'stated', 'memory', 'descriptor', 'device', 'volumes'] as const),
  ...(['signal', 'onProgress'] as const),
]

export type { ClipFacts, DecodedClip } from './cache.js'
export type { SkippedClip } from './describer.js'
export type { ClipWarning, StatedFacts } from './oddities.js'

export interface ExtractOptions extends StageOptions {
  /** Folder of the cache. */
  cache: string
  /** Turns a file into frames (the video stage's `readClip`). `fps`: the clip's, where its file may name none. */
  decode: (path: string, options: ReadOptions & Pick<Clip, 'fps' | 'segment'>) => Promise<DecodedClip>
  /** Names the decoder's settings: part of the cache key. */
  decoder?: string
  /**
   * Names, with versions, of all that `decode` may read a clip with here and now (the video stage's `decodersOf`). The one
   * that did is part of the cache key: what another version read is read again. Default: no matter what.
   */
  decoders?: readonly string[]
  /** What the data set's table says of each clip, to compare. */
  stated?: readonly (StatedFacts | undefined)[]
  /** Bytes of decoded clips that are held at the same time; a larger clip is read alone. Default: a quarter of the memory. */
  memory?: number
  descriptor?: DescriptorOptions
  /** Where flow is computed: `auto` (default), `cpu`, `cuda`. What a GPU computed is cached apart. */
  device?: Device
  /** Also keep each clip as networks see it, of the descriptor's flow unless another is asked for. Default false. */
  volumes?: VolumeOptions | false
}

/** The features of the clips that can be read; row i of each matrix belongs to `clips[i]`. */
export interface ExtractedFeatures {
  /** Where the rows were computed. */
  device: 'cpu' | 'cuda'
  /** Indices into the clips that were given, ascending. */
  clips: Uint32Array
  facts: ClipFacts[]
  /**
   * SHA-256 of each clip's file, as it was read, for a part of a file with more behind it; of a made clip its own key, or
   * that of its frames with their size and rate.
   */
  keys: string[]
  /** Names each clip's file and its decoder: the key of whatever is made of the clip's frames. */
  cacheKeys: string[]
  /** The motion descriptor, raw (see `descriptorLayout`). */
  motion: Matrix
  /** Control: the mean frame, area-averaged. */
  meanFrame: Matrix
  /** Control: the standard deviation over time of each pixel, area-averaged. */
  deviation: Matrix
  /** Clips that could not be decoded, by name: skipped, not fatal. */
  skipped: SkippedClip[]
  /** What was found odd about clips and gone on with, the same from the cache. */
  clipWarnings: ClipWarning[]
  /** Sentences: one a kind of `clipWarnings`, and what the cache has to say. */
  warnings: string[]
  /**
   * The volume of row i's clip, read from the cache each time: nothing is kept in memory. Needs `volumes`.
   *
   * @throws {InfomotionError} `INVALID_ARGUMENT`, or what decoding says where a lost volume is made again
   */
  volume(row: number, options?: { signal?: AbortSignal }): Promise<Volume>
}

/**
 * Describes every clip, a data set's or a made one, in parallel over the addon's threads, through a cache in shards: a
 * run that was stopped or killed goes on where it was, and other budgets, seeds and labels reuse the same rows. The cache
 * key of a row is the hash of the clip's bytes, the decoder and its version, the descriptor's options, the device and the
 * schema version. Volumes are cached beside them, one file a clip; a clip is decoded once for both, and its flow computed
 * once where both are of the same.
 *
 * @throws {InfomotionError} `NO_READABLE_CLIP` if not one clip can be decoded; `ABORTED`
 */
export async function extractFeatures(
  clips: readonly (Clip | MadeClip)[],
  options: ExtractOptions,
): Promise<ExtractedFeatures> {
  expectOptions(expectGiven(options, 'extractFeatures'), 'extractFeatures', OPTIONS)
  for (const [i, clip] of expectList(clips, 'clips').entries())
    expectObject(clip, `clips[${i}]`, 'frames' in expectGiven(clip, `clips[${i}]`) ? MADE_CLIP : CLIP)
  const { signal, onProgress } = options
  const memory = expectNumber(options.memory ?? memoryBudget(), 'memory', 1)
  const cache = await FeatureCache.open(options)
  const describer = new ClipDescriber(clips, cache, options.decode, memory)
  let done = 0
  const report = () => onProgress?.({ stage: 'features', done, total: clips.length, unit: 'clips' })
  report()
  try {
    // More clips than threads: while the pool computes, the next ones are read and decoded, small ones by ffmpeg together.
    await inLanes(native().threads + MOST_TOGETHER, clips.length, signal, async (index) => {
      await describer.describe(index, signal)
      done++
      report()
    })
  } finally {
    await cache.flush() // what is done stays done, also after Ctrl-C
  }
  return gather(clips, describer, cache, options)
}

/** The matrices of all clips that have a row, with what is known of the others. */
function gather(
  clips: readonly (Clip | MadeClip)[],
  describer: ClipDescriber,
  cache: FeatureCache,
  { stated, volumes }: ExtractOptions,
): ExtractedFeatures {
  const { hashes, changed } = describer
  const skipped = describer.skips.filter((skip) => skip !== undefined)
  const kept = Uint32Array.from(clips.keys()).filter((index) => describer.entries[index])
  if (kept.length === 0) {
    const why = skipped[0] ? ` The first: ${skipped[0].id}: ${skipped[0].reason}` : ''
    throw new InfomotionError('NO_READABLE_CLIP', `Not one of ${clips.length} clips could be decoded.${why}`)
  }
  const entries = describer.entries.filter((entry) => entry !== undefined)
  const values = entries.map(({ row }) => row)
  const facts = entries.map(({ record }) => record as unknown as ClipFacts)
  const clipWarnings = facts.flatMap((fact, row) => {
    const id = nameOf(clips[kept[row]])
    const again = changed.has(kept[row])
      ? [{ id, kind: 'changed' as const, text: 'It changed while it was read.' }]
      : []
    return [...warningsOf(id, fact, stated?.[kept[row]]), ...again]
  })
  const byId = new Map(
    facts.map((fact, row) => [nameOf(clips[kept[row]]), { facts: fact, stated: stated?.[kept[row]] }]),
  )
  const summaries = summarise(clipWarnings, byId, clips.length)
  const { dim, options: descriptor } = cache.layout
  const control = descriptor.thumbnail ** 2
  return {
    device: cache.device,
    clips: kept,
    facts,
    keys: Array.from(kept, (index) => hashes[index]),
    cacheKeys: entries.map(({ key }) => key),
    motion: takeColumns(values, 0, dim),
    meanFrame: takeColumns(values, dim, control),
    deviation: takeColumns(values, dim + control, control),
    skipped,
    clipWarnings,
    get warnings() {
      return [...cache.warnings, ...summaries]
    },
    volume: async (row, { signal } = {}) => {
      if (!cache.keepsVolumes) throw invalid('features extracted with `volumes`', 'volume', volumes)
      const at = expectInteger(row, 'row', 0, kept.length - 1)
      return describer.volume(kept[at], entries[at].key, { signal })
    },
  }
}

/** What a clip is called in warnings and errors. */
export const nameOf = (clip: Clip | MadeClip) => ('id' in clip ? clip.id : clip.name)
