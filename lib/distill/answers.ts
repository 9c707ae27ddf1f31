import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeNpy, encodeNpy, npyComment } from '../run/npy.js'
import { sha256, writeWhole } from '../run/store.js'

/** Raise when students would answer differently: older answers are then not read. */
const SCHEMA = 2

/**
 * What students answered, kept by everything that their answers depend on: a comparison that was stopped goes on with
 * the student it was at, and a student that several tables ask for is trained once.
 */
export class Answers {
  private readonly asked = new Map<string, Promise<Float32Array>>()

  constructor(
    /** Folder of the files, `KEY.npy` each, with the checksum of its values in its head. */
    private readonly folder: string,
  ) {}

  /**
   * The answers known by `on`, or what `train` gives, which is then kept. `on` must be JSON. `train` is told the path of a
   * file where a training that takes long can keep its state for the next attempt.
   */
  async of(on: unknown, train: (checkpoint: string) => Promise<Float32Array>): Promise<Float32Array> {
    const key = sha256(JSON.stringify([SCHEMA, on]))
    const known = this.asked.get(key) ?? this.read(key, train)
    this.asked.set(key, known)
    try {
      return await known
    } finally {
      this.asked.delete(key)
    }
  }

  private async read(key: string, train: (checkpoint: string) => Promise<Float32Array>): Promise<Float32Array> {
    const path = join(this.folder, `${key}.npy`)
    try {
      const file = await readFile(path)
      const { data } = decodeNpy(file)
      if (data instanceof Float32Array && npyComment(file) === checksum(data)) return data
    } catch {
      // not there, or damaged: asked anew
    }
    const answers = await train(join(this.folder, `${key}.checkpoint`))
    await writeWhole(path, encodeNpy(answers, [answers.length], checksum(answers)))
    return answers
  }
}

function checksum({ buffer, byteOffset, byteLength }: Float32Array): string {
  return sha256(new Uint8Array(buffer, byteOffset, byteLength))
}
