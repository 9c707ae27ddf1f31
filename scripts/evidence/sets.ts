import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { writePhantom } from 'infomotion'
import { reference } from '../../test/support.js'

/** A data set that evidence is made on. */
export interface EvidenceSet {
  name: string
  /** For a reader of the tables. */
  what: string
  /** Splits, one a seed; of a set with a split of its own, seeds of searches and draws. */
  seeds: number
  /** Budgets in videos a class; default: those of its student. */
  vpc?: number[]
  /** Its folder or table: what can be had is made. Undefined: it is not on this machine. */
  find: () => Promise<string | undefined>
}

/** Where evidence is kept: it outlives a checkout, and takes hours. */
export const WORK = process.env.INFOMOTION_EVIDENCE ?? join(homedir(), '.cache', 'infomotion', 'evidence')

/** Phantoms are made once; the folder of a set that is half made has no list of files. */
async function phantom(name: string, sizes: { train: number; test: number }): Promise<string> {
  const folder = join(WORK, 'sets', name)
  if (!existsSync(join(folder, 'FileList.csv'))) await writePhantom(folder, { ...sizes, seed: 1 })
  return folder
}

/** The rows of a table whose class has enough clips to be in every part of every split, in a table of their own. */
function withoutSmallClasses(table: string | undefined, least: number): string | undefined {
  if (table === undefined) return
  const rows = parse(readFileSync(table), { columns: true, bom: true }) as Record<'path' | 'label', string>[]
  const folder = join(dirname(table), existsSync(join(dirname(table), 'Videos')) ? 'Videos' : '')
  const kept = rows
    .filter(({ label }) => rows.filter((row) => row.label === label).length >= least)
    .map((row) => ({ ...row, path: resolve(folder, row.path) }))
  const out = join(WORK, 'sets', `${basename(dirname(table))}.csv`)
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, stringify(kept, { header: true }))
  return out
}

export const SETS: EvidenceSet[] = [
  {
    ...{ name: 'phantom', what: '1,000 synthetic echo clips, 5 classes', seeds: 3 },
    find: () => phantom('phantom', { train: 1000, test: 1000 }),
  },
  {
    ...{ name: 'egogestar', what: '217 real clips of pointing hands, 10 gestures', seeds: 20 },
    find: async () => reference('video-sets', 'egogestar-pointing', 'clips.csv'),
  },
  {
    ...{ name: 'lung', what: '125 real ultrasound clips, 3 classes', seeds: 20 },
    find: async () => withoutSmallClasses(reference('lung-ultrasound', 'clips.csv'), 20),
  },
]

/** EchoNet-Dynamic, for who holds it: 25 videos, five a class. Its rows stay on this machine. */
export const echonet = (folder: string): EvidenceSet => ({
  ...{ name: 'echonet', what: `${basename(resolve(folder))}, five classes of ejection fraction`, seeds: 3, vpc: [5] },
  find: async () => resolve(folder),
})

/** For `--quick`: small enough for every change. */
export const QUICK: EvidenceSet[] = [
  {
    ...{ name: 'quick', what: '60 synthetic echo clips, 5 classes', seeds: 1 },
    find: () => phantom('quick', { train: 60, test: 30 }),
  },
]
