import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { atPath, whileReading } from '../runtime/errors.js'
import { decodeNpy, encodeNpy } from './npy.js'
import { openFolder, readWhole, removeLeftovers, replaceFile, sha256, writeNew } from './store.js'

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
 * (a head with the checksum of numbers and records, then one record a row). What has no `.jsonl` is not there: a run that was
 * killed leaves whole shards only, and the next one goes on from them. A damaged shard is named, removed and computed
 * again; one that cannot be read, or is of another shape, is left alone.
 * Several runs may append to one cache: a number belongs to the run that made its `.npy`.
 */
export class ShardCache {
  /** Sentences about shards that could not be used. */
  readonly warnings: string[] = []
  private readonly entries = new Map<string, ShardEntry>()
  private next = 0

  private constructor(
    private readonly directory: string,
    private readonly dim: number,
  ) {}

  /**
   * Opens a cache directory of rows of `dim` numbers, making it if need be, and reads every complete shard.
   *
   * @throws {InfomotionError} with the system's code (`EACCES`, `EIO`, ...) where a shard cannot be read just now
   */
  static async open(directory: string, dim: number): Promise<ShardCache> {
    const cache = new ShardCache(directory, dim)
    const names = await openFolder(directory)
    const heads = new Set(names.filter((name) => name.endsWith('.jsonl')))
    const headless: string[] = []
    for (const name of names) {
      const number = /^(\d{5,})\.npy$/.exec(name)?.[1]
      if (number === undefined) continue
      cache.next = Math.max(cache.next, Number(number) + 1)
      if (heads.has(`${number}.jsonl`)) await cache.read(number)
      else headless.push(join(directory, name)) // of a run that was killed, or is at it
    }
    await removeLeftovers(headless)
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
    const { dim } = this
    const values = new Float32Array(entries.length * dim)
    for (const [i, { row }] of entries.entries()) values.set(row, i * dim)
    const body = encodeNpy(values, [entries.length, dim])
    const records = entries.map(({ key, record }) => `${JSON.stringify({ key, ...record })}\n`).join('')
    const head = { rows: entries.length, dim, sha256: checksum(body, records) }
    const base = await this.claim(body)
    await replaceFile(`${base}.jsonl`, `${JSON.stringify(head)}\n${records}`)
    for (const entry of entries) this.entries.set(entry.key, entry)
  }

  /** Writes the numbers of a shard under the first number that nobody has; gives its path without the ending. */
  private async claim(body: Uint8Array): Promise<string> {
    for (;;) {
      const base = join(this.directory, String(this.next++).padStart(5, '0'))
      try {
        await writeNew(`${base}.npy`, body)
        return base
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
        await rm(`${base}.npy`, { force: true }).catch(() => {})
        throw atPath(error, base)
      }
    }
  }

  private async read(number: string): Promise<void> {
    const base = join(this.directory, number)
    const [records, body] = await Promise.all([readWhole(`${base}.jsonl`), readWhole(`${base}.npy`)]).catch((error) => {
      if (error.code === 'ENOENT') return [] // another run has just removed it
      throw whileReading(error, base)
    })
    if (records === undefined || body === undefined) return
    try {
      this.take(records.toString(), body)
    } catch (error) {
      const why = (error as Error).message.split('\n')[0]
      this.warnings.push(`Cache shard ${number} was damaged (${why}); its clips are computed again.`)
      for (const end of ['jsonl', 'npy']) await rm(`${base}.${end}`, { force: true }).catch(() => {}) // read-only: it stays
    }
  }

  /** Takes the rows of a shard; throws where it is damaged. */
  private take(text: string, body: Buffer): void {
    const start = text.indexOf('\n') + 1
    const head = JSON.parse(text.slice(0, start))
    if (checksum(body, text.slice(start)) !== head.sha256) throw new Error('its checksum does not match')
    if (head.dim !== this.dim) {
      this.warnings.push(`A cache shard is left out: its rows have ${head.dim} numbers, not ${this.dim}.`)
      return
    }
    const { data } = decodeNpy(body)
    const records = text.slice(start).trimEnd().split('\n')
    for (const [i, line] of records.entries()) {
      const { key, ...record } = JSON.parse(line)
      this.entries.set(key, { key, record, row: (data as Float32Array).slice(i * this.dim, (i + 1) * this.dim) })
    }
  }
}

function checksum(body: Uint8Array, records: string): string {
  return sha256(Buffer.concat([body, Buffer.from(records)]))
}
