import { join } from 'node:path'
import type { Clip, DataSet } from '../dataset/index.js'
import { embedClips } from '../features/embed.js'
import { createEncoder } from '../features/encoder.js'
import {
  type ExtractedFeatures,
  type ExtractOptions,
  extractFeatures,
  nameOf,
  type StatedFacts,
} from '../features/extract.js'
import type { Matrix } from '../matrix/matrix.js'
import { sha256 } from '../run/store.js'
import type { StageOptions } from '../runtime/progress.js'
import type { MadeClip } from '../synthesize/index.js'
import { decodersOf, decodingKey, readClip } from '../video/index.js'
import { resolveFlow, type VolumeOptions } from '../volume/volume.js'
import type { Method } from './settings.js'

/** Raise when the numbers of an embedding would come out differently: older ones are then not read. */
const EMBEDDING_SCHEMA = 2

/** What is known of clips, before any of it is fitted to a split. */
export interface DescribedClips extends ExtractedFeatures {
  /** One row a row of the other matrices. */
  embedding?: Matrix
  /** Names all that the volumes depend on besides the clips. */
  volumeKey: string
}

/**
 * The features of every clip: the motion descriptor and two controls, the volumes that networks see where one is
 * to see them (an encoder's, where there is one), and the encoder's embedding.
 */
export async function describeClips(
  clips: readonly (Clip | MadeClip)[],
  { cache, backend, fps, mask, crop, device, encoder: model }: Method,
  volumes: boolean,
  { stated, ...stage }: StageOptions & { stated?: readonly StatedFacts[] },
): Promise<DescribedClips> {
  const decode: ExtractOptions['decode'] = (file, options) => readClip(file, { fps, ...options, backend, mask, crop })
  const decoder = decodingKey({ backend, fps, mask, crop })
  const encoder = model === 'none' ? undefined : await createEncoder({ model })
  try {
    const shape: VolumeOptions = encoder?.volume ?? {}
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
    const features = await extractFeatures(clips, options)
    const seen = { ...shape, flow: resolveFlow(shape.flow) }
    const volumeKey = JSON.stringify(features.device === 'cuda' ? [decoder, seen, 'cuda'] : [decoder, seen])
    if (!encoder) return { ...features, volumeKey }
    const folder = join(
      cache,
      'embeddings',
      sha256(JSON.stringify([EMBEDDING_SCHEMA, encoder.key, volumeKey])).slice(0, 12),
    )
    const embedding = await embedClips(features, encoder, folder, (row) => nameOf(clips[features.clips[row]]), stage)
    return { ...features, volumeKey, embedding } // its warnings are those so far
  } finally {
    await encoder?.close()
  }
}

/** What the table says of its clips' frames and rates, in EchoNet's columns. */
export function statedOf({ clips, source: { rows } }: DataSet): StatedFacts[] {
  const positive = (value: string | undefined) => (Number(value) > 0 ? Number(value) : undefined)
  return rows.map(({ NumberOfFrames, FPS }, i) => ({
    frames: clips[i].segment ? undefined : positive(NumberOfFrames), // of the whole video
    fps: positive(FPS),
  }))
}
