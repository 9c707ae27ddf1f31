import { basename } from 'node:path'
import type { DataSet } from '../dataset/index.js'
import type { DescribedClips } from './describe.js'
import type { RunSettings } from './types.js'

/** What results, manifests and reports say of a data set and a run alike. */

/** The most frequent class of TRAIN (the first of equals), and how often it is right on TEST. */
export function majorityOf({ classes, clips }: DataSet): { class: string; accuracy: number } {
  const count = (split: string, c: number) =>
    clips.filter((clip) => clip.split === split && clip.classIndex === c).length
  const sizes = classes.map((_, c) => count('train', c))
  const most = sizes.indexOf(Math.max(...sizes))
  const tests = clips.filter(({ split }) => split === 'test').length
  return { class: classes[most], accuracy: tests > 0 ? count('test', most) / tests : 0 }
}

/** The settings that a result depends on; folders stay out. */
export function optionsOf(
  { scheme }: DataSet,
  { folder: _, cache: __, ...options }: RunSettings,
): Record<string, unknown> {
  const { encoder, embeddings, embeddingIds, pool } = options
  const nameOf = (path: string | undefined) => path && basename(path)
  return {
    ...{ classes: scheme, ...options, encoder: basename(encoder) },
    ...{ embeddings: nameOf(embeddings), embeddingIds: nameOf(embeddingIds), pool: nameOf(pool) },
  }
}

export function skippedOf({ skipped, pool }: DescribedClips, dataSet: DataSet): { path: string; reason: string }[] {
  return skipped.map(({ id, reason }) => ({ path: id, reason: withoutFolders(reason, dataSet, pool?.root) }))
}

/** What was found odd about clips and gone on with. */
export function clipWarningsOf(
  { clipWarnings, pool }: DescribedClips,
  dataSet: DataSet,
): { path: string; kind: string; text: string }[] {
  return clipWarnings.map(({ id, kind, text }) => ({
    ...{ path: id, kind },
    text: withoutFolders(text, dataSet, pool?.root),
  }))
}

/** Absolute paths stay on their machine. */
export function withoutFolders(text: string, { source, root }: DataSet, ...more: (string | undefined)[]): string {
  const folders = [source.videos, root, ...more].filter((folder) => folder !== undefined)
  return folders.reduce((rest, folder) => rest.replaceAll(`${folder}/`, ''), text)
}
