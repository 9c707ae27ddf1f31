import type { ReadOptions } from './types.js'

/** Memory is asked for in steps, so that clips of common size ask once. */
export const STEP = 2 ** 24

/** Bytes that come in pieces, in one piece of memory, which grows as fast as it is granted. */
export class GrowingBytes {
  private memory = Buffer.alloc(0)
  length = 0

  constructor(private readonly reserve?: ReadOptions['reserve']) {}

  async push(part: Uint8Array): Promise<void> {
    const { length } = this
    const needed = length + part.length
    if (needed > this.memory.length) {
      const size = Math.ceil(Math.max(needed, 1.5 * length) / STEP) * STEP
      await this.reserve?.(size - this.memory.length)
      const larger = Buffer.allocUnsafeSlow(size)
      this.memory.copy(larger, 0, 0, length)
      this.memory = larger
    }
    this.memory.set(part, length)
    this.length = needed
  }

  /** What came so far, in place. */
  get bytes(): Buffer {
    return this.memory.subarray(0, this.length)
  }
}
