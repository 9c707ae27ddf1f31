import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeNpy, encodeNpy, npyHeader } from '../run/npy.js'
import { openFolder, writeWhole } from '../run/store.js'
import { toVolume, type Volume, type VolumeShape } from './volume.js'

/**
 * Volumes on disk: one `.npy` (uint8, [frames, 3, side, side]) a clip, named after the clip's key and renamed into place
 * when whole. Nothing is kept in memory. A file of another shape, or cut short, counts as absent and is named in
 * `warnings`.
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

  /** Whether the clip's volume is there: its head is the one of an array of this shape and of the file's size. */
  async has(key: string): Promise<boolean> {
    try {
      const file = await open(this.path(key))
      try {
        const { size } = await file.stat()
        const head = this.header(1)
        const frames = (size - head.length) / (3 * this.shape.side ** 2)
        const whole = Number.isInteger(frames) && frames >= 1 && frames <= this.shape.frames
        await file.read(head, 0, head.length, 0)
        if (whole && head.equals(this.header(frames))) return true
      } finally {
        await file.close()
      }
      this.warnings.push(`The cached volume ${key}.npy was damaged or of another shape; it is computed again.`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return false
  }

  /** The clip's volume, or undefined where {@link has} would say no. */
  async read(key: string): Promise<Volume | undefined> {
    if (!(await this.has(key))) return undefined
    return toVolume(decodeNpy(await readFile(this.path(key))).data as Uint8Array, this.shape.side)
  }

  /** Keeps a clip's volume. */
  async write(key: string, { values, frames, side }: Volume): Promise<void> {
    await writeWhole(this.path(key), encodeNpy(values, [frames, 3, side, side]))
  }

  private path(key: string): string {
    return join(this.directory, `${key}.npy`)
  }

  private header(frames: number): Buffer {
    return npyHeader('|u1', [frames, 3, this.shape.side, this.shape.side])
  }
}
