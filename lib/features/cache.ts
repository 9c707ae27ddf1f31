import { join } from 'node:path'
import { SHARD_ROWS, ShardCache, type ShardEntry } from '../run/shards.js'
import { sha256 } from '../run/store.js'
import { type Device, expectDevice, resolveDevice } from '../runtime/device.js'
import type { Oddity } from '../video/types.js'
import { VolumeStore } from '../volume/store.js'
import {
  resolveFlow,
  resolveVolumeShape,
  type Volume,
  type VolumeOptions,
  type VolumeShape,
  volumeOf,
} from '../volume/volume.js'
import { type DescriptorLayout, type DescriptorOptions, describeClip, descriptorLayout } from './descriptor.js'

/** Raise when the numbers of a cached row would come out differently: older rows are then not read. */
const ROW_SCHEMA = 5
const VOLUME_SCHEMA = 3

/** The decoded luma of a clip, as `readClip` of the video stage gives it. */
export interface DecodedClip {
  frames: Uint8Array
  count: number
  width: number
  height: number
  fps: number
  backend: string
  /** The same with its version. */
  decoder?: string
  damagedFrames: number
  promisedFrames?: number
  oddities?: Oddity[]
  warnings: string[]
}

/** What is known of one clip's video. */
export interface ClipFacts {
  frames: number
  width: number
  height: number
  fps: number
  backend: string
  /** The same with its version. */
  decoder: string
  damagedFrames: number
  /** As the file's header promises; absent where it does not say. */
  promisedFrames?: number
  /** Things found odd and gone on with. */
  oddities: Oddity[]
}

export interface FeatureCacheOptions {
  /** Folder of the cache. */
  cache: string
  /** Names the decoder's settings. */
  decoder?: string
  decoders?: readonly string[]
  descriptor?: DescriptorOptions
  device?: Device
  volumes?: VolumeOptions | false
  signal?: AbortSignal
}

/** Decodes the clip at hand; asked only where its features are not kept yet. */
type Decode = () => Promise<DecodedClip>

/**
 * What is computed of single clips, and kept by the clip's key: a row of descriptor, mean frame and deviation in shards,
 * and, where volumes are wanted, a file with the clip's volume. A clip is decoded once for both, and its flow computed
 * once where both are of the same.
 */
export class FeatureCache {
  /** Rows that are not written to a shard yet. */
  private fresh: ShardEntry[] = []
  private writing = Promise.resolve()

  private constructor(
    /** Where the rows are computed. */
    readonly device: 'cpu' | 'cuda',
    /** As the caller asked for it. */
    private readonly wantedDevice: Device,
    readonly layout: DescriptorLayout,
    private readonly descriptor: DescriptorOptions | undefined,
    private readonly rows: ShardCache,
    private readonly volumes: { store: VolumeStore; shape: VolumeShape } | undefined,
    /** Of the volumes. */
    private readonly flow: DescriptorLayout['options']['flow'],
    private readonly decoders: readonly string[] | undefined,
  ) {}

  static async open(options: FeatureCacheOptions): Promise<FeatureCache> {
    const layout = descriptorLayout(options.descriptor)
    const wanted = expectDevice(options.device ?? 'auto')
    const device = await resolveDevice(wanted, options.signal)
    const { flow: volumeFlow, ...asked } = options.volumes || {}
    const shape = options.volumes ? resolveVolumeShape(asked) : undefined
    const flow = volumeFlow ? resolveFlow(volumeFlow) : layout.options.flow
    const decoder = options.decoder ?? 'auto'
    const folder = settingsKey(device, ROW_SCHEMA, decoder, layout.options)
    const rows = await ShardCache.open(join(options.cache, folder), rowLength(layout))
    const volumeFolder = `volumes-${settingsKey(device, VOLUME_SCHEMA, decoder, shape, flow)}`
    const volumes = shape && { shape, store: await VolumeStore.open(join(options.cache, volumeFolder), shape) }
    return new FeatureCache(device, wanted, layout, options.descriptor, rows, volumes, flow, options.decoders)
  }

  /** Sentences about what was kept and could not be used. */
  get warnings(): string[] {
    return [...this.rows.warnings, ...(this.volumes?.store.warnings ?? [])]
  }

