import { join } from 'node:path'
import type { DataSet } from '../dataset/index.js'
import { embedClips } from '../features/embed.js'
import { createEncoder } from '../features/encoder.js'
import { type ExtractedFeatures, extractFeatures } from '../features/extract.js'
import type { Matrix } from '../matrix/matrix.js'
import { sha256 } from '../run/store.js'
import type { StageOptions } from '../runtime/progress.js'
import { readClip } from '../video/index.js'
import { resolveFlow, type VolumeOptions } from '../volume/volume.js'
import type { Method } from './settings.js'

/** Raise when the numbers of an embedding would come out differently: older ones are then not read. */
const EMBEDDING_SCHEMA = 2

/** What is known of the clips, before any of it is fitted to a split. */
export interface Extracted {
  features: ExtractedFeatures
  /** Rows as those of `features`. */
  embedding?: Matrix
  /** Names all that the volumes depend on besides the clips. */
  volumeKey: string
}

/**
 * The features of every clip: the motion descriptor and two controls, the volumes that networks see where one is
 * to see them (an encoder's, where there is one), and the encoder's embedding.
 */
export async function extract(
  { clips }: DataSet,
  { cache, backend, device, encoder: model }: Method,
  volumes: boolean,
  stage: StageOptions,
): Promise<Extracted> {
  const decode = (file: string, options: { signal?: AbortSignal }) => readClip(file, { ...options, backend })
  const encoder = model === 'none' ? undefined : await createEncoder({ model })
  try {
    const shape: VolumeOptions = encoder?.volume ?? {}
    const options = {
      cache,
      decode,
      decoder: backend,
      device,
      volumes: encoder || volumes ? shape : (false as const),
      ...stage,
    }
    const features = await extractFeatures(clips, options)
    const seen = { ...shape, flow: resolveFlow(shape.flow) }
    const volumeKey = JSON.stringify(features.device === 'cuda' ? [backend, seen, 'cuda'] : [backend, seen])
    if (!encoder) return { features, volumeKey }
    const folder = join(
      cache,
      'embeddings',
      sha256(JSON.stringify([EMBEDDING_SCHEMA, encoder.key, volumeKey])).slice(0, 12),
    )
    return {
      features,
      volumeKey,
      embedding: await embedClips(features, encoder, folder, (row) => clips[features.clips[row]].id, stage),
    }
  } finally {
    await encoder?.close()
  }
}
