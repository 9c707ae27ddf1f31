import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readDataSet } from 'infomotion'
import type { Case } from './case.js'

type Options = Parameters<typeof readDataSet>[1]

const CLIPS = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.avi`)
const HEADER = 'FileName,EF,Split'
const GOOD = ['a,20,TRAIN', 'b,35,TRAIN', 'c,45,TRAIN', 'd,60,TRAIN', 'e,75,VAL', 'f,30,TEST']
const lines = (...rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`
/** The good table with its last rows replaced. */
const ending = (...rows: string[]) => lines(...GOOD.slice(0, GOOD.length - rows.length), ...rows)

/** Reads a table of six clips. Returns how many came out, and how many warnings. */
function table(what: string, text: string | Buffer, expected: string, options: Options = {}): Case {
  const read = async (folder: string) => {
    mkdirSync(join(folder, 'Videos'))
    for (const name of CLIPS) writeFileSync(join(folder, 'Videos', name), name)
    writeFileSync(join(folder, 'FileList.csv'), text)
    const { clips, warnings } = await readDataSet(folder, options)
    for (const { id } of clips)
      if (/^[/.]|\.\./.test(id)) throw new Error(`${id} leads out of a folder it is copied to`)
    const said = warnings.some((warning) => /left out|are not in/.test(warning))
    return `${clips.length} clips${said ? ', said what is missing' : ''}`
  }
  return { what: `CSV: ${what}`, read, expected }
}

/** Reads a folder of files. */
function tree(what: string, files: Record<string, string>, expected: string, path = ''): Case {
  const read = async (folder: string) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return `${(await readDataSet(join(folder, path))).clips.length} clips`
  }
  return { what: `data set: ${what}`, read, expected }
}

const all = '6 clips'
const five = '5 clips, said what is missing'
const wrong = (options: object) => options as Options