  /** Whether volumes are kept. */
  get keepsVolumes(): boolean {
    return this.volumes !== undefined
  }

  /** The row of the clip whose file has this hash; its volume is kept too, where volumes are. */
  async describe(hash: string, decode: Decode, signal?: AbortSignal): Promise<ShardEntry> {
    const names = this.decoders ?? [ANY_DECODER]
    const known = names.map((name) => this.rows.get(clipKey(hash, name))).find((row) => row !== undefined)
    if (known && !(await this.lacksVolume(known.key))) return known
    const video = await decode()
    const key = clipKey(hash, this.decoders ? (video.decoder ?? video.backend) : ANY_DECODER)
    if (known?.key === key) {
      await this.makeVolume(key, video, signal)
      return known
    }
    const missing = (await this.lacksVolume(key)) ? this.volumes : undefined
    const sameFlow = JSON.stringify(this.flow) === JSON.stringify(this.layout.options.flow)
    const { motion, meanFrame, deviation, volume } = await describeClip(video.frames, video, {
      ...this.descriptor,
      volume: sameFlow ? missing?.shape : undefined,
      device: this.wantedDevice,
      signal,
    })
    if (volume) await missing?.store.write(key, volume)
    else if (missing) await this.makeVolume(key, video, signal)
    const row = new Float32Array(rowLength(this.layout))
    row.set(motion)
    row.set(meanFrame, motion.length)
    row.set(deviation, motion.length + meanFrame.length)
    const { count, width, height, fps, backend, decoder = backend, damagedFrames, promisedFrames } = video
    const { oddities = video.warnings.map((text) => ({ kind: 'decoder' as const, text })) } = video
    const facts: ClipFacts = {
      frames: count,
      width,
      height,
      fps,
      backend,
      decoder,
      damagedFrames,
      promisedFrames,
      oddities,
    }
    const entry = { key, row, record: { ...facts } }
    this.fresh.push(entry)
    if (this.fresh.length >= SHARD_ROWS) await this.flush()
    return entry
  }

  private async lacksVolume(key: string): Promise<boolean> {
    return this.volumes !== undefined && !(await this.volumes.store.has(key))
  }

  /** The volume of the clip with this key, made again where it was lost. */
  async volume(key: string, decode: Decode, signal?: AbortSignal): Promise<Volume> {
    return (await this.volumes?.store.read(key)) ?? (await this.makeVolume(key, await decode(), signal))
  }

  /** Writes what is not written yet. */
  flush(): Promise<void> {
    const shard = this.fresh
    this.fresh = []
    this.writing = this.writing.then(() => this.rows.append(shard))
    return this.writing
  }

  /** Makes and keeps the volume of a clip, apart from its descriptor. */
  private async makeVolume(key: string, video: DecodedClip, signal?: AbortSignal): Promise<Volume> {
    const { flow, device } = this
    const shape = this.volumes?.shape
    // volumeOf looks at no more frames than it must, on the CPU.
    const volume =
      device === 'cpu'
        ? await volumeOf(video.frames, video, { ...shape, flow, signal })
        : ((await describeClip(video.frames, video, { flow, volume: shape, device, signal })).volume as Volume)
    await this.volumes?.store.write(key, volume)
    return volume
  }
}

/** Where nobody says what decodes: whatever did. */
const ANY_DECODER = ''

/** Names a clip's file and what decoded it. */
function clipKey(hash: string, decoder: string): string {
  return decoder === ANY_DECODER ? hash : `${hash}-${sha256(decoder).slice(0, 8)}`
}

/** Names all that kept numbers depend on besides the clip: its folder in the cache. */
function settingsKey(device: 'cpu' | 'cuda', ...settings: unknown[]): string {
  // A GPU rounds otherwise than the CPU, whose rows keep the keys they always had.
  return sha256(JSON.stringify(device === 'cuda' ? [...settings, device] : settings)).slice(0, 12)
}

/** Numbers of a row: the descriptor and the two controls. */
function rowLength({ dim, options }: DescriptorLayout): number {
  return dim + 2 * options.thumbnail ** 2
}
