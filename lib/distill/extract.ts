import { join } from 'node:path'
import type { DataSet } from '../dataset/index.js'
import { embedClips } from '../features/embed.js'
import { createEncoder } from '../features/encoder.js'
import { type ExtractedFeatures, extractFeatures } from '../features/extract.js'
import type { StageOptions } from '../run/progress.js'
import type { Features } from '../runtime/features.js'
import { readClip } from '../video/index.js'
import type { Method } from './settings.js'

/**
 * The features of every clip: the motion descriptor and two controls, the volumes that networks see where one is
 * to see them, and an encoder's embedding if asked for.
 */
export async function extract(
  { clips }: DataSet,
  { cache, backend, encoder: model }: Method,
  volumes: boolean,
  stage: StageOptions,
): Promise<{ features: ExtractedFeatures; embedding?: Features }> {
  const decode = (file: string, options: { signal?: AbortSignal }) => readClip(file, { ...options, backend })
  const encoder = model === 'none' ? undefined : await createEncoder({ model })
  try {
    const options = { cache, decode, decoder: backend, volumes: encoder?.volume ?? (volumes ? {} : false), ...stage }
    const features = await extractFeatures(clips, options)
    return { features, embedding: encoder && (await embedClips(features, encoder, join(cache, 'embeddings'), stage)) }
  } finally {
    await encoder?.close()
  }
}
