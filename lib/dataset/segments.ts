import { InfomotionError } from '../runtime/errors.js'
import { groupBy } from '../runtime/group.js'
import type { Segment } from '../video/types.js'
import type { Mapping } from './columns.js'
import { firstOf, isMissing, shown } from './labels.js'
import type { Table } from './table.js'
import { isDuration, isLast, parseTime, type TimeUnit, unitNamed } from './times.js'

/** How columns of start and end are read: as seconds, as frames, or not at all; where it is not said, by their names and values. */
export const SEGMENT_UNITS = ['seconds', 'frames', 'none'] as const
export type SegmentUnit = (typeof SEGMENT_UNITS)[number]

/** The part of its video that each row of a table is. */
export interface Segments {
  /** One a row; undefined: the whole video. */
  segments: (Segment | undefined)[]
  /** Rows whose times are none, with what is wrong. */
  faults: Map<number, string>
  notes: string[]
  warnings: string[]
}

/**
 * Reads the columns of start and end: seconds, or frames counted from 0, from the start on and before the end. A row
 * without values is the whole video; without an end it goes on to the video's end.
 *
 * @throws {InfomotionError} `DATASET_AMBIGUOUS` for two units, `DATASET_SEGMENTS` where most rows are no parts of a video
 */
export function readSegments(
  table: Table,
  { start, end }: Mapping,
  asked: SegmentUnit | undefined,
  file: string,
): Segments {
  const none: Segments = { segments: table.rows.map(() => undefined), faults: new Map(), notes: [], warnings: [] }
  const columns = [start, end].filter((name) => name !== undefined)
  if (columns.length === 0 || asked === 'none') return none
  const cells = (name: string | undefined) => table.rows.map((row) => (name === undefined ? '' : row[name]))
  const [from, to] = [cells(start), cells(end)]
  const { unit, told } = unitOf(columns, [...from, ...to], asked, file)
  const spelt = columns.map(shown).join(' and ')
  const faults = new Map<number, string>()
  const segments = table.rows.map((_, row) => {
    const segment = segmentOf(from[row], to[row], { unit, end, delimiter: table.delimiter })
    if (typeof segment !== 'string') return segment
    faults.set(row, `line ${table.lines[row]}: ${segment}`)
    return undefined
  })
  const timed = segments.filter((segment) => segment !== undefined).length
  if (timed + faults.size === 0) return none
  if (2 * faults.size > timed + faults.size)
    throw new InfomotionError(
      'DATASET_SEGMENTS',
      `Expected parts of videos in the columns ${spelt} of ${file}, but ${faults.size} of ${timed + faults.size} rows are none: ` +
        `${firstOf([...faults.values()], 3)}. Name the columns that are meant (--start-column, --end-column), or have the whole videos read: --segments none.`,
    )
  const read = `Clips are parts of videos: the columns ${spelt}, in ${unit === 'milliseconds' ? 'milliseconds' : unit}.`
  const doubt = `${read} Nothing tells seconds from frames there: if they are frames, --segments frames.`
  return { segments, faults, notes: told ? [read] : [], warnings: told ? [] : [doubt] }
}

/** The unit of the columns, and whether something tells it. */
function unitOf(
  columns: readonly string[],
  values: readonly string[],
  asked: SegmentUnit | undefined,
  file: string,
): { unit: TimeUnit; told: boolean } {
  const named = [...new Set(columns.map(unitNamed).filter((unit) => unit !== undefined))]
  if (asked === 'frames' || asked === 'seconds')
    return { unit: asked === 'seconds' && named[0] === 'milliseconds' ? named[0] : asked, told: true }
  if (named.length > 1)
    throw new InfomotionError(
      'DATASET_AMBIGUOUS',
      `The columns ${columns.map(shown).join(' and ')} of ${file} seem to be in ${named.join(' and ')}. Name two of one unit ` +
        '(--start-column, --end-column), or say which it is: --segments seconds or --segments frames.',
    )
  if (named.length === 1) return { unit: named[0], told: true }
  return { unit: 'seconds', told: values.some((value) => /[:.,]\d*[1-9]|:/.test(value)) }
}

/** The part that a row names; undefined: the whole video; a text: what is wrong with it. */
function segmentOf(
  from: string,
  to: string,
  { unit, end, delimiter }: { unit: TimeUnit; end?: string; delimiter: string },
): Segment | undefined | string {
  if (isMissing(from) && isMissing(to)) return undefined
  const start = isMissing(from) ? 0 : parseTime(from, delimiter)
  const second = isMissing(to) ? undefined : parseTime(to, delimiter)
  if (start === undefined) return `${shown(from.slice(0, 40))} is no time`
  if (second === undefined && !isMissing(to)) return `${shown(to.slice(0, 40))} is no time`
  if (start < 0 || (second !== undefined && second < 0)) return `${shown(start < 0 ? from : to)} is negative`
  const stop =
    second === undefined
      ? undefined
      : end !== undefined && isDuration(end)
        ? start + second
        : second + (unit === 'frames' && end !== undefined && isLast(end) ? 1 : 0)
  if (unit === 'frames' && ![start, stop ?? 0].every(Number.isSafeInteger))
    return `${shown(Number.isSafeInteger(start) ? to : from)} is no frame`
  if (stop !== undefined && !(stop > start)) return `it ends at ${shown(to)} and starts at ${shown(from)}`
  const scale = unit === 'milliseconds' ? 0.001 : 1
  const scaled = (time: number) => Number((time * scale).toPrecision(12))
  return {
    start: scaled(start),
    ...(stop !== undefined && { end: scaled(stop) }),
    unit: unit === 'frames' ? 'frames' : 'seconds',
  }
}

/** What a part is called behind the name of its video: "1.5-4 s", "30-80 frames", "1.5-end s". */
function segmentName({ start, end, unit }: Segment): string {
  return `${start}-${end ?? 'end'} ${unit === 'seconds' ? 's' : unit}`
}

/** The id of a part of the video that this file is. */
export const segmentId = (file: string, segment?: Segment) => (segment ? `${file} ${segmentName(segment)}` : file)

/** The file of a clip, relative to the videos: its id without the part. */
export function fileOf({ id, segment }: { id: string; segment?: Segment }): string {
  return segment ? id.slice(0, -segmentName(segment).length - 1) : id
}

/** Pairs of clips (by index) of one file that have frames in common. */
export function overlaps(clips: readonly { path: string; segment?: Segment }[]): [number, number][] {
  const found: [number, number][] = []
  for (const same of groupBy(clips.keys(), (i) => clips[i].path).values()) {
    if (same.length < 2) continue
    const span = (i: number) => [clips[i].segment?.start ?? 0, clips[i].segment?.end ?? Number.POSITIVE_INFINITY]
    const rising = [...same].sort((a, b) => span(a)[0] - span(b)[0])
    // the one that ends last of those that started before tells of each whether it overlaps any
    let last = rising[0]
    for (const i of rising.slice(1)) {
      if (span(i)[0] < span(last)[1]) found.push([last, i])
      if (span(i)[1] > span(last)[1]) last = i
    }
  }
  return found
}

/** Kinetics' name of the file that a part was cut out into: "ID_000010_000020". */
export function trimmedName(name: string, { start, end, unit }: Segment): string | undefined {
  if (unit !== 'seconds' || end === undefined || ![start, end].every(Number.isInteger)) return undefined
  const [from, to] = [start, end].map((time) => String(time).padStart(6, '0'))
  return `${name}_${from}_${to}`
}
