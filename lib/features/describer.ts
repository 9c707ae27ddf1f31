import type { Clip } from '../dataset/types.js'
import { ByteBudget } from '../run/budget.js'
import type { ShardEntry } from '../run/shards.js'
import { NO_FILE, sha256 } from '../run/store.js'
import { asInfomotionError, InfomotionError } from '../runtime/errors.js'
import { framesOf } from '../video/made.js'
import { sha256OfClip } from '../video/pictures.js'
import type { MadeClip, ReadOptions, Segment } from '../video/types.js'
import type { Volume } from '../volume/volume.js'
import type { DecodedClip, FeatureCache } from './cache.js'

/** A clip that could not be decoded, and why. */
export interface SkippedClip {
  id: string
  path: string
  reason: string
}

/** Turns a file into frames. */
type DecodeFile = (path: string, options: ReadOptions & Pick<Clip, 'fps' | 'segment'>) => Promise<DecodedClip>

/** Describes clips one by one, in any order and several at once, and keeps by their indices what came of them. */
export class ClipDescriber {
  /** Names each clip: the digest of its file, and its part; or the digest of a made clip's frames. */
  readonly hashes: string[]
  /** The row of each clip that could be read. */
  readonly entries: (ShardEntry | undefined)[]
  /** Those that could not. */
  readonly skips: (SkippedClip | undefined)[]
  /** Indices of the clips that changed while they were read, and were read again. */
  readonly changed = new Set<number>()
  private readonly budget: ByteBudget

  /** @param memory - bytes of decoded clips that are held at the same time */
  constructor(
    private readonly clips: readonly (Clip | MadeClip)[],
    private readonly cache: FeatureCache,
    private readonly decodeFile: DecodeFile,
    memory: number,
  ) {
    this.hashes = new Array(clips.length)
    this.entries = new Array(clips.length)
    this.skips = new Array(clips.length)
    this.budget = new ByteBudget(memory)
  }

  /** The row of one clip; or why it is skipped. */
  async describe(index: number, signal?: AbortSignal): Promise<void> {
    const clip = this.clips[index]
    if ('frames' in clip) return this.describeMade(index, clip, signal)
    const share = this.budget.open()
    const reserve = (bytes: number) => share.grow(bytes, signal)
    try {
      this.hashes[index] = nameOfPart(await ofClip(sha256OfClip(clip.path, signal)), clip.segment)
      const video = () => ofClip(this.decode(clip, this.hashes[index], { signal, reserve }))
      this.entries[index] = await this.cache.describe(withRate(this.hashes[index], clip), video, signal)
    } catch (thrown) {
      // a descriptor without the volume that was asked for is of no use: the clip has no row
      if (!(thrown instanceof ClipFault)) throw thrown
      if (thrown.code === 'VIDEO_CHANGED' && !this.changed.has(index)) {
        this.changed.add(index)
        share.close()
        return this.describe(index, signal)
      }
      this.skips[index] = { id: clip.id, path: clip.path, reason: `${thrown.message} (${thrown.code})` }
    } finally {
      share.close()
    }
  }

  /** A made clip's row. What goes wrong in making it is no fault of one clip. */
  private async describeMade(index: number, clip: MadeClip, signal?: AbortSignal): Promise<void> {
    const share = this.budget.open()
    try {
      const reserve = (bytes: number) => share.grow(bytes, signal)
      const known = clip.key === undefined ? await asDecoded(clip, { signal, reserve }) : undefined
      this.hashes[index] = clip.key ?? hashOfMade(known!)
      const decoded = async () => known ?? asDecoded(clip, { signal, reserve })
      this.entries[index] = await this.cache.describe(this.hashes[index], decoded, signal)
    } finally {
      share.close()
    }
  }

  /** The volume of a clip that has a row, made again where it was lost. */
  volume(index: number, key: string, at: { signal?: AbortSignal }): Promise<Volume> {
    const clip = this.clips[index]
    const again = async () => ('frames' in clip ? asDecoded(clip, at) : this.decode(clip, this.hashes[index], at))
    return this.cache.volume(key, again, at.signal)
  }

  /** Decodes a clip if its file still has the hash that its features are kept by. */
  private async decode({ path, fps, segment }: Clip, name: string, at: ReadOptions): Promise<DecodedClip> {
    const options = { ...at, ...(fps !== undefined && { fps }), ...(segment && { segment }) }
    const video = await this.decodeFile(path, options)
    if ((await sha256OfClip(path, at.signal)) !== fileHashOf(name))
      throw new InfomotionError(
        'VIDEO_CHANGED',
        `${path} changed while it was read. Let it be written to its end first.`,
      )
    return video
  }
}

/** Names a clip's file together with the rate that its source states. */
const withRate = (hash: string, { fps }: Clip) => (fps === undefined ? hash : sha256(`${hash} ${fps} fps`))
const SHA256_DIGITS = 64

/** A file's digest, and behind it that of the part of it which a clip is. */
function nameOfPart(hash: string, segment: Segment | undefined): string {
  if (!segment) return hash
  const { unit, start, end = null } = segment
  return `${hash}-${sha256(JSON.stringify([unit, start, end])).slice(0, 8)}`
}

/** The digest of the file that a clip was read from, of what the clip is named by. */
export const fileHashOf = (name: string) => name.slice(0, SHA256_DIGITS)

/** Names a made clip by all that it is, but for its name. */
function hashOfMade({ frames, count, width, height, fps }: DecodedClip): string {
  return sha256(`made ${JSON.stringify([count, width, height, fps])} ${sha256(frames)}`)
}

async function asDecoded(clip: MadeClip, { signal, reserve }: ReadOptions): Promise<DecodedClip> {
  const { count, width, height, fps } = clip
  if (typeof clip.frames === 'function') await reserve?.(count * width * height)
  const frames = await framesOf(clip, signal)
  return { frames, count, width, height, fps, backend: 'made', damagedFrames: 0, warnings: [] }
}

/** A fault of one clip, to be skipped by name; anything else (a full disk, abort, bad options) ends the stage. */
class ClipFault extends InfomotionError {}

/** Tells what is wrong with a clip from what is wrong elsewhere: a disk in trouble, a cache that is forbidden (`EACCES` too). */
async function ofClip<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (thrown) {
    const error = asInfomotionError(thrown)
    const { code, message } = error
    if (!code.startsWith('VIDEO_') && !NO_FILE.includes(code)) throw error
    throw new ClipFault(code, message, { cause: thrown })
  }
}
