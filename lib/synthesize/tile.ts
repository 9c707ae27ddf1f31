import type { Clip } from '../dataset/types.js'
import { sha256 } from '../run/store.js'
import { inLanes } from '../runtime/lanes.js'
import { decodeJpeg, encodeJpegs } from '../video/jpeg.js'
import { mjpegDecoder } from '../video/mjpeg.js'
import type { Frames, MadeClip, ReadOptions } from '../video/types.js'
import { JPEG_QUALITY } from '../video/write.js'
import { enlarge, type Size, shrink } from './resample.js'
import type { DistilledItem, Tile } from './types.js'

/** Raise when tiles of the same clips would look otherwise: what was computed of older ones is then not read. */
const SCHEMA = 1

/** Bytes of decoded clips that are kept, since a clip is often a tile of several sizes. */
const KEPT_BYTES = 2 ** 28

/** JPEGs that are decoded at once. */
const AT_ONCE = 16

/** Turns a file into frames. */
export type DecodeClip = (
  path: string,
  options: ReadOptions & Pick<Clip, 'fps' | 'segment'>,
) => Promise<Pick<Frames, 'frames' | 'count' | 'width' | 'height'>>

/** Makes tiles of the clips that they show. */
export class TileMaker {
  /** The last used last. */
  private readonly decoded = new Map<string, ReturnType<DecodeClip>>()
  private readonly clips = new Map<string, MadeClip>()

  constructor(private readonly decode: DecodeClip) {}

  /** The frames of a tile as they lie in the video: the middle of its parent, each pixel the mean over its area. */
  async small({ parent, place }: Tile, signal?: AbortSignal): Promise<Uint8Array> {
    const { frames, count, width, height } = await this.read(parent, signal)
    const shown = Math.min(count, place.to - place.from)
    const first = Math.floor((count - shown) / 2) * width * height
    return shrink(frames.subarray(first, first + shown * width * height), { width, height }, place, signal)
  }

  /**
   * A tile as students see it: as it comes out of the written video, at full size. Where tiles are whole JPEG blocks, that
   * does not depend on what is beside them, so the video need not be made for it.
   *
   * @param parentKey - names the parent's frames
   */
  clip(tile: Tile, parentKey: string): MadeClip {
    const { parent, place, width, height, fps } = tile
    const count = place.to - place.from
    const shown = [count, place.width, place.height, width, height, fps]
    const key = sha256(JSON.stringify(['tile', SCHEMA, JPEG_QUALITY, mjpegDecoder(), parentKey, shown]))
    const made: MadeClip = this.clips.get(key) ?? {
      ...{ kind: 'made', name: parent.id, key, count, width, height, fps },
      frames: async (signal) => atFullSize(await coded(await this.small(tile, signal), place, signal), tile, signal),
    }
    this.clips.set(key, made)
    return made
  }

  private async read({ path, fps, segment }: Clip, signal?: AbortSignal): ReturnType<DecodeClip> {
    const name = JSON.stringify([path, segment])
    const options = { ...(fps !== undefined && { fps }), ...(segment && { segment }), signal }
    const known = this.decoded.get(name) ?? this.decode(path, options)
    this.decoded.delete(name)
    this.decoded.set(name, known)
    try {
      const clip = await known
      await this.forget()
      return clip
    } catch (error) {
      this.decoded.delete(name)
      throw error
    }
  }

  /** The clips that were not used for longest, beyond what is kept. */
  private async forget(): Promise<void> {
    let bytes = 0
    for (const [name, clip] of [...this.decoded].reverse()) {
      const { frames } = await clip.catch(() => ({ frames: new Uint8Array() }))
      bytes += frames.length
      if (bytes > KEPT_BYTES) this.decoded.delete(name)
    }
  }
}

/** A tile's frames, as cut out of its video, at the size of its parent. */
export function atFullSize(frames: Uint8Array, { place, width, height }: Tile, signal?: AbortSignal) {
  return width === place.width && height === place.height ? frames : enlarge(frames, place, { width, height }, signal)
}

/** The items that students learn from: in the place of a composed one its tiles. */
export function expandItems(
  items: readonly DistilledItem[],
  clipOf: (tile: Tile, item: DistilledItem) => MadeClip,
): DistilledItem[] {
  return items.flatMap((item) => {
    const { classIndex, tiles } = item
    if (!tiles) return [item]
    return tiles.map((tile): DistilledItem => {
      const { parent, label, soft, weight, module, visitRate, rank } = tile
      const own = { label, classIndex, weight, module, visitRate, rank, ...(soft && { soft }) }
      return { video: clipOf(tile, item), parents: [parent], ...own }
    })
  })
}

/** Frames as they come back from a video that is written. */
export async function coded(frames: Uint8Array, { width, height }: Size, signal?: AbortSignal): Promise<Uint8Array> {
  const jpegs = await encodeJpegs({ pixels: frames, width, height, channels: 1, quality: JPEG_QUALITY }, signal)
  const out = new Uint8Array(frames.length)
  await inLanes(AT_ONCE, jpegs.length, signal, async (i) => {
    out.set((await decodeJpeg(jpegs[i], { signal })).pixels, i * width * height)
  })
  return out
}
