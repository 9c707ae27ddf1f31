import { join } from 'node:path'
import type { Clip } from '../dataset/index.js'
import type { Pool } from '../dataset/pool.js'
import type { EmbeddingFacts } from '../embeddings/index.js'
import { embedClips } from '../features/embed.js'
import { createEncoder } from '../features/encoder.js'
import {
  type ExtractedFeatures,
  type ExtractOptions,
  extractFeatures,
  nameOf,
  type StatedFacts,
} from '../features/extract.js'
import { type Matrix, takeRows } from '../matrix/matrix.js'
import { sha256 } from '../run/store.js'
import { invalid } from '../runtime/expect.js'
import type { StageOptions } from '../runtime/progress.js'
import type { DecodeClip } from '../synthesize/index.js'
import { decodersOf, decodingKey, type MadeClip, readClip } from '../video/index.js'
import type { Timing } from '../volume/timing.js'
import { resolveFlow, resolveVolumeShape, type VolumeOptions } from '../volume/volume.js'
import { noEmbedding, type OwnEmbeddings, UNOPENED } from './embeddings.js'
import { timingIn, timingOfClips, timingWarnings } from './sampling.js'
import type { Method } from './settings.js'

/** Raise when the numbers of an embedding would come out differently: older ones are then not read. */
const EMBEDDING_SCHEMA = 2

/** What there is of clips whose frames were looked at. */
type OfFrames = 'keys' | 'cacheKeys' | 'motion' | 'meanFrame' | 'deviation'

/** What is known of clips, before any of it is fitted to a split. */
export interface DescribedClips
  extends Omit<ExtractedFeatures, OfFrames | 'device' | 'facts'>,
    Partial<Pick<ExtractedFeatures, OfFrames | 'facts'>> {
  /** An encoder's, or the user's own: one row a row of the other matrices. */
  embedding?: Matrix
  /** Where the user's own are from. */
  embeddingFacts?: EmbeddingFacts
  /** What reads the clips' files: tiles are made of the same frames as features. */
  decode?: DecodeClip
  /** Names all that the volumes depend on besides the clips. */
  volumeKey: string
  /** How CNN students sample the volumes, where they are to see them. */
  timing?: Timing
  /** The clips that follow those of the data set: a pool to choose from. */
  pool?: DescribedPool
}

/** A pool, once its clips were looked at. */
export interface DescribedPool extends Pool {
  /** Of each of its clips, by index, the ids of the data set's clips that it is a copy of, or nearly. */
  copies: readonly (readonly string[])[]
}

/** What a data set knows of its clips besides their files. */
interface Known {
  /** By its table. */
  stated?: readonly StatedFacts[]
  /** By somebody else. */
  embeddings?: OwnEmbeddings
  /** Whether frames are looked at at all. Default true. */
  frames?: boolean
  /** Of the clips that these are made of: students see both alike. Default: as suits the clips. */
  timing?: Timing
}

/**
 * The features of every clip: the motion descriptor and two controls, the volumes that networks see where one is
 * to see them (an encoder's, where there is one), and the encoder's embedding, or the user's own.
 */
export async function describeClips(
  clips: readonly (Clip | MadeClip)[],
  method: Method,
  volumes: boolean,
  { stated, embeddings, frames = true, timing: given, ...stage }: StageOptions & Known,
): Promise<DescribedClips> {
  const { cache, backend, fps, mask, crop, device, encoder: model } = method
  if (method.embeddings !== undefined && !embeddings) throw noEmbedding(method, nameOf(clips[0]))
  const own = embeddings && { embedding: embeddings.features, embeddingFacts: embeddings.facts }
  if (own && !frames) return { ...unopened(clips), ...own, warnings: [...embeddings.warnings, UNOPENED] }
  const decode: ExtractOptions['decode'] = (file, options) => readClip(file, { fps, ...options, backend, mask, crop })
  const decoder = decodingKey({ backend, fps, mask, crop })
  const encoder = model === 'none' ? undefined : await createEncoder({ model })
  try {
    const recorded = clips.filter((clip): clip is Clip => 'path' in clip)
    const measured = volumes ? (given ?? (await timingOfClips(recorded, decode, stage.signal))) : undefined
    const shape: VolumeOptions = encoder?.volume ?? (measured ? { rate: measured.rate, frames: measured.frames } : {})
    const { rate, frames: most } = shape
    const timing = timingIn(measured, resolveVolumeShape({ rate, frames: most }))
    const options = {
      cache,
      decode,
      decoder,
      decoders: [...(await decodersOf(backend)), 'made'],
      stated,
      device,
      volumes: encoder || volumes ? shape : (false as const),
      ...stage,
    }
    const extracted = await extractFeatures(clips, options)
    const odd =
      timing && !given ? timingWarnings(timing, extracted.facts, (row) => nameOf(clips[extracted.clips[row]])) : []
    const features = { ...extracted, warnings: [...extracted.warnings, ...odd], timing }
    const seen = { ...shape, flow: resolveFlow(shape.flow) }
    const volumeKey = JSON.stringify(features.device === 'cuda' ? [decoder, seen, 'cuda'] : [decoder, seen])
    if (own) {
      const embedding = takeRows(own.embedding, features.clips)
      return {
        ...features,
        decode,
        volumeKey,
        ...own,
        embedding,
        warnings: [...embeddings.warnings, ...features.warnings],
      }
    }
    if (!encoder) return { ...features, decode, volumeKey }
    const folder = join(
      cache,
      'embeddings',
      sha256(JSON.stringify([EMBEDDING_SCHEMA, encoder.key, volumeKey])).slice(0, 12),
    )
    const embedding = await embedClips(features, encoder, folder, (row) => nameOf(clips[features.clips[row]]), stage)
    return { ...features, decode, volumeKey, embedding } // its warnings are those so far
  } finally {
    await encoder?.close()
  }
}

/** Clips of which nothing is known but that they are there. */
function unopened(clips: readonly (Clip | MadeClip)[]): DescribedClips {
  return {
    clips: Uint32Array.from(clips.keys()),
    ...{ skipped: [], clipWarnings: [], warnings: [], volumeKey: '' },
    volume: async (row) => {
      throw invalid('clips whose frames were looked at', 'volume', row)
    },
  }
}

/** What a table says of its clips' frames and rates, in EchoNet's columns. */
export function statedIn(clips: readonly Clip[], rows: readonly (Record<string, string> | undefined)[]): StatedFacts[] {
  const positive = (value: string | undefined) => (Number(value) > 0 ? Number(value) : undefined)
  return rows.map(({ NumberOfFrames, FPS } = {}, i) => ({
    frames: clips[i].segment ? undefined : positive(NumberOfFrames), // of the whole video
    fps: positive(FPS),
  }))
}
