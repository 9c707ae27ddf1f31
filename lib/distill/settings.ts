import type { METHOD } from '../options/method.js'
import { invalid } from '../runtime/expect.js'
import type { Resolved } from '../runtime/option.js'

/** What `distill` and `compare` are told of the method, all of it given (lib/options/method.ts). */
export type Method = Resolved<typeof METHOD> & {
  /** Folder (absolute) of what is computed once: features, volumes, embeddings, students' predictions. */
  cache: string
}

/**
 * Something must be left to see of the clips.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 */
export function expectFeatures({ encoder, embeddingWeight, descriptorWeight }: Method): void {
  const seesEmbedding = encoder !== 'none' && embeddingWeight > 0
  if (descriptorWeight === 0 && !seesEmbedding)
    throw invalid('a weight above 0, or an encoder', 'descriptorWeight', descriptorWeight)
}
