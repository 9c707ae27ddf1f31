import { join } from 'node:path'
import { decodeNpy, encodeNpy, npyComment } from '../run/npy.js'
import { readWhole, replaceFile, sha256 } from '../run/store.js'

/** Raise when students would predict otherwise: older predictions are then not read. */
const SCHEMA = 4

/**
 * What students predicted, kept by everything that it depends on: a comparison that was stopped goes on with the student
 * it was at, and a student that several tables ask for is trained once.
 */
export class PredictionCache {
  private readonly folder: string
  private readonly pending = new Map<string, Promise<Float32Array>>()

  /** @param cache - folder of a run's caches; the files are in `predictions`, `KEY.npy` each, their checksum in its head */
  constructor(cache: string) {
    this.folder = join(cache, 'predictions')
  }

  /**
   * The predictions known by `on`, or what `train` gives, which is then kept. `on` must be JSON. `train` is told the path
   * of a file where a training that takes long can keep its state for the next attempt.
   */
  async get(on: unknown, train: (checkpoint: string) => Promise<Float32Array>): Promise<Float32Array> {
    const key = sha256(JSON.stringify([SCHEMA, on]))
    const known = this.pending.get(key) ?? this.read(key, train)
    this.pending.set(key, known)
    try {
      return await known
    } finally {
      this.pending.delete(key)
    }
  }

  private async read(key: string, train: (checkpoint: string) => Promise<Float32Array>): Promise<Float32Array> {
    const path = join(this.folder, `${key}.npy`)
    try {
      const file = await readWhole(path)
      const { data } = decodeNpy(file)
      if (data instanceof Float32Array && npyComment(file) === checksum(data)) return data
    } catch {
      // not there, or damaged: predicted anew
    }
    const predictions = await train(join(this.folder, `${key}.checkpoint`))
    await replaceFile(path, encodeNpy(predictions, [predictions.length], checksum(predictions)))
    return predictions
  }
}

function checksum({ buffer, byteOffset, byteLength }: Float32Array): string {
  return sha256(new Uint8Array(buffer, byteOffset, byteLength))
}
