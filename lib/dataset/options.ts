import { flag, type Kind, number, parts, seed, text } from '../runtime/kinds.js'
import { type Given, type Options, option } from '../runtime/option.js'
import { CLASS_SCHEMES, type ClassScheme } from './classes.js'
import type { Columns } from './table.js'

/** Which column holds what. */
const COLUMNS: Readonly<Record<keyof Columns, string>> = {
  path: 'CSV column of the video files',
  label: 'CSV column of the labels',
  split: 'CSV column of the splits',
  group: 'CSV column of the groups (patients) that must not straddle splits',
}

const scheme = { ...text('scheme', CLASS_SCHEMES), choices: CLASS_SCHEMES } as Kind<ClassScheme>

/** Their heading. */
export const DATA = 'Data set'

/** What `readDataSet` can be told. */
export const READING = {
  /**
   * How labels become classes: `ef5` [0,30) [30,40) [40,50) [50,70] (70,100], `ef3`, `ef2` (ejection fraction in
   * percent), `quantile:K`, `edges:a,b,...` (numbers), or `labels` (each label a class). Default `ef5` for EchoNet's
   * layout, `labels` for others.
   */
  classes: option(scheme, {
    absent: 'ef5 for EF, else labels',
    group: DATA,
    help: 'how labels become classes',
  }),
  /** Columns of a CSV file. Default: `FileName`, `EF`, `Split` (EchoNet) or `path`, `label`, `split`, `group` or `patient`. */
  columns: option(parts(COLUMNS, "a column's name"), { group: DATA, help: 'columns of a CSV file' }),
  /** Seed of the split where the source has none. Default 1. */
  seed: option(seed(), { default: 1, group: DATA, help: 'seed of the split where the data set has none' }),
  /** Share of clips for TEST where the source has no splits. Default 0.2. */
  testFraction: option(number(0.01, 0.99), {
    default: 0.2,
    group: DATA,
    help: 'share of the groups for testing where the data set has no splits',
  }),
  /** Go on without the videos that are missing, with a warning. Default false: they are listed, and reading fails. */
  allowMissing: option(flag(), {
    default: false,
    group: DATA,
    help: 'go on without the clips whose files are missing',
  }),
} satisfies Options

export interface ReadDataSetOptions extends Given<typeof READING> {}
