import { MAX_SIDE } from './types.js'

/** What the head of a YUV4MPEG2 stream says. */
export interface LumaHead {
  width: number
  height: number
  /** Undefined where it names no rate between 0 and 1000 fps. */
  fps?: number
  /** Width of a pixel against its height, where it says so. */
  aspect?: number
}

const MARKER = 'FRAME\n'.length

/**
 * The frames of a grey YUV4MPEG2 stream, one by one, as they come: a line with width, height and frame rate, then "FRAME\n"
 * and the luma of each frame.
 */
export class LumaStream {
  /** Frames that came whole. */
  count = 0
  /** It stopped inside a frame. */
  cut = false
  private readonly parts: AsyncIterator<Buffer>
  private rest = Buffer.alloc(0)
  private reading: Promise<LumaHead | undefined> | undefined

  constructor(stream: AsyncIterable<Buffer>) {
    this.parts = stream[Symbol.asyncIterator]()
  }

  /** Undefined where it is no such stream. */
  head(): Promise<LumaHead | undefined> {
    this.reading ??= this.readHead()
    return this.reading
  }

  private async readHead(): Promise<LumaHead | undefined> {
    while (!this.rest.includes('\n') && this.rest.length < 1024) {
      const part = await this.part()
      if (!part) break
      this.rest = Buffer.concat([this.rest, part])
    }
    const end = this.rest.subarray(0, 1024).indexOf('\n')
    const line = end < 0 ? '' : this.rest.toString('latin1', 0, end)
    const width = Number(/ W(\d+)/.exec(line)?.[1])
    const height = Number(/ H(\d+)/.exec(line)?.[1])
    const [, numerator, denominator] = / F(\d+):(\d+)/.exec(line) ?? []
    const isSide = (side: number) => side >= 1 && side <= MAX_SIDE
    if (!line.startsWith('YUV4MPEG2') || !isSide(width) || !isSide(height)) return undefined
    this.rest = this.rest.subarray(end + 1)
    const fps = Number(numerator) / Number(denominator)
    const [, across = 0, down = 0] = / A(\d+):(\d+)/.exec(line) ?? []
    const aspect = Number(across) / Number(down)
    return { width, height, ...(fps > 0 && fps <= 1000 && { fps }), ...(aspect > 0 && aspect < 1e6 && { aspect }) }
  }

  /** The next frame, in memory of its own; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    const head = await this.head()
    if (!head) return undefined
    const marker = await this.take(MARKER)
    const frame = marker.length === MARKER ? await this.take(head.width * head.height) : undefined
    if (frame?.length === head.width * head.height) {
      this.count++
      return frame
    }
    this.cut = marker.length > 0
    return undefined
  }

  private async take(length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length)
    let filled = 0
    while (filled < length) {
      if (this.rest.length === 0) {
        const part = await this.part()
        if (!part) break
        this.rest = part as Buffer<ArrayBuffer>
      }
      const copied = this.rest.copy(bytes, filled)
      this.rest = this.rest.subarray(copied)
      filled += copied
    }
    return bytes.subarray(0, filled)
  }

  private async part(): Promise<Buffer | undefined> {
    const { done, value } = await this.parts.next()
    return done ? undefined : value
  }
}
