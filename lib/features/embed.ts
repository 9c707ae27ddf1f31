import type { Matrix } from '../matrix/matrix.js'
import { SHARD_ROWS, ShardCache, type ShardEntry } from '../run/shards.js'
import type { InfomotionError } from '../runtime/errors.js'
import type { StageOptions } from '../runtime/progress.js'
import { type Encoder, notFinite } from './encoder.js'
import type { ExtractedFeatures } from './extract.js'

/**
 * What an encoder makes of each clip: one row a row of `extracted`, through a cache in shards, so
 * that a run that was stopped goes on where it was. Volumes are read as the encoder takes them.
 *
 * @param folder - of the cache; another one for each model, decoder and shape of volumes
 * @param nameOf - the clip of a row, for errors
 * @throws {InfomotionError} what `encode` throws; `EMBEDDING_NOT_FINITE` names encoder and clip
 */
export async function embedClips(
  extracted: ExtractedFeatures,
  encoder: Encoder,
  folder: string,
  nameOf: (row: number) => string,
  { signal, onProgress }: StageOptions,
): Promise<Matrix> {
  const { keys } = extracted
  const cache = await ShardCache.open(folder, encoder.dim)
  const wanted = Array.from(keys.keys()).filter((row) => !cache.get(keys[row]))
  const report = (fresh: number) =>
    onProgress?.({ stage: 'embedding', done: keys.length - wanted.length + fresh, total: keys.length, unit: 'clips' })
  async function* volumes() {
    for (const row of wanted) yield await extracted.volume(row)
  }
  report(0)
  const shard: ShardEntry[] = []
  let fresh = 0
  try {
    for await (const row of encoder.encode(volumes(), { signal })) {
      shard.push({ key: keys[wanted[fresh++]], row, record: {} })
      if (shard.length === SHARD_ROWS) await cache.append(shard.splice(0))
      report(fresh)
    }
  } catch (error) {
    // the encoder knows the clip by its number only
    if ((error as InfomotionError).code !== 'EMBEDDING_NOT_FINITE') throw error
    throw notFinite(encoder.name, `clip ${nameOf(wanted[fresh])}`)
  } finally {
    await cache.append(shard) // what is done stays done, also after Ctrl-C
  }
  const values = new Float32Array(keys.length * encoder.dim)
  for (const [row, key] of keys.entries()) {
    const embedding = cache.get(key)!.row
    if (!embedding.every(Number.isFinite)) throw notFinite(encoder.name, `clip ${nameOf(row)}`) // of an older cache
    values.set(embedding, row * encoder.dim)
  }
  return { rows: keys.length, dim: encoder.dim, values }
}
