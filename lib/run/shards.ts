import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeNpy, encodeNpy } from './npy.js'
import { openFolder, sha256, writeWhole } from './store.js'

/** Rows of a shard: lost at most when a run is killed. */
export const SHARD_ROWS = 32

/** What is kept beside a row of numbers: any JSON. */
export type ShardRecord = Record<string, unknown>

/** One cached result: a key that names everything it depends on, its numbers, and what is said of it. */
export interface ShardEntry {
  key: string
  row: Float32Array
  record: ShardRecord
}

/**
 * A cache of rows of numbers in shards: `NNNNN.npy` (float32, rows x dim) and, renamed into place last, `NNNNN.jsonl`
 * (a head with the checksum of the numbers, then one record a row). What has no `.jsonl` is not there: a run that was
 * killed leaves whole shards only, and the next one goes on from them. A damaged shard is named and computed again.
 */
export class ShardCache {
  /** Sentences about shards that could not be used. */
  readonly warnings: string[] = []
  private readonly entries = new Map<string, ShardEntry>()
  private next = 0

  private constructor(private readonly directory: string) {}

  /** Opens a cache directory, making it if need be, and reads every complete shard. */
  static async open(directory: string): Promise<ShardCache> {
    const cache = new ShardCache(directory)
    for (const name of await openFolder(directory)) {
      const number = /^(\d{5})\.jsonl$/.exec(name)?.[1]
      if (number === undefined) continue
      cache.next = Math.max(cache.next, Number(number) + 1)
      await cache.read(number)
    }
    return cache
  }

  get size(): number {
    return this.entries.size
  }

  get(key: string): ShardEntry | undefined {
    return this.entries.get(key)
  }

  /** Writes one shard; all its rows have the same length. */
  async append(entries: ShardEntry[]): Promise<void> {
    if (entries.length === 0) return
    const dim = entries[0].row.length
    const values = new Float32Array(entries.length * dim)
    for (const [i, { row }] of entries.entries()) values.set(row, i * dim)
    const body = encodeNpy(values, [entries.length, dim])
    const head = { rows: entries.length, dim, sha256: sha256(body) }
    const lines = [head, ...entries.map(({ key, record }) => ({ key, ...record }))]
    const base = join(this.directory, String(this.next++).padStart(5, '0'))
    await writeWhole(`${base}.npy`, body)
    await writeWhole(`${base}.jsonl`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    for (const entry of entries) this.entries.set(entry.key, entry)
  }

  private async read(number: string): Promise<void> {
    const base = join(this.directory, number)
    try {
      const lines = (await readFile(`${base}.jsonl`, 'utf8')).trimEnd().split('\n')
      const [head, ...records] = lines.map((line) => JSON.parse(line))
      const body = await readFile(`${base}.npy`)
      if (sha256(body) !== head.sha256 || records.length !== head.rows) throw new Error('its checksum does not match')
      const { data } = decodeNpy(body)
      records.forEach(({ key, ...record }, i) => {
        this.entries.set(key, { key, record, row: (data as Float32Array).slice(i * head.dim, (i + 1) * head.dim) })
      })
    } catch (error) {
      this.warnings.push(
        `Cache shard ${number} was damaged (${(error as Error).message.split('\n')[0]}); its clips are computed again.`,
      )
      await rm(`${base}.jsonl`, { force: true })
      await rm(`${base}.npy`, { force: true })
    }
  }
}
