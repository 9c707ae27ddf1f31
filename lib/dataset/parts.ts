import type { Dirent } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, extname, join, relative } from 'node:path'
import { InfomotionError } from '../runtime/errors.js'
import { isEchoNet, mapColumns } from './columns.js'
import { firstOf } from './labels.js'
import { listForm } from './lists.js'
import type { Reading, TableFile } from './reading.js'
import { splitNamed } from './split.js'
import { readTable, type Table } from './table.js'
import type { Split } from './types.js'

/** The tables of a folder, and which of them belong together: one a split, as train.csv, val.csv and test.csv. */

export interface FoundTable {
  file: string
  table: Table
}

/** Enough of a text file to see whether it is a list. */
const HEAD_BYTES = 1 << 16
/** Most tables that a folder below may hold: UCF101 has three of each split. */
const MAX_PARTS = 30

/** The tables that lie in a folder: EchoNet's alone, where it is there. Only regular files: a pipe would never end. */
export async function tablesIn(at: string, listing: readonly Dirent[]): Promise<FoundTable[]> {
  const names: string[] = []
  for (const { name } of listing.filter(({ name }) => /\.(csv|tsv|txt|lst|list)$|^metadata\.jsonl$/i.test(name))) {
    const info = await stat(join(at, name)).catch(() => undefined)
    if (info?.isFile() && (/\.([ct]sv|jsonl)$/i.test(name) || (await isList(join(at, name))))) names.push(name)
  }
  const fileList = names.find((name) => name.toLowerCase() === 'filelist.csv')
  const tables: FoundTable[] = []
  for (const name of fileList ? [fileList] : names.sort()) {
    const file = join(at, name)
    tables.push({ file, table: await readTable(file) })
  }
  return tables
}

/** Whether a text file starts as a list of clips does; any other text is none of ours. */
async function isList(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined)
  if (!file) return false
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    const line = /\S[^\r\n]*/.exec(buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, ''))?.[0].trimEnd() ?? ''
    return listForm(line) !== undefined
  } finally {
    await file.close()
  }
}

/** Those that have columns of paths and labels; where some call them as we do, those alone. */
export function suitable(tables: readonly FoundTable[], { columns, grouped }: Reading): TableFile[] {
  const ambiguous: InfomotionError[] = []
  const found = tables.flatMap(({ file, table }): TableFile[] => {
    try {
      const mapped = mapColumns(table, columns, grouped)
      return mapped ? [{ file, table, mapped }] : []
    } catch (error) {
      if (!(error instanceof InfomotionError) || error.code !== 'DATASET_AMBIGUOUS') throw error
      ambiguous.push(error)
      return []
    }
  })
  const exact = found.filter(({ mapped }) => mapped.exact)
  if (exact.length > 0) return exact
  if (found.length === 0 && ambiguous.length > 0) throw ambiguous[0]
  return found
}

/** Views of the heart that EchoNet-Pediatric has a folder of: apical four chambers, parasternal short axis; and their like. */
const VIEW = /^(a[2-5]c|plax|psax|sc4c|ssn)$/i

/**
 * EchoNet's tables in folders of views, as EchoNet-Pediatric has them: one data set. Undefined where they are anything else.
 */
export function viewsOf(
  root: string,
  tables: readonly TableFile[],
): { tables: TableFile[]; notes: string[] } | undefined {
  const found = tables.map((one) => ({ ...one, view: relative(root, one.file).replaceAll('\\', '/').split('/')[0] }))
  if (found.length < 2 || !found.every(({ view, table }) => VIEW.test(view) && isEchoNet(table))) return undefined
  const names = found.map(({ view }) => view)
  const note = `Views: ${names.join(', ')}, read as one data set; for one alone, give its folder. A patient may be in several.`
  return { tables: found.map(sameColumns(found[0])), notes: [note] }
}

/** A table that a file name calls one of a split, with the rest of its name, by which it belongs to others. */
interface Named extends TableFile {
  split: Split
  rest: string
  number?: string
}

/**
 * The tables that are one a split, by their names or their folders'. Of numbered ones, as UCF101 has them, the number that
 * is asked for, or the first. Undefined where tables are there that have no split in their name, or one split several.
 */
