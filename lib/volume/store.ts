import { join } from 'node:path'
import { decodeNpy, npyComment, npyHeader } from '../run/npy.js'
import { openFolder, readWhole, replaceFile, sha256, withFile } from '../run/store.js'
import { invalid } from '../runtime/expect.js'
import { toVolume, type Volume, type VolumeShape } from './volume.js'

/** As long as a SHA-256 in hexadecimal. */
const NO_SUM = '-'.repeat(64)

/**
 * Volumes on disk: one `.npy` (uint8, [frames, 3, side, side]) a clip, named after the clip's key and renamed into place
 * when whole, with the checksum of its values in its head. Nothing is kept in memory. A file of another shape, cut short
 * or altered, counts as absent and is named in `warnings`.
 */
export class VolumeStore {
  /** Sentences about files that could not be used. */
  readonly warnings: string[] = []

  private constructor(
    private readonly directory: string,
    private readonly shape: Required<VolumeShape>,
  ) {}

  /** Opens a folder of volumes of one shape, making it if need be. */
  static async open(directory: string, shape: Required<VolumeShape>): Promise<VolumeStore> {
    await openFolder(directory)
    return new VolumeStore(directory, shape)
  }

  /**
   * Whether the clip's volume is there: its head is the one of an array of this shape and of the file's size. Its values
   * are looked at when they are read.
   */
  async has(key: string): Promise<boolean> {
    try {
      const whole = await withFile(this.path(key), async (file) => {
        const { size } = await file.stat()
        const head = this.header(1)
        const frames = (size - head.length) / (3 * this.shape.side ** 2)
        const fits = Number.isInteger(frames) && frames >= 1 && frames <= this.shape.frames
        await file.read(head, 0, head.length, 0)
        return fits && head.equals(this.header(frames, npyComment(head)))
      })
      if (whole) return true
      this.warn(key)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return false
  }

  /** The clip's volume, or undefined where {@link has} would say no. */
  async read(key: string): Promise<Volume | undefined> {
    if (!(await this.has(key))) return undefined
    const file = await readWhole(this.path(key))
    const { data } = decodeNpy(file)
    if (npyComment(file) === sha256(data as Uint8Array)) return toVolume(data as Uint8Array, this.shape.side)
    this.warn(key)
    return undefined
  }

  /** Keeps a clip's volume. */
  async write(key: string, { values, frames, side }: Volume): Promise<void> {
    if (values.length !== frames * 3 * side * side) throw invalid(`${frames} frames of ${side} px`, 'values', values)
    await replaceFile(this.path(key), Buffer.concat([this.header(frames, sha256(values)), values]))
  }

  private warn(key: string): void {
    this.warnings.push(`The cached volume ${key}.npy was damaged or of another shape; it is computed again.`)
  }

  private path(key: string): string {
    return join(this.directory, `${key}.npy`)
  }

  private header(frames: number, sum = NO_SUM): Buffer {
    return npyHeader('|u1', [frames, 3, this.shape.side, this.shape.side], sum)
  }
}
