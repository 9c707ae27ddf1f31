import { join, resolve } from 'node:path'
import type { COMPOSING, METHOD } from '../options/method.js'
import { invalid } from '../runtime/expect.js'
import type { Resolved } from '../runtime/option.js'

/** What `distill` and `compare` are told of the method, all of it given (lib/options/method.ts). */
export type Method = Resolved<typeof METHOD> & {
  /** Folder (absolute) of what is computed once: features, volumes, embeddings, students' predictions. */
  cache: string
}

/** Options that say where results and caches go, and how the data set is read, besides the method. */
type Placed = Resolved<typeof METHOD> &
  Resolved<typeof COMPOSING> & { out: string; cache?: string; classes?: unknown; columns?: unknown }

/**
 * The settings of a run: its options without what is told of reading the data set, and with absolute folders.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT` where nothing is left to see of the clips, or tiles of what is not composed are asked for
 */
export function settingsOf<O extends Placed>({ out, cache, classes: _, columns: __, ...rest }: O) {
  const folder = resolve(out)
  const settings = { ...rest, folder, cache: resolve(cache ?? join(folder, 'cache')) }
  expectFeatures(settings)
  if (rest.synthesize === 'none')
    for (const name of ['tiles', 'stretches'] as const)
      if (rest[name] !== 'auto')
        throw invalid('auto, since nothing is composed (synthesize: compose),', name, rest[name])
  return settings
}

function expectFeatures({
  encoder,
  embeddings,
  embeddingIds,
  embeddingWeight,
  descriptorWeight,
}: Pick<Method, 'encoder' | 'embeddings' | 'embeddingIds' | 'embeddingWeight' | 'descriptorWeight'>): void {
  if (embeddings !== undefined && encoder !== 'none')
    throw invalid('no encoder beside embeddings of your own', 'encoder', encoder)
  if (embeddings === undefined && embeddingIds !== undefined)
    throw invalid('embeddings that the ids are of', 'embeddings', embeddings)
  const seesEmbedding = (encoder !== 'none' || embeddings !== undefined) && embeddingWeight > 0
  if (descriptorWeight === 0 && !seesEmbedding)
    throw invalid('a weight above 0, an encoder or embeddings', 'descriptorWeight', descriptorWeight)
}
