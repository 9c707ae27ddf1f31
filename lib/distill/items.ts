import type { Clip } from '../dataset/index.js'
import { type Matrix, takeColumns } from '../matrix/matrix.js'
import { invalid } from '../runtime/expect.js'
import type { StageOptions } from '../runtime/progress.js'
import { type DistilledItem, expandItems, makerOf } from '../synthesize/index.js'
import type { MadeClip } from '../video/types.js'
import type { Volume } from '../volume/index.js'
import { describeClips } from './describe.js'
import { type Fold, featuresOf } from './fold.js'
import type { Method } from './settings.js'

/** What students see of one item. */
interface SeenItem {
  /**
   * Names what it shows: of a source clip the digest of its file and its decoder, of a made clip that of its frames. Absent
   * where no frames were looked at: no student is then evaluated.
   */
  key?: string
  /** Its row in each feature space, by the space's name. */
  rows: ReadonlyMap<string, Float32Array>
  volume(options: StageOptions): Promise<Volume>
  /** Of a TRAIN clip: its row in the fold's TRAIN matrices. */
  trainRow?: number
}

/**
 * What students see of items: of a clip of the source, what is known of it already; of a made clip, what is computed in
 * the same way (blocks, weights, encoder), through the same cache.
 */
export class ItemFeatures {
  /** The row of each TRAIN clip in TRAIN, and of each clip that students may learn from in all. */
  private readonly trainRows: Map<Clip, number>
  private readonly rows: Map<Clip, number>
  private readonly seen = new WeakMap<Clip | MadeClip, SeenItem>()
  /** The made clips that are being described; one lot after the other. */
  private describing: Promise<unknown> = Promise.resolve()

  constructor(
    readonly fold: Fold,
    private readonly method: Method,
    /** Whether students ask for volumes. */
    private readonly volumes: boolean,
  ) {
    const { trainClips, trainRows, candidates, candidateRows } = fold
    this.trainRows = new Map(trainClips.map((clip, row) => [clip, row]))
    this.rows = new Map([
      ...trainClips.map((clip, i) => [clip, trainRows[i]] as const),
      ...candidates.map((clip, i) => [clip, candidateRows[i]] as const),
    ])
  }

  /** What students learn from: composed items as their tiles. */
  samples(items: readonly DistilledItem[]): DistilledItem[] {
    const { clips } = this.fold
    if (!items.some(({ tiles }) => tiles)) return [...items]
    const { decode, cacheKeys } = clips
    if (!decode || !cacheKeys) throw invalid('clips whose frames were looked at', 'composed items', items.length)
    const maker = makerOf(decode)
    return expandItems(items, (tile) => {
      const row = this.rows.get(tile.parent)
      if (row === undefined) throw invalid('a TRAIN clip of the data set', 'the parent of a tile', tile.parent.id)
      return maker.clip(tile, cacheKeys[row])
    })
  }

  /** What students see of each item. Made clips that are new are described first: give all at once where they are known. */
  async of(items: readonly DistilledItem[], stage: StageOptions): Promise<SeenItem[]> {
    const made = items.flatMap(({ video }) => (video.kind === 'made' ? [video] : []))
    if (made.length > 0) {
      const described = this.describing.then(() => this.describe(made, stage))
      this.describing = described.catch(() => undefined) // its error is the caller's, not the next lot's
      await described
    }
    return items.map(({ video }) => (video.kind === 'made' ? this.seen.get(video)! : this.ofSource(video.clip)))
  }

  /** The items as rows of a feature space. */
  async matrix(space: string, items: readonly DistilledItem[], stage: StageOptions): Promise<Matrix> {
    const rows = (await this.of(items, stage)).map((item) => item.rows.get(space)!)
    return takeColumns(rows, 0, rows[0].length)
  }

  private ofSource(clip: Clip): SeenItem {
    const { spaces, clips } = this.fold
    const known = this.seen.get(clip)
    if (known) return known
    const row = this.rows.get(clip)
    if (row === undefined) throw invalid('a TRAIN clip of the data set', 'the source clip of an item', clip.id)
    const seen = {
      key: clips.cacheKeys?.[row],
      rows: new Map(spaces.map(({ name, all }) => [name, rowAt(all, row)])),
      volume: ({ signal }: StageOptions) => clips.volume(row, { signal }),
      trainRow: this.trainRows.get(clip),
    }
    this.seen.set(clip, seen)
    return seen
  }

  private async describe(clips: readonly MadeClip[], stage: StageOptions): Promise<void> {
    const fresh = [...new Set(clips)].filter((clip) => !this.seen.has(clip))
    if (fresh.length === 0) return
    const described = await describeClips(fresh, this.method, this.volumes, {
      ...stage,
      timing: this.fold.clips.timing,
    })
    const spaces = featuresOf(described, this.method, this.fold.descriptor?.form)
    for (const [i, clip] of fresh.entries())
      this.seen.set(clip, {
        key: described.cacheKeys?.[i],
        rows: new Map(spaces.map(({ name, features }) => [name, rowAt(features, i)])),
        volume: ({ signal }) => described.volume(i, { signal }),
      })
  }
}

function rowAt({ dim, values }: Matrix, row: number): Float32Array {
  return values.subarray(row * dim, (row + 1) * dim)
}

/** Clips that are described on the way, called what they are. */
export const told = ({ signal, onProgress }: StageOptions): StageOptions => ({
  signal,
  onProgress: ({ done, total }) => onProgress?.({ stage: 'tiles', done, total, unit: 'tiles' }),
})
