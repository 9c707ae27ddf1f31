import { groupBy } from '../runtime/group.js'
import type { OddityKind } from '../video/types.js'
import type { ClipFacts } from './cache.js'

/** Something found odd about a clip and gone on with. */
export interface ClipWarning {
  id: string
  /** What the decoder tells (see `OddityKind`), or how the clip differs from its table or changed meanwhile. */
  kind: OddityKind | 'table-frames' | 'table-rate' | 'changed'
  /** A sentence. */
  text: string
}

/** What a data set's table says of a clip. */
export interface StatedFacts {
  frames?: number
  fps?: number
}

/** A clip that could be read. */
interface ReadClip {
  facts: ClipFacts
  stated?: StatedFacts
}

/** Rates are rounded differently by those who write tables and those who write videos. */
const SAME_RATE = 0.05

/** What is odd about a clip that was read, against its header (`facts.oddities`) and its table. */
export function warningsOf(id: string, facts: ClipFacts, stated: StatedFacts = {}): ClipWarning[] {
  const warnings: ClipWarning[] = facts.oddities.map((oddity) => ({ id, ...oddity }))
  if (stated.frames !== undefined && stated.frames !== facts.frames)
    warnings.push({
      ...{ id, kind: 'table-frames' },
      text: `The table says ${stated.frames} frames, the file holds ${facts.frames}.`,
    })
  if (stated.fps !== undefined && Math.abs(facts.fps / stated.fps - 1) > SAME_RATE)
    warnings.push({ id, kind: 'table-rate', text: `The table says ${stated.fps} fps, the file ${rounded(facts.fps)}.` })
  return warnings
}

/** What a line on clips of a kind says, and what it tells of each. */
const LINES: Record<ClipWarning['kind'], { says: string; of: (clip: ReadClip, texts: string[]) => string }> = {
  damaged: {
    says: 'are damaged or shorter than their headers say',
    of: ({ facts: { frames, promisedFrames, damagedFrames } }) =>
      `${frames} of ${promisedFrames ?? frames} frames${damagedFrames > 0 ? `, ${damagedFrames} damaged` : ''}`,
  },
  surplus: {
    says: 'hold more frames than their headers say',
    of: ({ facts: { frames, promisedFrames } }) => `${frames} for ${promisedFrames}`,
  },
  chunks: { says: 'have chunks that were lost', of: (_, [text]) => text },
  rate: { says: 'name no frame rate, so that one is assumed', of: ({ facts }) => `${rounded(facts.fps)} fps` },
  rates: { says: 'name frame rates that differ', of: (_, [text]) => text.replace(/^.*?: /, '').replace(/;.*$/, '') },
  'variable-rate': {
    says: 'have frames that come unevenly, or at another rate than the header names',
    of: (_, [text]) => text.replace(/^.*?: /, '').replace(/\.$/, ''),
  },
  levels: { says: 'had their numbers scaled to grey levels', of: (_, [text]) => text.replace(/\.$/, '') },
  region: { says: 'name no region of their 2-D image and are read whole', of: () => '' },
  unread: { says: 'have files beside their frames that are not read', of: (_, [text]) => text.replace(/\.$/, '') },
  mask: { says: 'have no sector that could be masked', of: () => '' },
  aspect: { says: 'have pixels that are not square, and are taken as stored', of: (_, [text]) => text.split(';')[0] },
  decoder: { says: 'made the decoder complain', of: (_, [text]) => text.slice(0, 120) },
  'table-frames': {
    says: 'hold another number of frames than the table says',
    of: ({ facts, stated }) => `${facts.frames} for ${stated?.frames}`,
  },
  'table-rate': {
    says: 'have another frame rate than the table says',
    of: ({ facts, stated }) => `${rounded(facts.fps)} for ${stated?.fps} fps`,
  },
  changed: { says: 'changed while they were read, and were read again', of: () => '' },
}

/** Clips that a line names. */
const NAMED = 5

/** One sentence a kind: how many of all clips, and which. */
export function summarise(warnings: ClipWarning[], clips: ReadonlyMap<string, ReadClip>, total: number): string[] {
  return Object.entries(LINES).flatMap(([kind, { says, of }]) => {
    const odd = groupBy(
      warnings.filter((warning) => warning.kind === kind),
      ({ id }) => id,
    )
    if (odd.size === 0) return []
    const named = [...odd].slice(0, NAMED).map(([id, found]) => {
      const texts = found.map(({ text }) => text)
      const detail = of(clips.get(id) as ReadClip, texts)
      return detail ? `${id} (${detail})` : id
    })
    const more = odd.size > NAMED ? ` and ${odd.size - NAMED} more` : ''
    return [`${odd.size} of ${total} clips ${says}: ${named.join(', ')}${more}.`]
  })
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