export function partsOf(
  root: string,
  tables: readonly TableFile[],
  named: ReadonlyMap<string, Split>,
  wanted: number | undefined,
): { tables: TableFile[]; notes: string[] } | undefined {
  const found: Named[] = tables.flatMap((one) => {
    const name = splitIn(relative(root, one.file), named)
    return name ? [{ ...one, ...name }] : []
  })
  if (found.length < 2 || found.length < tables.length) return undefined
  const numbers = [...new Set(found.map(({ number }) => number))].sort((a = '', b = '') => Number(a) - Number(b))
  const number = wanted === undefined ? numbers[0] : numbers.find((one) => one !== undefined && Number(one) === wanted)
  if (wanted !== undefined && number === undefined)
    throw new InfomotionError(
      'DATASET_NOT_FOUND',
      `${root} has no lists of splits with the number ${wanted} (--split-list, option splitList): found ${firstOf(
        found.map(({ file }) => basename(file)),
        10,
      )}.`,
    )
  const chosen = found.filter((one) => one.number === number)
  const splits = new Set(chosen.map(({ split }) => split))
  const alike = new Set(chosen.map(({ rest }) => rest)).size === 1
  if (!splits.has('train') || splits.size < 2 || splits.size < chosen.length || !alike) return undefined
  const others =
    numbers.length > 1
      ? ` Of the lists ${numbers.join(', ')}, those of ${number} are read; --split-list names others.`
      : ''
  const order = (one: Named) => ['train', 'val', 'test'].indexOf(one.split)
  chosen.sort((a, b) => order(a) - order(b))
  const names = chosen.map((one) => `${relative(root, one.file).replaceAll('\\', '/')} (${one.split})`)
  return {
    tables: chosen.map(sameColumns(chosen[0])),
    notes: [`Splits by tables: ${names.join(', ')}.${others}`],
  }
}

/** Checks that a table's columns are called as those of the first, but for a list of clips alone. */
function sameColumns(first: TableFile): (one: Named | TableFile) => TableFile {
  return ({ rest: _, number: __, ...one }: TableFile & { rest?: string; number?: string }) => {
    const differ = (['path', 'label', 'group', 'start', 'end', 'parent'] as const).find(
      (role) => one.mapped.mapping[role] !== first.mapped.mapping[role],
    )
    if (differ === undefined) return one
    throw new InfomotionError(
      'DATASET_TABLE_INVALID',
      `${first.file} and ${one.file} belong together, but the column of the ${differ} is ${JSON.stringify(first.mapped.mapping[differ] ?? 'not there')} ` +
        `in one and ${JSON.stringify(one.mapped.mapping[differ] ?? 'not there')} in the other. Call them alike, or join the tables to one with a column split.`,
    )
  }
}

/** The split that a table's name tells ("testlist01.txt", "kinetics_val.csv", "test/metadata.csv"), the rest and the number in it. */
function splitIn(
  path: string,
  known: ReadonlyMap<string, Split>,
): { split: Split; rest: string; number?: string } | undefined {
  const words = path
    .slice(0, -extname(path).length)
    .toLowerCase()
    .split(/([^a-z]+)/)
  const splitOf = (word: string) =>
    splitNamed(word, known) ?? splitNamed(word.replace(/(list|set|split|data|videos|files?)$/, ''), known)
  const found = words.flatMap((word, i) => {
    const split = /^[a-z]+$/.test(word) ? splitOf(word) : undefined
    return split ? [{ split, i }] : []
  })
  if (new Set(found.map(({ split }) => split)).size !== 1) return undefined
  const rest = words.map((word, i) => (found.some((one) => one.i === i) ? '*' : word)).join('')
  // the number behind the last word, or the only one
  const number = /(\d+)\D*$/.exec(rest)?.[1]
  return { split: found[0].split, rest, number }
}

/**
 * Tables in the folders of a folder that may be one a split: `train/metadata.csv`, lists beside the folders of the classes;
 * and EchoNet's, to be pointed to. What else lies there as text (notes of each clip, in a folder per class) is not opened.
 */
export async function tablesBelow(
  at: string,
  listing: readonly Dirent[],
  named: ReadonlyMap<string, Split>,
): Promise<FoundTable[]> {
  const found: FoundTable[] = []
  for (const { name } of listing.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))) {
    const inside = await readdir(join(at, name), { withFileTypes: true })
    const told = inside.filter((entry) => /^filelist\.csv$/i.test(entry.name) || splitIn(join(name, entry.name), named))
    // a file of notes for each clip is no table of clips
    if (told.length <= MAX_PARTS) found.push(...(await tablesIn(join(at, name), told)))
  }
  return found
}
