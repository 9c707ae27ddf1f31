import { invalid } from '../runtime/expect.js'
import { flag, integer, type Kind, number, oneOf, parts, seed, text } from '../runtime/kinds.js'
import { type Given, type Options, option } from '../runtime/option.js'
import { CLASS_SCHEMES, type ClassScheme } from './classes.js'
import type { Columns } from './columns.js'
import { HEADER_GROUPS } from './headers.js'
import { SEGMENT_UNITS } from './segments.js'
import { namedSplits, type SplitValues } from './split.js'

/** Which column holds what. */
const COLUMNS: Readonly<Record<keyof Columns, string>> = {
  path: 'CSV column of the video files',
  label: 'CSV column of the labels',
  split: 'CSV column of the splits',
  group: 'CSV column of the groups (patients) that must not straddle splits',
  parent: 'CSV column of the clips that clips were made from: whose parent is in TEST leaves TRAIN',
  start: 'CSV column of where in its video a clip starts',
  end: 'CSV column of where it ends, or, where it is called a duration, of how long it is',
}

const scheme = { ...text('scheme', CLASS_SCHEMES), choices: CLASS_SCHEMES } as Kind<ClassScheme>

/** Typed as `train=0|1,test=2`. */
const splitValues: Kind<SplitValues> = {
  placeholder: 'map',
  range: 'the values of train, val and test',
  parse: (typed, name) => {
    const values: Record<string, string[]> = {}
    for (const part of typed.split(',')) {
      const [, split, given] = /^\s*(train|val|test)\s*=(.*)$/i.exec(part) ?? []
      if (!given?.trim()) throw invalid('a list like train=0,val=1,test=2', name, typed)
      const key = split.toLowerCase()
      values[key] = [...(values[key] ?? []), ...given.split('|').map((value) => value.trim())]
    }
    return values
  },
  check: (value) => {
    namedSplits(value as SplitValues)
    return value as SplitValues
  },
}

/** Their heading. */
export const DATA = 'Data set'

/** What `readDataSet` can be told. */
export const READING = {
  /**
   * How labels become classes: `ef5` [0,30) [30,40) [40,50) [50,70] (70,100], `ef3`, `ef2` (ejection fraction in
   * percent), `quantile:K`, `edges:a,b,...` (numbers), or `labels` (each label a class). EchoNet's layout
   * has `ef5` unless others are asked for, the others have `labels`.
   */
  classes: option(scheme, {
    absent: 'ef5 for EF, else labels',
    group: DATA,
    help: 'how labels become classes',
  }),
  /**
   * Columns of a CSV file. Default: `FileName`, `EF`, `Split` (EchoNet) or `path`, `label`, `split`, `group` or `patient`,
   * `parent`, or what others call them (docs/datasets.md). Clips whose parent is in TEST leave TRAIN.
   */
  columns: option(parts(COLUMNS, "a column's name"), { group: DATA, help: 'columns of a CSV file' }),
  /**
   * A table of labels (CSV or JSON lines), where the table of the clips has none: the two are joined by the columns that both
   * have (study, file, patient), as MIMIC-IV-ECHO needs it. Clips that are not in it are left out.
   */
  labels: option(text('file', 'the path of a table of labels'), {
    group: DATA,
    help: 'table of labels, joined to that of the clips by the columns that both have (study, file, patient)',
  }),
  /**
   * How columns of start and end are read: as `seconds`, as `frames` (from 0, the end excluded), or not at all (`none`: whole
   * videos).
   */
  segments: option(oneOf(SEGMENT_UNITS), {
    absent: 'by their names and values',
    group: DATA,
    help: 'what columns of start and end are in (none: whole videos are read)',
  }),
  /**
   * Groups by the clips' names: what the first pair of parentheses of this regular expression (without one, all of it)
   * takes of a clip's path below the videos, folders and ending included.
   */
  groupPattern: option(text('regex', 'a regular expression'), {
    group: DATA,
    help: "groups by names: what the first ( ) of a regular expression takes of a clip's path, as '(patient\\d+)'",
  }),
  /**
   * Groups clips by the `patient` or the `study` that their DICOM headers name: such clips never straddle splits. The groups are
   * numbered; what the headers say is shown nowhere.
   */
  groupBy: option(oneOf(HEADER_GROUPS), {
    absent: 'each clip, or the column of groups',
    group: DATA,
    help: 'group clips by the patient or the study that their DICOM headers name',
  }),
  /** Which measurement is the label, in a table with several rows a video (`Calc`, `CalcValue` of EchoNet-LVH). */
  measurement: option(text('name', 'the name of a measurement'), {
    group: DATA,
    help: 'measurement that is the label, where the table has several a video (Calc of EchoNet-LVH)',
  }),
  /** Which of numbered lists of splits is read: `trainlist01.txt` and `testlist01.txt`, ... */
  splitList: option(integer(0, 1e6), {
    absent: 'the first',
    group: DATA,
    help: 'which of numbered lists of splits is read (trainlist01.txt, testlist01.txt, ...)',
  }),
  /** What the labels are multiplied by to be ejection fractions in percent: 100 where they are fractions. */
  efScale: option(number(1e-6, 1e6), {
    absent: '1',
    group: DATA,
    help: 'what labels are multiplied by to be EF in percent: 100 where they are fractions',
  }),
  /**
   * What the values of the split column (or the names of the folders of splits) mean, where that is not plain:
   * `{ train: ['0', '1'], test: '2' }`.
   */
  splitValues: option(splitValues, {
    absent: 'the usual words',
    group: DATA,
    help: 'what the values of the split column mean: train=0,val=1,test=2 or train=0|1|2,test=3',
  }),
  /** Seed of the split where the source has none. */
  seed: option(seed(), { default: 1, group: DATA, help: 'seed of the split where the data set has none' }),
  /** Share of clips for TEST where the source has no splits. */
  testFraction: option(number(0.01, 0.99), {
    default: 0.2,
    group: DATA,
    help: 'share of the groups for testing where the data set has no splits',
  }),
  /** Go on without the videos that are missing, with a warning. Without it they are listed, and reading fails. */
  allowMissing: option(flag(), {
    default: false,
    group: DATA,
    help: 'go on without the clips whose files are missing',
  }),
  /** Fail where groups, or clips and what they were made from, seem to straddle splits. Without it, a warning says so. */
  strict: option(flag(), {
    default: false,
    group: DATA,
    help: 'fail where groups, or clips and what they were made from, seem to straddle splits',
  }),
} satisfies Options

export interface ReadDataSetOptions extends Given<typeof READING> {}
