import { decimalPoint, numberKey } from '../dataset/labels.js'
import { throwIfAborted } from '../runtime/errors.js'
import type { MadeClip, Place, Tiling } from '../video/types.js'
import { placesIn } from './layout.js'
import type { TileMaker } from './tile.js'
import type { ClipShape, DistilledItem, Tile } from './types.js'

/** A clip that was chosen, and what it is like. */
export interface Chosen extends Omit<Tile, 'place' | 'width' | 'height' | 'fps'> {
  shape: ClipShape
}

/**
 * The composed videos of one class: its clips in the order of choice, as many in each video. Places that the class cannot
 * fill stay dark, and have no tile.
 *
 * @param next - number of the first video, for its name
 * @param wanted - videos; more where its clips need more, none empty
 */
export function composeClass(
  chosen: readonly Chosen[],
  classIndex: number,
  shape: ClipShape,
  tiling: Tiling,
  maker: TileMaker,
  next: number,
  wanted: number,
): DistilledItem[] {
  const places = placesIn(shape, tiling)
  const videos = Math.min(Math.max(wanted, Math.ceil(chosen.length / places.length)), chosen.length)
  // evenly, the first ones fuller: where there are clips for all places, as many as there are
  const first = (video: number) => video * Math.floor(chosen.length / videos) + Math.min(video, chosen.length % videos)
  return Array.from({ length: videos }, (_, rank): DistilledItem => {
    const tiles = chosen
      .slice(first(rank), first(rank + 1))
      .map(({ shape: { frames, width, height, fps }, ...clip }, i): Tile => {
        const place = { ...places[i], to: Math.min(places[i].to, places[i].from + frames) }
        return { ...clip, place, width, height, fps }
      })
    return {
      video: composedClip(`composed-${next + rank}.avi`, tiles, places, shape, tiling, maker),
      ...{ classIndex, rank, tiles, label: commonLabel(tiles), module: -1 },
      // mean 1 over the class, as the tiles' weights are
      weight: (sumOf(tiles, ({ weight }) => weight) * videos) / chosen.length,
      visitRate: sumOf(tiles, ({ visitRate }) => visitRate),
      parents: tiles.map(({ parent }) => parent),
    }
  })
}

function composedClip(
  name: string,
  tiles: readonly Tile[],
  places: readonly Place[],
  { width, height, fps, frames: count }: ClipShape,
  tiling: Tiling,
  maker: TileMaker,
): MadeClip {
  const frames = async (signal?: AbortSignal) => {
    const out = new Uint8Array(count * width * height)
    for (const [i, tile] of tiles.entries()) {
      throwIfAborted(signal)
      paste(out, { width, height }, places[i], await maker.small(tile, signal))
    }
    return out
  }
  return { kind: 'made', name, frames, count, width, height, fps, tiling }
}

/** To each frame of a place one of the tile's; a shorter tile stands still at its end, which is no part of it. */
function paste(out: Uint8Array, { width, height }: { width: number; height: number }, place: Place, tile: Uint8Array) {
  const bytes = place.width * place.height
  const last = tile.length / bytes - 1
  for (let t = place.from; t < place.to; t++) {
    const frame = Math.min(t - place.from, last) * bytes
    for (let y = 0; y < place.height; y++) {
      const row = tile.subarray(frame + y * place.width, frame + (y + 1) * place.width)
      out.set(row, (t * height + place.y + y) * width + place.x)
    }
  }
}

/**
 * What a composed video's row says: of numbers the weighted mean, which lies among those of its tiles and so in their
 * class, with no more than two decimals where these leave it there; else the label that its tiles share.
 */
export function commonLabel(tiles: readonly Pick<Tile, 'label' | 'weight'>[]): string {
  const [{ label }] = tiles
  const comma = tiles.some(({ label }) => decimalPoint(label) !== label)
  const values = tiles.map((tile) =>
    numberKey(decimalPoint(tile.label)) === undefined ? Number.NaN : Number(decimalPoint(tile.label)),
  )
  if (tiles.every((tile) => tile.label === label) || !values.every(Number.isFinite)) return label
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const total = sumOf(tiles, ({ weight }) => weight)
  const weights = total > 0 ? tiles.map(({ weight }) => weight / total) : tiles.map(() => 1 / tiles.length)
  const mean = Math.min(
    high,
    Math.max(
      low,
      weights.reduce((sum, w, i) => sum + w * values[i], 0),
    ),
  )
  const short = Number(mean.toFixed(2))
  const text = String(short >= low && short <= high ? short : mean)
  return comma ? text.replace('.', ',') : text
}

function sumOf<T>(list: readonly T[], value: (entry: T) => number): number {
  return list.reduce((sum, entry) => sum + value(entry), 0)
}