export const csvCases: Case[] = [
  // What is unusual and right.
  table('byte-order mark', `\ufeff${lines(...GOOD)}`, all),
  table('CRLF', lines(...GOOD).replaceAll('\n', '\r\n'), all),
  table('CR only', lines(...GOOD).replaceAll('\n', '\r'), all),
  table('CRLF in the header alone', lines(...GOOD).replace('\n', '\r\n'), all),
  table('CR in the header alone', lines(...GOOD).replace('\n', '\r'), all),
  table(
    'LF in the header alone',
    lines(...GOOD)
      .replaceAll('\n', '\r\n')
      .replace('\r\n', '\n'),
    all,
  ),
  table('all line ends in quotes', lines(...GOOD).replace('a,', '"a\r\n",'), all),
  table('no line end at the end', lines(...GOOD).trimEnd(), all),
  table('empty lines between', lines(...GOOD).replaceAll('\n', '\n\n'), all),
  table('all values quoted', lines(...GOOD).replace(/[^,\n]+/g, '"$&"'), all),
  table('spaces around values', lines(...GOOD).replaceAll(',', ' , '), all),
  table('header in capitals', lines(...GOOD).replace(HEADER, HEADER.toUpperCase()), all),
  table('UTF-16 with its mark', Buffer.from(`\ufeff${lines(...GOOD)}`, 'utf16le'), all),
  table('columns in another order', 'Split,EF,FileName\nTRAIN,20,a\nTRAIN,60,b\n', '2 clips'),
  table('names in another case, with endings', ending('E.AVI,75,VAL', 'F.avi,30,TEST'), all),
  // The file as a whole.
  table('empty', '', 'DATASET_TABLE_INVALID'),
  table('a byte-order mark only', '\ufeff', 'DATASET_TABLE_INVALID'),
  table('empty lines only', '\n\n\r\n\n', 'DATASET_TABLE_INVALID'),
  table('header only', `${HEADER}\n`, 'DATASET_TABLE_INVALID'),
  table('no header', GOOD.join('\n'), 'DATASET_NOT_FOUND'),
  table('NUL bytes only', Buffer.alloc(1000), 'DATASET_NOT_FOUND'),
  table('random bytes', Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 7919) % 251)), 'DATASET_TABLE_INVALID'),
  table('semicolons for commas', lines(...GOOD).replaceAll(',', ';'), all),
  table('tabs for commas', lines(...GOOD).replaceAll(',', '\t'), all),
  table('stripes for commas', lines(...GOOD).replaceAll(',', '|'), 'DATASET_NOT_FOUND'),
  table(
    'semicolons and decimal commas',
    lines(...GOOD)
      .replace(/,(\d+),/g, ',$1.5,')
      .replaceAll(',', ';')
      .replaceAll('.', ','),
    all,
  ),
  table("Excel's line above the header", `sep=;\r\n${lines(...GOOD).replaceAll(',', ';')}`, all),
  table('an empty line above the header', `\n \n${lines(...GOOD)}`, all),
  table('two empty columns at the end', lines(...GOOD).replaceAll('\n', ',,\n'), all),
  table('two empty columns in the rows alone', lines(...GOOD).replaceAll(/(TRAIN|VAL|TEST)\n/g, '$1,,\n'), all),
  table('two empty columns in the header alone', lines(...GOOD).replace('\n', ',,\n'), all),
  table('an empty column in the middle', lines(...GOOD).replaceAll(/^([^,]*),/gm, '$1,,'), all),
  table(
    'an index column without a name',
    lines(...GOOD)
      .replaceAll(/^(?=.)/gm, '7,')
      .replace('7,', ','),
    all,
  ),
  table('notes in two columns without a name', ending('f,30,TEST,,see,mail'), 'DATASET_TABLE_INVALID'),
  table('notes below two headers without a name', ending('f,30,TEST,see,mail').replace('\n', ',,\n'), all),
  table('rows of separators at the end', `${lines(...GOOD)},,\n,,\n`, all),
  table('big-endian UTF-16 with its mark', Buffer.from(`\ufeff${lines(...GOOD)}`, 'utf16le').swap16(), all),
  table('Latin-1', Buffer.from(ending('f,30,TEST').replace('f,', 'é,'), 'latin1'), 'DATASET_TABLE_INVALID'),
  table('two columns that differ by case', lines(...GOOD).replace(HEADER, 'FileName,ef,Ef'), 'DATASET_TABLE_INVALID'),
  table('UTF-16 without a mark', Buffer.from(lines(...GOOD), 'utf16le'), 'DATASET_TABLE_INVALID'),
  // Columns.
  table('no column of names', 'Name,EF\na,1\n', 'DATASET_NOT_FOUND'),
  table('no column of labels', 'FileName,Split\na,TRAIN\n', 'DATASET_NOT_FOUND'),
  table('a column twice', 'FileName,EF,EF\na,1,2\n', 'DATASET_TABLE_INVALID'),
  table('too few values in a row', ending('f,30'), 'DATASET_TABLE_INVALID'),
  table('too many values in a row', ending('f,30,TEST,TEST'), 'DATASET_TABLE_INVALID'),
  table('a quote that never closes', ending('"f,30,TEST'), 'DATASET_TABLE_INVALID'),
  table('a quote in the middle', ending('f"f,30,TEST'), 'DATASET_TABLE_INVALID'),
  table('text behind a quote', ending('"f"f,30,TEST'), 'DATASET_TABLE_INVALID'),
  table('a field of 2 MiB', ending(`${'f'.repeat(2 ** 21)},30,TEST`), 'DATASET_TABLE_INVALID'),
  table('an open quote before 2 MiB', ending(`"f\n${'x,1,TRAIN\n'.repeat(2e5)}`), 'DATASET_TABLE_INVALID'),
  table('a named column that is not there', lines(...GOOD), 'DATASET_NOT_FOUND', { columns: { label: 'Grade' } }),
  table('a column called __proto__', 'FileName,__proto__\na,x\nb,y\n', '2 clips', {
    columns: { label: '__proto__' },
    classes: 'labels',
  }),
  table('a column called constructor', 'FileName,constructor\na,x\nb,y\n', '2 clips', {
    columns: { label: 'constructor' },
    classes: 'labels',
  }),
  // Names.
  table('a name twice', ending('a,30,TEST'), 'DATASET_DUPLICATE'),
  table('a name twice, once with its ending', ending('a.avi,30,TEST'), 'DATASET_DUPLICATE'),
  table('a name twice, by way of ./', ending('./a,30,TEST'), 'DATASET_DUPLICATE'),
  table('a name twice, by way of a folder', ending('x/../a,30,TEST'), 'DATASET_DUPLICATE'),
  table('an empty name', ending(',30,TEST'), 'DATASET_FILES_MISSING'),
  table('an empty name, allowed', ending(',30,TEST'), five, { allowMissing: true }),
  table('a missing file', ending('g,30,TEST'), 'DATASET_FILES_MISSING'),
  table('a missing file, allowed', ending('g,30,TEST'), five, { allowMissing: true }),
  table('all files missing, allowed', lines('x,1,TRAIN', 'y,2,TRAIN'), 'DATASET_FILES_MISSING', { allowMissing: true }),
  table('a NUL in a name', ending('f\0,30,TEST'), 'DATASET_FILES_MISSING'),
  table('a NUL in a folder', ending('x\0/f,30,TEST'), 'DATASET_FILES_MISSING'),
  table('a path of Windows', ending('C:\\Videos\\f.avi,30,TEST'), 'DATASET_FILES_MISSING'),
  table(
    'backslashes',
    lines(...GOOD)
      .replaceAll('\n', '\nVideos\\')
      .replace(/Videos.$/, ''),
    all,
  ),
  table('backslashes, .\\', ending('.\\f.avi,30,TEST'), all),
  table('a path out of the folder to no file', ending('../../../../none,30,TEST'), 'DATASET_FILES_MISSING'),
  table('a path out of the folder to a file', ending('../FileList.csv,30,TEST'), all),
  table('an absolute path elsewhere', ending(`${import.meta.filename},30,TEST`), all),
  table('the root', ending('/,30,TEST'), 'DATASET_FILES_MISSING'),
  table('a folder', ending('.,30,TEST'), 'DATASET_FILES_MISSING'),
  table('the folder above', ending('..,30,TEST'), 'DATASET_FILES_MISSING'),
  table('a name of 5000 letters', ending(`${'f'.repeat(5000)},30,TEST`), 'DATASET_FILES_MISSING'),
  table('a name like a pattern', ending('*,30,TEST'), 'DATASET_FILES_MISSING'),
  // Labels.
  ...['', 'NaN', 'Infinity', '-Infinity', '1e999', '-1', '100.5', 'fifty', '45%', '4 5', '1;5', '٣٠'].map((label) =>
    table(`EF "${label}"`, ending(`f,${label},TEST`), five),
  ),
  table('EF "45,5" in quotes', ending('f,"45,5",TEST'), five),
  table('no EF is a number', lines('a,x,TRAIN', 'b,y,TRAIN'), 'DATASET_LABELS_UNUSABLE'),
  table('most EFs are out of range', lines('a,200,TRAIN', 'b,-3,TRAIN', 'c,50,TEST'), 'DATASET_LABELS_UNUSABLE'),
  table('no label at all', lines('a,,TRAIN', 'b,,TRAIN'), 'DATASET_LABELS_UNUSABLE', { classes: 'labels' }),
  table('quantiles of equal numbers', lines('a,5,TRAIN', 'b,5,TRAIN'), 'DATASET_LABELS_UNUSABLE', {
    classes: 'quantile:2',
  }),
  // Splits.
  table('an unknown split', ending('f,30,HOLDOUT'), 'DATASET_SPLIT_UNKNOWN'),
  table('an empty split', ending('f,30,'), 'DATASET_SPLIT_UNKNOWN'),
  table('fold 10', ending('f,30,10'), 'DATASET_SPLIT_UNKNOWN'),
  table('fold -1', ending('f,30,-1'), 'DATASET_SPLIT_UNKNOWN'),
  table('a split called constructor', ending('f,30,constructor'), 'DATASET_SPLIT_UNKNOWN'),
  ...['nan', 'NA', '2', '8', '0.5', 'dev set'].map((word) =>
    table(`a split "${word}"`, ending(`f,30,${word}`), 'DATASET_SPLIT_UNKNOWN'),
  ),
  table('folds without 8 and 9', lines('a,20,0', 'b,60,1', 'c,45,2'), 'DATASET_SPLIT_UNKNOWN'),
  table('folds without 8', lines('a,20,0', 'b,60,9', 'c,45,2'), 'DATASET_SPLIT_UNKNOWN'),
  table(
    'folds 1 to 10',
    lines(...GOOD.map((_, i) => `${'abcdef'[i]},${20 + 9 * i},${i + 5}`)),
    'DATASET_SPLIT_UNKNOWN',
  ),
  table('folds as decimals', lines('a,20,0.0', 'b,60,8.0', 'c,45,9.0'), '3 clips'),
  table('fractions', lines('a,0.2,TRAIN', 'b,0.6,TRAIN', 'c,1,TEST'), 'DATASET_EF_FRACTION'),
  table('fractions, scaled', lines('a,0.2,TRAIN', 'b,0.6,TRAIN', 'c,1,TEST'), '3 clips', { efScale: 100 }),
  table('times', 'path,label,start,end\na,x,0,1.5\nb,y,2,00:00:03\n', '2 clips'),
  table('times that are none', 'path,label,start,end\na,x,5,1.5\nb,y,-2,3\n', 'DATASET_SEGMENTS'),
  table('frames and seconds', 'path,label,start_frame,end_time\na,x,0,15\nb,y,2,30\n', 'DATASET_AMBIGUOUS'),
  table('two starts', 'path,label,start_time,start_frame,end_time\na,x,0,0,15\nb,y,2,2,30\n', 'DATASET_AMBIGUOUS'),
  table('a part twice', 'path,label,start,end\na,x,0,1.5\na,y,0.0,1.50\n', 'DATASET_DUPLICATE'),
  table('days', 'path,label,start,end\na,x,2020-01-01,2020-01-02\nb,y,2021-01-01,2021-02-02\n', '2 clips'),
  table('empty times', 'path,label,start,end\na,x,,\nb,y,,\n', '2 clips'),
  table('no TRAIN', lines('a,20,TEST', 'b,60,VAL'), 'DATASET_NO_TRAIN'),
  table('a patient in two splits', 'path,label,split,patient\na,x,train,7\nb,y,test,7\n', 'DATASET_GROUP_STRADDLES'),
  // Folders.
  tree('nothing there', {}, 'DATASET_NOT_FOUND', 'none'),
  tree('an empty folder', {}, 'DATASET_NOT_FOUND'),
  tree('one class', { 'a/1.avi': '', 'a/2.avi': '' }, 'DATASET_NOT_FOUND'),
  tree('no videos', { 'a/1.txt': '', 'b/2.txt': '' }, 'DATASET_NOT_FOUND'),
  tree('two tables', { 'x.csv': 'path,label\na,1\n', 'y.csv': 'path,label\na,1\n' }, 'DATASET_AMBIGUOUS'),
  tree('a video in the place of a table', { 'a.avi': 'RIFF\0\0\0\0AVI LIST' }, 'DATASET_COLUMN_MISSING', 'a.avi'),
  tree('parts of a set', { 'Batch1/1.avi': '', 'Batch2/2.avi': '' }, 'DATASET_AMBIGUOUS'),
  tree('sites', { 'site-A/1.avi': '', 'site-B/2.avi': '', 'x/3.avi': '' }, 'DATASET_AMBIGUOUS'),
  tree('grades', { 'grade1/1.avi': '', 'grade2/2.avi': '' }, '2 clips'),
  tree(
    'a table that names the clips',
    { 'm/1.avi': '', 'n/2.avi': '', 'x.csv': 'id,EF\n1,3\n2,4\n' },
    'DATASET_AMBIGUOUS',
  ),
  tree('a table of something else', { 'm/1.avi': '', 'n/2.avi': '', 'x.csv': 'site,beds\nA,3\nB,4\n' }, '2 clips'),
  tree(
    'train and holdout',
    { 'train/a/1.avi': '', 'train/b/2.avi': '', 'holdout/a/3.avi': '' },
    'DATASET_SPLIT_UNKNOWN',
  ),
  tree('a device', {}, 'DATASET_NOT_FOUND', '../../../../../../../dev/zero'),
  tree('a path with a NUL', {}, 'DATASET_NOT_FOUND', 'a\0b'),
  tree('a class called __proto__', { '__proto__/1.avi': '', 'b/2.avi': '' }, '2 clips'),
  // Options.
  ...[
    { classes: 'ef4' },
    { classes: 'toString' },
    { classes: 'constructor' },
    { classes: '__proto__' },
    { classes: '' },
    { classes: 5 },
    { classes: 'quantile:' },
    { classes: 'quantile:1' },
    { classes: 'quantile:2.5' },
    { classes: 'quantile:1000' },
    { classes: 'edges:' },
    { classes: 'edges:3,2' },
    { classes: 'edges:1,1' },
    { classes: 'edges:1,,2' },
    { classes: 'edges:1,NaN' },
    { seed: -1 },
    { seed: 2 ** 32 },
    { seed: 1.5 },
    { seed: '1' },
    { testFraction: 0 },
    { testFraction: 1 },
    { testFraction: Number.NaN },
    { segments: 'minutes' },
    { groupPattern: '(' },
    { groupPattern: '' },
    { splitList: -1 },
    { measurement: 7 },
    { allowMissing: 'yes' },
    { allow_missing: true },
    { class: 'ef5' },
    { efScale: 0 },
    { efScale: '100' },
    { efScale: 100, classes: 'labels' },
    { splitValues: 'train=0' },
    { splitValues: { training: '0' } },
    { splitValues: { train: 0 } },
    { splitValues: { train: ['0'], test: '0.0' } },
    { splitValues: { train: '' } },
    { strict: 1 },
    { columns: { parents: 'x' } },
    { columns: { lable: 'EF' } },
    { columns: { label: 7 } },
    { columns: ['FileName'] },
    { columns: 'FileName' },
  ].map((options) => table(`options ${JSON.stringify(options)}`, lines(...GOOD), 'INVALID_ARGUMENT', wrong(options))),
]
