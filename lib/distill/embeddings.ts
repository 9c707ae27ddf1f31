import { resolve } from 'node:path'
import type { DataSet } from '../dataset/index.js'
import { type EmbeddingFacts, type MatchedEmbeddings, matchEmbeddings, readEmbeddings } from '../embeddings/index.js'
import type { Matrix } from '../matrix/matrix.js'
import { sha256 } from '../run/store.js'
import { InfomotionError } from '../runtime/errors.js'
import type { StageOptions } from '../runtime/progress.js'
import type { Method } from './settings.js'
import { STAGES, type Stage } from './stages.js'

/** Embeddings of a data set's clips that somebody else made. */
export interface OwnEmbeddings {
  /** Row i belongs to clip i of the data set. */
  features: Matrix
  /** What manifests tell of them. */
  facts: EmbeddingFacts
  /** What was found odd, or should be looked at, each a sentence. */
  warnings: string[]
}

/** Reads a run's own embeddings and matches them to its clips; undefined: it has none. */
export async function ownEmbeddings(
  { clips, source }: DataSet,
  { embeddings: file, embeddingIds }: Method,
  { signal }: StageOptions,
): Promise<OwnEmbeddings | undefined> {
  if (file === undefined) return undefined
  // what the table says of clips is no feature; a table with the embeddings in it says them in its other columns
  const isTable = source.table !== undefined && resolve(file) === resolve(source.table)
  const said = isTable
    ? Object.values(source.mapping)
        .flat()
        .filter((name) => name !== undefined)
    : source.columns
  const read = await readEmbeddings(file, { ids: embeddingIds, omit: said, signal })
  const matched = matchEmbeddings(clips, read)
  const { features, unused } = matched
  const { buffer, byteOffset, byteLength } = features.values
  const matchedBy = matched.by + (matched.withoutEnding ? ' without ending' : '')
  const facts = {
    ...{ file: read.source.name, dim: features.dim, matchedBy, unused },
    sha256: sha256(new Uint8Array(buffer, byteOffset, byteLength)),
  }
  return { features, facts, warnings: warningsOf(matched, facts, read.leftOut, clips) }
}

function warningsOf(
  { by, unused }: MatchedEmbeddings,
  { file }: EmbeddingFacts,
  leftOut: readonly string[],
  clips: DataSet['clips'],
): string[] {
  const warnings: string[] = []
  if (by === 'row')
    warnings.push(
      `${file} says nothing of what its rows belong to: they were taken in the order of the data set, the first for ${clips[0].id}, the ` +
        `last for ${clips[clips.length - 1].id}.`,
    )
  if (unused > 0) warnings.push(`${unused} rows of ${file} belong to no clip of the data set: they were not used.`)
  if (leftOut.length > 0) {
    const names = leftOut.slice(0, 10).join(', ') + (leftOut.length > 10 ? ', ...' : '')
    warnings.push(`${leftOut.length} columns of ${file} are no features and were left out: ${names}.`)
  }
  return warnings
}

/** What is said where a run never opened its clips. */
export const UNOPENED =
  'The clips were not opened: embeddings alone need no frames as far as this run goes. So copies of clips were not looked for, ' +
  'and clips that cannot be decoded were not left out.'

/**
 * Whether a run looks at frames: for its descriptor or its encoder, for a student that sees volumes, for what `strict`
 * demands of clips, or, from `evaluate` on, for the controls without motion and the pictures of the report.
 */
export function needsFrames(
  { embeddings, descriptorWeight, until, strict }: Method & { until: Stage; strict: boolean },
  volumes: boolean,
): boolean {
  const alone = embeddings !== undefined && descriptorWeight === 0
  return !alone || volumes || strict || STAGES.indexOf(until) >= STAGES.indexOf('evaluate')
}

/** A made clip is in nobody's file. */
export function noEmbedding({ embeddings }: Method, name: string): InfomotionError {
  return new InfomotionError(
    'EMBEDDINGS_UNMATCHED',
    `The made clip ${name} has no embedding in ${embeddings}: with embeddings of your own, distilled clips must be clips of the data set.`,
  )
}
